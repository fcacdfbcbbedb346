//===- Selection.cpp - non_zero -------------------------------------------===//

#include "Patterns.h"
#include "Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

namespace {
struct LowerNonZero : OpConversionPattern<NonZeroOp> {
  LowerNonZero(const TypeConverter &converter, MLIRContext *context,
               bool manyThreads)
      : OpConversionPattern(converter, context), manyThreads(manyThreads) {}

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
    SmallVector<Value> start = {result, indexConstant(rewriter, loc, 0)};
    rewriter.replaceOp(
        op, manyThreads && rank > 0
                ? findInOneLoop(rewriter, loc, input, loops, start, isSet)
                : findAlongDims(rewriter, loc, input, loops, start, isSet));
    return success();
  }

private:
  using IsSet = function_ref<Value(OpBuilder &, Location, Value)>;

  /// Writes a position into the column that `carried` says, and gives the
  /// result and the next column.
  static SmallVector<Value> addColumn(OpBuilder &b, Location loc, ValueRange at,
                                      ValueRange carried) {
    Value column = carried[0];
    for (auto [i, index] : llvm::enumerate(at))
      column = tensor::InsertOp::create(
          b, loc, arith::IndexCastOp::create(b, loc, b.getI64Type(), index),
          column, ValueRange{indexConstant(b, loc, i), carried[1]});
    return {column, arith::AddIOp::create(b, loc, carried[1],
                                          indexConstant(b, loc, 1))};
  }

  static SmallVector<Value>
  ifSet(OpBuilder &builder, Location loc, Value set, ValueRange otherwise,
        function_ref<SmallVector<Value>(OpBuilder &)> then) {
    auto branch = scf::IfOp::create(
        builder, loc, set,
        [&](OpBuilder &b, Location loc) {
          scf::YieldOp::create(b, loc, then(b));
        },
        [&](OpBuilder &b, Location loc) {
          scf::YieldOp::create(b, loc, otherwise);
        });
    return SmallVector<Value>(branch.getResults());
  }

  static Value findAlongDims(OpBuilder &builder, Location loc, Value input,
                             ArrayRef<OpFoldResult> sizes, ValueRange start,
                             IsSet isSet) {
    return loopOver(
        builder, loc, sizes, start,
        [&](OpBuilder &b, Location loc, ValueRange at, ValueRange carried) {
          Value set =
              isSet(b, loc, tensor::ExtractOp::create(b, loc, input, at));
          return ifSet(b, loc, set, carried, [&](OpBuilder &b) {
            return addColumn(b, loc, at, carried);
          });
        })[0];
  }

  /// Elements are counted whether they are set or not, so that the count is a
  /// sum; only of those that are the position is computed.
  static Value findInOneLoop(OpBuilder &builder, Location loc, Value input,
                             ArrayRef<OpFoldResult> sizes, ValueRange start,
                             IsSet isSet) {
    Value flat = tensor::CollapseShapeOp::create(
        builder, loc, input,
        ArrayRef{llvm::to_vector<2>(llvm::seq<int64_t>(sizes.size()))});
    return loopOver(
        builder, loc, productOf(builder, loc, sizes), start,
        [&](OpBuilder &b, Location loc, ValueRange number,
            ValueRange carried) -> SmallVector<Value> {
          Value set =
              isSet(b, loc, tensor::ExtractOp::create(b, loc, flat, number));
          SmallVector<Value> column =
              ifSet(b, loc, set, carried[0], [&](OpBuilder &b) {
                SmallVector<Value> at = positionOf(b, loc, number[0], sizes);
                return SmallVector<Value>{addColumn(b, loc, at, carried)[0]};
              });
          Value one =
              arith::IndexCastUIOp::create(b, loc, b.getIndexType(), set);
          return {column[0], arith::AddIOp::create(b, loc, carried[1], one)};
        })[0];
  }

  /// Where element number `number` is along each dimension.
  static SmallVector<Value> positionOf(OpBuilder &b, Location loc, Value number,
                                       ArrayRef<OpFoldResult> sizes) {
    SmallVector<Value> at(sizes.size());
    for (size_t i = sizes.size() - 1; i > 0; --i) {
      Value size = indexValue(b, loc, sizes[i]);
      at[i] = arith::RemUIOp::create(b, loc, number, size);
      number = arith::DivUIOp::create(b, loc, number, size);
    }
    at[0] = number;
    return at;
  }

  bool manyThreads;
};
} // namespace

void lowering::populateSelection(const TypeConverter &converter,
                                 RewritePatternSet &patterns,
                                 bool manyThreads) {
  patterns.add<LowerNonZero>(converter, patterns.getContext(), manyThreads);
}
