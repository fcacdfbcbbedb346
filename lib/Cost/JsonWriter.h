//===- JsonWriter.h - JSON from structs -------------------------*- C++ -*-===//
//
// An archive for DeviceFields.h. Writes as the files in devices/ are written:
// keys in the order of DeviceFields.h, a number with all that is said of it on
// one line.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_COST_JSONWRITER_H
#define RAC_LIB_COST_JSONWRITER_H

#include "DeviceFields.h"
#include "llvm/ADT/STLExtras.h"

namespace rac {

class JsonWriter {
public:
  template <typename T> static std::string write(const T &value) {
    JsonWriter writer;
    T copy = value; // archives take what they could write to
    writer.object(copy);
    return writer.out + "\n";
  }

  // ---- what describe() calls
  void schema(llvm::StringRef expected) {
    key("schema");
    put(expected);
  }
  void text(llvm::StringRef name, const std::string &value) {
    key(name);
    put(value);
  }
  void texts(llvm::StringRef name, const std::vector<std::string> &values) {
    key(name);
    putRow(values, [&](const std::string &value) { put(value); });
  }
  void flag(llvm::StringRef name, bool value) {
    key(name);
    out += value ? "true" : "false";
  }
  void counts(llvm::StringRef name, const std::vector<int64_t> &values) {
    key(name);
    putRow(values, [&](int64_t value) { out += std::to_string(value); });
  }
  void number(llvm::StringRef name, const Known &value, NumberRange) {
    key(name);
    value ? put(*value, nullptr) : putNull();
  }
  void energy(llvm::StringRef name, const KnownEnergy &value) {
    key(name);
    value ? put(*value, &value->scope) : putNull();
  }
  void byType(llvm::StringRef name, const NumberByType &values, NumberRange r) {
    key(name);
    block('{', '}', values, [&](const auto &entry) {
      number(nameOf(entry.first), entry.second, r);
    });
  }
  void byType(llvm::StringRef name, const EnergyByType &values, NumberRange) {
    key(name);
    block('{', '}', values, [&](const auto &entry) {
      energy(nameOf(entry.first), entry.second);
    });
  }
  template <typename E> void choice(llvm::StringRef name, E value) {
    key(name);
    put(nameOf(value));
  }
  template <typename T> void object(llvm::StringRef name, T &value) {
    key(name);
    object(value);
  }
  template <typename T>
  void optionalObject(llvm::StringRef name, std::optional<T> &value) {
    key(name);
    value ? object(*value) : putNull();
  }
  template <typename T>
  void list(llvm::StringRef name, std::vector<T> &values) {
    key(name);
    block('[', ']', values, [&](T &value) {
      element();
      object(value);
    });
  }

private:
  /// Begins an entry of the block that is open, of an object or of an array.
  void key(llvm::StringRef name);
  void element();
  void put(llvm::StringRef value);
  void put(const Number &number, const EnergyScope *scope);
  void putNull() { out += "null"; }

  template <typename T> void object(T &value) {
    block('{', '}', llvm::ArrayRef<T *>(&value),
          [&](T *it) { describe(*this, *it); });
  }
  template <typename Range, typename Put>
  void block(char open, char close, Range &&entries, Put put) {
    out += open;
    bool outerFirst = std::exchange(first, true);
    ++depth;
    for (auto &&entry : entries)
      put(entry);
    --depth;
    if (!first)
      newLine();
    first = outerFirst;
    out += close;
  }
  template <typename Range, typename Put>
  void putRow(const Range &values, Put put) {
    out += "[";
    llvm::interleave(values, put, [&] { out += ", "; });
    out += "]";
  }
  void newLine() { out += "\n" + std::string(2 * depth, ' '); }

  std::string out;
  unsigned depth = 0;
  bool first = true; ///< nothing is in the open block yet
};

} // namespace rac

#endif // RAC_LIB_COST_JSONWRITER_H
