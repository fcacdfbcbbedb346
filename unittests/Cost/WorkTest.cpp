//===- WorkTest.cpp - Loop nests and operations, worked by hand -----------===//

#include "ParsedOps.h"
#include "rac/Cost/ContractionShape.h"
#include "rac/Cost/Footprint.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

const char *kConv = R"({strides = array<i64: 1, 1>,
    dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
    pads_high = array<i64: 0, 0>, groups = %d : i64})";

std::string conv(int groups, const std::string &types) {
  char attributes[256];
  snprintf(attributes, sizeof attributes, kConv, groups);
  return std::string("%0 = rac.conv %x, %f ") + attributes + " : " + types;
}

std::vector<double> sizesOf(const WorkNest &nest) {
  return {nest.sizes.begin(), nest.sizes.end()};
}

TEST(Work, Matmul) {
  ParsedOps p("(%a: tensor<2x3x4xf32>, %b: tensor<4x5xf32>) -> "
              "tensor<2x3x5xf32>",
              R"(%0 = rac.matmul %a, %b : (tensor<2x3x4xf32>,
                   tensor<4x5xf32>) -> tensor<2x3x5xf32>
                 return %0 : tensor<2x3x5xf32>)");
  Work work = p.work();
  EXPECT_EQ(work.flops(), 2 * 2 * 3 * 5 * 4);
  EXPECT_EQ(work.contractionFlops(), work.flops());
  ASSERT_EQ(work.nests.size(), 1u);
  EXPECT_EQ(sizesOf(work.nests[0]), (std::vector<double>{2, 3, 5, 4}));
  // One matrix of weights serves the whole batch: its rows are rows.
  ContractionShape shape = contractionShape(work.nests[0]);
  EXPECT_EQ(shape.batch, 1);
  EXPECT_EQ(shape.m, 6);
  EXPECT_EQ(shape.n, 5);
  EXPECT_EQ(shape.k, 4);
  EXPECT_FALSE(shape.isConv);
}

TEST(Work, BatchedMatmul) {
  ParsedOps p("(%a: tensor<7x3x4xf32>, %b: tensor<7x4x5xf32>) -> "
              "tensor<7x3x5xf32>",
              R"(%0 = rac.matmul %a, %b : (tensor<7x3x4xf32>,
                   tensor<7x4x5xf32>) -> tensor<7x3x5xf32>
                 return %0 : tensor<7x3x5xf32>)");
  ContractionShape shape = contractionShape(p.work().nests[0]);
  EXPECT_EQ(shape.batch, 7);
  EXPECT_EQ(shape.m, 3);
}

TEST(Work, WindowsBeyondTheEdgeReadAPaddedCopy) {
  ParsedOps p(
      ConvText("2x6x6x8xf32", "16x8x3x3xf32", "2x6x6x16xf32", /*pad=*/1));
  Work work = p.work();
  padImages(work);
  // A fill of all, a copy of the image, the convolution.
  ASSERT_EQ(work.nests.size(), 3u);
  EXPECT_EQ(sizesOf(work.nests[0]), (std::vector<double>{2, 8, 8, 8}));
  EXPECT_EQ(sizesOf(work.nests[1]), (std::vector<double>{2, 6, 6, 8}));
  unsigned padded = work.nests[0].writes[0].tensor;
  EXPECT_EQ(work.nests[1].writes[0].tensor, padded);
  EXPECT_EQ(work.nests[2].reads[0].tensor, padded);
  EXPECT_EQ(work.tensors[padded].bytes(), 2 * 8 * 8 * 8 * 4);
  EXPECT_FALSE(work.tensors[padded].isInput || work.tensors[padded].isOutput);
  EXPECT_EQ(work.flops(), 2.0 * 2 * 6 * 6 * 16 * 8 * 9);
}

TEST(Work, WindowsWithinTheImageReadIt) {
  ParsedOps p("(%x: tensor<2x6x6x8xf32>, %f: tensor<16x8x3x3xf32>) -> "
              "tensor<2x4x4x16xf32>",
              conv(1, "(tensor<2x6x6x8xf32>, tensor<16x8x3x3xf32>) -> "
                      "tensor<2x4x4x16xf32>") +
                  "return %0 : tensor<2x4x4x16xf32>");
  Work work = p.work();
  padImages(work);
  EXPECT_EQ(work.nests.size(), 1u);
}

TEST(Work, ConvIsAProductOfPixels) {
  ParsedOps p("(%x: tensor<2x6x6x8xf32>, %f: tensor<16x8x3x3xf32>) -> "
              "tensor<2x4x4x16xf32>",
              conv(1, "(tensor<2x6x6x8xf32>, tensor<16x8x3x3xf32>) -> "
                      "tensor<2x4x4x16xf32>") +
                  " return %0 : tensor<2x4x4x16xf32>");
  Work work = p.work();
  EXPECT_EQ(work.contractionFlops(), 2.0 * 2 * 16 * 16 * 72);
  ContractionShape shape = contractionShape(work.nests[0]);
  EXPECT_TRUE(shape.isConv);
  EXPECT_FALSE(shape.isDepthwise);
  EXPECT_EQ(shape.m, 2 * 4 * 4);
  EXPECT_EQ(shape.n, 16);
  EXPECT_EQ(shape.k, 8 * 9);
}

TEST(Work, GroupedConv) {
  ParsedOps p("(%x: tensor<1x6x6x8xf32>, %f: tensor<4x2x3x3xf32>) -> "
              "tensor<1x4x4x4xf32>",
              conv(4, "(tensor<1x6x6x8xf32>, tensor<4x2x3x3xf32>) -> "
                      "tensor<1x4x4x4xf32>") +
                  " return %0 : tensor<1x4x4x4xf32>");
  Work work = p.work();
  // Each of 64 results: 2 channels of a 3x3 window.
  EXPECT_EQ(work.contractionFlops(), 2 * 64 * 18);
  ContractionShape shape = contractionShape(work.nests[0]);
  EXPECT_EQ(shape.batch, 4);
  EXPECT_EQ(shape.k, 18);
  EXPECT_FALSE(shape.isDepthwise);
}

TEST(Work, DepthwiseConv) {
  ParsedOps p("(%x: tensor<1x6x6x8xf32>, %f: tensor<8x1x3x3xf32>) -> "
              "tensor<1x4x4x8xf32>",
              conv(8, "(tensor<1x6x6x8xf32>, tensor<8x1x3x3xf32>) -> "
                      "tensor<1x4x4x8xf32>") +
                  " return %0 : tensor<1x4x4x8xf32>");
  Work work = p.work();
  EXPECT_EQ(work.contractionFlops(), 2 * 128 * 9);
  ContractionShape shape = contractionShape(work.nests[0]);
  EXPECT_TRUE(shape.isDepthwise);
  EXPECT_EQ(shape.m, 16);
  EXPECT_EQ(shape.k, 9);
}

TEST(Work, ConstantFiltersAreLaidOutForLanes) {
  const std::string types = "(tensor<2x6x6x8xf32>, tensor<16x8x3x3xf32>) -> "
                            "tensor<2x4x4x16xf32>",
                    end = " return %0 : tensor<2x4x4x16xf32>";
  ParsedOps constant("(%x: tensor<2x6x6x8xf32>) -> tensor<2x4x4x16xf32>",
                     "%f = rac.constant dense<0.5> : tensor<16x8x3x3xf32> " +
                         conv(1, types) + end),
      given("(%x: tensor<2x6x6x8xf32>, %f: tensor<16x8x3x3xf32>) -> "
            "tensor<2x4x4x16xf32>",
            conv(1, types) + end);
  auto strides = [](ParsedOps &p) {
    Work work = analyzeWork(Candidate::of({p.ops.back()}), 64);
    layOutFilters(work);
    return work.tensors[work.nests[0].reads[1].tensor].strides;
  };
  using Strides = llvm::SmallVector<double, 4>;
  EXPECT_EQ(strides(constant), (Strides{1, 144, 48, 16}));
  EXPECT_EQ(strides(given), (Strides{72, 9, 3, 1}));
}

TEST(Work, TransposedConvCountsInputElements) {
  ParsedOps p("(%x: tensor<1x5x8xf32>, %f: tensor<8x4x3xf32>) -> "
              "tensor<1x10x4xf32>",
              R"(%0 = rac.conv_transpose %x, %f {strides = array<i64: 2>,
                   dilations = array<i64: 1>, pads_low = array<i64: 1>,
                   pads_high = array<i64: 1>, output_padding = array<i64: 1>,
                   groups = 1 : i64} : (tensor<1x5x8xf32>, tensor<8x4x3xf32>)
                   -> tensor<1x10x4xf32>
                 return %0 : tensor<1x10x4xf32>)");
  EXPECT_EQ(p.work().contractionFlops(), 2 * 5 * 8 * 4 * 3);
}

TEST(Work, PoolCombinesItsWindow) {
  ParsedOps p("(%x: tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32>",
              R"(%0 = rac.pool max %x {window = array<i64: 2, 2>,
                   strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
                   pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>,
                   ceil_extra = array<i64: 0, 0>} : (tensor<1x8x8x4xf32>) ->
                   tensor<1x4x4x4xf32>
                 return %0 : tensor<1x4x4x4xf32>)");
  EXPECT_EQ(p.work().flops(), 64 * 4);
}

TEST(Work, FusedChainLeavesNothingBetween) {
  ParsedOps p(
      "(%x: tensor<8x8xf32>, %b: tensor<8xf32>) -> tensor<8x8xf32>",
      R"(%0 = rac.add %x, %b : (tensor<8x8xf32>, tensor<8xf32>) -> tensor<8x8xf32>
         %1 = rac.mul %0, %0 : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
         return %1 : tensor<8x8xf32>)");
  Work work = p.work();
  EXPECT_EQ(work.nests.size(), 2u);
  EXPECT_EQ(work.flops(), 64 + 64);
  fuseNests(work, /*afterContractions=*/false);
  ASSERT_EQ(work.nests.size(), 1u);
  EXPECT_EQ(work.flops(), 64 + 64);
  EXPECT_EQ(work.nests[0].reads.size(), 2u); // x and b
}

// A roll of 8 rows by 2 columns of 6: two copies, which read 4 columns and 2.
TEST(Work, SlicesAreReadWhereTheyLie) {
  ParsedOps p(
      "(%x: tensor<8x6xf32>) -> tensor<8x6xf32>",
      R"(%0 = rac.slice %x [0, 2] [8, 4] [1, 1] : (tensor<8x6xf32>) -> tensor<8x4xf32>
         %1 = rac.slice %x [0, 0] [8, 2] [1, 1] : (tensor<8x6xf32>) -> tensor<8x2xf32>
         %2 = rac.concat %0, %1 axis 1 : (tensor<8x4xf32>, tensor<8x2xf32>) -> tensor<8x6xf32>
         return %2 : tensor<8x6xf32>)");
  Work work = p.work();
  EXPECT_EQ(work.nests.size(), 4u);
  fuseNests(work, /*afterContractions=*/false);
  ASSERT_EQ(work.nests.size(), 2u);
  double columns[] = {4, 2};
  for (auto [i, nest] : llvm::enumerate(work.nests)) {
    ASSERT_EQ(nest.reads.size(), 1u);
    const WorkTensor &read = work.tensors[nest.reads[0].tensor];
    EXPECT_TRUE(read.isInput);
    // An element after the other, of 4 B: 8 runs of so many columns.
    EXPECT_EQ(footprint(read, nest.reads[0], nest.sizes, 4),
              8 * 4 * columns[i]);
    EXPECT_TRUE(work.tensors[nest.writes[0].tensor].isOutput);
  }
}

// Rolls along both dimensions: four copies from the one tensor to the other,
// the last of 2 rows by 3 columns.
TEST(Work, PartsOfPartsArePutIntoPlace) {
  ParsedOps p(
      "(%x: tensor<8x9xf32>) -> tensor<8x9xf32>",
      R"(%0 = rac.slice %x [2, 3] [6, 6] [1, 1] : (tensor<8x9xf32>) -> tensor<6x6xf32>
         %1 = rac.slice %x [0, 3] [2, 6] [1, 1] : (tensor<8x9xf32>) -> tensor<2x6xf32>
         %2 = rac.concat %0, %1 axis 0 : (tensor<6x6xf32>, tensor<2x6xf32>) -> tensor<8x6xf32>
         %3 = rac.slice %x [2, 0] [6, 3] [1, 1] : (tensor<8x9xf32>) -> tensor<6x3xf32>
         %4 = rac.slice %x [0, 0] [2, 3] [1, 1] : (tensor<8x9xf32>) -> tensor<2x3xf32>
         %5 = rac.concat %3, %4 axis 0 : (tensor<6x3xf32>, tensor<2x3xf32>) -> tensor<8x3xf32>
         %6 = rac.concat %2, %5 axis 1 : (tensor<8x6xf32>, tensor<8x3xf32>) -> tensor<8x9xf32>
         return %6 : tensor<8x9xf32>)");
  Work work = p.work();
  fuseNests(work, /*afterContractions=*/false);
  ASSERT_EQ(work.nests.size(), 4u);
  double rows[] = {6, 2, 6, 2}, columns[] = {6, 6, 3, 3};
  for (auto [i, nest] : llvm::enumerate(work.nests)) {
    EXPECT_EQ(nest.iterations(), rows[i] * columns[i]);
    const WorkTensor &written = work.tensors[nest.writes[0].tensor];
    EXPECT_TRUE(work.tensors[nest.reads[0].tensor].isInput);
    EXPECT_TRUE(written.isOutput);
    EXPECT_EQ(footprint(written, nest.writes[0], nest.sizes, 4),
              4 * rows[i] * columns[i]);
  }
}

// Both readers of a slice have it, and every third row of 9 is 3.
TEST(Work, ASliceIsReadByAllWhereItLies) {
  ParsedOps p(
      "(%x: tensor<9x8xf32>) -> tensor<3x8xf32>",
      R"(%0 = rac.slice %x [1, 0] [3, 8] [3, 1] : (tensor<9x8xf32>) -> tensor<3x8xf32>
         %1 = rac.exp %0 : (tensor<3x8xf32>) -> tensor<3x8xf32>
         %2 = rac.mul %0, %1 : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x8xf32>
         return %2 : tensor<3x8xf32>)");
  Work work = p.work();
  fuseNests(work, /*afterContractions=*/false);
  ASSERT_EQ(work.nests.size(), 1u);
  ASSERT_EQ(work.nests[0].reads.size(), 1u);
  const WorkUse &read = work.nests[0].reads[0];
  EXPECT_TRUE(work.tensors[read.tensor].isInput);
  EXPECT_EQ(read.dims[0][0].step, 3);
  // Rows of 32 B, 96 B apart.
  EXPECT_EQ(footprint(work.tensors[read.tensor], read, work.nests[0].sizes, 32),
            3 * 32);
}

// Elements in reverse order are copied.
TEST(Work, AReversedSliceIsNoPart) {
  ParsedOps p(
      "(%x: tensor<8xf32>) -> tensor<16xf32>",
      R"(%0 = rac.slice %x [7] [8] [-1] : (tensor<8xf32>) -> tensor<8xf32>
         %1 = rac.concat %0, %0 axis 0 : (tensor<8xf32>, tensor<8xf32>) -> tensor<16xf32>
         return %1 : tensor<16xf32>)");
  Work work = p.work();
  fuseNests(work, /*afterContractions=*/false);
  EXPECT_EQ(work.nests.size(), 3u);
}

TEST(Work, ValueUsedOutsideIsWritten) {
  ParsedOps p("(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>)",
              R"(%0 = rac.neg %x : (tensor<8xf32>) -> tensor<8xf32>
                 %1 = rac.neg %0 : (tensor<8xf32>) -> tensor<8xf32>
                 return %0, %1 : tensor<8xf32>, tensor<8xf32>)");
  Work work = p.work();
  fuseNests(work, /*afterContractions=*/false);
  EXPECT_EQ(work.nests.size(), 2u);
}

TEST(Work, WhatFollowsAProductIsAppliedToItsRegisters) {
  ParsedOps p(
      "(%a: tensor<4x8xf32>, %w: tensor<8x16xf32>, %b: tensor<16xf32>) -> "
      "tensor<4x16xf32>",
      R"(%0 = rac.matmul %a, %w : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
         %1 = rac.add %0, %b : (tensor<4x16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
         %2 = rac.relu %1 : (tensor<4x16xf32>) -> tensor<4x16xf32>
         return %2 : tensor<4x16xf32>)");
  Work work = p.work();
  fuseNests(work, /*afterContractions=*/true);
  ASSERT_EQ(work.nests.size(), 1u);
  EXPECT_EQ(work.flops(), 2 * 4 * 16 * 8 + 4 * 16 * 2);
  EXPECT_EQ(work.nests[0].reads.size(), 3u);
  // Or else the product is written, and read again.
  Work apart = p.work();
  fuseNests(apart, /*afterContractions=*/false);
  EXPECT_EQ(apart.nests.size(), 2u);
}

TEST(Work, ProducersAreNotComputedAgainInAReduction) {
  ParsedOps p("(%a: tensor<4x8xf32>, %w: tensor<8x16xf32>) -> tensor<4x16xf32>",
              R"(%0 = rac.exp %a : (tensor<4x8xf32>) -> tensor<4x8xf32>
         %1 = rac.matmul %0, %w : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
         return %1 : tensor<4x16xf32>)");
  Work work = p.work();
  fuseNests(work, /*afterContractions=*/false);
  EXPECT_EQ(work.nests.size(), 2u);
}

TEST(Work, TransposesBeforeAProductAreReadInOrder) {
  ParsedOps p(
      "(%a: tensor<4x8xf32>, %w: tensor<16x8xf32>) -> tensor<4x16xf32>",
      R"(%0 = rac.transpose %w, [1, 0] : (tensor<16x8xf32>) -> tensor<8x16xf32>
         %1 = rac.matmul %a, %0 : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
         return %1 : tensor<4x16xf32>)");
  Work work = p.work();
  fuseNests(work, /*afterContractions=*/false);
  ASSERT_EQ(work.nests.size(), 1u);
  // Loops m, n, k: w is read at (n, k).
  const WorkUse &weights = work.nests[0].reads[1];
  EXPECT_EQ(weights.dims[0][0].loop, 1u);
  EXPECT_EQ(weights.dims[1][0].loop, 2u);
}

TEST(Work, MathFunctionsArePolynomials) {
  ParsedOps p("(%x: tensor<8xf32>) -> tensor<8xf32>",
              R"(%0 = rac.exp %x : (tensor<8xf32>) -> tensor<8xf32>
                 return %0 : tensor<8xf32>)");
  EXPECT_EQ(p.work().flops(), 8 * 16);
}

TEST(Work, SoftmaxIsFourPasses) {
  ParsedOps p("(%x: tensor<4x16xf32>) -> tensor<4x16xf32>",
              R"(%0 = rac.softmax %x axis 1 : tensor<4x16xf32>
                 return %0 : tensor<4x16xf32>)");
  Work work = p.work();
  EXPECT_EQ(work.nests.size(), 4u);
  // Maximum; difference and exponential; sum; product.
  EXPECT_EQ(work.flops(), 64 * (1 + 17 + 1 + 1));
}

TEST(Work, ExponentialsHaveMemoryOfTheirOwn) {
  ParsedOps p("(%x: tensor<4x16xf32>) -> tensor<4x16xf32>",
              R"(%0 = rac.softmax %x axis 1 : tensor<4x16xf32>
                 return %0 : tensor<4x16xf32>)");
  Work work = p.work();
  ASSERT_EQ(work.tensors.size(), 3u);
  const WorkUse &exps = work.nests[1].writes[0];
  EXPECT_FALSE(work.tensors[exps.tensor].isOutput);
  EXPECT_EQ(work.nests[2].reads[0], exps);
  EXPECT_EQ(work.nests[3].reads[0], exps);
  EXPECT_TRUE(work.tensors[work.nests[3].writes[0].tensor].isOutput);
}

// Of scores that nobody else reads, and their softmax, too.
TEST(Work, ExponentialsTakeTheScoresPlace) {
  ParsedOps p(
      "(%q: tensor<4x8xf32>, %k: tensor<8x4xf32>, %v: tensor<4x8xf32>) -> "
      "tensor<4x8xf32>",
      R"(%0 = rac.matmul %q, %k : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
         %1 = rac.softmax %0 axis 1 : tensor<4x4xf32>
         %2 = rac.matmul %1, %v : (tensor<4x4xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
         return %2 : tensor<4x8xf32>)");
  Work work = p.work();
  // Three inputs, the result, and one between them.
  EXPECT_EQ(work.tensors.size(), 5u);
  EXPECT_EQ(work.nests.back().reads[0].tensor, work.nests[0].writes[0].tensor);
}

// Two nests write a part each, and neither reads what the other wrote.
TEST(Work, PartsOfAConcatenationAreTheResult) {
  ParsedOps p(
      "(%x: tensor<2x64xf32>, %y: tensor<3x64xf32>) -> tensor<5x64xf32>",
      R"(%0 = rac.concat %x, %y axis 0 : (tensor<2x64xf32>, tensor<3x64xf32>) -> tensor<5x64xf32>
                 return %0 : tensor<5x64xf32>)");
  Work work = analyzeWork(Candidate::of(p.ops), 64);
  ASSERT_EQ(work.nests.size(), 2u);
  EXPECT_EQ(work.tensors.size(), 3u);
  for (const WorkNest &nest : work.nests)
    EXPECT_TRUE(work.tensors[nest.writes.front().tensor].isOutput);
}

TEST(Work, FunctionsHaveTheirLength) {
  auto terms = [](const std::string &op) {
    ParsedOps p("(%x: tensor<16xf32>) -> tensor<16xf32>",
                "%0 = rac." + op +
                    " %x : (tensor<16xf32>) -> tensor<16xf32>\n"
                    "return %0 : tensor<16xf32>");
    Work work = p.work();
    EXPECT_EQ(work.flops(), 16 * 16);
    return kFunctionTerms + work.nests.front().moreTerms;
  };
  // Of generated code; the library has its own.
  EXPECT_EQ(terms("exp"), 16);
  EXPECT_EQ(terms("erf"), 45);
  EXPECT_EQ(terms("tanh"), 35);
}

// An instruction rounds; others go on while the divider is busy.
TEST(Work, DividersAreBusy) {
  auto nest = [](const std::string &op) {
    ParsedOps p("(%x: tensor<16xf32>) -> tensor<16xf32>",
                "%0 = rac." + op +
                    " : (tensor<16xf32>) -> tensor<16xf32>\n"
                    "return %0 : tensor<16xf32>");
    return p.work().nests.front();
  };
  EXPECT_EQ(nest("round %x").terms(), 1);
  EXPECT_EQ(nest("round %x").dividing, 0);
  EXPECT_EQ(nest("reciprocal %x").terms(), 1);
  EXPECT_EQ(nest("reciprocal %x").dividing, 20);
  EXPECT_EQ(nest("sqrt %x").dividing, 24);
}

TEST(Work, NormalizeIsThreePasses) {
  ParsedOps p("(%x: tensor<4x16xf32>, %s: tensor<16xf32>, %b: tensor<16xf32>) "
              "-> tensor<4x16xf32>",
              R"(%0 = rac.normalize layer %x, %s, %b axis 1 epsilon 1.0e-5 :
                   (tensor<4x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
                 return %0 : tensor<4x16xf32>)");
  Work work = p.work();
  EXPECT_EQ(work.nests.size(), 3u);
  // Sum; squares of differences; difference, two products, sum.
  EXPECT_EQ(work.flops(), 64 * (1 + 3 + 4));
}

TEST(Work, GatherPicksAnywhere) {
  ParsedOps p("(%x: tensor<1000x4xf32>, %i: tensor<3xi64>) -> tensor<3x4xf32>",
              R"(%0 = rac.gather %x, %i axis 0 : (tensor<1000x4xf32>,
                   tensor<3xi64>) -> tensor<3x4xf32>
                 return %0 : tensor<3x4xf32>)");
  Work work = p.work();
  EXPECT_EQ(work.flops(), 0);
  EXPECT_EQ(sizesOf(work.nests[0]), (std::vector<double>{3, 4}));
  EXPECT_TRUE(work.nests[0].reads[0].scattered.test(0));
  EXPECT_FALSE(work.nests[0].reads[0].scattered.test(1));
}

// Each box with four others, five operations for each of a box's four numbers.
TEST(Work, BoxesAreComparedWithFew) {
  ParsedOps p("(%b: tensor<100x4xf32>, %g: tensor<100xi64>, %l: tensor<i64>, "
              "%t: tensor<f32>, %n: index) -> tensor<100xi1>",
              R"(%0 = rac.suppress %b, %g, %l, %t groups %n :
                   (tensor<100x4xf32>, tensor<100xi64>, tensor<i64>, tensor<f32>)
                   -> tensor<100xi1>
                 return %0 : tensor<100xi1>)");
  Work work = p.work();
  EXPECT_EQ(work.flops(), 100 * 4 * 4 * 5);
  EXPECT_EQ(sizesOf(work.nests[0]), (std::vector<double>{100, 4, 4}));
  EXPECT_TRUE(llvm::any_of(work.nests[0].reads, [](const WorkUse &use) {
    return use.scattered.test(0);
  }));
}

TEST(Work, SliceSkips) {
  ParsedOps p("(%x: tensor<8xf32>) -> tensor<4xf32>",
              R"(%0 = rac.slice %x[0] [4] [2] : (tensor<8xf32>) -> tensor<4xf32>
                 return %0 : tensor<4xf32>)");
  EXPECT_EQ(p.work().nests[0].reads[0].dims[0][0].step, 2);
}

TEST(Work, UnknownDimensionsCountAsAssumed) {
  ParsedOps p("(%x: tensor<?x4xf32>) -> tensor<?x4xf32>",
              R"(%0 = rac.neg %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
                 return %0 : tensor<?x4xf32>)");
  EXPECT_EQ(p.work(10).flops(), 40);
  EXPECT_EQ(p.work(100).flops(), 400);
  EXPECT_TRUE(p.work().isDynamic);
}

TEST(Work, ReductionReadsAllOnce) {
  ParsedOps p(
      "(%x: tensor<16x8xf32>) -> tensor<16xf32>",
      R"(%0 = rac.reduce sum %x axes [1] : (tensor<16x8xf32>) -> tensor<16xf32>
         return %0 : tensor<16xf32>)");
  Work work = p.work();
  EXPECT_EQ(work.flops(), 128);
  EXPECT_FALSE(work.nests[0].reductions.test(0));
  EXPECT_TRUE(work.nests[0].reductions.test(1));
  EXPECT_FALSE(work.isDynamic);
}

TEST(Work, BooleansAreBytes) {
  ParsedOps p("(%x: tensor<8xf32>) -> tensor<8xi1>",
              R"(%0 = rac.is_nan %x : (tensor<8xf32>) -> tensor<8xi1>
                 return %0 : tensor<8xi1>)");
  Work work = p.work();
  EXPECT_EQ(work.tensors[work.nests[0].writes[0].tensor].bytes(), 8);
}

// 8 rows of 6 in 4 parts: two rows each, and four numbers are added up.
TEST(Work, SumsInParts) {
  ParsedOps p(
      "(%x: tensor<1x8x6x16xf32>) -> tensor<1x16xf32>",
      R"(%0 = rac.reduce sum %x axes [1, 2] : (tensor<1x8x6x16xf32>) -> tensor<1x16xf32>
                 return %0 : tensor<1x16xf32>)");
  Work work = p.work();
  ASSERT_EQ(work.nests.size(), 1u);
  double operations = work.nests[0].operations;
  splitSums(work, 4);
  ASSERT_EQ(work.nests.size(), 2u);
  const WorkNest &sums = work.nests[0], &last = work.nests[1];
  EXPECT_EQ(sizesOf(sums), (std::vector<double>{1, 2, 6, 16, 4}));
  EXPECT_FALSE(sums.reductions.test(4));
  EXPECT_EQ(sums.iterations() * operations, 8 * 6 * 16);
  EXPECT_EQ(sizesOf(last), (std::vector<double>{1, 4, 1, 16}));
  const WorkTensor &parts = work.tensors[sums.writes[0].tensor];
  EXPECT_EQ(parts.bytes(), 4 * 16 * 4);
  EXPECT_FALSE(parts.isOutput);
  EXPECT_EQ(last.reads[0].tensor, sums.writes[0].tensor);
  EXPECT_TRUE(work.tensors[last.writes[0].tensor].isOutput);
  // Rows of the image are two of each part's.
  EXPECT_EQ(sums.reads[0].dims[1].back().loop, 4u);
  EXPECT_EQ(sums.reads[0].dims[1].back().step, 2);
  // 5 parts wouldn't be equal.
  work = p.work();
  splitSums(work, 5);
  EXPECT_EQ(work.nests.size(), 1u);
}

} // namespace
