//===- BlockingsTest.cpp - How contractions may be cut --------------------===//

#include "Blockings.h"
#include "../Cost/ParsedOps.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace rac;

namespace {

SmallVector<Blocking> listed(ParsedOps &parsed) {
  EXPECT_TRUE(parsed.module);
  return blockings(parsed.ops, {512, 32});
}

/// What rac.plan demands, and what lowering can do without an error.
void expectValid(ArrayRef<Blocking> list, size_t rank, size_t numReductions) {
  for (const Blocking &blocking : list) {
    EXPECT_TRUE(blocking.tiles.empty() || blocking.tiles.size() == rank);
    EXPECT_TRUE(blocking.reduction.empty() ||
                blocking.reduction.size() == numReductions);
    // Threads share what is before the first reduction.
    EXPECT_FALSE(blocking.tiles.empty() && !blocking.reduction.empty());
    if (!blocking.order.empty()) {
      EXPECT_EQ(blocking.order.size(),
                blocking.tiles.size() + blocking.reduction.size());
      EXPECT_LT(blocking.order.front(), int64_t(rank));
    }
    // Panels are whole in blocks of columns.
    if (!blocking.registers.empty() && !blocking.tiles.empty() &&
        blocking.tiles.back() != 0) {
      EXPECT_EQ(blocking.tiles.back() % (16 * blocking.registers[1]), 0);
    }
    EXPECT_FALSE(blocking.tiles.empty() && blocking.registers.empty());
  }
}

bool has(ArrayRef<Blocking> list, ArrayRef<int64_t> tiles,
         ArrayRef<int64_t> reduction, ArrayRef<int64_t> order,
         ArrayRef<int64_t> registers) {
  return llvm::any_of(list, [&](const Blocking &b) {
    return b.tiles == tiles && b.reduction == reduction && b.order == order &&
           b.registers == registers;
  });
}

TEST(Blockings, OfAProduct) {
  ParsedOps parsed(
      "(%x: tensor<2x384x768xf32>, %w: tensor<768x512xf32>) -> "
      "tensor<2x384x512xf32>",
      R"(%0 = rac.matmul %x, %w : (tensor<2x384x768xf32>, tensor<768x512xf32>) -> tensor<2x384x512xf32>
         %1 = rac.relu %0 : (tensor<2x384x512xf32>) -> tensor<2x384x512xf32>
         return %1 : tensor<2x384x512xf32>)");
  auto list = listed(parsed);
  expectValid(list, 3, 1);
  // Registers alone; six rows of four vectors are 30 registers.
  EXPECT_TRUE(has(list, {}, {}, {}, {6, 4}));
  EXPECT_TRUE(has(list, {}, {}, {}, {14, 1}));
  // 48 and 192 rows divide 384; 128 columns, and no more than half of 512.
  EXPECT_TRUE(has(list, {1, 48, 0}, {}, {}, {}));
  EXPECT_TRUE(has(list, {1, 192, 128}, {}, {}, {14, 2}));
  EXPECT_FALSE(has(list, {1, 192, 128}, {}, {}, {9, 3}));
  // Terms, innermost and around the columns.
  EXPECT_TRUE(has(list, {1, 48, 128}, {128}, {}, {}));
  EXPECT_TRUE(has(list, {1, 48, 128}, {128}, {0, 1, 3, 2}, {6, 4}));
  EXPECT_TRUE(has(list, {1, 48, 128}, {128}, {0, 2, 3, 1}, {6, 4}));
}

TEST(Blockings, OfAConvolution) {
  ParsedOps parsed(
      "(%x: tensor<1x56x56x64xf32>, %w: tensor<256x64x3x3xf32>) -> "
      "tensor<1x56x56x256xf32>",
      R"(%0 = rac.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x56x56x64xf32>, tensor<256x64x3x3xf32>) -> tensor<1x56x56x256xf32>
         return %0 : tensor<1x56x56x256xf32>)");
  auto list = listed(parsed);
  expectValid(list, 4, 3);
  EXPECT_TRUE(has(list, {1, 8, 0, 0}, {}, {}, {}));
  EXPECT_TRUE(has(list, {1, 2, 0, 128}, {}, {0, 3, 1, 2}, {6, 4}));
}

TEST(Blockings, OfSizesThatOnlyTheRunKnows) {
  ParsedOps parsed(
      "(%x: tensor<?x?xf32>, %w: tensor<?x?xf32>) -> tensor<?x?xf32>",
      R"(%0 = rac.matmul %x, %w : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
         return %0 : tensor<?x?xf32>)");
  auto list = listed(parsed);
  expectValid(list, 2, 1);
  EXPECT_TRUE(has(list, {192, 512}, {512}, {1, 2, 0}, {}));
}

TEST(Blockings, NoneOfWhatHasOtherLoops) {
  // Two products; one channel a group; nothing that is multiplied.
  ParsedOps two(
      "(%x: tensor<64x64xf32>) -> tensor<64x64xf32>",
      R"(%0 = rac.matmul %x, %x : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
         %1 = rac.matmul %0, %x : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
         return %1 : tensor<64x64xf32>)");
  EXPECT_TRUE(listed(two).empty());
  ParsedOps depthwise(
      "(%x: tensor<1x28x28x32xf32>, %w: tensor<32x1x3x3xf32>) -> "
      "tensor<1x28x28x32xf32>",
      R"(%0 = rac.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, groups = 32 : i64} : (tensor<1x28x28x32xf32>, tensor<32x1x3x3xf32>) -> tensor<1x28x28x32xf32>
         return %0 : tensor<1x28x28x32xf32>)");
  EXPECT_TRUE(listed(depthwise).empty());
  ParsedOps softmax("(%x: tensor<64x64xf32>) -> tensor<64x64xf32>",
                    R"(%0 = rac.softmax %x axis 1 : tensor<64x64xf32>
                       return %0 : tensor<64x64xf32>)");
  EXPECT_TRUE(listed(softmax).empty());
}

} // namespace
