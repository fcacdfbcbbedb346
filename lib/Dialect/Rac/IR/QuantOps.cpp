//===- QuantOps.cpp - Weights in few bits ---------------------------------===//

#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

LogicalResult DequantizeWeightsOp::verify() {
  auto steps = cast<RankedTensorType>(getSteps().getType());
  auto scales = cast<RankedTensorType>(getScales().getType());
  int64_t rank = steps.getRank();
  if (rank == 0 || scales.getRank() != rank ||
      static_cast<int64_t>(getBlocks().size()) != rank)
    return emitOpError(
        "steps, scales and blocks need one rank of at least one");
  if (!steps.hasStaticShape() || !scales.hasStaticShape())
    return emitOpError("weights have sizes that are known");
  for (auto [i, block] : llvm::enumerate(getBlocks())) {
    if (block < 1)
      return emitOpError("has a block of ") << block;
    int64_t size = steps.getDimSize(i) * (getNibbles() && i == 0 ? 2 : 1);
    if (scales.getDimSize(i) != llvm::divideCeil(size, block))
      return emitOpError("has ")
             << scales.getDimSize(i) << " scales for " << size
             << " weights along dimension " << i << ", in blocks of " << block;
  }
  return success();
}

LogicalResult DequantizeWeightsOp::inferDims(ShapeContext &shapes,
                                             SmallVectorImpl<Dims> &results) {
  if (failed(verify()))
    return failure();
  Dims dims = shapes.dims(getSteps());
  if (getNibbles())
    dims.front() = dims.front() * 2;
  results.push_back(dims);
  return success();
}

void DequantizeWeightsOp::getLoopNests(SmallVectorImpl<LoopNest> &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> at = nest.loopsOver(getResult());
  SmallVector<AffineExpr> steps(at), scales;
  if (getNibbles())
    steps.front() = steps.front().floorDiv(2); // as many bytes
  for (auto [i, block] : llvm::enumerate(getBlocks()))
    scales.push_back(at[i].floorDiv(block));
  nest.read(getSteps(), steps);
  nest.read(getScales(), scales);
  nest.write(getResult(), at);
  constexpr double convertAndScale = 2;
  nests.push_back(
      nest.finish(Float32Type::get(getContext()), 0, convertAndScale));
}
