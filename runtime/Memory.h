//===- Memory.h - All memory that the runtime takes -------------*- C++ -*-===//
//
// Everything that grows goes through here, so that tests can count allocations
// and make any of them fail. Nothing here throws: a null pointer says that
// there is none.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_RUNTIME_MEMORY_H
#define RAC_RUNTIME_MEMORY_H

#include <cstddef>
#include <cstdint>

namespace rac::runtime {

constexpr size_t kAlignment = 64;

/// 64-byte aligned memory, not zeroed; large blocks are mapped on their own and
/// may be backed by huge pages. Null if there is none, or if `bytes` is absurd.
void *allocate(uint64_t bytes);
void release(void *memory, uint64_t bytes);

/// Zeroed, for small structures; release with `release` and the same size.
void *allocateZeroed(uint64_t bytes);

/// For tests: how many allocations there were in this process, and after how
/// many more every one fails (negative: never).
uint64_t allocationCount();
void failAllocationsAfter(int64_t count);

/// One block that is replaced by a larger one where that is needed.
struct Buffer {
  void *data;
  uint64_t capacity;

  /// Makes room for `bytes`; contents are lost if it grows. False: no memory.
  bool reserve(uint64_t bytes);
  void free();
};

/// A stack of allocations in chunks that are kept when it is emptied.
struct Stack {
  struct Chunk;
  struct Mark {
    Chunk *chunk;
    uint64_t used;
  };

  Chunk *first, *current;
  uint64_t total;

  /// Null if there is no memory.
  void *push(uint64_t bytes);
  Mark mark() const;
  /// Gives up what was pushed since `mark`.
  void pop(Mark mark);
  void clear() { pop({nullptr, 0}); }
  void free();
};

} // namespace rac::runtime

#endif // RAC_RUNTIME_MEMORY_H
