//===- LibraryCallToLLVM.cpp - Calls of a kernel library ------------------===//
//
// Each call site passes a constant RacLibraryCall (include/rac-c/Library.h),
// the addresses of its operands and their sizes and strides.
//
//===----------------------------------------------------------------------===//

#include "LibraryCallToLLVM.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "rac-c/Library.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

Value rac::storeArray(OpBuilder &builder, Operation *op,
                      ArrayRef<Value> values) {
  Location loc = op->getLoc();
  auto pointer = LLVM::LLVMPointerType::get(op->getContext());
  if (values.empty())
    return LLVM::ZeroOp::create(builder, loc, pointer);
  auto function = op->getParentOfType<LLVM::LLVMFuncOp>();
  Type element = values.front().getType();
  Value memory;
  {
    // In the entry block, so that a loop doesn't grow the stack.
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    Value count =
        LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                 builder.getI64IntegerAttr(values.size()));
    memory = LLVM::AllocaOp::create(builder, loc, pointer, element, count);
  }
  for (auto [i, value] : llvm::enumerate(values)) {
    Value address =
        LLVM::GEPOp::create(builder, loc, pointer, element, memory,
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    LLVM::StoreOp::create(builder, loc, value, address);
  }
  return memory;
}

/// A private constant of `type`, its value built by `build`; its address.
static Value addressOfConstant(OpBuilder &builder, Operation *op, Type type,
                               llvm::function_ref<Value(OpBuilder &)> build) {
  auto module = op->getParentOfType<ModuleOp>();
  OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
  top.setListener(builder.getListener());
  std::string name;
  for (int i = 0; name.empty() || module.lookupSymbol(name); ++i)
    name = ("rac_constant_" + Twine(i)).str();
  auto global = LLVM::GlobalOp::create(
      top, op->getLoc(), type,
      /*isConstant=*/true, LLVM::Linkage::Internal, name, Attribute());
  OpBuilder init = OpBuilder(global.getInitializerRegion());
  init.createBlock(&global.getInitializerRegion());
  LLVM::ReturnOp::create(init, op->getLoc(), build(init));
  return LLVM::AddressOfOp::create(builder, op->getLoc(), global);
}

Value rac::addressOfString(OpBuilder &builder, Operation *op, StringRef text) {
  std::string terminated = text.str() + '\0';
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), terminated.size());
  return addressOfConstant(builder, op, type, [&](OpBuilder &init) -> Value {
    return LLVM::ConstantOp::create(init, op->getLoc(), type,
                                    init.getStringAttr(terminated));
  });
}

namespace {

/// Builds the fields of a constant struct.
class ConstantFields {
public:
  ConstantFields(OpBuilder &builder, Operation *op)
      : builder(builder), op(op), loc(op->getLoc()),
        pointer(LLVM::LLVMPointerType::get(op->getContext())) {}

  Value i32(int64_t value) { return integer(32, value); }
  Value i64(int64_t value) { return integer(64, value); }
  Value f32(double value) {
    return LLVM::ConstantOp::create(
        builder, loc, builder.getF32Type(),
        builder.getF32FloatAttr(static_cast<float>(value)));
  }
  Value null() { return LLVM::ZeroOp::create(builder, loc, pointer); }

  template <typename T> Value array(ArrayRef<T> values) {
    if (values.empty())
      return null();
    auto element = builder.getIntegerType(sizeof(T) * 8);
    auto type = LLVM::LLVMArrayType::get(element, values.size());
    auto data = DenseElementsAttr::get(
        RankedTensorType::get(values.size(), element), values);
    return addressOfConstant(builder, op, type, [&](OpBuilder &init) -> Value {
      return LLVM::ConstantOp::create(init, loc, type, data);
    });
  }

  Value structure(OpBuilder &at, ArrayRef<Value> fields, Type type) {
    Value result = LLVM::UndefOp::create(at, loc, type);
    for (auto [i, field] : llvm::enumerate(fields))
      result = LLVM::InsertValueOp::create(at, loc, result, field,
                                           static_cast<int64_t>(i));
    return result;
  }

private:
  Value integer(unsigned width, int64_t value) {
    Type type = builder.getIntegerType(width);
    return LLVM::ConstantOp::create(builder, loc, type,
                                    builder.getIntegerAttr(type, value));
  }

  OpBuilder &builder;
  Operation *op;
  Location loc;
  Type pointer;
};

std::optional<int32_t> dtypeOf(Type type) {
  if (type.isF32())
    return RAC_F32;
  if (type.isF16())
    return RAC_F16;
  if (type.isBF16())
    return RAC_BF16;
  if (type.isF64())
    return RAC_F64;
  if (type.isInteger(8))
    return type.isUnsignedInteger() ? RAC_U8 : RAC_I8;
  if (type.isInteger(32))
    return type.isUnsignedInteger() ? RAC_U32 : RAC_I32;
  return std::nullopt;
}

struct LibraryCallLowering : ConvertOpToLLVMPattern<LibraryCallOp> {
  LibraryCallLowering(const LLVMTypeConverter &converter, int32_t &sites)
      : ConvertOpToLLVMPattern(converter), sites(sites) {}

  LogicalResult
  matchAndRewrite(LibraryCallOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> operands(op.getInputs());
    llvm::append_range(operands, op.getInits());
    SmallVector<Value> converted(adaptor.getInputs());
    llvm::append_range(converted, adaptor.getInits());

    SmallVector<int32_t> ranks, dtypes;
    for (auto [i, operand] : llvm::enumerate(operands)) {
      auto type = cast<MemRefType>(operand.getType());
      std::optional<int32_t> dtype = dtypeOf(type.getElementType());
      if (dtype == RAC_I8 && op.isUnsigned(i))
        dtype = RAC_U8;
      if (!dtype)
        return op.emitError("the library takes no ") << type.getElementType();
      ranks.push_back(type.getRank());
      dtypes.push_back(*dtype);
    }
    Value descriptor = describe(op, ranks, dtypes, rewriter);

    SmallVector<Value> data, shape;
    for (auto [i, operand] : llvm::enumerate(operands))
      addOperand(op, i, cast<MemRefType>(operand.getType()), converted[i],
                 rewriter, data, shape);
    auto module = op->getParentOfType<ModuleOp>();
    auto pointer = LLVM::LLVMPointerType::get(op.getContext());
    FailureOr<LLVM::LLVMFuncOp> function =
        LLVM::lookupOrCreateFn(rewriter, module, "rac_library_call",
                               {pointer, pointer, pointer, pointer},
                               LLVM::LLVMVoidType::get(op.getContext()));
    if (failed(function))
      return failure();
    Value context = op->getParentOfType<LLVM::LLVMFuncOp>().getArgument(0);
    LLVM::CallOp::create(rewriter, op.getLoc(), *function,
                         ValueRange{context, descriptor,
                                    storeArray(rewriter, op, data),
                                    storeArray(rewriter, op, shape)});
    rewriter.eraseOp(op);
    return success();
  }

private:
  /// The address of the first element, and sizes and strides as permuted.
  void addOperand(LibraryCallOp op, unsigned number, MemRefType type,
                  Value converted, ConversionPatternRewriter &rewriter,
                  SmallVectorImpl<Value> &data,
                  SmallVectorImpl<Value> &shape) const {
    MemRefDescriptor memref(converted);
    data.push_back(
        memref.bufferPtr(rewriter, op.getLoc(), *getTypeConverter(), type));
    SmallVector<int64_t> order = llvm::to_vector(llvm::seq(type.getRank()));
    if (auto all = op.getPermutations()) {
      auto own = cast<DenseI64ArrayAttr>((*all)[number]).asArrayRef();
      if (!own.empty())
        order.assign(own.begin(), own.end());
    }
    for (int64_t i : order)
      shape.push_back(memref.size(rewriter, op.getLoc(), i));
    for (int64_t i : order)
      shape.push_back(memref.stride(rewriter, op.getLoc(), i));
  }

  Value postOps(LibraryCallOp op, OpBuilder &builder) const {
    if (op.getPostOps().empty())
      return ConstantFields(builder, op).null();
    MLIRContext *context = op.getContext();
    Type i32 = IntegerType::get(context, 32), f32 = Float32Type::get(context);
    auto one = LLVM::LLVMStructType::getLiteral(context, {i32, i32, f32, f32});
    auto type = LLVM::LLVMArrayType::get(one, op.getPostOps().size());
    return addressOfConstant(builder, op, type, [&](OpBuilder &init) -> Value {
      ConstantFields fields(init, op);
      Value all = LLVM::UndefOp::create(init, op.getLoc(), type);
      for (auto [i, attr] : llvm::enumerate(op.getPostOps())) {
        auto post = cast<PostOpAttr>(attr);
        Value value = fields.structure(
            init,
            {fields.i32(static_cast<int32_t>(post.getKind())),
             fields.i32(post.getOperand()), fields.f32(post.getAlpha()),
             fields.f32(post.getBeta())},
            one);
        all = LLVM::InsertValueOp::create(init, op.getLoc(), all, value,
                                          static_cast<int64_t>(i));
      }
      return all;
    });
  }

  /// The constant RacLibraryCall, field by field.
  Value describe(LibraryCallOp op, ArrayRef<int32_t> ranks,
                 ArrayRef<int32_t> dtypes, OpBuilder &builder) const {
    MLIRContext *context = op.getContext();
    Type i32 = IntegerType::get(context, 32),
         i64 = IntegerType::get(context, 64);
    Type ptr = LLVM::LLVMPointerType::get(context);
    auto type = LLVM::LLVMStructType::getLiteral(
        context, {i32, i32, i32, ptr, ptr, i32, i32, ptr, i32, ptr, ptr,
                  ptr, ptr, i64, ptr, i64, i32, ptr, i32, i32, i32});
    ArrayRef<int64_t> strides = op.getStrides().value_or(ArrayRef<int64_t>());
    auto weights = op.getWeightsType()
                       ? cast<RankedTensorType>(*op.getWeightsType())
                       : RankedTensorType();
    return addressOfConstant(builder, op, type, [&](OpBuilder &init) -> Value {
      ConstantFields f(init, op);
      ArrayRef<int64_t> none;
      SmallVector<Value> fields = {
          f.i32(static_cast<int32_t>(op.getPrimitive())),
          f.i32(sites++),
          f.i32(op.getInputs().size()),
          f.array(ranks),
          f.array(dtypes),
          f.i32(op.getHasBias()),
          f.i32(op.getPostOps().size()),
          postOps(op, init),
          f.i32(strides.size()),
          f.array(strides),
          f.array(op.getDilations().value_or(none)),
          f.array(op.getPadsLow().value_or(none)),
          f.array(op.getPadsHigh().value_or(none)),
          f.i64(op.getGroups())};
      if (weights) {
        ArrayRef<int8_t> packed = *op.getPacked();
        fields.append(
            {f.array(packed), f.i64(packed.size()), f.i32(weights.getRank()),
             f.array(weights.getShape()),
             f.i32(dtypeOf(weights.getElementType()).value_or(RAC_F32))});
      } else {
        fields.append({f.null(), f.i64(0), f.i32(0), f.null(), f.i32(0)});
      }
      fields.push_back(f.i32(op.getThreads()));
      fields.push_back(f.i32(op.getSourceZero()));
      return f.structure(init, fields, type);
    });
  }

  int32_t &sites;
};

} // namespace

void rac::populateLibraryCallToLLVM(const LLVMTypeConverter &converter,
                                    RewritePatternSet &patterns,
                                    int32_t &sites) {
  patterns.insert(std::make_unique<LibraryCallLowering>(converter, sites));
}
