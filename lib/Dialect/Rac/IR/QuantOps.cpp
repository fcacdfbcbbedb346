//===- QuantOps.cpp - Weights in few bits ---------------------------------===//

#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

int64_t DequantizeWeightsOp::getFilledRows() {
  return getSteps().getType().getDimSize(0) * (getNibbles() ? 2 : 1);
}

LogicalResult DequantizeWeightsOp::verify() {
  RankedTensorType steps = getSteps().getType();
  RankedTensorType scales = getScales().getType();
  int64_t rank = steps.getRank();
  if (rank == 0 || scales.getRank() != rank ||
      static_cast<int64_t>(getBlocks().size()) != rank)
    return emitOpError(
        "steps, scales and blocks need one rank of at least one");
  if (!steps.hasStaticShape() || !scales.hasStaticShape())
    return emitOpError("weights have sizes that are known");
  if (getZeros() && getZeros().getType().getShape() != scales.getShape())
    return emitOpError("needs as many zero points as scales");
  for (auto [i, block] : llvm::enumerate(getBlocks())) {
    if (block < 1)
      return emitOpError("has a block of ") << block;
    int64_t size = i == 0 ? getFilledRows() : steps.getDimSize(i);
    if (scales.getDimSize(i) != llvm::divideCeilSigned(size, block))
      return emitOpError("has ")
             << scales.getDimSize(i) << " scales for " << size
             << " weights along dimension " << i << ", in blocks of " << block;
  }
  int64_t filled = getFilledRows(), block = getBlocks().front();
  if (getNibbles() && block % 2 != 0)
    return emitOpError("has two rows a byte, and blocks of ") << block;
  if (getNibbles() && filled % block != 0)
    return emitOpError("has two halves of a block a byte, and ")
           << filled << " rows in blocks of " << block;
  if (auto rows = getRows();
      rows && (filled % block != 0 || static_cast<int64_t>(*rows) > filled ||
               static_cast<int64_t>(*rows) <= filled - block))
    return emitOpError("has steps for ")
           << filled << " rows in blocks of " << block
           << ", which don't just fill up the last block of " << *rows;
  return success();
}

LogicalResult DequantizeWeightsOp::inferDims(ShapeContext &shapes,
                                             SmallVectorImpl<Dims> &results) {
  if (failed(verify()))
    return failure();
  Dims dims = shapes.dims(getSteps());
  dims.front() = shapes.constant(getRows().value_or(getFilledRows()));
  results.push_back(dims);
  return success();
}

void DequantizeWeightsOp::getLoopNests(SmallVectorImpl<LoopNest> &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> at = nest.loopsOver(getResult());
  SmallVector<AffineExpr> steps(at), scales;
  // Two rows a byte; which two makes no difference to what is read.
  if (getNibbles())
    steps.front() = steps.front().floorDiv(2);
  for (auto [i, block] : llvm::enumerate(getBlocks()))
    scales.push_back(at[i].floorDiv(block));
  nest.read(getSteps(), steps);
  nest.read(getScales(), scales);
  if (getZeros())
    nest.read(getZeros(), scales);
  nest.write(getResult(), at);
  double convertAndScale = getZeros() ? 3 : 2;
  nests.push_back(
      nest.finish(Float32Type::get(getContext()), 0, convertAndScale));
}
