//===- SizeRanges.cpp - What sizes a model is planned for -----------------===//

#include "rac/Dialect/Rac/IR/SizeRanges.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace rac;

static constexpr llvm::StringLiteral kAttribute = "rac.assumed_sizes";

std::optional<SizeRange> rac::assumedRange(ModuleOp module, unsigned input,
                                           unsigned dim) {
  auto inputs = module->getAttrOfType<ArrayAttr>(kAttribute);
  if (!inputs || input >= inputs.size())
    return std::nullopt;
  auto dims = dyn_cast<ArrayAttr>(inputs[input]);
  if (!dims || dim >= dims.size())
    return std::nullopt;
  auto range = dyn_cast<DenseI64ArrayAttr>(dims[dim]);
  if (!range || range.size() != 3)
    return std::nullopt;
  return SizeRange{range[0], range[1], range[2]};
}

bool rac::hasAssumedRanges(ModuleOp module) {
  return module->hasAttr(kAttribute);
}

void rac::setAssumedRanges(ModuleOp module,
                           ArrayRef<SmallVector<SizeRange>> byInput) {
  Builder b(module.getContext());
  SmallVector<Attribute> inputs;
  for (ArrayRef<SizeRange> ranges : byInput) {
    SmallVector<Attribute> dims;
    for (const SizeRange &range : ranges)
      dims.push_back(b.getDenseI64ArrayAttr(range));
    inputs.push_back(b.getArrayAttr(dims));
  }
  module->setAttr(kAttribute, b.getArrayAttr(inputs));
}
