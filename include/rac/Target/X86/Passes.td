//===- Passes.td - What only x86 knows -------------------------*- tablegen -*-===//

#ifndef RAC_TARGET_X86_PASSES
#define RAC_TARGET_X86_PASSES

include "mlir/Pass/PassBase.td"

def LowerLibraryGroups : Pass<"rac-lower-library-groups", "::mlir::func::FuncOp"> {
  let summary = "Lower functions that are planned as library calls";
  let description = [{
    In a function whose `rac.plan` says `library`, a contraction and the elementwise
    ops after it become one `rac.library_call` with post-ops; transposes around a
    matmul become permuted views. What the library can't fuse is an error: the plan
    promised one call.
  }];
  let dependentDialects = ["::rac::RacDialect"];
}

def PackWeights : Pass<"rac-pack-weights", "::mlir::ModuleOp"> {
  let summary = "Store constant weights in the layout that the library prefers";
  let description = [{
    Applies to functions that make one library call whose weights are a constant
    `rac.constant` in every call of the function. Dynamic dimensions count as
    `typical-size` when the library is asked what it prefers.
  }];
  let options = [
    Option<"typicalSize", "typical-size", "int64_t", "64",
           "Stands for a dynamic dimension">,
    Option<"threads", "threads", "int32_t", "1",
           "Threads that the model will run on">];
  let dependentDialects = ["::rac::RacDialect"];
  let statistics = [
    Statistic<"numPacked", "num-packed", "Weights that were packed">,
    Statistic<"numPlain", "num-plain", "Weights left as they were">];
}

#endif // RAC_TARGET_X86_PASSES
