//===- ArenaPacking.cpp - Places for buffers with lifetimes ---------------===//

#include "rac/Lowering/ArenaPacking.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace rac;

static bool overlap(const ArenaBuffer &a, const ArenaBuffer &b) {
  return a.first <= b.last && b.first <= a.last;
}

int64_t rac::packArena(MutableArrayRef<ArenaBuffer> buffers) {
  SmallVector<ArenaBuffer *> order;
  for (ArenaBuffer &buffer : buffers)
    order.push_back(&buffer);
  stable_sort(order, [](const ArenaBuffer *a, const ArenaBuffer *b) {
    return a->bytes > b->bytes;
  });
  int64_t end = 0;
  // Those placed so far, by offset.
  SmallVector<ArenaBuffer *> placed;
  for (ArenaBuffer *buffer : order) {
    int64_t offset = 0;
    for (const ArenaBuffer *other : placed) {
      if (!overlap(*buffer, *other))
        continue;
      if (offset + buffer->bytes <= other->offset)
        break;
      offset = std::max<int64_t>(
          offset, alignTo(other->offset + other->bytes, kArenaAlignment));
    }
    buffer->offset = offset;
    end = std::max<int64_t>(end,
                            alignTo(offset + buffer->bytes, kArenaAlignment));
    placed.insert(upper_bound(placed, buffer,
                              [](const ArenaBuffer *a, const ArenaBuffer *b) {
                                return a->offset < b->offset;
                              }),
                  buffer);
  }
  return end;
}

int64_t rac::assignSlots(MutableArrayRef<ArenaBuffer> buffers) {
  SmallVector<ArenaBuffer *> order;
  for (ArenaBuffer &buffer : buffers)
    order.push_back(&buffer);
  stable_sort(order, [](const ArenaBuffer *a, const ArenaBuffer *b) {
    return a->first < b->first;
  });
  // The last position at which each slot is in use.
  SmallVector<int64_t> busyUntil;
  for (ArenaBuffer *buffer : order) {
    auto *free =
        find_if(busyUntil, [&](int64_t last) { return last < buffer->first; });
    buffer->offset = free - busyUntil.begin();
    if (free == busyUntil.end())
      busyUntil.push_back(buffer->last);
    else
      *free = buffer->last;
  }
  return busyUntil.size();
}
