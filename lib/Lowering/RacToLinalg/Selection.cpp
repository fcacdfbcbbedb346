//===- Selection.cpp - non_zero -------------------------------------------===//

#include "Patterns.h"
#include "Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

namespace {
struct LowerNonZero : OpConversionPattern<NonZeroOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(NonZeroOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    int64_t rank = tensorOf(input).getRank();
    Type i64 = rewriter.getI64Type();
    Sizes loops = tensor::getMixedSizes(rewriter, loc, input);
    auto isSet = [&](OpBuilder &b, Location loc, Value stored) {
      Type element = elementOf(op.getInput());
      return ScalarBuilder(b, loc, false)
          .cast(loadElement(b, loc, stored, element), element, b.getI1Type());
    };
    Value none =
        arith::ConstantOp::create(rewriter, loc, rewriter.getI64IntegerAttr(0));
    Value counts = buildReduction(
        rewriter, loc, Operand{input, identityMap(rewriter, rank)}, loops,
        llvm::SmallBitVector(rank, true), none,
        [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
          Value one =
              arith::ExtUIOp::create(b, loc, i64, isSet(b, loc, args[0]));
          return arith::AddIOp::create(b, loc, args[1], one);
        });
    Value count = arith::IndexCastOp::create(
        rewriter, loc, rewriter.getIndexType(),
        tensor::ExtractOp::create(rewriter, loc, counts, ValueRange{}));

    OpFoldResult columns = count;
    auto type = cast<RankedTensorType>(op.getType());
    if (!type.isDynamicDim(1)) {
      columns = rewriter.getIndexAttr(type.getDimSize(1));
      checkEqual(rewriter, loc, count, columns,
                 "non_zero: the count differs from its type");
    }
    Value result =
        emptyTensor(rewriter, loc, {rewriter.getIndexAttr(rank), columns}, i64);
    Value first = indexConstant(rewriter, loc, 0);
    SmallVector<Value> results = loopOver(
        rewriter, loc, loops, {result, first},
        [&](OpBuilder &b, Location loc, ValueRange at, ValueRange carried) {
          Value set =
              isSet(b, loc, tensor::ExtractOp::create(b, loc, input, at));
          auto branch = scf::IfOp::create(
              b, loc, set,
              [&](OpBuilder &b, Location loc) {
                Value column = carried[0];
                for (auto [i, index] : llvm::enumerate(at))
                  column = tensor::InsertOp::create(
                      b, loc, arith::IndexCastOp::create(b, loc, i64, index),
                      column, ValueRange{indexConstant(b, loc, i), carried[1]});
                Value next = arith::AddIOp::create(b, loc, carried[1],
                                                   indexConstant(b, loc, 1));
                scf::YieldOp::create(b, loc, ValueRange{column, next});
              },
              [&](OpBuilder &b, Location loc) {
                scf::YieldOp::create(b, loc, carried);
              });
          return SmallVector<Value>(branch.getResults());
        });
    rewriter.replaceOp(op, results[0]);
    return success();
  }
};
} // namespace

void lowering::populateSelection(const TypeConverter &converter,
                                 RewritePatternSet &patterns) {
  patterns.add<LowerNonZero>(converter, patterns.getContext());
}
