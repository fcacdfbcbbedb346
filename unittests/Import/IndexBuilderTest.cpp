//===- IndexBuilderTest.cpp - Shape arithmetic of the importer ------------===//

#include "TensorBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "rac/Import/Import.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace rac::onnximport;

namespace {

/// A function of two tensors, ? x 4 and ? x ?.
class IndexBuilderTest : public ::testing::Test {
protected:
  IndexBuilderTest() : tb(&context) {
    rac::loadImportDialects(context);
    module = ModuleOp::create(UnknownLoc::get(&context));
    tb.b.setInsertionPointToEnd(module->getBody());
    Type f32 = tb.b.getF32Type();
    constexpr int64_t any = ShapedType::kDynamic;
    auto main = func::FuncOp::create(
        tb.b, tb.loc, "main",
        tb.b.getFunctionType({RankedTensorType::get({any, 4}, f32),
                              RankedTensorType::get({any, any}, f32)},
                             {}));
    Block *block = main.addEntryBlock();
    tb.b.setInsertionPointToStart(block);
    tb.constantBlock = block;
    x = block->getArgument(0);
    y = block->getArgument(1);
    n = tb.dim(x, 0);
    m = tb.dim(y, 0);
  }

  AffineExpr c(int64_t value) { return tb.constant(value); }
  bool isEmpty() { return tb.constantBlock->empty(); }

  MLIRContext context;
  TensorBuilder tb;
  OwningOpRef<ModuleOp> module;
  Value x, y;
  AffineExpr n, m;
};

TEST_F(IndexBuilderTest, DimensionsAreConstantsOrSymbols) {
  EXPECT_EQ(tb.constantOf(tb.dim(x, 1)), 4);
  EXPECT_EQ(tb.constantOf(n), std::nullopt);
  EXPECT_EQ(tb.dim(x, 0), n);
  EXPECT_NE(n, m);
  EXPECT_TRUE(isEmpty());
}

TEST_F(IndexBuilderTest, DimensionsOfOneNameAreEqual) {
  tb.nameDim(x, 0, "batch");
  tb.nameDim(y, 1, "batch");
  EXPECT_EQ(tb.dim(y, 1), tb.dim(x, 0));
}

TEST_F(IndexBuilderTest, EqualSumsAreEqual) {
  EXPECT_EQ(tb.add(tb.mul(n, c(2)), m), tb.add(m, tb.add(n, n)));
  EXPECT_EQ(tb.sub(tb.add(n, m), n), m);
  EXPECT_EQ(tb.div(tb.mul(n, c(12)), c(4)), tb.mul(n, c(3)));
  EXPECT_TRUE(isEmpty());
}

TEST_F(IndexBuilderTest, DivisionTruncates) {
  EXPECT_EQ(tb.div(c(-7), c(2)), c(-3));
  EXPECT_FALSE(tb.div(c(1), c(0)));
  // Of what may be negative it is an op.
  EXPECT_TRUE(tb.div(tb.sub(n, c(5)), c(2)));
  EXPECT_FALSE(isEmpty());
}

TEST_F(IndexBuilderTest, RemaindersOfWhatMayBeNegativeAreLeft) {
  EXPECT_TRUE(tb.mod(n, c(4)));
  EXPECT_FALSE(tb.mod(tb.sub(n, c(5)), c(4)));
}

TEST_F(IndexBuilderTest, OrderIsKnownWhereItCanBe) {
  EXPECT_EQ(tb.max(tb.add(n, c(1)), n), tb.add(n, c(1)));
  EXPECT_EQ(tb.min(tb.add(n, m), n), n);
  EXPECT_EQ(tb.max(n, c(0)), n);
  EXPECT_EQ(tb.compare(arith::CmpIPredicate::eq, n, c(-1)), c(0));
  EXPECT_TRUE(isEmpty());
  EXPECT_EQ(tb.max(n, m), tb.max(n, m)); // one op
}

TEST_F(IndexBuilderTest, LargeNumbersDontOverflow) {
  AffineExpr most = c(std::numeric_limits<int64_t>::max());
  EXPECT_FALSE(tb.add(most, c(1)));
  EXPECT_FALSE(tb.mul(most, c(2)));
  EXPECT_FALSE(tb.add(n, most));
  EXPECT_EQ(tb.min(most, c(3)), c(3));
}

TEST_F(IndexBuilderTest, BroadcastsStaticOnes) {
  auto shape = tb.broadcastShape({{n, c(4)}, {c(1)}, {c(1), c(4)}});
  ASSERT_TRUE(shape);
  EXPECT_EQ(*shape, (Exprs{n, c(4)}));
  EXPECT_FALSE(tb.broadcastShape({{c(3)}, {c(4)}}));
  EXPECT_TRUE(isEmpty());
}

TEST_F(IndexBuilderTest, RelatedSizesAreMeantToBeEqual) {
  AffineExpr most = tb.min(n, c(512));
  auto shape = tb.broadcastShape({{n}, {most}});
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->front(), n);
}

TEST_F(IndexBuilderTest, NullInNullOut) {
  EXPECT_FALSE(tb.add(AffineExpr(), c(1)));
  EXPECT_FALSE(tb.add(Value(), x));
  EXPECT_FALSE(tb.reshape(x, {AffineExpr()}));
}

TEST_F(IndexBuilderTest, ContradictionsGiveNullAndAReason) {
  ScopedDiagnosticHandler silent(&context,
                                 [](Diagnostic &) { return success(); });
  Value three = tb.full(tb.scalar(0, tb.b.getF32Type()), tb.constants({3}));
  EXPECT_FALSE(tb.add(x, three));
  EXPECT_FALSE(tb.failure.empty());
}

} // namespace
