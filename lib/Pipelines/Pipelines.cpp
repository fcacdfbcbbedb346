//===- Pipelines.cpp - From a model to the LLVM dialect -------------------===//

#include "rac/Pipelines/Pipelines.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "rac/Cost/InPlace.h"
#include "rac/Lowering/Passes.h"
#include "rac/Target/NVPTX/Passes.h"
#include "rac/Target/X86/Passes.h"
#include "rac/Transforms/Passes.h"

using namespace mlir;
using namespace rac;

static void addCleanup(OpPassManager &pm) {
  pm.addPass(createCanonicalizer());
  pm.addPass(createCSEPass());
}

void rac::populateLinalgPipeline(OpPassManager &pm,
                                 const LoweringOptions &options) {
  OutlineGroupsOptions outline;
  outline.profile = options.profile;
  pm.addPass(createOutlineGroups(outline));
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(createLowerLibraryGroups());
  if (options.packWeights) {
    PackWeightsOptions pack;
    pack.threads = options.threads;
    pm.addPass(createPackWeights(pack));
  }
  RacToLinalgOptions linalg;
  linalg.keepSubnormals = options.accelerator; // which has no trouble with them
  linalg.loopWindows = !options.accelerator;
  linalg.manyThreads = options.accelerator;
  linalg.fixedPoint = !options.accelerator && !options.scalable &&
                      llvm::any_of(options.dots, [](StringRef dot) {
                        return dot.starts_with("u8:s8:");
                      });
  pm.addPass(createRacToLinalg(linalg));
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(createFuseElementwise());
  addCleanup(pm);
  PackConstantsOptions panels;
  panels.vectorBits = options.vectorBits;
  panels.scalable = options.scalable;
  panels.registers = options.registers;
  panels.multiplyAdds = options.multiplyAdds;
  llvm::append_range(panels.dots, options.dots);
  panels.panels = !options.accelerator;
  pm.addPass(createPackConstants(panels));
  if (options.accelerator)
    return addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(createSplitSums());
  pm.addNestedPass<func::FuncOp>(createTileGroups());
  addCleanup(pm);
}

/// From linalg on buffers to launches of kernels.
static void addKernels(OpPassManager &pm, const BufferOptions &options) {
  pm.addNestedPass<func::FuncOp>(createCopiesToLinalg());
  pm.addNestedPass<func::FuncOp>(createGpuShapes());
  pm.addNestedPass<func::FuncOp>(createGpuChecks());
  GpuAttentionOptions attention;
  attention.chip = options.accelerator;
  pm.addNestedPass<func::FuncOp>(createGpuAttention(attention));
  pm.addNestedPass<func::FuncOp>(createGpuTiles());
  pm.addNestedPass<func::FuncOp>(createForallToParallelLoopPass());
  pm.addNestedPass<func::FuncOp>(createGpuIndependentLoops());
  GpuContractionsOptions contractions;
  contractions.chip = options.accelerator;
  pm.addNestedPass<func::FuncOp>(createGpuContractions(contractions));
  pm.addNestedPass<func::FuncOp>(createGpuReductions());
  pm.addNestedPass<func::FuncOp>(createGpuTransposes());
  pm.addNestedPass<func::FuncOp>(createGpuElementwise());
  pm.addPass(createConvertLinalgToParallelLoopsPass());
  pm.addPass(createLowerAffinePass());
  pm.addNestedPass<func::FuncOp>(createWrapSizes());
  pm.addNestedPass<func::FuncOp>(createGpuScans());
  pm.addNestedPass<func::FuncOp>(createGpuLoops());
  pm.addPass(createGpuInlineGroups());
  addCleanup(pm);
  PlanMemoryOptions memory;
  memory.assumedDim = options.assumedDim;
  pm.addPass(createPlanMemory(memory));
  addCleanup(pm);
  pm.addPass(createGpuOutline());
}

/// What kernels are on a chip: its arithmetic, and how they follow each other.
static OpPassManager &addChipSpecific(OpPassManager &pm,
                                      const KernelOptions &options) {
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  GpuFloat8Options float8;
  float8.chip = options.chip;
  kernels.addNestedPass<gpu::GPUFuncOp>(createGpuFloat8(float8));
  kernels.addNestedPass<gpu::GPUFuncOp>(createExpandMath());
  GpuOverlapOptions overlap;
  overlap.chip = options.chip;
  kernels.addNestedPass<gpu::GPUFuncOp>(createGpuOverlap(overlap));
  return kernels;
}

void rac::populateKernelPipeline(OpPassManager &pm,
                                 const KernelOptions &options) {
  OpPassManager &kernels = addChipSpecific(pm, options);
  kernels.addPass(memref::createExpandStridedMetadataPass());
  kernels.addPass(createLowerAffinePass());
  kernels.addPass(createGpuMath());
  // As far as a pass knows of one kernel alone, several run at a time.
  OpPassManager &each = kernels.nest<gpu::GPUFuncOp>();
  each.addPass(arith::createArithExpandOpsPass());
  addCleanup(each);
  kernels.addPass(createGpuMma());
  kernels.addNestedPass<gpu::GPUFuncOp>(createSCFToControlFlowPass());
  kernels.addPass(createConvertNVGPUToNVVMPass());
  kernels.addPass(createConvertGpuOpsToNVVMOps());
  kernels.addPass(createGpuTensorMaps());
  kernels.addPass(createConvertNVVMToLLVMPass());
  kernels.addPass(createReconcileUnrealizedCastsPass());
  addCleanup(kernels.nest<LLVM::LLVMFuncOp>());
}

void rac::populateSimulatorPipeline(OpPassManager &pm,
                                    const KernelOptions &options) {
  OpPassManager &kernels = addChipSpecific(pm, options);
  kernels.addPass(createConvertVectorToSCFPass());
  kernels.addPass(memref::createExpandStridedMetadataPass());
  kernels.addPass(createLowerAffinePass());
  kernels.addPass(arith::createArithExpandOpsPass());
  kernels.addPass(createSCFToControlFlowPass());
  addCleanup(kernels);
  kernels.addPass(createGpuToSimulator());
  kernels.addPass(createReconcileUnrealizedCastsPass());
}

void rac::populateBufferPipeline(OpPassManager &pm,
                                 const BufferOptions &options) {
  pm.addPass(createSeparateEmpties());
  pm.addNestedPass<func::FuncOp>(createSeparateFills());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  pm.addNestedPass<func::FuncOp>(createLoopsInPlace());
  bufferization::OneShotBufferizePassOptions oneShot;
  oneShot.bufferizeFunctionBoundaries = true;
  oneShot.allowReturnAllocsFromLoops = true;
  oneShot.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(oneShot));
  // A loop that carries a buffer through gives that buffer.
  pm.addPass(createCanonicalizer());
  pm.addPass(bufferization::createDropEquivalentBufferResultsPass());
  pm.addPass(createBindEntry());
  pm.addPass(createInlineCopies());
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  addCleanup(pm);
  // Now that loops carry no buffer that stays the same.
  pm.addPass(bufferization::createDropEquivalentBufferResultsPass());
  CopiesInPlaceOptions copies;
  LoopCopiesOptions loopCopies;
  CollectWeightsOptions weights;
  if (!options.accelerator.empty()) {
    copies.alignment = loopCopies.alignment = nvptx::kBufferAlignment;
    // The cost model's word for it.
    static_assert(nvptx::kBufferAlignment == kGpuAccessBytes);
    // An accelerator doesn't see what lies in the host's code.
    weights.minBytes = 0;
  }
  pm.addPass(createCopiesInPlace(copies));
  pm.addNestedPass<func::FuncOp>(createLoopCopies(loopCopies));
  pm.addPass(createCollectWeights(weights));
  if (!options.accelerator.empty())
    return addKernels(pm, options);
  PlanMemoryOptions memory;
  memory.assumedDim = options.assumedDim;
  memory.threads = options.threads;
  pm.addPass(createPlanMemory(memory));
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(createForallToParallelLoopPass());
  pm.addNestedPass<func::FuncOp>(createCopiesToLinalg());
  pm.addNestedPass<func::FuncOp>(createCollapseLoops());
  VectorizeLinalgOptions vectors;
  vectors.vectorBits = options.vectorBits;
  vectors.scalable = options.scalable;
  vectors.registers = options.registers;
  vectors.multiplyAdds = options.multiplyAdds;
  llvm::append_range(vectors.dots, options.dots);
  pm.addNestedPass<func::FuncOp>(createVectorizeLinalg(vectors));
  pm.addPass(createConvertLinalgToParallelLoopsPass());
  pm.addPass(createLowerAffinePass());
  pm.addNestedPass<func::FuncOp>(createWrapSizes());
  DistributeLoopsOptions distribution;
  distribution.threads = options.threads;
  pm.addNestedPass<func::FuncOp>(createDistributeLoops(distribution));
  pm.addNestedPass<func::FuncOp>(bufferization::createBufferLoopHoistingPass());
  pm.addNestedPass<func::FuncOp>(createKernelMemory());
  addCleanup(pm);
}

void rac::populateLLVMPipeline(OpPassManager &pm,
                               const TranslationOptions &options) {
  pm.addNestedPass<func::FuncOp>(createExpandMath());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addNestedPass<func::FuncOp>(createWrapSizes());
  // Else LLVM would call functions that no library of ours has.
  arith::ArithExpandOpsPassOptions expansion;
  expansion.includeBf16 = !options.castsBf16;
  pm.addPass(arith::createArithExpandOpsPass(expansion));
  pm.addPass(createOutlineParallel());
  addCleanup(pm);
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createRacToLLVM());
  pm.addPass(createReconcileUnrealizedCastsPass());
  addCleanup(pm);
}

void rac::registerPipelines() {
  PassPipelineRegistration<PlanOptions>(
      "rac-pipeline-plan", "Level 1 to planned groups", populatePlanPipeline);
  PassPipelineRegistration<LoweringOptions>(
      "rac-pipeline-linalg", "Planned groups to linalg on tensors",
      populateLinalgPipeline);
  PassPipelineRegistration<BufferOptions>(
      "rac-pipeline-buffers", "Linalg on tensors to loops on buffers",
      populateBufferPipeline);
  PassPipelineRegistration<KernelOptions>(
      "rac-pipeline-kernels", "Kernels to the LLVM and NVVM dialects",
      populateKernelPipeline);
  PassPipelineRegistration<KernelOptions>(
      "rac-pipeline-simulator", "Kernels to functions that the simulator calls",
      populateSimulatorPipeline);
  PassPipelineRegistration<TranslationOptions>(
      "rac-pipeline-llvm", "Loops on buffers to the LLVM dialect",
      populateLLVMPipeline);
}
