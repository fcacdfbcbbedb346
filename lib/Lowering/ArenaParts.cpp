//===- ArenaParts.cpp - Places whose parts stay with their threads --------===//
//
// Threads that share a group's work make equal parts of its result, in order. A
// core takes long to write over what another one has in its cache. So a result
// had better lie where the parts of who was there before, and comes after, are
// the same threads'.
//
//===----------------------------------------------------------------------===//

#include "rac/Lowering/ArenaPacking.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace rac;

namespace {

/// Who has which cells of the arena, one after the other.
class Cells {
public:
  Cells(MutableArrayRef<ArenaBuffer> buffers, int64_t arenaBytes,
        int64_t threads);
  /// Moves one buffer after the other to where least of it, and of what comes
  /// after it, changes threads.
  void improve();

private:
  /// The first cell whose middle is at `offset` or later.
  int64_t cellAt(int64_t offset) const {
    return (offset + (cellBytes - 1) / 2) / cellBytes;
  }
  int64_t threadAt(const ArenaBuffer &buffer, int64_t offset,
                   int64_t cell) const {
    int64_t inside = cell * cellBytes + cellBytes / 2 - offset;
    return inside * threads / buffer.bytes;
  }
  void insert(unsigned number);
  void remove(unsigned number);
  SmallVector<const ArenaBuffer *> together(const ArenaBuffer &buffer) const;
  SmallVector<int64_t> candidates(unsigned place) const;
  int64_t changes(unsigned number, int64_t offset) const;

  MutableArrayRef<ArenaBuffer> buffers;
  int64_t arenaBytes, threads, cellBytes;
  /// Buffers in the order of their lives, and which is where in it.
  SmallVector<unsigned, 0> order, rank;
  /// Of each cell those that have it, in that order.
  std::vector<SmallVector<unsigned, 16>> users;
};

} // namespace

/// Parts of pages are not looked at, and a few hundred cells tell enough.
constexpr int64_t kPageBytes = 4096, kMostCells = 512;
/// Buffers of fewer cells stay where they are.
constexpr int64_t kFewestCells = 4;
/// Places that are tried come from so many buffers before and after.
constexpr int64_t kNeighbours = 16;
constexpr int kRounds = 2;

Cells::Cells(MutableArrayRef<ArenaBuffer> buffers, int64_t arenaBytes,
             int64_t threads)
    : buffers(buffers), arenaBytes(arenaBytes), threads(threads),
      cellBytes(std::max<int64_t>(kPageBytes, arenaBytes / kMostCells)),
      order(to_vector<0>(seq<unsigned>(buffers.size()))), rank(buffers.size()),
      users(divideCeil(arenaBytes, cellBytes) + 1) {
  stable_sort(order, [&](unsigned a, unsigned b) {
    return buffers[a].first < buffers[b].first;
  });
  for (auto [place, number] : enumerate(order)) {
    rank[number] = place;
    insert(number);
  }
}

void Cells::insert(unsigned number) {
  const ArenaBuffer &buffer = buffers[number];
  for (int64_t cell = cellAt(buffer.offset),
               end = cellAt(buffer.offset + buffer.bytes);
       cell < end; ++cell) {
    auto &here = users[cell];
    here.insert(
        upper_bound(here, number,
                    [&](unsigned a, unsigned b) { return rank[a] < rank[b]; }),
        number);
  }
}

void Cells::remove(unsigned number) {
  const ArenaBuffer &buffer = buffers[number];
  for (int64_t cell = cellAt(buffer.offset),
               end = cellAt(buffer.offset + buffer.bytes);
       cell < end; ++cell)
    users[cell].erase(find(users[cell], number));
}

/// Those in use at the same time.
SmallVector<const ArenaBuffer *>
Cells::together(const ArenaBuffer &buffer) const {
  SmallVector<const ArenaBuffer *> others;
  for (const ArenaBuffer &other : buffers)
    if (&other != &buffer && other.bytes > 0 && buffer.first <= other.last &&
        other.first <= buffer.last)
      others.push_back(&other);
  return others;
}

/// Where a buffer begins, ends, or has its middle with one that comes before or
/// after it, or lies beside it.
SmallVector<int64_t> Cells::candidates(unsigned place) const {
  const ArenaBuffer &buffer = buffers[order[place]];
  auto count = static_cast<int64_t>(order.size());
  SetVector<int64_t> offsets;
  for (int64_t i = -std::min(kNeighbours, count - 1);
       i <= std::min(kNeighbours, count - 1); ++i) {
    // A run follows a run.
    const ArenaBuffer &other = buffers[order[(place + count + i) % count]];
    if (&other == &buffer)
      continue;
    int64_t rest = other.bytes - buffer.bytes;
    for (int64_t from :
         {int64_t(0), rest / 2, rest, other.bytes, -buffer.bytes}) {
      // Down to a line, as the arena's end is one.
      int64_t offset = other.offset + from;
      offset -= (offset % kArenaAlignment + kArenaAlignment) % kArenaAlignment;
      if (offset >= 0 && offset + buffer.bytes <= arenaBytes)
        offsets.insert(offset);
    }
  }
  return offsets.takeVector();
}

/// Cells whose thread changes because a buffer that is nowhere comes to
/// `offset`.
int64_t Cells::changes(unsigned number, int64_t offset) const {
  const ArenaBuffer &buffer = buffers[number];
  int64_t sum = 0;
  for (int64_t cell = cellAt(offset), end = cellAt(offset + buffer.bytes);
       cell < end; ++cell) {
    ArrayRef<unsigned> here = users[cell];
    if (here.empty())
      continue;
    const unsigned *next =
        upper_bound(here, number,
                    [&](unsigned a, unsigned b) { return rank[a] < rank[b]; });
    const ArenaBuffer
        &after = buffers[next == here.end() ? here.front() : *next],
        &before = buffers[next == here.begin() ? here.back() : *(next - 1)];
    int64_t own = threadAt(buffer, offset, cell),
            then = threadAt(after, after.offset, cell),
            ago = threadAt(before, before.offset, cell);
    sum += (ago != own) + (own != then) - (ago != then);
  }
  return sum;
}

void Cells::improve() {
  for (int round = 0; round < kRounds; ++round) {
    bool moved = false;
    for (auto [place, number] : enumerate(order)) {
      ArenaBuffer &buffer = buffers[number];
      if (buffer.bytes < kFewestCells * cellBytes)
        continue;
      remove(number);
      SmallVector<const ArenaBuffer *> others = together(buffer);
      int64_t best = buffer.offset, least = changes(number, best);
      for (int64_t offset : candidates(place)) {
        bool isFree = none_of(others, [&](const ArenaBuffer *other) {
          return offset < other->offset + other->bytes &&
                 other->offset < offset + buffer.bytes;
        });
        if (!isFree)
          continue;
        int64_t sum = changes(number, offset);
        if (sum < least) {
          least = sum;
          best = offset;
        }
      }
      moved |= best != buffer.offset;
      buffer.offset = best;
      insert(number);
    }
    if (!moved)
      return;
  }
}

/// What two stretches have in common.
static double common(double begin, double end, double otherBegin,
                     double otherEnd) {
  return std::max(0.0, std::min(end, otherEnd) - std::max(begin, otherBegin));
}

int64_t rac::commonBytes(const ArenaBuffer &a, const ArenaBuffer &b) {
  return common(a.offset, a.offset + a.bytes, b.offset, b.offset + b.bytes);
}

double rac::sameThreads(const ArenaBuffer &a, const ArenaBuffer &b,
                        int64_t threads) {
  auto begin = [&](const ArenaBuffer &buffer, int64_t thread) {
    return buffer.offset + double(buffer.bytes) * thread / threads;
  };
  double sum = 0;
  for (int64_t i = 0; i < threads; ++i)
    sum += common(begin(a, i), begin(a, i + 1), begin(b, i), begin(b, i + 1));
  return sum;
}

void rac::keepParts(MutableArrayRef<ArenaBuffer> buffers, int64_t arenaBytes,
                    int64_t threads) {
  if (threads > 1 && !buffers.empty())
    Cells(buffers, arenaBytes, threads).improve();
}
