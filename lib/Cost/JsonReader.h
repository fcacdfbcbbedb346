//===- JsonReader.h - Structs from JSON, strictly ---------------*- C++ -*-===//
//
// An archive for DeviceFields.h. Keeps the first problem it meets, with the
// path of the key; what is read after it is of no use.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_COST_JSONREADER_H
#define RAC_LIB_COST_JSONREADER_H

#include "DeviceFields.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"

namespace rac {

class JsonReader {
public:
  /// The whole of `root` as a T, or the problem as "key: reason".
  template <typename T>
  static llvm::Expected<T> read(const llvm::json::Value &root) {
    JsonReader reader;
    T result;
    reader.readObject(root, result);
    if (!reader.problem.empty())
      return llvm::createStringError(reader.problem);
    return result;
  }

  // ---- what describe() calls
  void schema(llvm::StringRef expected);
  void text(llvm::StringRef key, std::string &value);
  void texts(llvm::StringRef key, std::vector<std::string> &values);
  void flag(llvm::StringRef key, bool &value);
  void counts(llvm::StringRef key, std::vector<int64_t> &values);
  void number(llvm::StringRef key, Known &value, NumberRange range);
  void energy(llvm::StringRef key, KnownEnergy &value);
  void byType(llvm::StringRef key, NumberByType &values, NumberRange range) {
    readByType(key, values, range);
  }
  void byType(llvm::StringRef key, EnergyByType &values, NumberRange range) {
    readByType(key, values, range);
  }
  template <typename E> void choice(llvm::StringRef key, E &value) {
    unsigned index = static_cast<unsigned>(value);
    readChoice(key, EnumNames<E>::list, index);
    value = static_cast<E>(index);
  }
  template <typename T> void object(llvm::StringRef key, T &value) {
    if (const llvm::json::Value *found = take(key))
      at("." + key, [&] { readObject(*found, value); });
  }
  template <typename T>
  void optionalObject(llvm::StringRef key, std::optional<T> &value) {
    const llvm::json::Value *found = take(key);
    if (found && !found->getAsNull())
      at("." + key, [&] { readObject(*found, value.emplace()); });
  }
  /// Objects that have names, each its own.
  template <typename T> void list(llvm::StringRef key, std::vector<T> &values) {
    forEachIn(key, [&](const llvm::json::Value &element) {
      readObject(element, values.emplace_back());
      for (const T &other : llvm::drop_end(values))
        if (other.name == values.back().name)
          fail("another one is called '" + other.name + "'");
    });
  }

private:
  /// A number of the file; only an energy has a scope.
  struct Entry {
    Number &number;
    EnergyScope *scope;
    NumberRange range;
  };
  friend void describe(JsonReader &reader, Entry &entry);

  template <typename T>
  void readObject(const llvm::json::Value &value, T &result) {
    const llvm::json::Object *object = value.getAsObject();
    if (!object)
      return fail("must be an object");
    std::vector<llvm::StringRef> outerKnown;
    std::string outerMissing;
    std::swap(current, object);
    std::swap(known, outerKnown);
    std::swap(missing, outerMissing);
    describe(*this, result);
    refuseStrangers();
    std::swap(current, object);
    std::swap(known, outerKnown);
    std::swap(missing, outerMissing);
  }
  template <typename Map>
  void readByType(llvm::StringRef key, Map &values, NumberRange range);

  const llvm::json::Value *take(llvm::StringRef key, bool mayLack = false);
  void readChoice(llvm::StringRef key, llvm::ArrayRef<llvm::StringLiteral> list,
                  unsigned &index);
  std::optional<double> readDouble(llvm::StringRef key, bool mayLack = false);
  void readNumber(const llvm::json::Value &value, Known &result,
                  NumberRange range);
  void readNumber(const llvm::json::Value &value, KnownEnergy &result,
                  NumberRange range);
  void forEachIn(llvm::StringRef key,
                 llvm::function_ref<void(const llvm::json::Value &)> read);
  void refuseStrangers();

  /// Does something with `step` at the end of the path.
  void at(const llvm::Twine &step, llvm::function_ref<void()> action);
  void fail(const llvm::Twine &reason);
  void failAt(llvm::StringRef key, const llvm::Twine &reason) {
    at("." + key, [&] { fail(reason); });
  }

  const llvm::json::Object *current = nullptr;
  std::vector<llvm::StringRef> known; ///< keys that `current` may have
  std::string missing;                ///< the first that it lacks
  std::string path, problem;
};

} // namespace rac

#endif // RAC_LIB_COST_JSONREADER_H
