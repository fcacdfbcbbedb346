//===- WorkTest.cpp - Operations and bytes, worked by hand ----------------===//

#include "ParsedOps.h"
#include "gtest/gtest.h"

using namespace rac;

TEST(Work, Matmul) {
  ParsedOps p("(%a: tensor<2x3x4xf32>, %b: tensor<4x5xf32>) -> "
              "tensor<2x3x5xf32>",
              R"(%0 = rac.matmul %a, %b : (tensor<2x3x4xf32>,
                   tensor<4x5xf32>) -> tensor<2x3x5xf32>
                 return %0 : tensor<2x3x5xf32>)");
  Work work = p.work();
  EXPECT_EQ(work.matmul, 2 * 2 * 3 * 5 * 4);
  EXPECT_EQ(work.elementwise, 0);
  EXPECT_EQ(work.bytes, 4 * (2 * 3 * 4 + 4 * 5 + 2 * 3 * 5));
}

TEST(Work, GroupedConv) {
  ParsedOps p("(%x: tensor<1x6x6x8xf32>, %f: tensor<4x2x3x3xf32>) -> "
              "tensor<1x4x4x4xf32>",
              R"(%0 = rac.conv %x, %f {strides = array<i64: 1, 1>,
                   dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
                   pads_high = array<i64: 0, 0>, groups = 4 : i64} :
                   (tensor<1x6x6x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x4x4x4xf32>
                 return %0 : tensor<1x4x4x4xf32>)");
  Work work = p.work();
  // Each of 64 results: 2 channels of a 3x3 window.
  EXPECT_EQ(work.contraction, 2 * 64 * 18);
  EXPECT_EQ(work.bytes, 4 * (288 + 72 + 64));
}

TEST(Work, FusedChainLeavesNothingBetween) {
  ParsedOps p(
      "(%x: tensor<8x8xf32>, %b: tensor<8xf32>) -> tensor<8x8xf32>",
      R"(%0 = rac.add %x, %b : (tensor<8x8xf32>, tensor<8xf32>) -> tensor<8x8xf32>
                 %1 = rac.mul %0, %0 : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
                 return %1 : tensor<8x8xf32>)");
  Work work = p.work();
  EXPECT_EQ(work.elementwise, 64 + 64);
  EXPECT_EQ(work.bytes, 4 * (64 + 8 + 64));
}

TEST(Work, ValueUsedOutsideIsWritten) {
  ParsedOps p("(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>)",
              R"(%0 = rac.neg %x : (tensor<8xf32>) -> tensor<8xf32>
                 %1 = rac.neg %0 : (tensor<8xf32>) -> tensor<8xf32>
                 return %0, %1 : tensor<8xf32>, tensor<8xf32>)");
  EXPECT_EQ(p.work().bytes, 4 * (8 + 8 + 8));
}

TEST(Work, MathFunctionsArePolynomials) {
  ParsedOps p("(%x: tensor<8xf32>) -> tensor<8xf32>",
              R"(%0 = rac.exp %x : (tensor<8xf32>) -> tensor<8xf32>
                 return %0 : tensor<8xf32>)");
  EXPECT_EQ(p.work().elementwise, 8 * 16);
}

TEST(Work, GatherReadsWhatItTakes) {
  ParsedOps p("(%x: tensor<1000x4xf32>, %i: tensor<3xi64>) -> tensor<3x4xf32>",
              R"(%0 = rac.gather %x, %i axis 0 : (tensor<1000x4xf32>,
                   tensor<3xi64>) -> tensor<3x4xf32>
                 return %0 : tensor<3x4xf32>)");
  EXPECT_EQ(p.work().bytes, 4 * 12 + 8 * 3 + 4 * 12);
}

TEST(Work, UnknownDimensionsCountAsAssumed) {
  ParsedOps p("(%x: tensor<?x4xf32>) -> tensor<?x4xf32>",
              R"(%0 = rac.neg %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
                 return %0 : tensor<?x4xf32>)");
  EXPECT_EQ(p.work({/*dim=*/10}).elementwise, 40);
  EXPECT_EQ(p.work({/*dim=*/100}).bytes, 2 * 4 * 400);
}

TEST(Work, ReductionReadsAllOnce) {
  ParsedOps p(
      "(%x: tensor<16x8xf32>) -> tensor<16xf32>",
      R"(%0 = rac.reduce sum %x axes [1] : (tensor<16x8xf32>) -> tensor<16xf32>
                 return %0 : tensor<16xf32>)");
  EXPECT_EQ(p.work().elementwise, 128);
  EXPECT_EQ(p.work().bytes, 4 * (128 + 16));
}

TEST(Work, BooleansAreBytes) {
  ParsedOps p("(%x: tensor<8xf32>) -> tensor<8xi1>",
              R"(%0 = rac.is_nan %x : (tensor<8xf32>) -> tensor<8xi1>
                 return %0 : tensor<8xi1>)");
  EXPECT_EQ(p.work().bytes, 4 * 8 + 8);
}
