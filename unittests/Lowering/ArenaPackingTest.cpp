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

} // namespace
