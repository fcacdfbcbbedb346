//===- SimulatorImage.cpp - Kernels for the simulator ---------------------===//

#include "SimulatorImage.h"
#include "CodeGen.h"
#include "Link.h"
#include "OutputFile.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "rac-c/Device.h"
#include "rac-c/Simulator.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;
using namespace rac;

namespace {

constexpr StringLiteral kImageSymbol = "rac_sim_image";

/// What the pass found out about a kernel.
struct KernelFacts {
  std::string name;
  int32_t sharedBytes;
  bool waits;
  int32_t cluster; ///< blocks
  bool overlaps;
};

std::vector<KernelFacts> collectFacts(mlir::gpu::GPUModuleOp kernels) {
  std::vector<KernelFacts> facts;
  for (auto function : kernels.getOps<mlir::LLVM::LLVMFuncOp>())
    if (auto bytes =
            function->getAttrOfType<mlir::IntegerAttr>("rac.own_bytes")) {
      auto cluster = function->getAttrOfType<mlir::IntegerAttr>("rac.cluster");
      facts.push_back({function.getName().str(), int32_t(bytes.getInt()),
                       function->hasAttr("rac.waits"),
                       cluster ? int32_t(cluster.getInt()) : 1,
                       function->hasAttr("rac.overlaps")});
    }
  return facts;
}

/// Adds the table of kernels, rac_sim_image.
class TableBuilder {
public:
  explicit TableBuilder(Module &module)
      : module(module), builder(module.getContext()),
        pointer(builder.getPtrTy()), i32(builder.getInt32Ty()) {}

  void add(ArrayRef<KernelFacts> kernels) {
    SmallVector<Constant *> entries;
    for (const KernelFacts &kernel : kernels)
      entries.push_back(entry(kernel));
    Constant *list = array(entries);
    auto *image = constant(ConstantStruct::getAnon(
        module.getContext(),
        {number(RAC_SIM_VERSION), number(entries.size()), list}));
    image->setName(kImageSymbol);
    image->setLinkage(GlobalValue::ExternalLinkage);
  }

private:
  /// The members of RacSimKernel, in order.
  Constant *entry(const KernelFacts &kernel) {
    Function *body = module.getFunction(kernel.name);
    body->setLinkage(GlobalValue::InternalLinkage);
    // What the module calls may have the same name.
    body->setName("rac.kernel." + kernel.name);
    SmallVector<Constant *> bytes;
    for (Argument &argument : drop_begin(body->args(), kFirstParam))
      bytes.push_back(
          number(isTensorMap(argument)
                     ? int64_t(RAC_TENSOR_MAP_BYTES)
                     : int64_t(module.getDataLayout()
                                   .getTypeStoreSize(argument.getType())
                                   .getFixedValue())));
    Constant *sizes = array(bytes);
    return ConstantStruct::getAnon(
        module.getContext(),
        {text(kernel.name), runner(body), number(kernel.sharedBytes),
         number(kernel.waits), number(kernel.cluster), number(kernel.overlaps),
         number(bytes.size()), sizes});
  }

  /// Calls the kernel for one thread after another.
  Function *runner(Function *body) {
    auto *run = Function::Create(
        FunctionType::get(builder.getVoidTy(), {pointer, pointer, i32},
                          /*isVarArg=*/false),
        GlobalValue::InternalLinkage, "rac.run", module);
    Value *params = run->getArg(0), *thread = run->getArg(1);
    auto *entry = BasicBlock::Create(module.getContext(), "entry", run);
    auto *loop = BasicBlock::Create(module.getContext(), "loop", run);
    auto *done = BasicBlock::Create(module.getContext(), "done", run);

    builder.SetInsertPoint(entry);
    SmallVector<Value *> arguments = {thread, nullptr};
    for (Argument &argument : drop_begin(body->args(), kFirstParam)) {
      Value *slot = builder.CreateConstInBoundsGEP1_32(
          pointer, params, argument.getArgNo() - kFirstParam);
      Value *parameter = builder.CreateLoad(pointer, slot);
      arguments.push_back(
          isTensorMap(argument)
              ? parameter
              : builder.CreateLoad(argument.getType(), parameter));
    }
    // RacSimThread begins with the number along x.
    Value *first = builder.CreateLoad(i32, thread);
    Value *end = builder.CreateAdd(first, run->getArg(2));
    builder.CreateBr(loop);

    builder.SetInsertPoint(loop);
    PHINode *x = builder.CreatePHI(i32, /*NumReservedValues=*/2);
    arguments[1] = x;
    builder.CreateStore(x, thread);
    builder.CreateCall(body, arguments);
    Value *next = builder.CreateAdd(x, builder.getInt32(1));
    builder.CreateCondBr(builder.CreateICmpSLT(next, end), loop, done);
    x->addIncoming(first, entry);
    x->addIncoming(next, loop);

    builder.SetInsertPoint(done);
    builder.CreateRetVoid();
    return run;
  }

  /// Of pointers only those to tensor maps say how they are aligned. They are
  /// where the parameter is.
  static bool isTensorMap(const Argument &argument) {
    return argument.getType()->isPointerTy() &&
           argument.getParamAlign() == Align(RAC_TENSOR_MAP_ALIGN);
  }

  Constant *number(int64_t value) { return ConstantInt::get(i32, value); }
  GlobalVariable *constant(Constant *value) {
    return new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                              GlobalValue::InternalLinkage, value, "rac.table");
  }
  Constant *text(StringRef value) {
    return constant(ConstantDataArray::getString(module.getContext(), value));
  }
  Constant *array(ArrayRef<Constant *> values) {
    if (values.empty())
      return ConstantPointerNull::get(pointer);
    return constant(ConstantArray::get(
        ArrayType::get(values[0]->getType(), values.size()), values));
  }

  /// After the thread and its number along x.
  static constexpr unsigned kFirstParam = 2;

  Module &module;
  IRBuilder<> builder;
  PointerType *pointer;
  IntegerType *i32;
};

Expected<SmallVector<char, 0>> link(ArrayRef<SmallVector<char, 0>> objects,
                                    const TargetSpec &target) {
  SmallString<128> path;
  sys::path::system_temp_directory(/*ErasedOnReboot=*/true, path);
  sys::path::append(path, "rac-kernels.so");
  std::vector<OutputFile> files;
  std::vector<std::string> names;
  for (const SmallVector<char, 0> &object : objects) {
    auto file = OutputFile::create((path + ".o").str());
    if (!file)
      return file.takeError();
    if (Error error = file->write([&](raw_pwrite_stream &os) {
          os.write(object.data(), object.size());
        }))
      return error;
    names.push_back(file->path());
    files.push_back(std::move(*file));
  }
  auto output = OutputFile::create(path);
  if (!output)
    return output.takeError();
  StringRef arch = Triple::getArchTypeName(target.triple.getArch());
  if (Error error = linkPlain(arch, names, kImageSymbol, output->path()))
    return error;
  auto buffer = MemoryBuffer::getFile(output->path(), /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError("cannot read '" + output->path() +
                             "' back: " + buffer.getError().message());
  StringRef bytes = (*buffer)->getBuffer();
  return SmallVector<char, 0>(bytes.begin(), bytes.end());
}

} // namespace

Expected<SmallVector<char, 0>>
rac::makeSimulatorImage(mlir::gpu::GPUModuleOp kernels) {
  auto target = resolveTarget("host");
  if (!target)
    return target.takeError();
  auto machine = createMachine(*target);
  if (!machine)
    return machine.takeError();
  LLVMContext context;
  auto module = translate(kernels, context, "kernels");
  if (!module)
    return module.takeError();
  (*module)->setDataLayout((*machine)->createDataLayout());
  TableBuilder(**module).add(collectFacts(kernels));
  setTarget(**module, *target, **machine);
  std::string problem;
  raw_string_ostream os(problem);
  if (verifyModule(**module, &os))
    return createStringError("the simulator's kernels are not valid LLVM IR: " +
                             problem);
  auto objects = compileObjects(std::move(*module), *target);
  if (!objects)
    return objects.takeError();
  return link(*objects, *target);
}
