//===- LevelSpans.h - Bytes that lie in one memory level --------*- C++ -*-===//

#ifndef RAC_LIB_CALIBRATE_LEVELSPANS_H
#define RAC_LIB_CALIBRATE_LEVELSPANS_H

#include "rac/Cost/Device.h"
#include <memory>

namespace rac {

/// Memory as compiled models have it: in huge pages, where the system gives
/// some (runtime/Memory.cpp), and every page is there.
class Buffer {
public:
  explicit Buffer(int64_t bytes);
  ~Buffer();
  Buffer(const Buffer &) = delete;
  explicit operator bool() const { return mapped; }
  char *data() const;

private:
  int64_t length;
  char *mapped = nullptr;
};

/// Bytes that are read again and again.
struct Span {
  char *begin = nullptr;
  int64_t bytes = 0;
};

/// What to read, again and again, to read from one level.
struct LevelSpans {
  size_t level;          ///< index in Device.memory
  Span one;              ///< for one core
  std::vector<Span> all; ///< for each of all cores at once
  bool cached;           ///< so it must have been read before

  int64_t allBytes() const;
};

/// Of each level of which one can tell; `problems` say of the others why not.
struct MemorySpans {
  std::vector<LevelSpans> levels;
  std::unique_ptr<Buffer> buffer; ///< that all of them lie in

  MemorySpans(const Device &device, int cores,
              std::vector<std::string> &problems);

private:
  void place();
};

} // namespace rac

#endif // RAC_LIB_CALIBRATE_LEVELSPANS_H
