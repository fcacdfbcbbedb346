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

Expected<Object> compilePart(Module &module, const TargetSpec &target) {
  auto machine = createMachine(target);
  if (!machine)
    return machine.takeError();
  optimize(module, **machine);
  Object object;
  raw_svector_ostream os(object);
  if (Error error =
          writeCode(module, **machine, CodeGenFileType::ObjectFile, os))
    return error;
  return object;
}

/// Contexts belong to threads, so a part moves to its thread as bitcode.
Expected<Object> compileBitcode(Object bitcode, const TargetSpec &target) {
  LLVMContext context;
  SmallVectorMemoryBuffer buffer(std::move(bitcode), "part",
                                 /*RequiresNullTerminator=*/false);
  auto module = parseBitcodeFile(buffer.getMemBufferRef(), context);
  if (!module)
    return module.takeError();
  return compilePart(**module, target);
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
  std::vector<Object> objects;
  if (count == 1) {
    auto object = compilePart(*module, target);
    if (!object)
      return object.takeError();
    objects.push_back(std::move(*object));
    return objects;
  }

  std::vector<Object> bitcode;
  SplitModule(*module, count, [&](std::unique_ptr<Module> part) {
    raw_svector_ostream os(bitcode.emplace_back());
    WriteBitcodeToFile(*part, os);
  });
  module.reset();

  objects.resize(bitcode.size());
  std::vector<std::string> problems(bitcode.size());
  DefaultThreadPool pool(hardware_concurrency());
  for (size_t i = 0; i < bitcode.size(); ++i)
    pool.async([&, i] {
      auto object = compileBitcode(std::move(bitcode[i]), target);
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
