//===- Selection.cpp - top_k, non_zero ------------------------------------===//

#include "Patterns.h"
#include "Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

namespace {
/// Every row has a sorted buffer of the k best elements so far: its result.
struct LowerTopK : OpConversionPattern<TopKOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(TopKOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput(), k = adaptor.getK();
    int64_t axis = op.getAxis();
    Sizes inputSizes = tensor::getMixedSizes(rewriter, loc, input);
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    checkAtMost(rewriter, loc, rewriter.getIndexAttr(0), k,
                "top_k: k is negative");
    checkAtMost(rewriter, loc, k, inputSizes[axis],
                "top_k: k exceeds the dimension");
    // The type may know k.
    checkEqual(rewriter, loc, k, sizes[axis], "top_k: k differs from its type");
    Value values =
        emptyTensor(rewriter, loc, sizes, tensorOf(input).getElementType());
    Value indices = emptyTensor(rewriter, loc, sizes, rewriter.getI64Type());
    Value zero = indexConstant(rewriter, loc, 0);
    Value isNone =
        arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::eq, k, zero);
    Value count =
        arith::SelectOp::create(rewriter, loc, isNone, zero,
                                indexValue(rewriter, loc, inputSizes[axis]));

    Sizes loops = inputSizes;
    loops.erase(loops.begin() + axis);
    loops.push_back(count);
    rewriter.replaceOp(op, loopOver(rewriter, loc, loops, {values, indices},
                                    [&](OpBuilder &b, Location loc,
                                        ValueRange at, ValueRange carried) {
                                      return offer(b, loc, op, input, k, at,
                                                   carried);
                                    }));
    return success();
  }

private:
  static SmallVector<Value> position(ValueRange row, int64_t axis, Value at) {
    SmallVector<Value> indices(row);
    indices.insert(indices.begin() + axis, at);
    return indices;
  }

  static Value isBetter(OpBuilder &b, Location loc, TopKOp op, Value x,
                        Value y) {
    Type element = elementOf(op.getInput());
    ScalarBuilder s(b, loc,
                    element.isUnsignedInteger() || element.isInteger(1));
    Value left = loadCompute(b, loc, x, element),
          right = loadCompute(b, loc, y, element);
    return op.getLargest() ? s.less(right, left) : s.less(left, right);
  }

  /// Puts one element where it belongs, if it does.
  static SmallVector<Value> offer(OpBuilder &b, Location loc, TopKOp op,
                                  Value input, Value k, ValueRange at,
                                  ValueRange carried) {
    ScalarBuilder s(b, loc, false);
    ValueRange row = at.drop_back();
    Value i = at.back(), one = indexConstant(b, loc, 1);
    int64_t axis = op.getAxis();
    Value x = tensor::ExtractOp::create(b, loc, input, position(row, axis, i));
    Value filling = s.less(i, k);
    Value worst = tensor::ExtractOp::create(b, loc, carried[0],
                                            position(row, axis, s.sub(k, one)));
    Value enters =
        arith::OrIOp::create(b, loc, filling, isBetter(b, loc, op, x, worst));
    auto branch = scf::IfOp::create(
        b, loc, enters,
        [&](OpBuilder &b, Location loc) {
          scf::YieldOp::create(b, loc, insert(b, loc, op, x, k, at, carried));
        },
        [&](OpBuilder &b, Location loc) {
          scf::YieldOp::create(b, loc, carried);
        });
    return SmallVector<Value>(branch.getResults());
  }

  static SmallVector<Value> insert(OpBuilder &b, Location loc, TopKOp op,
                                   Value x, Value k, ValueRange at,
                                   ValueRange carried) {
    ScalarBuilder s(b, loc, false);
    ValueRange row = at.drop_back();
    Value i = at.back(), one = indexConstant(b, loc, 1);
    Value used = s.min(k, s.add(i, one));
    Value number = arith::IndexCastOp::create(b, loc, b.getI64Type(), i);
    Value no = arith::ConstantOp::create(b, loc, b.getBoolAttr(false));
    auto loop = scf::ForOp::create(
        b, loc, indexConstant(b, loc, 0), used, one,
        ValueRange{carried[0], carried[1], x, number, no},
        [&](OpBuilder &b, Location loc, Value j, ValueRange state) {
          ScalarBuilder s(b, loc, false);
          SmallVector<Value> slot = position(row, op.getAxis(), j);
          Value value = tensor::ExtractOp::create(b, loc, state[0], slot);
          Value index = tensor::ExtractOp::create(b, loc, state[1], slot);
          // Once an element has given way, all after it move by one.
          Value takes = arith::OrIOp::create(
              b, loc, arith::OrIOp::create(b, loc, state[4], s.equal(j, i)),
              isBetter(b, loc, op, state[2], value));
          Value values = tensor::InsertOp::create(
              b, loc, s.select(takes, state[2], value), state[0], slot);
          Value indices = tensor::InsertOp::create(
              b, loc, s.select(takes, state[3], index), state[1], slot);
          scf::YieldOp::create(
              b, loc,
              ValueRange{values, indices, s.select(takes, value, state[2]),
                         s.select(takes, index, state[3]), takes});
        });
    return {loop.getResult(0), loop.getResult(1)};
  }
};

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
  patterns.add<LowerTopK, LowerNonZero>(converter, patterns.getContext());
}
