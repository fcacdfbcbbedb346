//===- LoopBuilder.cpp - scf loops over tensors ---------------------------===//

#include "LoopBuilder.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

RankedTensorType rac::onnximport::commonType(RankedTensorType x,
                                             RankedTensorType y) {
  if (x.getElementType() != y.getElementType() || x.getRank() != y.getRank())
    return {};
  SmallVector<int64_t> shape;
  for (auto [a, b] : llvm::zip_equal(x.getShape(), y.getShape()))
    shape.push_back(a == b ? a : ShapedType::kDynamic);
  return RankedTensorType::get(shape, x.getElementType());
}

namespace {
class Loop {
public:
  Loop(TensorBuilder &tb, AffineExpr count, Value goOn, ArrayRef<Value> initial,
       size_t numStacked, ArrayRef<bool> reverse)
      : tb(tb), count(count), goOn(goOn), initial(initial),
        numStacked(numStacked), reverse(reverse) {
    for (Value value : initial)
      types.push_back(TensorBuilder::type(value));
  }

  FailureOr<LoopResult> build(IterationBuilder body);

private:
  LogicalResult buildBody(IterationBuilder body);
  LogicalResult startStacks();
  LogicalResult stack(Value i, ArrayRef<Value> accumulators,
                      SmallVectorImpl<Value> &results);
  void settleDims();
  LogicalResult finishFor(LoopResult &result);
  LogicalResult finishWhile(LoopResult &result);
  Value extractBool(Value tensor);

  TensorBuilder &tb;
  AffineExpr count;
  Value goOn;
  ArrayRef<Value> initial;
  size_t numStacked;
  ArrayRef<bool> reverse;

  SmallVector<RankedTensorType> types;
  /// Holds one block: the iteration, then the carried values.
  std::unique_ptr<Region> region;
  Iteration iteration;
  SmallVector<Value> stacks;
  /// What is known of the results before the loop runs; null: nothing.
  SmallVector<Exprs> carriedDims, stackedDims;
};
} // namespace

Value Loop::extractBool(Value tensor) {
  SmallVector<Value> at(TensorBuilder::rank(tensor), tb.index(tb.constant(0)));
  return tensor::ExtractOp::create(tb.b, tb.loc, tensor, at);
}

/// Builds the body until it gives what it takes. A value whose shape changes
/// from one iteration to the next loses the dimensions that do.
LogicalResult Loop::buildBody(IterationBuilder body) {
  for (unsigned attempt = 0;; ++attempt) {
    region = std::make_unique<Region>();
    Block &block = region->emplaceBlock();
    TensorBuilder::RegionScope scope(tb);
    tb.b.setInsertionPointToEnd(&block);
    Value i = block.addArgument(tb.b.getIndexType(), tb.loc);
    SmallVector<Value> carried;
    for (RankedTensorType type : types)
      carried.push_back(block.addArgument(type, tb.loc));
    FailureOr<Iteration> built =
        body(tb.fromIndex(i, /*nonNegative=*/true), carried);
    if (failed(built))
      return failure();
    iteration = std::move(*built);
    if (iteration.poisoned)
      return success();
    if (iteration.carried.size() != types.size() ||
        iteration.stacked.size() != numStacked)
      return tb.fail("its body gives another number of values"), failure();

    bool changed = false;
    for (auto [type, value] : llvm::zip_equal(types, iteration.carried)) {
      RankedTensorType common = commonType(type, TensorBuilder::type(value));
      if (!common)
        return tb.fail("a value that it carries changes its rank or element "
                       "type"),
               failure();
      changed |= common != type;
      type = common;
    }
    if (!changed)
      break;
    if (attempt > 64)
      return tb.fail("the shapes that it carries don't settle"), failure();
    tb.forget(*region);
  }
  for (auto [type, value] : llvm::zip_equal(types, iteration.carried)) {
    OpBuilder::InsertionGuard guard(tb.b);
    tb.b.setInsertionPointToEnd(&region->front());
    value = tb.castType(value, type);
  }
  return success();
}

/// The tensors that the stacked values go into. Their size must be known before
/// the loop runs.
LogicalResult Loop::startStacks() {
  for (Value value : iteration.stacked) {
    Exprs shape = tb.dims(value);
    for (AffineExpr size : shape)
      if (!tb.isOutside(size, *region))
        return tb.fail("values of changing size that it collects are not "
                       "supported"),
               failure();
    // Without a limit on the iterations it grows, from nothing.
    bool counted = !iteration.goOn && !goOn && count;
    shape.insert(shape.begin(), counted ? count : tb.constant(0));
    stackedDims.push_back(shape);
    if (!counted)
      stackedDims.back().front() = {};
    Value empty = tb.empty(shape, tb.element(value));
    if (!counted) {
      SmallVector<int64_t> grows(tb.type(empty).getShape());
      grows[0] = ShapedType::kDynamic;
      empty =
          tb.castType(empty, RankedTensorType::get(grows, tb.element(empty)));
    }
    stacks.push_back(empty);
  }
  return success();
}

/// A dimension that each iteration leaves as it was is as it was at first.
void Loop::settleDims() {
  // The iteration's number goes before the carried values.
  auto arguments = region->getArguments().drop_front();
  for (auto [first, before, after] :
       llvm::zip_equal(initial, arguments, iteration.carried)) {
    Exprs was = tb.dims(before), is = tb.dims(after);
    Exprs &settled = carriedDims.emplace_back(tb.dims(first));
    for (auto [size, x, y] : llvm::zip_equal(settled, was, is))
      if (x != y)
        size = {};
  }
}

LogicalResult Loop::finishFor(LoopResult &result) {
  SmallVector<Value> inits;
  for (auto [value, type] : llvm::zip_equal(initial, types))
    inits.push_back(tb.castType(value, type));
  inits.append(stacks);
  Value zero = tb.index(tb.constant(0)), one = tb.index(tb.constant(1));
  Value upper = tb.index(count);
  {
    TensorBuilder::RegionScope scope(tb);
    Block &block = region->front();
    tb.b.setInsertionPointToEnd(&block);
    SmallVector<Value> yields = iteration.carried;
    for (auto [k, value] : llvm::enumerate(iteration.stacked)) {
      Value into = block.addArgument(stacks[k].getType(), tb.loc);
      Value at = block.getArgument(0);
      if (reverse[k])
        at = tb.index(tb.sub(tb.sub(count, tb.constant(1)), tb.fromIndex(at)));
      yields.push_back(tb.insertSlice(value, into, at));
    }
    scf::YieldOp::create(tb.b, tb.loc, yields);
  }
  OperationState state(tb.loc, scf::ForOp::getOperationName());
  state.addOperands({zero, upper, one});
  state.addOperands(inits);
  state.addTypes(ValueRange(inits).getTypes());
  state.addRegion(std::move(region));
  Operation *loop = tb.b.create(state);
  for (auto [k, value] : llvm::enumerate(loop->getResults()))
    (k < types.size() ? result.carried : result.stacked).push_back(value);
  return success();
}

LogicalResult Loop::finishWhile(LoopResult &result) {
  // Carried: the iteration, whether to go on, the values, the stacks.
  SmallVector<Value> inits = {tb.index(tb.constant(0))};
  inits.push_back(
      goOn ? extractBool(goOn)
           : arith::ConstantOp::create(tb.b, tb.loc, tb.b.getBoolAttr(true))
                 .getResult());
  for (auto [value, type] : llvm::zip_equal(initial, types))
    inits.push_back(tb.castType(value, type));
  inits.append(stacks);
  SmallVector<Type> carriedTypes(ValueRange(inits).getTypes());
  Value limit = count ? tb.index(count) : Value();

  auto before = std::make_unique<Region>();
  {
    TensorBuilder::RegionScope scope(tb);
    Block &block = before->emplaceBlock();
    tb.b.setInsertionPointToEnd(&block);
    for (Type type : carriedTypes)
      block.addArgument(type, tb.loc);
    Value condition = block.getArgument(1);
    if (limit)
      condition = arith::AndIOp::create(
          tb.b, tb.loc, condition,
          arith::CmpIOp::create(tb.b, tb.loc, arith::CmpIPredicate::slt,
                                block.getArgument(0), limit));
    scf::ConditionOp::create(tb.b, tb.loc, condition, block.getArguments());
  }
  {
    TensorBuilder::RegionScope scope(tb);
    Block &block = region->front();
    tb.b.setInsertionPointToEnd(&block);
    block.insertArgument(1u, tb.b.getI1Type(), tb.loc);
    SmallVector<Value> yields = {
        arith::AddIOp::create(tb.b, tb.loc, block.getArgument(0),
                              arith::ConstantIndexOp::create(tb.b, tb.loc, 1)),
        iteration.goOn ? extractBool(iteration.goOn) : block.getArgument(1)};
    yields.append(iteration.carried);
    for (auto [k, value] : llvm::enumerate(iteration.stacked)) {
      Value sofar = block.addArgument(stacks[k].getType(), tb.loc);
      Value step = tb.unsqueeze(value, {0});
      Value grown = reverse[k] ? tb.concat({step, sofar}, 0)
                               : tb.concat({sofar, step}, 0);
      if (!grown)
        return failure();
      yields.push_back(tb.castType(
          grown, llvm::cast<RankedTensorType>(stacks[k].getType())));
    }
    scf::YieldOp::create(tb.b, tb.loc, yields);
  }
  OperationState state(tb.loc, scf::WhileOp::getOperationName());
  state.addOperands(inits);
  state.addTypes(carriedTypes);
  state.addRegion(std::move(before));
  state.addRegion(std::move(region));
  Operation *loop = tb.b.create(state);
  for (auto [k, value] : llvm::enumerate(loop->getResults().drop_front(2)))
    (k < types.size() ? result.carried : result.stacked).push_back(value);
  return success();
}

FailureOr<LoopResult> Loop::build(IterationBuilder body) {
  LoopResult result;
  // A region that is erased takes what is known of its values along.
  llvm::scope_exit cleanUp([&] {
    if (region)
      tb.forget(*region);
  });
  if (failed(buildBody(body)))
    return failure();
  if (iteration.poisoned) {
    result.poisoned = true;
    return result;
  }
  settleDims();
  if (failed(startStacks()))
    return failure();
  bool counted = !iteration.goOn && !goOn && count;
  if (failed(counted ? finishFor(result) : finishWhile(result)))
    return failure();
  for (auto [value, dims] : llvm::zip_equal(result.carried, carriedDims))
    tb.setDims(value, dims);
  for (auto [value, dims] : llvm::zip_equal(result.stacked, stackedDims))
    tb.setDims(value, dims);
  return result;
}

FailureOr<LoopResult>
rac::onnximport::buildLoop(TensorBuilder &tb, AffineExpr count, Value goOn,
                           ArrayRef<Value> initial, size_t numStacked,
                           ArrayRef<bool> reverse, IterationBuilder body) {
  if (llvm::is_contained(initial, Value()))
    return failure();
  SmallVector<bool> inOrder(numStacked, false);
  return Loop(tb, count, goOn, initial, numStacked,
              reverse.empty() ? ArrayRef<bool>(inOrder) : reverse)
      .build(body);
}
