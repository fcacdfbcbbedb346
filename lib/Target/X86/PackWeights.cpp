//===- PackWeights.cpp - Weights in the library's own layout --------------===//

#include "OneDnn/Pack.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/SymbolTable.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Target/X86/Passes.h"

namespace rac {
#define GEN_PASS_DEF_PACKWEIGHTS
#include "rac/Target/X86/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// Of the types that a planned call has; others are refused later.
int32_t dtypeOf(Type type) {
  if (type.isBF16())
    return RAC_BF16;
  if (type.isF16())
    return RAC_F16;
  if (type.isInteger(8))
    return type.isUnsignedInteger() ? RAC_U8 : RAC_I8;
  return type.isInteger(32) ? RAC_I32 : RAC_F32;
}

bool isPackable(Type type) {
  return type.isF32() || type.isBF16() || type.isF16() ||
         type.isSignlessInteger(8);
}

/// A RacLibraryCall and its shapes, with the memory they point to.
struct CallDescription {
  CallDescription(LibraryCallOp op, int64_t typicalSize) {
    SmallVector<Value> operands(op.getInputs());
    llvm::append_range(operands, op.getInits());
    for (auto [i, operand] : llvm::enumerate(operands)) {
      auto type = cast<RankedTensorType>(operand.getType());
      ranks.push_back(type.getRank());
      dtypes.push_back(dtypeOf(type.getElementType()));
      addShape(op, i, type, typicalSize);
    }
    for (Attribute attr : op.getPostOps()) {
      auto post = cast<PostOpAttr>(attr);
      postOps.push_back({static_cast<int32_t>(post.getKind()),
                         static_cast<int32_t>(post.getOperand()),
                         static_cast<float>(post.getAlpha()),
                         static_cast<float>(post.getBeta())});
    }
    call.primitive = static_cast<int32_t>(op.getPrimitive());
    call.num_inputs = op.getInputs().size();
    call.ranks = ranks.data();
    call.dtypes = dtypes.data();
    call.has_bias = op.getHasBias();
    call.num_post_ops = postOps.size();
    call.post_ops = postOps.data();
    if (auto strides = op.getStrides()) {
      call.spatial = strides->size();
      call.strides = strides->data();
      call.dilations = op.getDilations()->data();
      call.pads_low = op.getPadsLow()->data();
      call.pads_high = op.getPadsHigh()->data();
    }
    call.groups = op.getGroups();
    call.threads = op.getThreads();
    call.source_zero = op.getSourceZero();
  }

  RacLibraryCall call = {};
  SmallVector<int64_t> shape;

private:
  /// Sizes, then strides of a dense tensor, as the library sees them.
  void addShape(LibraryCallOp op, unsigned number, RankedTensorType type,
                int64_t typicalSize) {
    SmallVector<int64_t> sizes(type.getShape()), strides(type.getRank());
    int64_t stride = 1;
    for (int64_t i = type.getRank() - 1; i >= 0; --i) {
      if (type.isDynamicDim(i))
        sizes[i] = typicalSize;
      strides[i] = stride;
      stride *= std::max<int64_t>(1, sizes[i]);
    }
    if (auto views = op.getPermutations()) {
      auto view = cast<DenseI64ArrayAttr>((*views)[number]).asArrayRef();
      if (!view.empty()) {
        sizes = applyPermutation(sizes, view);
        strides = applyPermutation(strides, view);
      }
    }
    llvm::append_range(shape, sizes);
    llvm::append_range(shape, strides);
  }

  SmallVector<int32_t> ranks, dtypes;
  SmallVector<RacPostOp> postOps;
};

/// The plain bytes of a constant; empty if it isn't stored densely.
ArrayRef<char> rawBytes(ElementsAttr value) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob ? blob->getData() : ArrayRef<char>();
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  return dense && !dense.isSplat() ? dense.getRawData() : ArrayRef<char>();
}

struct PackWeightsPass : rac::impl::PackWeightsBase<PackWeightsPass> {
  using PackWeightsBase::PackWeightsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::DenseMap<StringAttr, SmallVector<func::CallOp>> calls;
    module.walk([&](func::CallOp call) {
      calls[call.getCalleeAttr().getAttr()].push_back(call);
    });
    for (auto function : module.getOps<func::FuncOp>()) {
      auto ops = function.getOps<LibraryCallOp>();
      if (!llvm::hasSingleElement(ops))
        continue;
      if (succeeded(
              pack(function, *ops.begin(), calls[function.getSymNameAttr()])))
        ++numPacked;
      else
        ++numPlain;
    }
  }

private:
  LogicalResult pack(func::FuncOp function, LibraryCallOp op,
                     ArrayRef<func::CallOp> calls);
  FailureOr<rac::ConstantOp> packConstant(rac::ConstantOp constant,
                                          CallDescription &description,
                                          RacPackFormat &format);

  /// What has been packed, by the constant and the layout.
  llvm::DenseMap<std::pair<Operation *, Attribute>, rac::ConstantOp> packed;
};

FailureOr<rac::ConstantOp>
PackWeightsPass::packConstant(rac::ConstantOp constant,
                              CallDescription &description,
                              RacPackFormat &format) {
  OpBuilder builder(constant);
  Attribute layout = builder.getDenseI8ArrayAttr(ArrayRef(
      reinterpret_cast<const int8_t *>(format.blob), sizeof(format.blob)));
  auto &known = packed[{constant, layout}];
  if (known)
    return known;
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocate(format.bytes, /*align=*/64);
  if (rac_onednn_pack(&description.call, description.shape.data(), &format,
                      rawBytes(constant.getValue()).data(),
                      blob.getMutableData().data()) != RAC_OK)
    return failure();
  auto type = RankedTensorType::get({format.bytes}, builder.getI8Type());
  auto value = DenseResourceElementsAttr::get(type, "packed", std::move(blob));
  known = rac::ConstantOp::create(builder, constant.getLoc(), value);
  return known;
}

LogicalResult PackWeightsPass::pack(func::FuncOp function, LibraryCallOp op,
                                    ArrayRef<func::CallOp> calls) {
  auto weights = dyn_cast<BlockArgument>(op.getInputs()[1]);
  if (!weights || !weights.hasOneUse() || calls.empty())
    return failure();
  // Of a call on buffers, weights are no constants any more.
  auto type = dyn_cast<RankedTensorType>(weights.getType());
  if (!type || !type.hasStaticShape() || !isPackable(type.getElementType()))
    return failure();
  SmallVector<rac::ConstantOp> constants;
  for (func::CallOp call : calls) {
    auto constant = call.getOperand(weights.getArgNumber())
                        .getDefiningOp<rac::ConstantOp>();
    if (!constant || rawBytes(constant.getValue()).empty())
      return failure();
    constants.push_back(constant);
  }

  CallDescription description(op, typicalSize);
  RacPackFormat format = {};
  if (rac_onednn_pack_format(&description.call, description.shape.data(),
                             threads, &format) != RAC_OK)
    return failure();
  SmallVector<rac::ConstantOp> replacements;
  for (rac::ConstantOp constant : constants) {
    FailureOr<rac::ConstantOp> replacement =
        packConstant(constant, description, format);
    if (failed(replacement))
      return failure();
    replacements.push_back(*replacement);
  }

  unsigned number = weights.getArgNumber();
  for (auto [call, replacement] : llvm::zip_equal(calls, replacements))
    call->setOperand(number, replacement);
  auto packedType = cast<RankedTensorType>(replacements.front().getType());
  SmallVector<Type> arguments(function.getArgumentTypes());
  arguments[number] = packedType;
  weights.setType(packedType);
  function.setFunctionType(
      FunctionType::get(&getContext(), arguments, function.getResultTypes()));

  // The library is told of the weights as it sees them, permutation and all.
  SmallVector<int64_t> seen(type.getShape());
  if (auto views = op.getPermutations()) {
    SmallVector<Attribute> remaining(views->getValue());
    auto view = cast<DenseI64ArrayAttr>(remaining[1]).asArrayRef();
    if (!view.empty())
      seen = applyPermutation(seen, view);
    remaining[1] = DenseI64ArrayAttr::get(&getContext(), {});
    op.setPermutationsAttr(ArrayAttr::get(&getContext(), remaining));
  }
  op.setWeightsType(RankedTensorType::get(seen, type.getElementType()));
  op.setPacked(ArrayRef(reinterpret_cast<const int8_t *>(format.blob),
                        sizeof(format.blob)));
  return success();
}

} // namespace
