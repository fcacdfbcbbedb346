//===- PlanOps.td - Level 2: how a model shall run -------------*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_PLAN
#define RAC_DIALECT_RAC_IR_PLAN

include "mlir/IR/AttrTypeBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "rac/Dialect/Rac/IR/RacBase.td"
include "rac/Dialect/Rac/IR/SearchAttrs.td"

def Rac_KernelKind : I32EnumAttr<"KernelKind", "who computes a group", [
    I32EnumAttrCase<"generated", 0>, I32EnumAttrCase<"library", 1>]> {
  let cppNamespace = "::rac";
}

def Rac_JoulesOrigin : I32EnumAttr<"JoulesOrigin", "where a predicted energy comes from", [
    I32EnumAttrCase<"modelled", 0>, I32EnumAttrCase<"tdp", 1>]> {
  let cppNamespace = "::rac";
}

def Rac_CostAttr : AttrDef<Rac_Dialect, "Cost"> {
  let mnemonic = "cost";
  let summary = "Predicted cost of one run of a group.";
  let description = [{
    Seconds in s, joules in J, flops in FLOP, bytes in B: what crosses each
    memory level, nearest first, the last being main memory. `in` gives the least
    and the most that the coefficients' uncertainty allows; without it the number
    is exact. Joules are left out where they are unknown; `tdp` marks an upper
    bound: all the power that the device may take.

    ```mlir
    #rac.cost<seconds = 1.0e-3 in [8.0e-4, 1.5e-3], joules = 2.0e-2 tdp, flops = 1.0e6,
              bytes = [L1d = 65536.0, DRAM = 4096.0]>
    ```
  }];
  let parameters = (ins
      "::rac::Interval":$seconds,
      OptionalParameter<"::std::optional<::rac::Interval>">:$joules,
      DefaultValuedParameter<"::rac::JoulesOrigin", "::rac::JoulesOrigin::modelled">:$joulesOrigin,
      "::rac::Real":$flops,
      OptionalArrayRefParameter<"::rac::LevelBytes">:$bytes);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Bytes to and from main memory, B.
    double getMemoryBytes() const {
      return getBytes().empty() ? 0 : getBytes().back().bytes;
    }
  }];
}

def Rac_PlanAttr : AttrDef<Rac_Dialect, "Plan"> {
  let mnemonic = "plan";
  let summary = "How a group runs: everything lowering needs to know.";
  let description = [{
    `threads` 0 means as many as the context has. `precision` is the type that the
    group's main op multiplies in, and where it multiplies nothing, the type that
    its tensors travel in (docs/Precision.md). What types of 8 bits take beside:

    - `activation`: of i8, the steps that the main op's first operand is rounded
      to, `!quant.uniform<u8:f32, scale:zero>` or i8, for the whole tensor (of
      f8E4M3FN `!quant.uniform<i8:f32, scale>`, what 1.0 stands for), or
      `!quant.uniform<u8:f32:D, {scale:zero,...}>`, a scale for each index of its
      last dimension D, with which the second is multiplied. The second, constant,
      is rounded to i8 by its own largest value in each column.
    - `weights`: i8 or i4, the type in which the main op's constant operand lies in
      memory where that is narrower than `precision`; `weight_group` terms of a
      sum share a scale.

    The loop nest of a generated group, all of it empty
    where lowering needs no more than its defaults, and for a library call:

    - `tiles`: tile sizes of the group's first result, one for each dimension, 0
      for one that is not tiled. Tiles run on several threads.
    - `reduction`: tile sizes of the loops along which the group's main op
      combines elements, in the op's order, 0 for one that is not tiled.
    - `order`: the loops over tiles from the outermost inwards: the result's
      dimensions by number, then those of `reduction`. As they are numbered if
      empty.
    - `registers`: rows and vectors of the tile that stays in registers.

    A contraction on a GPU is a matrix product: of the `tiles` that aren't 0 the
    last two are the rows and the columns of a block, where all pixels of a
    convolution are rows, `reduction` the terms that it has of a sum at a time,
    `registers` rows and columns of a warp. There are also, 0 where it is
    lowering's to say:

    - `warps`: warps of a block. Where these are more than the tile has tiles of
      warps, several share one, each with a part of the terms.
    - `stages`: how many steps of `reduction` have their operands in shared memory
      at once.
    - `split`: into how many parts a sum is cut that different blocks add up; on a
      CPU, without `warps`, threads, and one of them adds up the parts.
    - `threads`: how many blocks share the steps of all tiles evenly; 0: a block
      has a tile, or a part of one.
    - `in_launch`: of a sum in parts, whether the last block to end of those that
      have one adds them up; false: a second kernel does.
    - `cluster`: how many blocks, along rows and along columns, bring operands to
      each other: those of a row share the left one, those of a column the right
      one; powers of two, 2 to 8 blocks, which have the same steps: of a split sum
      the same part, and no `threads`. Empty: each block brings its own.

    ```mlir
    #rac.plan<kind = generated, precision = f32, threads = 0, tiles = [1, 0]>
    ```

    ```mlir
    #rac.plan<kind = generated, precision = f32, threads = 2, tiles = [96, 256], reduction = [256], order = [1, 2, 0], registers = [6, 4]>
    ```

    ```mlir
    #rac.plan<kind = generated, precision = f16, tiles = [128, 128], reduction = [64], registers = [32, 64], warps = 8, stages = 4, split = 2>
    ```

    ```mlir
    #rac.plan<kind = generated, precision = f16, tiles = [64, 64], reduction = [64], registers = [32, 32], warps = 4, stages = 4, split = 2, in_launch = true>
    ```

    ```mlir
    #rac.plan<kind = generated, precision = f16, tiles = [128, 256], reduction = [64], registers = [16, 256], warps = 8, stages = 4, cluster = [2, 1]>
    ```

    ```mlir
    #rac.plan<kind = library, precision = i8, activation = !quant.uniform<u8:f32, 2.0e-2:128>>
    ```

    ```mlir
    #rac.plan<kind = library, precision = i8, activation = !quant.uniform<u8:f32:1, {2.0e-2:128,0.5:128}>>
    ```

    ```mlir
    #rac.plan<kind = generated, precision = f32, weights = i4, weight_group = 32>
    ```
  }];
  let parameters = (ins
      EnumParameter<Rac_KernelKind>:$kind,
      "::mlir::Type":$precision,
      DefaultValuedParameter<"int64_t", "0">:$threads,
      OptionalArrayRefParameter<"int64_t">:$tiles,
      OptionalArrayRefParameter<"int64_t">:$reduction,
      OptionalArrayRefParameter<"int64_t">:$order,
      OptionalArrayRefParameter<"int64_t">:$registers,
      DefaultValuedParameter<"int64_t", "0">:$warps,
      DefaultValuedParameter<"int64_t", "0">:$stages,
      DefaultValuedParameter<"int64_t", "0">:$split,
      DefaultValuedParameter<"bool", "false">:$inLaunch,
      OptionalArrayRefParameter<"int64_t">:$cluster,
      OptionalParameter<"::rac::CostAttr">:$cost,
      OptionalParameter<"::mlir::Type">:$activation,
      OptionalParameter<"::mlir::Type">:$weights,
      DefaultValuedParameter<"int64_t", "0">:$weightGroup);
  let builders = [AttrBuilder<(ins
      "::rac::KernelKind":$kind, "::mlir::Type":$precision, "int64_t":$threads,
      "::llvm::ArrayRef<int64_t>":$tiles, "::llvm::ArrayRef<int64_t>":$reduction,
      "::llvm::ArrayRef<int64_t>":$order, "::llvm::ArrayRef<int64_t>":$registers,
      "int64_t":$warps, "int64_t":$stages, "int64_t":$split, "::rac::CostAttr":$cost), [{
        return $_get($_ctxt, kind, precision, threads, tiles, reduction, order,
                     registers, warps, stages, split, false,
                     ::llvm::ArrayRef<int64_t>(), cost, ::mlir::Type(),
                     ::mlir::Type(), 0);
      }]>, AttrBuilderWithInferredContext<(ins
      "::rac::KernelKind":$kind, "::mlir::Type":$precision, CArg<"int64_t", "0">:$threads,
      CArg<"::llvm::ArrayRef<int64_t>", "{}">:$tiles, CArg<"::rac::CostAttr", "{}">:$cost), [{
        return $_get(precision.getContext(), kind, precision, threads, tiles,
                     ::llvm::ArrayRef<int64_t>(), ::llvm::ArrayRef<int64_t>(),
                     ::llvm::ArrayRef<int64_t>(), 0, 0, 0, false,
                     ::llvm::ArrayRef<int64_t>(), cost, ::mlir::Type(),
                     ::mlir::Type(), 0);
      }]>];
  let extraClassDeclaration = [{
    /// The same plan otherwise.
    PlanAttr withTiles(::llvm::ArrayRef<int64_t> tiles) const;
    PlanAttr withThreads(int64_t threads) const;
    PlanAttr withCost(::rac::CostAttr cost) const;
    PlanAttr withPrecision(::mlir::Type precision, ::mlir::Type activation = {}) const;
    PlanAttr withWeights(::mlir::Type weights, int64_t weightGroup) const;
  }];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Rac_GroupOp : Rac_Op<"group", [IsolatedFromAbove, Pure,
    SingleBlockImplicitTerminator<"::rac::YieldOp">]> {
  let summary = "Level-1 ops that run as one kernel, and the plan for it.";
  let description = [{
    The body sees only its arguments, one for each operand. Without a plan the
    group is not yet planned. `alternatives` are other ways to run the ops, which
    lost; they change nothing.

    ```mlir
    %y = rac.group @relu_add ins(%x, %r : tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) plan #rac.plan<kind = generated, precision = f32> {
    ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
      %0 = rac.add %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %1 = rac.relu %0 : (tensor<4xf32>) -> tensor<4xf32>
      rac.yield %1 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym, Variadic<AnyType>:$inputs,
                       OptionalAttr<Rac_PlanAttr>:$plan,
                       OptionalAttr<Rac_AlternativeArrayAttr>:$alternatives);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym (`ins` `(` $inputs^ `:` type($inputs) `)`)? `->` `(` type($outputs) `)`
      (`plan` $plan^)? (`instead_of` $alternatives^)? attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block *getBodyBlock() { return &getBody().front(); }
  }];
}

def Rac_YieldOp : Rac_Op<"yield", [Pure, Terminator, ReturnLike,
    HasParent<"::rac::GroupOp">]> {
  let summary = "The results of a group.";
  let description = [{
    ```mlir
    %y = rac.group @same ins(%x : tensor<4xf32>) -> (tensor<4xf32>) {
    ^bb0(%a: tensor<4xf32>):
      rac.yield %a : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), "build($_builder, $_state, ::mlir::ValueRange{});">];
}

#endif // RAC_DIALECT_RAC_IR_PLAN
