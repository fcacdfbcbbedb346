//===- Elementwise.cpp - One element in, one element out ------------------===//

#include "Patterns.h"
#include "Utils.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

/// Ops that narrow floats do themselves: these only look at or move them.
static bool worksOnNarrowFloats(Operation *op) {
  return isa<CastOp, BitcastOp, SelectOp>(op);
}

/// Where `value` only adds dimensions of size 1 to another tensor, that tensor
/// and, for each of its dimensions, which one of `value` it is.
static std::pair<Value, SmallVector<int64_t>> lookThroughUnitDims(Value value) {
  SmallVector<int64_t> all =
      llvm::to_vector(llvm::seq<int64_t>(tensorOf(value).getRank()));
  auto expand = value.getDefiningOp<tensor::ExpandShapeOp>();
  if (!expand)
    return {value, all};
  ArrayRef<int64_t> shape = expand.getResultType().getShape();
  SmallVector<int64_t> kept;
  for (const ReassociationIndices &group : expand.getReassociationIndices()) {
    auto isUnit = [&](int64_t i) { return shape[i] == 1; };
    int64_t units = llvm::count_if(group, isUnit);
    if (units < static_cast<int64_t>(group.size()) - 1)
      return {value, all};
    auto wide = llvm::find_if_not(group, isUnit);
    kept.push_back(wide == group.end() ? group.front() : *wide);
  }
  return {expand.getSrc(), kept};
}

namespace {
struct LowerElementwise : OpInterfaceConversionPattern<ElementwiseOpInterface> {
  using OpInterfaceConversionPattern::OpInterfaceConversionPattern;

  LogicalResult
  matchAndRewrite(ElementwiseOpInterface op, ArrayRef<Value> operands,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    bool narrow = worksOnNarrowFloats(op);

    // What each of the op's operands is in the body: a constant or an argument.
    SmallVector<std::optional<TypedAttr>> constants;
    SmallVector<unsigned> argument;
    SmallVector<Operand> ins;
    for (auto [before, after] : llvm::zip_equal(op->getOperands(), operands)) {
      constants.push_back(splatValue(before));
      argument.push_back(ins.size());
      if (constants.back())
        continue;
      Operand in = readOperand(rewriter, after, type.getShape());
      auto known = llvm::find_if(ins, [&](const Operand &other) {
        return other.value == in.value && other.map == in.map;
      });
      argument.back() = known - ins.begin();
      if (known == ins.end())
        ins.push_back(in);
    }

    Value result = buildMap(
        rewriter, loc, ins, resultSizes(rewriter, op, operands),
        storageType(type.getElementType()),
        [&](OpBuilder &b, Location loc, ValueRange args) {
          SmallVector<Value> scalars;
          for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
            Type element = elementOf(operand);
            if (constants[i])
              scalars.push_back(scalarConstant(b, loc, *constants[i],
                                               narrow ? signless(element)
                                                      : computeType(element)));
            else if (narrow)
              scalars.push_back(
                  loadElement(b, loc, args[argument[i]], element));
            else
              scalars.push_back(
                  loadCompute(b, loc, args[argument[i]], element));
          }
          return storeCompute(b, loc, op.buildScalar(b, loc, scalars),
                              type.getElementType());
        });
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  static Operand readOperand(OpBuilder &b, Value value,
                             ArrayRef<int64_t> shape) {
    AffineMap map = broadcastMap(b, tensorOf(value), shape);
    auto [source, dims] = lookThroughUnitDims(value);
    if (source != value)
      map = map.getSubMap(llvm::map_to_vector(
          dims, [](int64_t dim) { return static_cast<unsigned>(dim); }));
    return {source, map};
  }
};
} // namespace

void lowering::populateElementwise(const TypeConverter &converter,
                                   RewritePatternSet &patterns) {
  patterns.add<LowerElementwise>(converter, patterns.getContext());
}
