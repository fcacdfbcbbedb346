//===- Passes.td - What only NVPTX knows -----------------------*- tablegen -*-===//

#ifndef RAC_TARGET_NVPTX_PASSES
#define RAC_TARGET_NVPTX_PASSES

include "mlir/Pass/PassBase.td"

def GpuAttention : Pass<"rac-gpu-attention", "::mlir::func::FuncOp"> {
  let summary = "Make one kernel of two products with a softmax in between";
  let description = [{
    softmax(f(q k)) v, where f is elementwise and all that is between in f32: a block
    of threads has some rows of the result and goes over the columns of the scores,
    which stay in registers; while it uses some, the next are copied. Factors of f32
    are split in two numbers of tf32, so that tensor cores compute nearly as exactly
    as f32; those of f16 and bf16 are taken as they are, and the softmax is rounded to
    their type. Vectors are 8 to 128 elements, in eights, or of halves in sixteens.

    For sm_90a, halves that lie in memory as tensor cores read them are multiplied by
    four warps together, from shared memory, while the softmax of the next scores is
    computed. A plan's last two tiles and its stages are a block's rows, its columns at
    once, and the tiles of them on their way. Of a causal attention what comes after
    a block's rows is left out.
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"\"",
           "What kernels may use: sm_90a multiplies by four warps together">];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
      "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
      "::mlir::memref::MemRefDialect", "::mlir::nvgpu::NVGPUDialect", "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
      "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numKernels", "num-kernels", "Kernels made">];
}

def GpuTiles : Pass<"rac-gpu-tiles", "::mlir::func::FuncOp"> {
  let summary = "Make one kernel of ops that work on the same rows";
  let description = [{
    A softmax or a layer norm is several ops, some of which reduce each row and some
    of which compute its elements anew. They become one `gpu.launch`, in which a
    warp, a part of one, or a block has a row. What is known of a row, its threads
    have in registers, and so its elements, where a row's length is known and small
    enough; else they are read again, from the cache, for each reduction. Nothing in
    between goes to memory.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
      "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
      "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numKernels", "num-kernels", "Kernels made">];
}

def GpuIndependentLoops : Pass<"rac-gpu-independent-loops", "::mlir::func::FuncOp"> {
  let summary = "Make one kernel of a loop over an elementwise op whose threads needn't wait for each other";
  let description = [{
    A loop must run in order, as that over the updates of a scatter, but each element of
    its op only depends on the same element of the iterations before: a thread runs
    the loop for its element. The host would launch a kernel for each iteration, and
    read the device's memory for it.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
      "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
  let statistics = [
    Statistic<"numKernels", "num-kernels", "Loops that became kernels">];
}

def GpuContractions : Pass<"rac-gpu-contractions", "::mlir::func::FuncOp"> {
  let summary = "Turn matrix products and convolutions into kernels";
  let description = [{
    Each is taken as a matrix product whose rows, columns and depth are products of
    loops (implicit GEMM): a block of threads computes a tile of the result from
    tiles of the operands, which come through shared memory. An elementwise op that
    alone reads the result is computed on registers. An image that was copied into
    zeros is read without them.

    For sm_90a, blocks of a plan's `cluster` bring tiles of the operands that they share
    to each other, a part each. Chips without clusters refuse such a plan.
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"\"",
           "What kernels may use: sm_90a multiplies by four warps together">];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
      "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect",
      "::mlir::LLVM::LLVMDialect", "::mlir::nvgpu::NVGPUDialect", "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
      "::mlir::vector::VectorDialect",
      "::rac::RacDialect"];
  let statistics = [
    Statistic<"numKernels", "num-kernels", "Contractions that became kernels">,
    Statistic<"numLeft", "num-left", "Contractions left to rac-gpu-reductions">];
}

def GpuReductions : Pass<"rac-gpu-reductions", "::mlir::func::FuncOp"> {
  let summary = "Turn reductions into kernels";
  let description = [{
    Threads of a warp or of a block share the elements that become one, combine
    theirs in registers, then by shuffles and shared memory. Where the reduced
    elements don't lie side by side, threads run along those that do. Of a few
    results several blocks have a part each, which a second kernel combines.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
      "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
      "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numKernels", "num-kernels", "Reductions that became kernels">,
    Statistic<"numLeft", "num-left", "Reductions left to rac-gpu-loops">];
}

def GpuTransposes : Pass<"rac-gpu-transposes", "::mlir::func::FuncOp"> {
  let summary = "Turn elementwise ops that read an operand across its rows into kernels";
  let description = [{
    A block of threads reads a square of the operand along its rows into shared
    memory, and computes the result along the result's rows from there. Of narrow
    elements a thread has as many neighbours as 4 bytes hold.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
      "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
      "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
      "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numKernels", "num-kernels", "Ops that became kernels">];
}

def GpuElementwise : Pass<"rac-gpu-elementwise", "::mlir::func::FuncOp"> {
  let summary = "Turn elementwise ops and copies into kernels";
  let description = [{
    A thread computes neighbouring elements of the result, as many as 16 bytes hold
    where that is contiguous and aligned in the operands as well.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
      "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
      "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numKernels", "num-kernels", "Ops that became kernels">];
}

def GpuScans : Pass<"rac-gpu-scans", "::mlir::func::FuncOp"> {
  let summary = "Turn loops that carry a running sum into kernels";
  let description = [{
    Of a loop whose iterations each combine a term with what is carried, in any order,
    and store where no other does, or, of iterations that are counted, where the count
    says. Threads of a block compute the terms of a tile of its elements, and what comes
    before each of them by shuffles and shared memory, then do what else an iteration
    does. Neighbouring threads have neighbouring elements, or neighbouring rows, the
    iterations of a parallel loop around, where those lie side by side. Of a few long
    rows several blocks have a segment each, and a kernel before finds what each segment
    comes to.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
      "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
  let statistics = [
    Statistic<"numScans", "num-scans", "Loops that became kernels">,
    Statistic<"numKernels", "num-kernels", "Kernels made">];
}

def GpuLoops : Pass<"rac-gpu-loops", "::mlir::func::FuncOp"> {
  let summary = "Turn all that is left and touches memory into kernels";
  let description = [{
    Parallel loops run on threads, one iteration each, and so do loops of a
    sequential nest whose iterations don't touch what others write; what is
    sequential otherwise on one thread. Loops around either stay with the host, which knows their bounds; what
    it needs of the device's memory it reads with `rac.read`.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
      "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
      "::rac::RacDialect"];
  let statistics = [
    Statistic<"numParallel", "num-parallel", "Kernels of parallel loops">,
    Statistic<"numSequential", "num-sequential", "Kernels of one thread">];
}

def GpuInlineGroups : Pass<"rac-gpu-inline-groups", "::mlir::ModuleOp"> {
  let summary = "Make the groups' functions part of the entry function";
  let description = [{
    What a group keeps between its kernels then has its place in the arena like all
    else. Each `gpu.launch` keeps the group's name, as `rac.group`.
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect"];
}

def GpuChecks : Pass<"rac-gpu-checks", "::mlir::func::FuncOp"> {
  let summary = "Let kernels assert what the host would read memory for";
  let description = [{
    An assertion that all elements of a buffer fulfil a condition, as that indices
    lie inside of what they index, is made by a thread for each, and the host
    needn't wait for it.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
      "::mlir::cf::ControlFlowDialect", "::mlir::gpu::GPUDialect",
      "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
  let statistics = [
    Statistic<"numChecks", "num-checks", "Assertions that kernels make">];
}

def GpuShapes : Pass<"rac-gpu-shapes", "::mlir::func::FuncOp"> {
  let summary = "Take the shapes of reshapes from values instead of memory";
  let description = [{
    A `memref.reshape` reads its shape from memory that the host has no access to.
    It becomes a `rac.block` with the sizes that were stored there, or that
    `rac.read` gives. What else loads a size that was stored there is given it, too.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::rac::RacDialect"];
}

def GpuOverlap : Pass<"rac-gpu-overlap", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Let kernels be launched while the one before them ends";
  let description = [{
    From sm_90 on (programmatic dependent launch): a kernel begins by waiting until the
    one before it has ended and its writes are seen (`nvvm.griddepcontrol`), and then
    says that the next may be launched, which waits in turn. What a launch takes, and
    blocks take to start, passes meanwhile. A kernel's `rac.overlaps` tells who
    launches it that it waits by itself.
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"\"", "What kernels may use">];
  let dependentDialects = ["::mlir::NVVM::NVVMDialect"];
  let statistics = [Statistic<"numOverlapping", "num-overlapping", "Kernels that wait by themselves">];
}

def GpuFloat8 : Pass<"rac-gpu-float8", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Convert floats of 8 bits by the instructions of chips that have them";
  let description = [{
    From sm_89 on two neighbours at a time become f8E4M3FN (`nvvm.convert.f32x2.to.f8x2`), or
    f16 from it. A selection that keeps a number within what the type has is the
    instruction's. `rac-expand-math` converts what stays.
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"\"", "What kernels may use">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
      "::mlir::NVVM::NVVMDialect", "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numConverted", "num-converted", "Conversions by instructions">];
}

def GpuMath : Pass<"rac-gpu-math", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Lower the math functions that GPUs have instructions for";
  let description = [{
    What stays becomes a call of NVIDIA's libdevice, and is a function of f64 since
    `rac-expand-math` computes the others by polynomials.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def GpuMma : Pass<"rac-gpu-mma", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Lower what upstream doesn't of products on tensor cores";
  let description = [{
    `nvgpu.mma.sync` of bf16 becomes `nvvm.mma.sync`, which upstream's lowering of
    nvgpu doesn't know for that type. Slices of fragments become their registers.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
      "::mlir::vector::VectorDialect"];
}

def GpuOutline : Pass<"rac-gpu-outline", "::mlir::ModuleOp"> {
  let summary = "Move kernels into a gpu.module, and launch them by rac.launch";
  let description = [{
    Equal kernels become one. Where a kernel asserts, it writes the number of the
    message to `rac.kernel_status` and its thread ends. Kernels that access memory
    where other memory says do nothing once one has failed.
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
      "::mlir::NVVM::NVVMDialect", "::rac::RacDialect"];
}

def GpuTensorMaps : Pass<"rac-gpu-tensor-maps", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Kernels take tensor maps as values, which the copy unit reads where they are";
  let description = [{
    After kernels have become functions of the LLVM dialect: a pointer that is
    aligned as a tensor map (`rac.tensor_map`) becomes 128 bytes of the kernel's
    parameters that nobody writes to.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

def GpuToSimulator : Pass<"rac-gpu-to-simulator", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Turn kernels into functions of the host that run one thread";
  let description = [{
    A function takes the simulator's thread, the thread's number along x and the
    kernel's parameters. Barriers, shuffles and what else threads do together are
    calls of rac-c/Simulator.h. All memory is the host's; what a block shares lies
    where the thread says. What a kernel loads and stores it asserts to lie inside of
    its buffers.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
      "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
      "::mlir::memref::MemRefDialect", "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numKernels", "num-kernels", "Kernels turned into functions">];
}

#endif // RAC_TARGET_NVPTX_PASSES
