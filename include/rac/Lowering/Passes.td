//===- Passes.td - From planned groups to LLVM -----------------*- tablegen -*-===//

#ifndef RAC_LOWERING_PASSES
#define RAC_LOWERING_PASSES

include "mlir/Pass/PassBase.td"

def OutlineGroups : Pass<"rac-outline-groups", "::mlir::ModuleOp"> {
  let summary = "Turn each group into a function that writes its results into given tensors";
  let description = [{
    Each `rac.group` becomes a call of a private function named after it, with the
    group's plan as attribute `rac.plan`. The function takes the group's operands
    and then one destination per result. Groups of equal body and plan share a
    function. A result whose shape only the run can tell has no destination. What
    public functions take is their caller's, and not to be written.
  }];
  let options = [Option<"profile", "profile", "bool", "false",
                        "Put rac.profile around each call">];
  let dependentDialects = ["::mlir::affine::AffineDialect",
      "::mlir::bufferization::BufferizationDialect", "::mlir::func::FuncDialect",
      "::mlir::tensor::TensorDialect"];
}

def RacToLinalg : Pass<"rac-lower-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower level-1 ops to linalg, tensor, arith, math and scf on tensors";
  let description = [{
    Unsigned tensors become signless and i1 tensors i8 tensors of 0 and 1, since
    vectors of i1 are packed in memory and tensors of it are not.
  }];
  let options = [
    Option<"keepSubnormals", "keep-subnormals", "bool", /*default=*/"false",
           "Keep a softmax's subnormal numbers; else they are zeros, since cores are slow with them">,
    Option<"loopWindows", "loop-windows", "bool", /*default=*/"false",
           "Pools of a padded input loop over their windows; else they combine slices of it, element by element">,
    Option<"fixedPoint", "fixed-point", "bool", /*default=*/"false",
           "Sum products of one row with weights of 4 bits in integers, for targets that multiply bytes four at once">,
    Option<"manyThreads", "many-threads", "bool", /*default=*/"false",
           "For thousands of threads: scans loop over the elements of each row, all rows in parallel, and non_zero over all elements at once, not over slices; sorts and scatters are steps that threads share, though more work than a loop in order">,
  ];
  let dependentDialects = ["::mlir::affine::AffineDialect",
      "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
      "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
      "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"];
}

def FuseElementwise : Pass<"rac-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "Let linalg ops share loops where nothing is computed more often for it";
  let description = [{
    Upstream's fusion of elementwise linalg ops, with a limit: what computes is not
    drawn into a reduction that would repeat it, as a softmax's division would be
    for each column of the product that follows. Views of empty tensors become
    empty tensors.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
      "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
      "::mlir::tensor::TensorDialect"];
}

def PackConstants : Pass<"rac-pack-constants", "::mlir::ModuleOp"> {
  let summary = "Store constant operands of generated contractions in the order they are read";
  let description = [{
    An operand of a reduction that is the same constant argument in all calls, and
    along which lanes run, is laid out anew: in panels as wide as a register tile,
    each with the reduction's loops outside and the lanes inside, the last one
    filled up with zeros. Where some of the `dots` multiply such types, as many
    terms of the innermost reduction as the cheapest adds lie side by side for each lane. Matrix products and filters of
    convolutions are read contiguously then.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "512",
           "Bits of a register; of scalable ones, the least there may be">,
    Option<"scalable", "scalable", "bool", "false", "Registers are scalable">,
    Option<"registers", "registers", "int64_t", "32", "Vector registers there are">,
    Option<"multiplyAdds", "multiply-adds", "int64_t", "2",
           "Multiply-adds of registers that a core starts in a clock">,
    ListOption<"dots", "dots", "std::string",
               "Instructions for sums of a few products, as s8:u8:INTRINSIC; 2xs8:… for blocks of two rows and columns">,
    Option<"panels", "panels", "bool", "true",
           "Lanes are cut into panels; else an operand is only read in order, along lanes or terms, of bytes along terms">];
  let statistics = [
    Statistic<"numPacked", "num-packed", "Operands laid out anew">,
    Statistic<"numPlain", "num-plain", "Operands that aren't constant in all calls">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect"];
}

def TileGroups : Pass<"rac-tile-groups", "::mlir::func::FuncOp"> {
  let summary = "Tile the loop nest of a generated group as its plan says, and fuse into it";
  let description = [{
    The plan's `tiles` are sizes for the dimensions of the group's first result, 0
    for a dimension that stays whole. The op that computes that result is tiled into
    an `scf.forall`, and what it needs is computed tile by tile inside of it. The
    plan's `reduction` blocks the loops of the one op that reduces; `order` is that
    of the loops over all these tiles. Those of the result from the first block of
    a reduction on are inside of its loop, which runs in order. Without `order` the
    blocks are innermost. What can't be carried out is an error.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
      "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
      "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numTiled", "num-tiled", "Groups tiled">,
    Statistic<"numUntiled", "num-untiled", "Groups whose tiles could not be carried out">];
}

def SplitSums : Pass<"rac-split-sums", "::mlir::func::FuncOp"> {
  let summary = "Add up the sums of a generated group in parts, as its plan says";
  let description = [{
    Where the plan has a `split`, the outermost loop that the one reducing op of the
    group goes over is cut in so many equal parts. The sums of all parts are a loop
    nest of their own, over parts first, which threads share; then the parts are
    added up, in order. So the result is the same on any number of threads. What
    can't be cut is an error, as are sums of a number that only the run knows. Plans with `warps` are those of a GPU's kernels.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
      "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numSplit", "num-split", "Sums in parts">];
}

def SeparateEmpties : Pass<"rac-separate-empties", "::mlir::ModuleOp"> {
  let summary = "Give each result of the entry function, and of any op, an empty tensor of its own";
  let description = [{
    Common subexpressions are one, empty tensors too. Bufferization would give all
    results that start with it one buffer, in use from the first to the last of
    them. Each gets its own, directly before what writes it: memory is in use from
    where a buffer is made. An example: of `%0 = f(%empty)` and, long after, `%1 =
    g(%empty)` the first keeps its memory no longer until `%1` is read.

    In other functions, an op that begins two results with the same empty tensor gets
    another one: bufferization lets both results of an `scf.forall` be one buffer.
  }];
  let statistics = [Statistic<"numSeparated", "num-separated", "Empty tensors added">];
}

def SeparateFills : Pass<"rac-separate-fills", "::mlir::func::FuncOp"> {
  let summary = "Give each op that starts with a fill one of its own";
  let description = [{
    Common subexpressions are one, fills too: two sums of one shape start with the
    same zeros. Bufferization would keep these in memory and copy them to where the
    sums are. A fill of one op alone is no memory: `rac-vectorize-linalg` begins
    with its value in registers, and goes on there with what is done with the sum. So
    that it can, such a sum doesn't begin in an empty tensor that other ops start with,
    too: one buffer would be all of theirs.
  }];
  let statistics = [Statistic<"numSeparated", "num-separated", "Fills added">];
}

def LoopsInPlace : Pass<"rac-loops-in-place", "::mlir::func::FuncOp"> {
  let summary = "Leave the result of a loop that runs on the destination where it is";
  let description = [{
    `eliminate-empty-tensors` lets a loop start with the destination that its result
    is then materialized in. That says the same twice, and bufferization, which does
    not know yet that the loop stays in place, calls it a conflict.
  }];
}

def BindEntry : Pass<"rac-bind-entry", "::mlir::ModuleOp"> {
  let summary = "Take the model's inputs and outputs from the runtime";
  let description = [{
    The entry function's memref arguments become `rac.input_buffer`s and the
    memrefs it returns are written into `rac.output_buffer`s, so that it takes
    and returns nothing.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::rac::RacDialect"];
}

def InlineCopies : Pass<"rac-inline-copies", "::mlir::ModuleOp"> {
  let summary = "Bring copies of dense parts of buffers into the entry function";
  let description = [{
    A kernel that does nothing but copy, and at least once to or from a part of a
    buffer that may be dense, is what became of a slice or a concatenation of whole
    rows. Its copies take the place of its calls in the entry function, where
    `rac-copies-in-place` finds them, and `rac-loop-copies` those in its loops.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numInlined", "num-inlined", "Calls replaced by copies">];
}

def CopiesInPlace : Pass<"rac-copies-in-place", "::mlir::ModuleOp"> {
  let summary = "Let buffers of the entry function be parts of others instead of copies from or to them";
  let description = [{
    A buffer that is copied into a dense part of another, as one operand of a
    concatenation is, becomes that part (`rac.block`), so that whoever computes it
    writes it there. A buffer that is a copy of a dense part of another and is only
    read becomes that part, where that keeps no memory of the arena any longer.
    What is written in the meantime, or can't be shown to lie inside and apart from
    other parts, remains a copy.
    A part may begin at any element; with `alignment` only at a known multiple of so many
    bytes, as kernels take for granted that read and write 16 at once.
    A library call whose first post-op adds a buffer that nobody looks at later writes
    its result over that.
  }];
  let options = [Option<"alignment", "alignment", "int64_t", "1",
                        "Bytes, of which each part's place in its buffer is a multiple">];
  let dependentDialects = ["::mlir::affine::AffineDialect",
      "::mlir::arith::ArithDialect", "::rac::RacDialect"];
  let statistics = [
    Statistic<"numWritten", "num-written", "Buffers written where they would be copied to">,
    Statistic<"numRead", "num-read", "Buffers read where they would be copied from">,
    Statistic<"numCopies", "num-copies", "Copies that remain">];
}

def LoopCopies : Pass<"rac-loop-copies", "::mlir::func::FuncOp"> {
  let summary = "Let buffers of a loop's iterations be parts of buffers that were there before";
  let description = [{
    What an iteration only reads, and was copied from a dense part of another buffer, it
    reads there. What it copies into such a part, it computes there. A state that the
    loop carries to its next iteration, and keeps of each step, is read where it is
    kept, if the part is another in each iteration: the loop's counter, or what differs
    from it by an offset, says which of a dimension it is.
    A part begins at a known multiple of `alignment` bytes, as in `rac-copies-in-place`.
  }];
  let options = [Option<"alignment", "alignment", "int64_t", "1",
                        "Bytes, of which each part's place in its buffer is a multiple">];
  let dependentDialects = ["::mlir::affine::AffineDialect",
      "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::rac::RacDialect"];
  let statistics = [
    Statistic<"numWritten", "num-written", "Buffers written where they would be copied to">,
    Statistic<"numRead", "num-read", "Buffers read where they would be copied from">];
}

def PlanMemory : Pass<"rac-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Give every buffer of the entry function a place in one arena";
  let description = [{
    Buffers whose lifetimes don't overlap share memory. Static sizes are packed by
    decreasing size; dynamic ones share slots whose sizes the entry function
    computes first. A buffer whose size depends on data, or that lives from one
    loop iteration to the next, comes from `rac.heap`. The static part of the
    arena's size is left on the entry function as `rac.arena_bytes`, and a function
    `@rac_arena_size` computes the whole size from the input shapes, where they
    alone determine it. Both fail the run where a size would be negative. What is
    in use at which step is left as `rac.timeline` (MemoryTimeline.h), for reports.
    With several `threads` buffers move to where each thread writes over more of
    what it touched last itself, within the same arena.
  }];
  let options = [Option<"assumedDim", "assumed-dim", "int64_t", "64",
                        "In the timeline, what each size is taken as that only the run knows">,
                 Option<"threads", "threads", "int64_t", "1",
                        "Threads that the model will run on">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
      "::mlir::cf::ControlFlowDialect", "::mlir::func::FuncDialect",
      "::rac::RacDialect"];
  let statistics = [
    Statistic<"numStatic", "num-static", "Buffers with a fixed offset">,
    Statistic<"numDynamic", "num-dynamic", "Buffers with a computed offset">,
    Statistic<"numHeap", "num-heap", "Buffers left to the heap">];
}

def CollectWeights : Pass<"rac-collect-weights", "::mlir::ModuleOp"> {
  let summary = "Give every large constant an offset in the weights";
  let description = [{
    Constants of at least `min-bytes` leave the code: uses become `rac.weights` at
    an offset, and the globals that hold the data get that offset as attribute
    `rac.offset`, for whoever writes the weights.
  }];
  let options = [Option<"minBytes", "min-bytes", "int64_t", "64",
                        "Smaller constants stay in the code (B)">];
  let dependentDialects = ["::rac::RacDialect"];
}

def CopiesToLinalg : Pass<"rac-copies-to-linalg", "::mlir::func::FuncOp"> {
  let summary = "Turn memref.copy into linalg, to run on several threads like other loops";
  let description = [{
    What stayed a `memref.copy` between strided views would be a call of MLIR's own
    runtime library, which compiled models don't have. A copy of a buffer to itself
    is none.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def CollapseLoops : Pass<"rac-collapse-loops", "::mlir::func::FuncOp"> {
  let summary = "Make one loop of parallel loops that run over one piece of memory";
  let description = [{
    A 1x1 convolution's rows and columns, or a batch and its rows where all of it is
    multiplied with the same weights: as one loop they fill tiles of registers
    better. The elementwise op that alone reads the result is collapsed with it. So do the
    pixels of an image whose channels move from last to first.
  }];
  let statistics = [
    Statistic<"numCollapsed", "num-collapsed", "Reductions with fewer loops">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
      "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect"];
}

def VectorizeLinalg : Pass<"rac-vectorize-linalg", "::mlir::func::FuncOp"> {
  let summary = "Turn linalg ops on buffers into loops over vectors";
  let description = [{
    One loop along which all operands are contiguous becomes lanes: a parallel one,
    or a reduction whose lanes combine at the end. Where vectors serve several rows
    of the result, a tile of rows and vectors stays in registers while the
    reductions run, as in a matrix product; an elementwise op that alone reads the
    result, or writes its own in that one's place, is computed on that tile. The
    plan's `registers` name the tile, rows and vectors; without, it is what `chooseRegisterTile` says. An operand may be in
    panels, read at (n floordiv P, ..., n mod P): lanes then stay within one.
    What writes in another order than it reads transposes square blocks of registers, before or after it
    computes: the narrower ones; scalable vectors
    gather what lies apart. Panels may hold a few terms of each lane side by side
    (`rac-pack-constants`), which one of the `dots` then multiplies and adds, for a lane or for a block of two rows by two
    columns. What is left at the end of rows is
    masked, so that no loop is scalar. What a target's vectors are like is said by
    the options; scalable vectors take the same way. A window's op whose input is copied
    into the middle of a constant that adds nothing (zeros for sums) reads the input itself and leaves out what is
    outside; tiles that reach over a border have code of their own. Ops that don't fit stay as
    they are, and with `remarks` say why.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "512",
           "Bits of a register; of scalable ones, the least there may be">,
    Option<"scalable", "scalable", "bool", "false", "Registers are scalable">,
    Option<"registers", "registers", "int64_t", "32", "Vector registers there are">,
    Option<"multiplyAdds", "multiply-adds", "int64_t", "2",
           "Multiply-adds of registers that a core starts in a clock">,
    ListOption<"dots", "dots", "std::string",
               "Instructions for sums of a few products, as s8:u8:INTRINSIC; 2xs8:… for blocks of two rows and columns">,
    Option<"remarks", "remarks", "bool", "false", "Say which ops stay scalar, and why">];
  let statistics = [
    Statistic<"numVectorized", "num-vectorized", "Ops that became loops over vectors">,
    Statistic<"numEpilogues", "num-epilogues", "Elementwise ops computed on another's registers">,
    Statistic<"numInPlace", "num-in-place", "Ops that read an input without its padding">,
    Statistic<"numScalar", "num-scalar", "Ops left as they were">];
  let dependentDialects = ["::mlir::affine::AffineDialect",
      "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
      "::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect",
      "::mlir::vector::VectorDialect"];
}

def DistributeLoops : Pass<"rac-distribute-loops", "::mlir::func::FuncOp"> {
  let summary = "Run parallel loops on several threads";
  let description = [{
    An outermost `scf.parallel` becomes a `rac.parallel_for` over its first
    dimensions, flattened until each of several threads has enough iterations,
    around a sequential nest, whose lengths stay constants; the last dimension
    stays whole for vectors unless it is the only one. Chunks are large enough to
    be worth waking a thread for. Parallel loops inside other loops, and those of
    one iteration, become sequential. Where the loop has an attribute `rac.shared_from`, threads share its
    dimensions from that one on, and each runs through those before it in whole.
  }];
  let options = [Option<"threads", "threads", "int64_t", "0",
                        "Threads that the model will run on; 0: not known">,
                 Option<"minWork", "min-work", "int64_t", "16384",
                        "Least scalar operations in a chunk">,
                 Option<"minPlannedWork", "min-planned-work", "int64_t", "4096",
                        "The same where a plan says that threads share the group">];
  let dependentDialects = ["::mlir::affine::AffineDialect",
      "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect", "::rac::RacDialect"];
}

def ExpandMath : InterfacePass<"rac-expand-math", "::mlir::FunctionOpInterface"> {
  let summary = "Compute exp, tanh, erf, pow and the like by polynomials";
  let description = [{
    What stays an op would be a call of libm in the hot loop, on one number at a time. Results
    are within 2 units in the last place of f32, of narrower types too: those are computed in f32. f64
    stays.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def KernelMemory : Pass<"rac-kernel-memory", "::mlir::func::FuncOp"> {
  let summary = "Take the temporary buffers of kernels from the stack or from scratch memory";
  let description = [{
    In every function but the entry, a `memref.alloc` of a fixed size up to
    `max-stack` becomes a `memref.alloca`; others a `rac.scratch`, or `rac.heap`
    where the buffer is returned.
  }];
  let options = [Option<"maxStack", "max-stack", "int64_t", "4096",
                        "Largest buffer on the stack (B)">];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::rac::RacDialect"];
}

def WrapSizes : Pass<"rac-wrap-sizes", "::mlir::func::FuncOp"> {
  let summary = "Let the arithmetic of sizes wrap round";
  let description = [{
    `lower-affine` says of products that they never overflow, of which LLVM makes
    use. That holds of indices within tensors, but not of sizes that a
    run gives, which are checked only once they are computed. Outside of loops, and
    in the whole entry, they may overflow.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def OutlineParallel : Pass<"rac-outline-parallel", "::mlir::ModuleOp"> {
  let summary = "Give functions the context and move parallel bodies into their own";
  let description = [{
    Every function and call gets the context, a pointer, as first argument. The body
    of each `rac.parallel_for` becomes a function of context, environment and range,
    and the op a call of the runtime; values from outside go through a struct on the
    caller's stack.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect"];
}

def RacToLLVM : Pass<"rac-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Lower everything to the LLVM dialect, runtime ops to calls of the runtime";
  let description = [{
    Runs after `rac-outline-parallel`: the context is each function's first argument.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // RAC_LOWERING_PASSES
