//===- HostLibrary.cpp - A planned model, to run right away ---------------===//

#include "HostLibrary.h"
#include "CompilerStages.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "rac/Emit/Emit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"

using namespace mlir;
using namespace rac;

llvm::Error rac::runPasses(ModuleOp module, StringRef stage,
                           llvm::function_ref<void(OpPassManager &)> populate,
                           Verified verified) {
  PassManager manager(module->getContext());
  manager.enableVerifier(verified == Verified::eachPass);
  populate(manager);
  if (failed(manager.run(module)) ||
      (verified == Verified::atEnd && failed(verify(module))))
    return llvm::createStringError(stage + " failed");
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<LoadedModel>>
rac::loadOnHost(ModuleOp module, const TargetSpec &target, int32_t threads) {
  auto signature = computeSignature(module, "probe", "probe");
  if (!signature)
    return signature.takeError();
  if (llvm::Error error =
          runPasses(module, "lowering", [&](OpPassManager &manager) {
            LoweringOptions lowering;
            lowering.threads = threads;
            setVectors(lowering, target);
            populateLinalgPipeline(manager, lowering);
            BufferOptions buffers;
            setVectors(buffers, target);
            buffers.threads = threads;
            populateBufferPipeline(manager, buffers);
          }))
    return error;
  auto weights = takeWeights(module);
  if (!weights)
    return weights.takeError();
  if (llvm::Error error =
          runPasses(module, "lowering", [&](OpPassManager &manager) {
            populateLLVMPipeline(manager, target);
          }))
    return error;
  SmallString<128> path;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("rac-probe", "so", path))
    return llvm::createStringError("no temporary file: " + error.message());
  llvm::FileRemover remover(path);
  EmitOptions emit;
  emit.target = target;
  emit.output = path.str().str();
  emit.threads = threads;
  if (llvm::Error error = emitModel(module, *signature, *weights, emit))
    return error;
  // Threads that wait for each other spin, which on a machine that does
  // something else takes far longer than they save (docs/ThreadPool.md).
  return LoadedModel::load(path, /*threads=*/1);
}
