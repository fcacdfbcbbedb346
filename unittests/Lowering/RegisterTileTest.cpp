//===- RegisterTileTest.cpp - How much stays in registers -----------------===//

#include "rac/Lowering/RegisterTile.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

RegisterTile tileOf(std::optional<int64_t> rows, std::optional<int64_t> vectors,
                    std::optional<int64_t> rowStride, int64_t registers = 32,
                    int64_t panel = 0) {
  return chooseRegisterTile({rows, vectors, rowStride, registers, panel});
}

void expectTile(const RegisterTile &tile, int64_t rows, int64_t vectors) {
  EXPECT_EQ(tile.rows, rows);
  EXPECT_EQ(tile.vectors, vectors);
}

// 14 x 2, two vectors and one element are 31 registers.
TEST(RegisterTile, AsManyRowsAsRegistersAllow) {
  expectTile(tileOf(56, 4, 256), 14, 2);
  expectTile(tileOf(28, 16, 256), 14, 2);
}

// 6 x 2 + 2 + 1 = 15 of 16.
TEST(RegisterTile, FewerRegisters) { expectTile(tileOf(60, 8, 256, 16), 6, 2); }

// Rows 4 KiB apart share a set of the first-level cache: six of them stay.
TEST(RegisterTile, RowsThatCollideAreFewAndWide) {
  expectTile(tileOf(60, 8, 4096), 7, 3);
  expectTile(tileOf(60, 8, 3 * 4096), 7, 3);
  // Two sets for twice as many.
  expectTile(tileOf(60, 8, 2048), 14, 2);
  // All seven pixels of a line of a small image, not five and two.
  expectTile(tileOf(7, 128, 2 * 4096), 7, 3);
}

// Unknown strides may collide; unknown extents are taken to be large.
TEST(RegisterTile, UnknownSizes) {
  expectTile(tileOf({}, {}, {}), 7, 3);
  expectTile(tileOf({}, 8, 256), 14, 2);
}

TEST(RegisterTile, NoMoreThanThereIs) {
  expectTile(tileOf(7, 2, 256), 7, 2);
  expectTile(tileOf(1, 1, 256), 1, 1);
  expectTile(tileOf(0, 0, 256), 1, 1);
}

// Of a product with one row, every vector is used once: independent sums
// matter.
TEST(RegisterTile, OneRowHidesTheLatencyByColumns) {
  expectTile(tileOf(1, 64, 4096), 1, 4);
}

// 197 = 16 x 12 + 5 takes 16 x 12 + 5 clocks; 14 x 14 + 1 takes 14 x 14 + 4.
TEST(RegisterTile, WhatIsLeftCounts) {
  expectTile(tileOf(197, 192, 3072), 12, 2);
}

// A panel of two vectors is not crossed.
TEST(RegisterTile, StaysInPanels) {
  RegisterTile tile = tileOf(60, 8, 4096, 32, 2);
  EXPECT_EQ(2 % tile.vectors, 0);
  expectTile(tile, 7, 2);
}

// Where each row has a register of its own, 5 x 4 + 4 + 5 are 29: four
// multiply-adds a clock are busy with 16 of a tile.
TEST(RegisterTile, RowsInRegisters) {
  RegisterTileProblem problem{60, 8, 4096, 32, 4};
  problem.rowRegisters = true;
  problem.multiplyAdds = 4;
  expectTile(chooseRegisterTile(problem), 5, 4);
  problem.rows = 512;
  expectTile(chooseRegisterTile(problem), 4, 4);
}

TEST(RegisterTile, WhatIsLeftByHalvesIsAvoided) {
  RegisterTileProblem problem;
  problem.rows = 48;
  problem.vectors = 8;
  problem.rowStride = 256;
  // Three tiles of 14 rows, and one of 6.
  expectTile(chooseRegisterTile(problem), 14, 2);
  // That one would be of 3 rows, and three of one.
  problem.halves = true;
  expectTile(chooseRegisterTile(problem), 12, 2);
}

// Depthwise: 7 x 2 sums, 6 x 2 that the window's next place reads again, and 3
// are 29 registers; a step loads 7 x 2 and 2 weights.
TEST(RegisterTile, RowsThatDifferByLane) {
  RegisterTileProblem problem{56, 8, 512};
  problem.lanewise = true;
  expectTile(chooseRegisterTile(problem), 7, 2);
  EXPECT_EQ(registersOfTile(problem, {7, 2}), 29);
  EXPECT_EQ(clocksOfTile(problem, {7, 2}), 16.0 / 2 / 14);
  // Rows of up to four vectors are taken whole: they are read in order.
  problem.vectors = 4;
  expectTile(chooseRegisterTile(problem), 4, 4);
  problem.vectors = 3;
  expectTile(chooseRegisterTile(problem), 5, 3);
  problem.vectors = 1;
  expectTile(chooseRegisterTile(problem), 14, 1);
  // Of vectors not known, pairs, but none where a panel has no room for two.
  problem.vectors = std::nullopt;
  expectTile(chooseRegisterTile(problem), 7, 2);
  problem.panel = 1;
  expectTile(chooseRegisterTile(problem), 14, 1);
}

// Two rows by blocks: 3 blocks of 2 x 4 registers, one for each block's terms
// and two of the vectors are 29. Bringing rows together takes 3 of 27 slots.
TEST(RegisterTile, BlocksOfTwoRows) {
  RegisterTileProblem problem{60, 8, 256, 32, 4};
  problem.blockRows = 2;
  expectTile(chooseRegisterTile(problem), 6, 4);
  EXPECT_EQ(registersOfTile(problem, {6, 4}), 29);
  EXPECT_EQ(clocksOfTile(problem, {6, 4}), 27.0 / 2 / 24);
  // The second row of the last block is computed, though it is none.
  EXPECT_EQ(registersOfTile(problem, {5, 4}), 29);
  EXPECT_EQ(clocksOfTile({5, 4, 256, 32, 4, false, 2, 2}, {5, 4}),
            26.0 / 2 / 20);
}

// 24 vectors a row: three steps of eight sums of one row take 12 clocks; of two
// rows six of four take 24, of four rows twelve of two 48.
TEST(RowTile, EightSumsAtATime) {
  expectTile(chooseRowTile({1, 384, 16, 32}), 1, 8);
  expectTile(chooseRowTile({2, 384, 16, 32}), 2, 4);
  expectTile(chooseRowTile({196, 384, 16, 32}), 4, 2);
  EXPECT_EQ(clocksOfRowTile({1, 384, 16, 32}, {1, 8}), 12.0 / 24);
  EXPECT_EQ(clocksOfRowTile({2, 384, 16, 32}, {2, 4}), 24.0 / 48);
  EXPECT_EQ(clocksOfRowTile({1, 384, 16, 32}, {1, 4}), 24.0 / 24);
}

// Ten steps of six vectors, two of one and one of eight elements: 40 + 12.
TEST(RowTile, WhatIsLeftGoesOneByOne) {
  expectTile(chooseRowTile({1, 1000, 16, 32}), 1, 6);
  EXPECT_EQ(clocksOfRowTile({1, 1000, 16, 32}, {1, 6}), 52.0 / 63);
}

// Four rows of two sums, what four rows bring, and two are 14.
TEST(RowTile, FewerRegisters) {
  expectTile(chooseRowTile({8, 384, 8, 16}), 4, 2);
  expectTile(chooseRowTile({8, 384, 8, 8}), 2, 2);
}

TEST(RowTile, UnknownSizes) {
  expectTile(chooseRowTile({{}, {}, 16, 32}), 4, 2);
  expectTile(chooseRowTile({1, {}, 16, 32}), 1, 4);
  expectTile(chooseRowTile({0, 0, 16, 32}), 1, 1);
}

// Half of the registers have rows: 16 of f32, of bytes too; with 16 registers
// of 256 bits 8, and of f64 half as many.
TEST(BlockLanes, RegistersForRowsTwice) {
  EXPECT_EQ(lanesOfBlock(512, 32, 32), 16);
  EXPECT_EQ(lanesOfBlock(512, 32, 8), 16);
  EXPECT_EQ(lanesOfBlock(512, 32, 1), 16);
  EXPECT_EQ(lanesOfBlock(256, 16, 16), 8);
  EXPECT_EQ(lanesOfBlock(256, 16, 64), 4);
}

} // namespace
