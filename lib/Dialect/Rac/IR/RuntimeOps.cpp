//===- RuntimeOps.cpp - Level 3: what calls the runtime -------------------===//

#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

LogicalResult LibraryCallOp::verify() {
  if (getInputs().size() < (getHasBias() ? 3u : 2u))
    return emitOpError("needs a source, weights, and a bias if it has one");
  if (getInits().size() != 1)
    return emitOpError("needs one destination");
  if (getPacked() && !getWeightsType())
    return emitOpError("packed weights need weights_type");
  for (Attribute attr : getPostOps()) {
    auto post = cast<PostOpAttr>(attr);
    bool binary = post.getKind() >= PostOpKind::add;
    if (binary &&
        (post.getOperand() < 2 ||
         post.getOperand() >= static_cast<int64_t>(getInputs().size())))
      return emitOpError("post-op names input ") << post.getOperand();
  }
  if (getPrimitive() != Primitive::matmul &&
      (!getStrides() || !getDilations() || !getPadsLow() || !getPadsHigh()))
    return emitOpError("a convolution needs strides, dilations and pads");
  return success();
}

LogicalResult rac::detail::verifySizes(Operation *op, ValueRange sizes) {
  auto type = cast<MemRefType>(op->getResult(0).getType());
  if (static_cast<size_t>(type.getNumDynamicDims()) != sizes.size())
    return op->emitOpError("has ")
           << sizes.size() << " sizes for " << type.getNumDynamicDims()
           << " dynamic dimensions";
  return success();
}

void LibraryCallOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &input : getInputsMutable())
    if (isa<MemRefType>(input.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &input);
  for (OpOperand &init : getInitsMutable())
    if (isa<MemRefType>(init.get().getType())) {
      effects.emplace_back(MemoryEffects::Read::get(), &init);
      effects.emplace_back(MemoryEffects::Write::get(), &init);
    }
}
