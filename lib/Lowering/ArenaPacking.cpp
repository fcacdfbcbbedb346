//===- ArenaPacking.cpp - Places for buffers with lifetimes ---------------===//

#include "rac/Lowering/ArenaPacking.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"
#include <limits>
#include <random>

using namespace llvm;
using namespace rac;

static bool overlap(const ArenaBuffer &a, const ArenaBuffer &b) {
  return a.first <= b.last && b.first <= a.last;
}

/// Bytes in use at once: no arena is smaller.
static int64_t mostInUse(ArrayRef<ArenaBuffer> buffers) {
  int64_t most = 0;
  for (const ArenaBuffer &now : buffers) {
    int64_t sum = 0;
    for (const ArenaBuffer &other : buffers)
      if (other.first <= now.first && now.first <= other.last)
        sum += alignTo(other.bytes, kArenaAlignment);
    most = std::max(most, sum);
  }
  return most;
}

/// Places the buffers one after the other, each as low as those placed before
/// leave room; gives the arena's size.
static int64_t placeInOrder(ArrayRef<ArenaBuffer *> order) {
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

int64_t rac::packArena(MutableArrayRef<ArenaBuffer> buffers) {
  auto size = [](const ArenaBuffer &b) { return double(b.bytes); };
  auto length = [](const ArenaBuffer &b) { return double(b.last - b.first); };
  auto area = [](const ArenaBuffer &b) {
    return double(b.bytes) * double(b.last - b.first + 1);
  };
  // Large ones first leave few gaps; where long-lived small ones then lie
  // across them, those first; or by what they take over time.
  const function_ref<double(const ArenaBuffer &)> keys[] = {size, length, area};
  SmallVector<ArenaBuffer *> best, order;
  int64_t least = std::numeric_limits<int64_t>::max();
  auto attempt = [&] {
    int64_t end = placeInOrder(order);
    if (end <= least) {
      least = end;
      best = order;
    }
  };
  for (auto key : keys) {
    order.clear();
    for (ArenaBuffer &buffer : buffers)
      order.push_back(&buffer);
    stable_sort(order, [&](const ArenaBuffer *a, const ArenaBuffer *b) {
      return std::make_pair(key(*a), a->bytes) >
             std::make_pair(key(*b), b->bytes);
    });
    attempt();
  }
  // What is topmost had better be placed before the others.
  constexpr int mostAttempts = 64;
  int64_t peak = mostInUse(buffers);
  auto topmost = [](ArrayRef<ArenaBuffer *> placed) {
    return *max_element(placed, [](auto *a, auto *b) {
      return a->offset + a->bytes < b->offset + b->bytes;
    });
  };
  order = best;
  for (int i = 0; i < mostAttempts && least > peak; ++i) {
    auto *top = find(order, topmost(order));
    std::rotate(order.begin(), top, top + 1);
    attempt();
  }
  // Or something else that is in use together with it had better have another
  // place in the order: anything, from which a few steps lead on. Numbers of
  // this generator are the same everywhere.
  std::minstd_rand random;
  constexpr size_t mostSteps = 1 << 24; // in all: placing takes their square
  size_t attempts = mostSteps / (1 + buffers.size() * buffers.size());
  for (size_t i = 0; i < std::min<size_t>(attempts, 256) && least > peak; ++i) {
    order = best;
    placeInOrder(order);
    ArenaBuffer *top = topmost(order);
    SmallVector<ArenaBuffer *> together(
        make_filter_range(order, [&](auto *b) { return overlap(*b, *top); }));
    ArenaBuffer *moved = together[random() % together.size()];
    order.erase(find(order, moved));
    order.insert(order.begin() + random() % (order.size() + 1), moved);
    attempt();
  }
  return placeInOrder(best);
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
