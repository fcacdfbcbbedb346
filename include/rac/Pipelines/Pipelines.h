//===- Pipelines.h - From a model to the LLVM dialect -----------*- C++ -*-===//
//
// The stages that rac-opt and rac-compile share. Each is a pipeline
// `--rac-pipeline-<stage>` of rac-opt, usable alone.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_PIPELINES_PIPELINES_H
#define RAC_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace rac {

struct PlanOptions : mlir::PassPipelineOptions<PlanOptions> {
  Option<std::string> device{
      *this, "device",
      llvm::cl::desc("The name of a device, its file, or host; empty: the "
                     "module's own"),
      llvm::cl::init("")};
  Option<bool> useLibrary{*this, "use-library",
                          llvm::cl::desc("Let groups be library calls"),
                          llvm::cl::init(true)};
  Option<int64_t> threads{*this, "threads",
                          llvm::cl::desc("Threads to plan for; 0: all cores of "
                                         "the device"),
                          llvm::cl::init(0)};
  Option<std::string> objective{
      *this, "objective",
      llvm::cl::desc("What to make small: latency, energy, edp or carbon"),
      llvm::cl::init("latency")};
  Option<double> maxSeconds{*this, "max-seconds",
                            llvm::cl::desc("Budget of a run, s; 0: none"),
                            llvm::cl::init(0)};
  Option<int64_t> maxBytes{
      *this, "max-bytes",
      llvm::cl::desc("Budget of weights and activations, B; 0: none"),
      llvm::cl::init(0)};
  Option<double> gramsPerJoule{
      *this, "grams-per-joule",
      llvm::cl::desc("gCO2e of a joule, for the objective carbon"),
      llvm::cl::init(0)};
  Option<double> gramsPerSecond{
      *this, "grams-per-second",
      llvm::cl::desc("gCO2e of holding the device for a second, for the "
                     "objective carbon"),
      llvm::cl::init(0)};
  Option<std::string> precision{
      *this, "precision",
      llvm::cl::desc("A type beside the model's own that groups may take: bf16 "
                     "or f16"),
      llvm::cl::init("")};
  Option<int64_t> front{
      *this, "front",
      llvm::cl::desc("Points of the front of time, energy and memory to note"),
      llvm::cl::init(0)};
  ListOption<std::string> sizes{
      *this, "sizes",
      llvm::cl::desc("Sizes to plan for that only the run knows: NAME=N or "
                     "NAME=LOW..HIGH")};
  Option<bool> checkBudgets{
      *this, "check-budgets",
      llvm::cl::desc("Fail where the plan misses a budget"),
      llvm::cl::init(true)};
};

/// The vector registers of the target, for the stages that need them.
template <typename Options>
struct VectorOptions : mlir::PassPipelineOptions<Options> {
  template <typename T>
  using Option =
      typename mlir::PassPipelineOptions<Options>::template Option<T>;
  Option<int64_t> vectorBits{
      *this, "vector-bits",
      llvm::cl::desc("Bits of a vector register; of scalable ones, the least"),
      llvm::cl::init(512)};
  Option<bool> scalable{*this, "scalable",
                        llvm::cl::desc("Vector registers are scalable"),
                        llvm::cl::init(false)};
  Option<int64_t> registers{*this, "registers",
                            llvm::cl::desc("Vector registers there are"),
                            llvm::cl::init(32)};
  Option<int64_t> multiplyAdds{
      *this, "multiply-adds",
      llvm::cl::desc(
          "Multiply-adds of registers that a core starts in a clock"),
      llvm::cl::init(2)};
  typename mlir::PassPipelineOptions<Options>::template ListOption<std::string>
      dots{*this, "dots",
           llvm::cl::desc(
               "Instructions for sums of a few products, as s8:u8:INTRINSIC")};
};

struct LoweringOptions : VectorOptions<LoweringOptions> {
  Option<bool> accelerator{
      *this, "accelerator",
      llvm::cl::desc("Groups become kernels of an accelerator"),
      llvm::cl::init(false)};
  Option<bool> packWeights{
      *this, "pack-weights",
      llvm::cl::desc(
          "Store weights of library calls as the library likes them"),
      llvm::cl::init(true)};
  Option<int32_t> threads{*this, "threads",
                          llvm::cl::desc("Threads that the model will run on"),
                          llvm::cl::init(1)};
  Option<bool> profile{*this, "profile",
                       llvm::cl::desc("Time each group as it runs"),
                       llvm::cl::init(false)};
};

struct BufferOptions : VectorOptions<BufferOptions> {
  Option<int64_t> threads{*this, "threads",
                          llvm::cl::desc("Threads that the model will run on; "
                                         "0: not known"),
                          llvm::cl::init(0)};
  Option<std::string> accelerator{
      *this, "accelerator",
      llvm::cl::desc("Chip that kernels are made for, as sm_90a; empty: the "
                     "CPU runs all"),
      llvm::cl::init("")};
  Option<int64_t> assumedDim{
      *this, "assumed-dim",
      llvm::cl::desc("What reports take sizes as that only the run knows"),
      llvm::cl::init(64)};
};

struct TranslationOptions : mlir::PassPipelineOptions<TranslationOptions> {
  Option<bool> castsBf16{
      *this, "casts-bf16",
      llvm::cl::desc("There are instructions for casts of bf16"),
      llvm::cl::init(true)};
};

struct KernelOptions : mlir::PassPipelineOptions<KernelOptions> {
  Option<std::string> chip{
      *this, "chip",
      llvm::cl::desc("Chip that kernels are made for, as sm_90a; empty: what "
                     "all have"),
      llvm::cl::init("")};
};

/// MLIR's canonicalizer but for a pattern that takes the shape that a loop's
/// value begins with for its shape in each iteration: values that grow would be
/// cast to it.
std::unique_ptr<mlir::Pass> createCanonicalizer();

/// Level 1 to level 2: every op that computes is in a planned `rac.group`.
void populatePlanPipeline(mlir::OpPassManager &pm, const PlanOptions &options);

/// Level 2 to linalg on tensors, one function a group.
void populateLinalgPipeline(mlir::OpPassManager &pm,
                            const LoweringOptions &options);

/// Linalg on tensors to loops on buffers, each buffer with its place.
void populateBufferPipeline(mlir::OpPassManager &pm,
                            const BufferOptions &options);

/// Kernels in a `gpu.module` to the LLVM and NVVM dialects.
void populateKernelPipeline(mlir::OpPassManager &pm,
                            const KernelOptions &options);

/// Kernels in a `gpu.module` to functions that the simulator calls.
void populateSimulatorPipeline(mlir::OpPassManager &pm,
                               const KernelOptions &options);

/// Loops on buffers to the LLVM dialect.
void populateLLVMPipeline(mlir::OpPassManager &pm,
                          const TranslationOptions &options);

void registerPipelines();
/// Every dialect, interface and extension that the stages need.
void registerDialects(mlir::DialectRegistry &registry);

} // namespace rac

#endif // RAC_PIPELINES_PIPELINES_H
