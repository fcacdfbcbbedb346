//===- CodeGen.cpp - LLVM IR to objects -----------------------------------===//

#include "CodeGen.h"
#include "ScalableMasks.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/IPO/MergeFunctions.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/SplitModule.h"

using namespace llvm;
using namespace rac;

namespace {

using Object = SmallVector<char, 0>;

/// A part should be worth a thread, and there is little to win beyond as many
/// parts as cores usually are.
constexpr unsigned kInstructionsPerPart = 3000, kMaxParts = 8;

/// A pass manager with all that its passes may ask for.
struct Passes {
  explicit Passes(TargetMachine &machine) : builder(&machine, tuning()) {
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(cgsccs);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, cgsccs, modules);
  }
  static PipelineTuningOptions tuning() {
    PipelineTuningOptions tuning;
    tuning.LoopVectorization = true;
    tuning.SLPVectorization = true;
    tuning.LoopInterleaving = true;
    return tuning;
  }
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager cgsccs;
  ModuleAnalysisManager modules;
  PassBuilder builder;
};

/// Models repeat their blocks, so many kernels are equal: one of each is kept
/// before any time is spent on them.
void dropEqual(Module &module, TargetMachine &machine) {
  Passes passes(machine);
  ModulePassManager manager;
  manager.addPass(MergeFunctionsPass());
  manager.addPass(GlobalDCEPass());
  manager.run(module, passes.modules);
}

unsigned partsOf(const Module &module) {
  unsigned instructions = module.getInstructionCount();
  return std::clamp(instructions / kInstructionsPerPart, 1u, kMaxParts);
}

Expected<Object> compilePart(Module &module, const TargetSpec &target,
                             CodeGenFileType type) {
  auto machine = createMachine(target);
  if (!machine)
    return machine.takeError();
  optimize(module, **machine);
  Object object;
  raw_svector_ostream os(object);
  if (Error error = writeCode(module, **machine, type, os))
    return error;
  return object;
}

/// Contexts belong to threads, so a part moves to its thread as bitcode.
Expected<Object> compileBitcode(Object bitcode, const TargetSpec &target,
                                CodeGenFileType type) {
  LLVMContext context;
  SmallVectorMemoryBuffer buffer(std::move(bitcode), "part",
                                 /*RequiresNullTerminator=*/false);
  auto module = parseBitcodeFile(buffer.getMemBufferRef(), context);
  if (!module)
    return module.takeError();
  return compilePart(**module, target, type);
}

/// All parts at once, as far as there are threads.
Expected<std::vector<Object>> compileParts(std::vector<Object> bitcode,
                                           const TargetSpec &target,
                                           CodeGenFileType type) {
  std::vector<Object> objects(bitcode.size());
  std::vector<std::string> problems(bitcode.size());
  DefaultThreadPool pool(hardware_concurrency());
  for (size_t i = 0; i < bitcode.size(); ++i)
    pool.async([&, i] {
      auto object = compileBitcode(std::move(bitcode[i]), target, type);
      if (object)
        objects[i] = std::move(*object);
      else
        problems[i] = toString(object.takeError());
    });
  pool.wait();
  for (const std::string &problem : problems)
    if (!problem.empty())
      return createStringError(problem);
  return objects;
}

bool isKernel(const GlobalValue &value) {
  auto *function = dyn_cast<Function>(&value);
  return function && !function->isDeclaration() &&
         function->getCallingConv() == CallingConv::PTX_Kernel;
}

/// Which part each kernel is in: neighbours, with about as many instructions
/// in each part.
DenseMap<const GlobalValue *, unsigned> partsOfKernels(const Module &module,
                                                       unsigned count) {
  uint64_t all = 0, before = 0;
  for (const Function &function : module)
    if (isKernel(function))
      all += function.getInstructionCount();
  DenseMap<const GlobalValue *, unsigned> parts;
  for (const Function &function : module)
    if (isKernel(function)) {
      parts[&function] = before * count / std::max<uint64_t>(all, 1);
      before += function.getInstructionCount();
    }
  return parts;
}

/// The module with the kernels of one part. What several parts have a copy of
/// has a name of its own in each.
std::unique_ptr<Module>
partOf(const Module &module, unsigned part,
       const DenseMap<const GlobalValue *, unsigned> &parts) {
  ValueToValueMapTy map;
  auto belongs = [&](const GlobalValue *value) {
    auto found = parts.find(value);
    return found == parts.end() || found->second == part;
  };
  auto copy = CloneModule(module, map, belongs);
  for (const Function &function : module)
    if (!belongs(&function))
      cast<Function>(map[&function])->eraseFromParent();
  for (GlobalValue &value : copy->global_values())
    if (part > 0 && !value.isDeclaration() && !isKernel(value) &&
        !value.getName().starts_with("llvm."))
      value.setName(value.getName() + "$" + Twine(part));
  return copy;
}

/// What comes after the head that every file of PTX has.
StringRef withoutHead(StringRef text) {
  constexpr StringLiteral last = ".address_size 64\n";
  size_t at = text.find(last);
  return at == StringRef::npos ? text : text.drop_front(at + last.size());
}

} // namespace

Expected<std::unique_ptr<Module>>
rac::translate(mlir::Operation *module, LLVMContext &context, StringRef what) {
  mlir::DialectRegistry registry;
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerGPUDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerNVVMDialectTranslation(registry);
  module->getContext()->appendDialectRegistry(registry);
  auto result = mlir::translateModuleToLLVMIR(module, context, what);
  if (!result)
    return createStringError("the lowered " + what +
                             " cannot be translated to LLVM IR");
  return result;
}

void rac::optimize(Module &module, TargetMachine &machine) {
  Passes passes(machine);
  passes.builder.registerOptimizerLastEPCallback(
      [](ModulePassManager &manager, OptimizationLevel, ThinOrFullLTOPhase) {
        manager.addPass(createModuleToFunctionPassAdaptor(HideScalableMasks()));
      });
  passes.builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, passes.modules);
}

Error rac::writeCode(Module &module, TargetMachine &machine,
                     CodeGenFileType type, raw_pwrite_stream &os) {
  legacy::PassManager manager;
  if (machine.addPassesToEmitFile(manager, os, nullptr, type))
    return createStringError("this LLVM cannot write such a file for " +
                             module.getTargetTriple().str());
  manager.run(module);
  return Error::success();
}

Expected<std::vector<Object>>
rac::compileObjects(std::unique_ptr<Module> module, const TargetSpec &target) {
  auto machine = createMachine(target);
  if (!machine)
    return machine.takeError();
  dropEqual(*module, **machine);

  unsigned count = partsOf(*module);
  if (count == 1) {
    auto object = compilePart(*module, target, CodeGenFileType::ObjectFile);
    if (!object)
      return object.takeError();
    std::vector<Object> objects;
    objects.push_back(std::move(*object));
    return objects;
  }
  std::vector<Object> bitcode;
  SplitModule(*module, count, [&](std::unique_ptr<Module> part) {
    raw_svector_ostream os(bitcode.emplace_back());
    WriteBitcodeToFile(*part, os);
  });
  module.reset();
  return compileParts(std::move(bitcode), target, CodeGenFileType::ObjectFile);
}

Expected<std::string> rac::compileKernelText(Module &module,
                                             const TargetSpec &target) {
  unsigned count = partsOf(module);
  auto parts = partsOfKernels(module, count);
  std::vector<Object> bitcode(count);
  for (unsigned part = 0; part < count; ++part) {
    raw_svector_ostream os(bitcode[part]);
    WriteBitcodeToFile(*partOf(module, part, parts), os);
  }
  auto texts =
      compileParts(std::move(bitcode), target, CodeGenFileType::AssemblyFile);
  if (!texts)
    return texts.takeError();
  std::string text;
  for (const Object &part : *texts) {
    StringRef own(part.data(), part.size());
    text += text.empty() ? own : withoutHead(own);
  }
  return text;
}
