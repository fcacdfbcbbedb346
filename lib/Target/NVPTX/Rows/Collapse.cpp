//===- Collapse.cpp - Several loops as one --------------------------------===//

#include "Collapse.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;
using namespace rac;

linalg::GenericOp nvptx::collapseLoops(linalg::GenericOp op,
                                       utils::IteratorType type,
                                       RewriterBase &rewriter) {
  if (op.hasIndexSemantics() || op.getNumLoops() < 2)
    return op;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (!llvm::all_of(maps,
                    [](AffineMap map) { return map.isProjectedPermutation(); }))
    return op;
  bool dense = llvm::all_of(op->getOpOperands(), [](OpOperand &operand) {
    auto buffer = dyn_cast<MemRefType>(operand.get().getType());
    return !buffer || buffer.getLayout().isIdentity();
  });
  if (!dense)
    return op;
  SmallVector<utils::IteratorType> types = op.getIteratorTypesArray();
  SmallVector<ReassociationIndices> runs;
  for (int64_t loop : llvm::seq<int64_t>(op.getNumLoops())) {
    if (!runs.empty() && types[loop] == type &&
        types[runs.back().back()] == type) {
      ReassociationIndices longer = runs.back();
      longer.push_back(loop);
      if (linalg::areDimSequencesPreserved(maps, {longer})) {
        runs.back() = longer;
        continue;
      }
    }
    runs.push_back({loop});
  }
  if (runs.size() == op.getNumLoops())
    return op;
  rewriter.setInsertionPoint(op);
  auto result = linalg::collapseOpIterationDims(op, runs, rewriter);
  if (failed(result))
    return op;
  rewriter.eraseOp(op);
  return cast<linalg::GenericOp>(*result->collapsedOp);
}
