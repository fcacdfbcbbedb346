//===- ArenaPacking.h - Places for buffers with lifetimes -------*- C++ -*-===//

#ifndef RAC_LOWERING_ARENAPACKING_H
#define RAC_LOWERING_ARENAPACKING_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace rac {

/// Where buffers start in the arena (B): a cache line and the widest vector.
inline constexpr int64_t kArenaAlignment = 64;

struct ArenaBuffer {
  /// The buffer is in use from position `first` to position `last`, both
  /// included.
  int64_t first, last;
  int64_t bytes;
  /// The answer: a byte offset, or a slot's number.
  int64_t offset = 0;
};

/// Gives each buffer an offset so that buffers in use at one time don't
/// overlap: by decreasing size, length of life or both, whichever needs least,
/// each at the lowest offset that is free throughout its life; where that is
/// more than what is in use at once, in some other orders. Returns the bytes
/// needed.
int64_t packArena(llvm::MutableArrayRef<ArenaBuffer> buffers);

/// Gives buffers of an arena of so many bytes other places in it, where each of
/// several threads writes more of what it has touched last itself: threads have
/// equal parts of a buffer, in order. Whatever is in use at one time still
/// doesn't overlap.
void keepParts(llvm::MutableArrayRef<ArenaBuffer> buffers, int64_t arenaBytes,
               int64_t threads);

/// B that two buffers' places have in common; and those of them that are the
/// same thread's in both, of so many that have equal parts of each, in order.
int64_t commonBytes(const ArenaBuffer &a, const ArenaBuffer &b);
double sameThreads(const ArenaBuffer &a, const ArenaBuffer &b, int64_t threads);

/// Gives each buffer a slot so that buffers in use at one time have different
/// ones; returns the number of slots, the least possible.
int64_t assignSlots(llvm::MutableArrayRef<ArenaBuffer> buffers);

} // namespace rac

#endif // RAC_LOWERING_ARENAPACKING_H
