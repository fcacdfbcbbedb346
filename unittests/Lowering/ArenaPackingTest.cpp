//===- ArenaPackingTest.cpp - Places for buffers --------------------------===//

#include "rac/Lowering/ArenaPacking.h"
#include "llvm/ADT/STLExtras.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

void expectApart(llvm::ArrayRef<ArenaBuffer> buffers, int64_t size) {
  for (const ArenaBuffer &a : buffers) {
    EXPECT_EQ(a.offset % kArenaAlignment, 0);
    EXPECT_LE(a.offset + a.bytes, size);
    for (const ArenaBuffer &b : buffers) {
      bool together = a.first <= b.last && b.first <= a.last;
      bool overlap =
          a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
      EXPECT_FALSE(&a != &b && together && overlap);
    }
  }
}

TEST(ArenaPacking, BuffersInTurnShareAPlace) {
  ArenaBuffer buffers[] = {{0, 1, 100}, {1, 2, 60}, {2, 3, 100}};
  EXPECT_EQ(packArena(buffers), 128 + 64);
  expectApart(buffers, 192);
}

// Concatenations of DenseNet, each of the last one and what was computed from
// it: by size, length of life or both, one buffer of 4 doesn't find a place
// within what is in use at step 24.
TEST(ArenaPacking, GapsAreClosedByOtherOrders) {
  std::vector<ArenaBuffer> buffers = {{18, 22, 24}, {19, 20, 24}, {20, 21, 16},
                                      {21, 22, 4},  {22, 26, 28}, {23, 24, 28},
                                      {24, 25, 16}, {25, 26, 4},  {26, 27, 32}};
  for (ArenaBuffer &buffer : buffers)
    buffer.bytes *= kArenaAlignment;
  EXPECT_EQ(packArena(buffers), (28 + 28 + 16) * kArenaAlignment);
  expectApart(buffers, (28 + 28 + 16) * kArenaAlignment);
}

/// B that another thread writes than had them last.
double changed(llvm::ArrayRef<ArenaBuffer> buffers, int64_t threads) {
  double sum = 0;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const ArenaBuffer &now = buffers[i],
                      &before = buffers[i == 0 ? buffers.size() - 1 : i - 1];
    sum += double(commonBytes(now, before)) - sameThreads(now, before, threads);
  }
  return sum;
}

TEST(ArenaPacking, SameThreads) {
  ArenaBuffer whole = {0, 0, 400}, half = {1, 1, 200}, end = {1, 1, 200};
  end.offset = 200;
  EXPECT_EQ(commonBytes(whole, half), 200);
  EXPECT_EQ(sameThreads(whole, half, 2), 100);
  EXPECT_EQ(sameThreads(whole, end, 2), 100);
  EXPECT_EQ(commonBytes(half, end), 0);
  half.offset = 100;
  EXPECT_EQ(sameThreads(whole, half, 2), 200);
  // Quarters of 100 B and of 50: the two in the middle meet with 50 each.
  EXPECT_EQ(sameThreads(whole, half, 4), 100);
}

// Of three buffers in turn each has its middle where the others have theirs.
TEST(ArenaPacking, PartsStayWithTheirThreads) {
  constexpr int64_t page = 4096;
  std::vector<ArenaBuffer> buffers = {
      {0, 0, 64 * page}, {1, 1, 16 * page}, {2, 2, 32 * page}};
  int64_t size = packArena(buffers);
  EXPECT_EQ(size, 64 * page);
  std::vector<ArenaBuffer> before = buffers;
  EXPECT_EQ(changed(buffers, 2), (8 + 8 + 16) * page);
  keepParts(buffers, size, 2);
  expectApart(buffers, size);
  EXPECT_EQ(changed(buffers, 2), 0);
  // One thread alone has all of them.
  keepParts(before, size, 1);
  EXPECT_EQ(before[1].offset, 0);
  EXPECT_EQ(before[2].offset, 0);
}

// What is in use at one time stays apart, and within the arena.
TEST(ArenaPacking, PartsKeepApart) {
  constexpr int64_t page = 4096;
  std::vector<ArenaBuffer> buffers;
  for (int64_t i = 0; i < 60; ++i)
    buffers.push_back({i, i + 1 + i % 3, (8 + i * 7 % 40) * page + i % 5});
  int64_t size = packArena(buffers);
  keepParts(buffers, size, 2);
  expectApart(buffers, size);
}

} // namespace
