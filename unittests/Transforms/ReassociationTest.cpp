//===- ReassociationTest.cpp - Blocks of dimensions, sizes with symbols ---===//

#include "Reassociation.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace rac;

namespace {

class Sizes : public ::testing::Test {
protected:
  MLIRContext context;
  AffineExpr b = getAffineSymbolExpr(0, &context);
  AffineExpr l = getAffineSymbolExpr(1, &context);
  AffineExpr c(int64_t value) { return getAffineConstantExpr(value, &context); }

  /// The blocks as text, for example "0:0 1,2:1".
  std::string blocks(const Dims &from, const Dims &to) {
    auto found = reassociate(from, to);
    if (!found)
      return "none";
    std::string text;
    llvm::raw_string_ostream os(text);
    llvm::interleave(
        *found, os,
        [&](const ReshapeBlock &block) {
          llvm::interleave(block.from, os, ",");
          os << ":";
          llvm::interleave(block.to, os, ",");
        },
        " ");
    return text;
  }
};

TEST_F(Sizes, StaticBlocks) {
  EXPECT_EQ(blocks({c(2), c(12)}, {c(2), c(3), c(4)}), "0:0 1:1,2");
  EXPECT_EQ(blocks({c(2), c(3), c(4)}, {c(6), c(4)}), "0,1:0 2:1");
  EXPECT_EQ(blocks({c(6), c(4)}, {c(4), c(6)}), "0,1:0,1");
  EXPECT_EQ(blocks({c(6)}, {c(4), c(2)}), "none");
}

TEST_F(Sizes, OnesComeAndGo) {
  EXPECT_EQ(blocks({c(1), c(5)}, {c(5), c(1)}), "0: 1:0 :1");
  EXPECT_EQ(blocks({c(1), c(5)}, {c(1), c(1), c(5)}), "0:0 :1 1:2");
}

TEST_F(Sizes, Symbols) {
  EXPECT_EQ(blocks({multiplySizes(b, c(12)), l}, {b, c(12), l}), "0:0,1 1:2");
  EXPECT_EQ(blocks({b, l, c(384)}, {b, l, c(12), c(32)}), "0:0 1:1 2:2,3");
  EXPECT_EQ(blocks({b, l}, {multiplySizes(l, b)}), "0,1:0");
  EXPECT_EQ(blocks({b, l}, {l, b}), "none");
}

TEST_F(Sizes, NothingIsKnownOfEmptyTensors) {
  EXPECT_EQ(blocks({c(0), c(3)}, {c(3), c(0)}), "none");
}

TEST_F(Sizes, ProductsAreCanonical) {
  EXPECT_EQ(multiplySizes(b, l), multiplySizes(l, b));
  EXPECT_EQ(multiplySizes(multiplySizes(b, c(2)), multiplySizes(l, c(3))),
            multiplySizes(c(6), multiplySizes(l, b)));
}

TEST_F(Sizes, Quotients) {
  EXPECT_EQ(divideSizes(multiplySizes(b, c(12)), multiplySizes(c(4), b)), c(3));
  EXPECT_EQ(divideSizes(multiplySizes(b, c(12)), l), AffineExpr());
  EXPECT_EQ(divideSizes(b, c(2)), b.floorDiv(2));
  EXPECT_EQ(divideSizes(b, c(0)), AffineExpr());
}

} // namespace
