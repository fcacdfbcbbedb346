//===- RuntimeOps.cpp - Level 3: what calls the runtime -------------------===//

#include "mlir/Dialect/LLVMIR/LLVMTypes.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
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
  if (auto numbers = getUnsignedOperands())
    for (int64_t number : *numbers)
      if (number < 0 || number > static_cast<int64_t>(getInputs().size()))
        return emitOpError("has no operand ") << number;
  auto source = cast<ShapedType>(getInputs().front().getType());
  auto result = cast<ShapedType>(getInits().front().getType());
  if (source.getRank() < 2 || source.getRank() != result.getRank())
    return emitOpError("source and destination need one rank of at least two");
  if (getPrimitive() != Primitive::matmul) {
    if (!getStrides() || !getDilations() || !getPadsLow() || !getPadsHigh())
      return emitOpError("a convolution needs strides, dilations and pads");
    for (ArrayRef<int64_t> values :
         {*getStrides(), *getDilations(), *getPadsLow(), *getPadsHigh()})
      if (static_cast<int64_t>(values.size()) != source.getRank() - 2)
        return emitOpError("strides, dilations and pads need an entry for each "
                           "spatial dimension");
    for (int64_t step :
         llvm::concat<const int64_t>(*getStrides(), *getDilations()))
      if (step < 1)
        return emitOpError("has a stride or dilation of ") << step;
  }
  return verifyPermutations();
}

LogicalResult LibraryCallOp::verifyPermutations() {
  if (!getPermutations())
    return success();
  SmallVector<Value> operands(getOperands());
  if (getPermutations()->size() != operands.size())
    return emitOpError("needs a permutation for each operand");
  for (auto [operand, attr] :
       llvm::zip_equal(operands, getPermutations()->getValue())) {
    ArrayRef<int64_t> permutation = cast<DenseI64ArrayAttr>(attr).asArrayRef();
    if (!permutation.empty() &&
        (!isPermutationVector(permutation) ||
         static_cast<int64_t>(permutation.size()) !=
             cast<ShapedType>(operand.getType()).getRank()))
      return emitOpError("has a permutation that doesn't fit its operand, ")
             << operand.getType();
  }
  return success();
}

void InputDimOp::populateBoundsForIndexValue(Value value,
                                             ValueBoundsConstraintSet &bounds) {
  bounds.bound(value) >= 0;
}

LogicalResult ParallelForOp::verify() {
  TypeRange arguments = getBody().front().getArgumentTypes();
  if (arguments.size() != 2 ||
      !llvm::all_of(arguments, [](Type type) { return type.isIndex(); }))
    return emitOpError("body takes the range's two ends, of type index");
  return success();
}

LogicalResult ArenaOp::verify() {
  return detail::verifySizes(*this, getOperation()->getOperands());
}

LogicalResult CountersOp::verify() {
  return detail::verifySizes(*this, getOperation()->getOperands());
}

LogicalResult WeightsOp::verify() { return detail::verifySizes(*this, {}); }

LogicalResult rac::detail::verifySizes(Operation *op, ValueRange sizes) {
  auto type = cast<MemRefType>(op->getResult(0).getType());
  if (!type.getLayout().isIdentity())
    return op->emitOpError("gives dense memory, not ") << type;
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

LogicalResult LaunchOp::verify() {
  if (getGrid().size() != 3 || getBlock().size() != 3)
    return emitOpError("takes three sizes each of the grid and of a block");
  return success();
}

LogicalResult TensorMapOp::verify() {
  if (!isa<LLVM::LLVMPointerType>(getMap().getType()))
    return emitOpError("is a pointer to a tensor map, not ")
           << getMap().getType();
  size_t rank = getSizes().size(), most = 5;
  if (rank < 2 || rank > most)
    return emitOpError("has 2 to 5 dimensions, not ") << rank;
  if (getStrides().size() != rank - 1)
    return emitOpError("takes a stride for each dimension but the last");
  if (getBox().size() != rank)
    return emitOpError("takes a size of the box for each dimension");
  constexpr int64_t line = 128, longest = 256; // B, elements
  Type element = cast<MemRefType>(getMemory().getType()).getElementType();
  if (!element.isIntOrFloat() ||
      getBox().back() * element.getIntOrFloatBitWidth() != line * 8)
    return emitOpError("copies boxes with lines of 128 B");
  if (llvm::any_of(getBox(),
                   [](int64_t size) { return size < 1 || size > longest; }))
    return emitOpError("copies boxes of 1 to 256 elements in each dimension");
  return success();
}

LogicalResult ReadOp::verify() {
  auto type = cast<MemRefType>(getSource().getType());
  if (static_cast<int64_t>(getIndices().size()) != type.getRank())
    return emitOpError("has ")
           << getIndices().size() << " indices for a buffer of rank "
           << type.getRank();
  return success();
}
