//===- Recurrent.cpp - lstm -----------------------------------------------===//

#include "Contraction.h"
#include "Patterns.h"
#include "Reduction.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

namespace {
/// The input's share of all gates at once, then one loop over time.
struct LowerLstm : OpConversionPattern<LstmOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(LstmOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getInput()), scalar = computeType(element);
    Value input = adaptor.getInput(), recurrence = adaptor.getRecurrence();
    int64_t width = tensorOf(recurrence).getDimSize(1);
    OpFoldResult steps = tensor::getMixedSize(rewriter, loc, input, 0);
    OpFoldResult batch = tensor::getMixedSize(rewriter, loc, input, 1);
    // All agree; one that is static serves best.
    for (Value state : {adaptor.getHidden(), adaptor.getCell()})
      if (!tensorOf(state).isDynamicDim(0))
        batch = tensor::getMixedSize(rewriter, loc, state, 0);
    OpFoldResult wide = rewriter.getIndexAttr(width);
    OpFoldResult gateCount = rewriter.getIndexAttr(4 * width);
    checkShapes(rewriter, op, adaptor);

    // shares[t, b, gate] = bias[gate] + sum over i of input * weight.
    AffineMap gateMap = AffineMap::get(3, 0, rewriter.getAffineDimExpr(2));
    Value bias = buildMap(rewriter, loc, Operand{adaptor.getBias(), gateMap},
                          {steps, batch, gateCount}, scalar,
                          [&](OpBuilder &b, Location loc, ValueRange args) {
                            return loadCompute(b, loc, args[0], element);
                          });
    AffineExpr t, m, n, k;
    bindDims(rewriter.getContext(), t, m, n, k);
    auto mapOf = [&](unsigned loops, ArrayRef<AffineExpr> exprs) {
      return AffineMap::get(loops, 0, exprs, rewriter.getContext());
    };
    Value shares =
        buildContraction(rewriter, loc, {input, mapOf(4, {t, m, k}), element},
                         {adaptor.getWeight(), mapOf(4, {n, k}), element},
                         {bias, mapOf(4, {t, m, n})},
                         {kParallel, kParallel, kParallel, kReduction});

    auto stateType = RankedTensorType::get(
        {getConstantIntValue(batch).value_or(ShapedType::kDynamic), width},
        scalar);
    Value hidden =
        convertTo(rewriter, loc, adaptor.getHidden(), element, stateType);
    Value cell =
        convertTo(rewriter, loc, adaptor.getCell(), element, stateType);
    Value states = emptyTensor(rewriter, loc, {steps, batch, wide}, element);
    Value one = indexConstant(rewriter, loc, 1);
    Value count = indexValue(rewriter, loc, steps);
    auto loop = scf::ForOp::create(
        rewriter, loc, indexConstant(rewriter, loc, 0), count, one,
        ValueRange{states, hidden, cell, shares},
        [&](OpBuilder &b, Location loc, Value step, ValueRange carried) {
          Value at = step;
          if (op.getReverse())
            at = arith::SubIOp::create(
                b, loc, arith::SubIOp::create(b, loc, count, one), step);
          OpFoldResult zero = b.getIndexAttr(0), unit = b.getIndexAttr(1);
          // The step's gates are summed up where its share is.
          Value share = sliceTensor(b, loc, carried[3], {at, zero, zero},
                                    {unit, batch, gateCount}, bitsAt(3, 0));
          AffineExpr m, n, k;
          bindDims(b.getContext(), m, n, k);
          Value gates = buildContraction(
              b, loc, {carried[1], mapOf(3, {m, k}), scalar},
              {recurrence, mapOf(3, {n, k}), element},
              {share, mapOf(3, {m, n})}, {kParallel, kParallel, kReduction});
          auto next =
              cellStep(b, loc, gates, carried[2], carried[1], batch, width);
          Value out = castTensor(b, loc, next.second, scalar, element);
          Value written = insertSlice(b, loc, out, carried[0], {at, zero, zero},
                                      {unit, batch, wide});
          Value used = insertSlice(b, loc, gates, carried[3], {at, zero, zero},
                                   {unit, batch, gateCount});
          scf::YieldOp::create(
              b, loc, ValueRange{written, next.second, next.first, used});
        });
    rewriter.replaceOp(op, {convertTo(rewriter, loc, loop.getResult(0), element,
                                      tensorOf(op.getStates())),
                            convertTo(rewriter, loc, loop.getResult(1), scalar,
                                      tensorOf(op.getLastHidden())),
                            convertTo(rewriter, loc, loop.getResult(2), scalar,
                                      tensorOf(op.getLastCell()))});
    return success();
  }

private:
  /// `value`, of elements `from`, as a tensor of `type`.
  static Value convertTo(OpBuilder &b, Location loc, Value value, Type from,
                         RankedTensorType type) {
    value = castTensor(b, loc, value, from, type.getElementType());
    return shapedLike(b, loc, value, type);
  }

  static void checkShapes(OpBuilder &b, LstmOp op, OpAdaptor adaptor) {
    Location loc = op.getLoc();
    auto size = [&](Value value, int64_t dim) {
      return tensor::getMixedSize(b, loc, value, dim);
    };
    auto expect = [&](OpFoldResult x, OpFoldResult y) {
      checkEqual(b, loc, x, y, "lstm: operands don't fit");
    };
    OpFoldResult batch = size(adaptor.getInput(), 1);
    OpFoldResult width = size(adaptor.getRecurrence(), 1);
    OpFoldResult gates = size(adaptor.getRecurrence(), 0);
    for (Value state : {adaptor.getHidden(), adaptor.getCell()}) {
      expect(size(state, 0), batch);
      expect(size(state, 1), width);
    }
    expect(size(adaptor.getWeight(), 0), gates);
    expect(size(adaptor.getBias(), 0), gates);
    expect(size(adaptor.getWeight(), 1), size(adaptor.getInput(), 2));
  }

  /// Writes the next cell and hidden state over `cell` and `hidden`, from gates
  /// in the order i, o, f, c.
  static std::pair<Value, Value> cellStep(OpBuilder &b, Location loc,
                                          Value gates, Value cell, Value hidden,
                                          OpFoldResult batch, int64_t width) {
    AffineMap map = identityMap(b, 2);
    SmallVector<Operand> ins;
    for (int64_t gate = 0; gate < 4; ++gate)
      ins.push_back(
          {sliceTensor(b, loc, gates,
                       {b.getIndexAttr(0), b.getIndexAttr(gate * width)},
                       {batch, b.getIndexAttr(width)}, llvm::SmallBitVector(2)),
           map});
    auto generic = buildGeneric(
        b, loc, ins, {{cell, map}, {hidden, map}}, Iterators(2, kParallel),
        [&](OpBuilder &b, Location loc, ValueRange a) -> SmallVector<Value> {
          ScalarBuilder s(b, loc, false);
          Value kept = s.mul(s.sigmoid(a[2]), a[4]);
          Value added = s.mul(s.sigmoid(a[0]), s.tanh(a[3]));
          Value next = s.add(kept, added);
          return {next, s.mul(s.sigmoid(a[1]), s.tanh(next))};
        });
    return {generic.getResult(0), generic.getResult(1)};
  }
};
} // namespace

void lowering::populateRecurrent(const TypeConverter &converter,
                                 RewritePatternSet &patterns) {
  patterns.add<LowerLstm>(converter, patterns.getContext());
}
