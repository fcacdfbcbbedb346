//===- TimelineBuilder.cpp - The steps of an entry function ---------------===//

#include "TimelineBuilder.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Dialect/Rac/IR/SizeRanges.h"
#include "rac/Lowering/ElementBytes.h"

using namespace mlir;
using namespace rac;

/// Whether the op does work worth a step: sizes and shapes are not.
static bool isStep(Operation &op) {
  return isa<CallOpInterface, memref::CopyOp>(op) || op.getNumRegions();
}

static std::string nameOf(Operation &op) {
  if (auto call = dyn_cast<func::CallOp>(op)) {
    auto group = dyn_cast<NameLoc>(op.getLoc());
    return (group ? group.getName() : call.getCallee()).str();
  }
  return op.getName().getStringRef().str();
}

/// B of the weights that the op, or what is in it, is given.
static int64_t weightsOf(Operation &op) {
  SetVector<Operation *> weights;
  op.walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (auto source = operand.getDefiningOp<WeightsOp>())
        weights.insert(source);
  });
  int64_t bytes = 0;
  for (Operation *source : weights) {
    auto type = cast<MemRefType>(source->getResult(0).getType());
    bytes += type.getNumElements() * elementBytes(type);
  }
  return bytes;
}

TimelineBuilder::TimelineBuilder(func::FuncOp entry, int64_t assumedDim)
    : assumedDim(assumedDim) {
  for (Operation &op : entry.getBody().front()) {
    before.push_back(timeline.steps.size());
    if (isStep(op))
      timeline.steps.push_back({nameOf(op), weightsOf(op)});
  }
  before.push_back(timeline.steps.size());
}

void TimelineBuilder::addBuffer(int64_t first, int64_t last, int64_t offset,
                                int64_t bytes) {
  int64_t begin = before[first], end = before[last + 1] - 1;
  if (begin <= end)
    timeline.buffers.push_back({begin, end, offset, bytes});
}

void TimelineBuilder::addBuffer(int64_t first, int64_t last, Value offset,
                                Value bytes) {
  std::optional<int64_t> begin = evaluate(offset), size = evaluate(bytes);
  if (begin && size)
    addBuffer(first, last, *begin, *size);
  else
    ++timeline.numUnknown;
}

MemoryTimeline TimelineBuilder::finish(Value arenaBytes, int64_t numHeap) {
  timeline.numUnknown += numHeap;
  timeline.arenaBytes = evaluate(arenaBytes).value_or(0);
  return std::move(timeline);
}

Attribute TimelineBuilder::constant(Value value) {
  auto result = dyn_cast<OpResult>(value);
  if (!result)
    return {};
  Operation *op = result.getOwner();
  if (auto size = dyn_cast<InputDimOp>(op)) {
    timeline.assumesSizes = true;
    auto range = assumedRange(op->getParentOfType<ModuleOp>(), size.getIndex(),
                              size.getDim());
    return IntegerAttr::get(IndexType::get(op->getContext()),
                            range ? (*range)[unsigned(SizeBound::typical)]
                                  : assumedDim);
  }
  if (!isMemoryEffectFree(op) || op->getNumRegions())
    return {};
  SmallVector<Attribute> operands;
  for (Value operand : op->getOperands())
    operands.push_back(constants.lookup(operand));
  SmallVector<OpFoldResult> results;
  if (failed(op->fold(operands, results)) ||
      results.size() != op->getNumResults())
    return {};
  OpFoldResult folded = results[result.getResultNumber()];
  if (auto other = dyn_cast<Value>(folded))
    return constants.lookup(other);
  return cast<Attribute>(folded);
}

std::optional<int64_t> TimelineBuilder::evaluate(Value index) {
  SetVector<Operation *> slice;
  BackwardSliceOptions options;
  options.omitBlockArguments = true;
  options.inclusive = true;
  if (failed(getBackwardSlice(index, &slice, options)))
    return std::nullopt;
  for (Operation *op : slice)
    for (Value result : op->getResults())
      if (!constants.contains(result))
        constants[result] = constant(result);
  auto number = dyn_cast_or_null<IntegerAttr>(constants.lookup(index));
  return number ? std::optional(number.getInt()) : std::nullopt;
}
