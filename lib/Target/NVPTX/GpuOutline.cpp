//===- GpuOutline.cpp - Kernels into a module of their own ----------------===//

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Utils/GPUUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"
#include "rac-c/Device.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Target/NVPTX/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

namespace rac {
#define GEN_PASS_DEF_GPUOUTLINE
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

constexpr llvm::StringLiteral kKernels = "rac_kernels";

void exitThread(OpBuilder &builder, Location loc) {
  LLVM::InlineAsmOp::create(
      builder, loc, /*resultTypes=*/TypeRange(), /*operands=*/ValueRange(),
      /*asm_string=*/"exit;", /*constraints=*/"", /*has_side_effects=*/true,
      /*is_align_stack=*/false, LLVM::TailCallKind::None,
      /*asm_dialect=*/LLVM::AsmDialectAttr(), /*operand_attrs=*/ArrayAttr());
}

/// A failed assertion leaves its message's number and ends the thread: what
/// came after it might read or write anywhere.
void lowerAssert(cf::AssertOp op, Value status, int64_t number) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  Value fails = arith::XOrIOp::create(
      builder, loc, op.getArg(),
      arith::ConstantIntOp::create(builder, loc, builder.getI1Type(), 1));
  auto branch = scf::IfOp::create(builder, loc, fails, /*withElse=*/false);
  OpBuilder then = branch.getThenBodyBuilder();
  memref::StoreOp::create(
      then, loc,
      arith::ConstantIntOp::create(then, loc, then.getI32Type(), number + 1),
      status);
  exitThread(then, loc);
  op.erase();
}

/// A kernel does nothing where one before it failed.
void exitAfterFailure(gpu::LaunchOp launch, Value status) {
  OpBuilder builder = OpBuilder::atBlockBegin(&launch.getBody().front());
  Location loc = launch.getLoc();
  Value number = memref::LoadOp::create(builder, loc, status);
  Value failed = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::ne, number,
      arith::ConstantIntOp::create(builder, loc, builder.getI32Type(), 0));
  auto branch = scf::IfOp::create(builder, loc, failed, /*withElse=*/false);
  OpBuilder then = branch.getThenBodyBuilder();
  exitThread(then, loc);
}

/// Whether the kernel takes what the host computed of memory that it read, as
/// the place of a row.
bool takesData(gpu::LaunchOp launch) {
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(launch.getBody(), captured);
  return llvm::any_of(captured, [](Value value) {
    SetVector<Operation *> slice;
    BackwardSliceOptions options;
    options.inclusive = true;
    return failed(getBackwardSlice(value, &slice, options)) ||
           llvm::any_of(slice, llvm::IsaPred<ReadOp>);
  });
}

/// Whether memory is accessed where other memory says.
bool isIndexedByData(gpu::LaunchOp launch) {
  auto readsNumber = [](Operation *op) {
    if (isa<arith::FPToSIOp, arith::FPToUIOp>(op))
      return true;
    return isa<memref::LoadOp, vector::LoadOp>(op) &&
           getElementTypeOrSelf(op->getResult(0)).isIntOrIndex();
  };
  auto readsNumberWithin = [&](Operation *op) {
    return op
        ->walk([&](Operation *inner) {
          return readsNumber(inner) ? WalkResult::interrupt()
                                    : WalkResult::advance();
        })
        .wasInterrupted();
  };
  auto isData = [&](Value index) {
    SetVector<Operation *> slice;
    BackwardSliceOptions options;
    options.inclusive = true;
    options.omitUsesFromAbove = false;
    options.filter = [&](Operation *op) {
      return op != launch && launch->isAncestor(op);
    };
    // What can't be followed may be anything.
    return failed(getBackwardSlice(index, &slice, options)) ||
           llvm::any_of(slice, readsNumberWithin);
  };
  return launch
      ->walk([&](Operation *op) {
        OperandRange indices = {nullptr, 0};
        if (auto load = dyn_cast<memref::LoadOp>(op))
          indices = load.getIndices();
        else if (auto store = dyn_cast<memref::StoreOp>(op))
          indices = store.getIndices();
        return llvm::any_of(indices, isData) ? WalkResult::interrupt()
                                             : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Two kernels that are the same but for their names.
bool areEqual(gpu::GPUFuncOp a, gpu::GPUFuncOp b) {
  return a.getFunctionType() == b.getFunctionType() &&
         a.getKnownBlockSize() == b.getKnownBlockSize() &&
         a.getKnownClusterSize() == b.getKnownClusterSize() &&
         OperationEquivalence::isRegionEquivalentTo(
             &a.getBody(), &b.getBody(), OperationEquivalence::IgnoreLocations);
}

class Outliner {
public:
  explicit Outliner(ModuleOp module) : module(module), builder(module) {}
  LogicalResult run();

private:
  void lowerAsserts(gpu::LaunchOp launch);
  LogicalResult hoistTensorMaps(gpu::LaunchOp launch);
  LogicalResult outline(gpu::LaunchOp launch);
  gpu::GPUFuncOp findEqual(gpu::GPUFuncOp kernel);
  std::string freshName(gpu::LaunchOp launch);

  ModuleOp module;
  OpBuilder builder;
  gpu::GPUModuleOp kernels;
  bool anyAsserts = false;
  llvm::MapVector<StringRef, int64_t> messages;
  /// The kernels that each group launches, in order.
  llvm::MapVector<StringAttr, SmallVector<Attribute>> byGroup;
  llvm::StringSet<> names;
  llvm::StringMap<SmallVector<gpu::GPUFuncOp>> bySignature;
};

} // namespace

void Outliner::lowerAsserts(gpu::LaunchOp launch) {
  SmallVector<cf::AssertOp> asserts;
  launch.walk([&](cf::AssertOp op) { asserts.push_back(op); });
  // Data that another kernel found to be wrong must not become addresses.
  bool trusts = anyAsserts && (isIndexedByData(launch) || takesData(launch));
  if (asserts.empty() && !trusts)
    return;
  OpBuilder before(launch);
  Value status = KernelStatusOp::create(
      before, launch.getLoc(), MemRefType::get({}, before.getI32Type()));
  for (cf::AssertOp op : asserts) {
    int64_t next = messages.size();
    int64_t number = messages.insert({op.getMsg(), next}).first->second;
    lowerAssert(op, status, number);
  }
  if (trusts)
    exitAfterFailure(launch, status);
}

/// After the group that it computes, where that is known.
std::string Outliner::freshName(gpu::LaunchOp launch) {
  StringRef group = "kernel";
  if (auto attr = launch->getAttrOfType<StringAttr>("rac.group"))
    group = attr;
  else if (auto function = launch->getParentOfType<func::FuncOp>())
    group = function.getName();
  std::string base;
  // PTX knows letters, digits, _ and $.
  for (char c : group)
    base += llvm::isAlnum(c) || c == '_' ? c : '_';
  if (llvm::isDigit(base.front()))
    base = "_" + base;
  std::string name = base;
  for (unsigned i = 1; !names.insert(name).second; ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

gpu::GPUFuncOp Outliner::findEqual(gpu::GPUFuncOp kernel) {
  std::string signature;
  kernel.walk([&](Operation *op) {
    (signature += op->getName().getStringRef()) += ';';
  });
  SmallVector<gpu::GPUFuncOp> &candidates = bySignature[signature];
  for (gpu::GPUFuncOp candidate : candidates)
    if (areEqual(candidate, kernel))
      return candidate;
  candidates.push_back(kernel);
  return {};
}

/// Tensor maps are made before the launch, and passed.
LogicalResult Outliner::hoistTensorMaps(gpu::LaunchOp launch) {
  SmallVector<TensorMapOp> maps;
  launch.walk([&](TensorMapOp map) { maps.push_back(map); });
  for (TensorMapOp map : maps) {
    for (Value operand : map->getOperands()) {
      Operation *op = operand.getDefiningOp();
      if (op && launch->isAncestor(op) && op->hasTrait<OpTrait::ConstantLike>())
        op->moveBefore(launch);
      else if (launch.getBody().isAncestor(operand.getParentRegion()))
        return map.emitOpError("takes what only the kernel knows");
    }
    map->moveBefore(launch);
  }
  return success();
}

/// A tensor map is a kernel's as a value of 128 bytes (rac-gpu-tensor-maps).
static void markTensorMaps(gpu::GPUFuncOp kernel, ValueRange operands) {
  Builder builder(kernel.getContext());
  for (auto [i, operand] : llvm::enumerate(operands))
    if (operand.getDefiningOp<TensorMapOp>())
      kernel.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(),
                        builder.getI64IntegerAttr(RAC_TENSOR_MAP_ALIGN));
}

/// Null where only the run knows them.
static DenseI32ArrayAttr knownSizes(const gpu::KernelDim3 &sizes) {
  SmallVector<int32_t> known;
  for (Value size : {sizes.x, sizes.y, sizes.z})
    if (auto number = getConstantIntValue(size))
      known.push_back(*number);
  if (known.size() != 3)
    return {};
  return DenseI32ArrayAttr::get(sizes.x.getContext(), known);
}

LogicalResult Outliner::outline(gpu::LaunchOp launch) {
  lowerAsserts(launch);
  if (failed(hoistTensorMaps(launch)))
    return failure();
  if (failed(sinkOperationsIntoLaunchOp(launch, [](Operation *op) {
        return op->hasTrait<OpTrait::ConstantLike>();
      })))
    return failure();
  SmallVector<Value> operands;
  std::string name = freshName(launch);
  DenseI32ArrayAttr block = knownSizes(launch.getBlockSizeOperandValues());
  DenseI32ArrayAttr cluster;
  if (launch.hasClusterSize()) {
    cluster = knownSizes(*launch.getClusterSizeOperandValues());
    if (!cluster)
      return launch.emitOpError("has clusters of a size that only the run "
                                "knows");
  }
  int64_t shared = 0;
  if (Value size = launch.getDynamicSharedMemorySize()) {
    auto known = getConstantIntValue(size);
    if (!known)
      return launch.emitOpError("takes shared memory of a size that only the "
                                "run knows");
    shared = *known;
  }
  gpu::GPUFuncOp kernel = outlineKernelFunc(launch, name, operands);
  markTensorMaps(kernel, operands);
  kernel.setKnownBlockSizeAttr(block);
  kernel.setKnownClusterSizeAttr(cluster);
  if (gpu::GPUFuncOp equal = findEqual(kernel)) {
    names.erase(name);
    kernel.erase();
    kernel = equal;
  } else {
    kernels.getBody()->push_back(kernel);
  }
  if (auto group = launch->getAttrOfType<StringAttr>("rac.group")) {
    if (!kernel->hasAttr("rac.group"))
      kernel->setAttr("rac.group", group);
    StringRef together = NVVM::NVVMDialect::getMinctasmAttrName();
    if (Attribute blocks = launch->getAttr(together))
      kernel->setAttr(together, blocks);
    byGroup[group].push_back(kernel.getNameAttr());
  }
  int64_t most = shared;
  if (auto before = kernel->getAttrOfType<IntegerAttr>("rac.shared_bytes"))
    most = std::max(most, before.getInt());
  kernel->setAttr("rac.shared_bytes", builder.getI64IntegerAttr(most));

  builder.setInsertionPoint(launch);
  auto symbol = SymbolRefAttr::get(
      builder.getContext(), kKernels,
      {FlatSymbolRefAttr::get(builder.getContext(), kernel.getName())});
  LaunchOp::create(builder, launch.getLoc(), symbol,
                   ValueRange{launch.getGridSizeX(), launch.getGridSizeY(),
                              launch.getGridSizeZ()},
                   ValueRange{launch.getBlockSizeX(), launch.getBlockSizeY(),
                              launch.getBlockSizeZ()},
                   shared, operands);
  launch.erase();
  return success();
}

LogicalResult Outliner::run() {
  if (Operation *other = module.lookupSymbol(kKernels))
    return other->emitError("has the name of the kernels' module");
  SmallVector<gpu::LaunchOp> launches;
  module.walk([&](gpu::LaunchOp launch) {
    launches.push_back(launch);
    launch.walk([&](cf::AssertOp) { anyAsserts = true; });
  });
  builder.setInsertionPointToEnd(module.getBody());
  kernels = gpu::GPUModuleOp::create(builder, module.getLoc(), kKernels);
  for (gpu::LaunchOp launch : launches)
    if (failed(outline(launch)))
      return failure();
  SmallVector<StringRef> texts;
  for (auto &[text, number] : messages)
    texts.push_back(text);
  module->setAttr("rac.kernel_messages", builder.getStrArrayAttr(texts));
  SmallVector<Attribute> list;
  for (auto kernel : kernels.getOps<gpu::GPUFuncOp>())
    list.push_back(builder.getStringAttr(kernel.getName()));
  module->setAttr("rac.kernels", builder.getArrayAttr(list));
  SmallVector<NamedAttribute> launched;
  for (auto &[group, names] : byGroup)
    launched.push_back({group, builder.getArrayAttr(names)});
  module->setAttr("rac.group_kernels", builder.getDictionaryAttr(launched));
  return success();
}

namespace {
struct GpuOutlinePass : rac::impl::GpuOutlineBase<GpuOutlinePass> {
  void runOnOperation() override {
    if (failed(Outliner(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace
