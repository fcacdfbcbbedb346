//===- Passes.td - Passes on the rac dialect -------------------*- tablegen -*-===//

#ifndef RAC_TRANSFORMS_PASSES
#define RAC_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def RefineShapes : Pass<"rac-refine-shapes", "::mlir::func::FuncOp"> {
  let summary = "Makes dimensions static where they are known, and ends shape arithmetic at the arguments";
  let description = [{
    Result types of rac ops become as static as their shape functions allow, and
    with them the function's result types. Every size is brought to an expression
    over the arguments' dimensions; arguments' dimensions of one name
    (`rac.dim_names`) are one value. A `rac.expand` to the shape its operand
    already has goes.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numRefined", "refined-types", "Result types made more static">,
    Statistic<"numDims", "resolved-dims", "Sizes brought to expressions over arguments">,
    Statistic<"numExpands", "removed-expands", "Expansions to the shape that was there">,
    Statistic<"numExpandsKept", "kept-expands", "Expansions that may repeat elements">,
  ];
}

def CanonicalizeModel : Pass<"rac-canonicalize-model", "::mlir::func::FuncOp"> {
  let summary = "Recognises activations and normalisations, folds constants and batch norms";
  let description = [{
    Brings level-1 IR to the form that planning knows: gelu, silu, hard_swish,
    layer norm and softmax that a model spells out become one op; small constants
    are computed; a per-channel scale and offset after a convolution with constant
    filter move into the filter and one bias. A transposed convolution whose
    windows lie side by side becomes a product and a transpose. A slice of a slice
    is one. Of more than 32 tensors parts are concatenated first. Subnormal
    weights become zeros.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"maxFold", "max-fold", "int64_t", "262144",
           "Largest element count of a constant to compute">,
  ];
  let statistics = [
    Statistic<"numActivations", "activations", "Activations recognised">,
    Statistic<"numNormalize", "normalizations", "Normalisations and softmaxes recognised">,
    Statistic<"numConstants", "folded-constants", "Ops on constants computed">,
    Statistic<"numScales", "folded-scales", "Per-channel scales moved into filters">,
  ];
}

def PropagateLayout : Pass<"rac-propagate-layout", "::mlir::func::FuncOp"> {
  let summary = "Moves transposes through ops that don't mind, until they cancel";
  let description = [{
    For each region of ops that work in any order of dimensions, chooses for each
    op one of two orders, the model's or the one its neighbours want, so that the
    fewest bytes are transposed: a minimum cut. Transposes next to a matrix product
    count nothing, since the library reads and writes strided tensors. Reshapes and
    slices between them go where they don't hinder; weights whose product a model
    cuts in parts are cut instead, and slices that a concatenation puts together
    before it. Last, a transpose that moves only dimensions of size one becomes a reshape.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"assumedDim", "assumed-dim", "int64_t", "64",
           "What a dimension not known to the compiler counts">,
  ];
  let statistics = [
    Statistic<"numRegions", "regions", "Regions looked at">,
    Statistic<"numPermuted", "permuted-ops", "Ops that now work in another order">,
    Statistic<"numLeft", "transposes-left", "Transposes left">,
  ];
}

def AssumeSizes : Pass<"rac-assume-sizes", "::mlir::ModuleOp"> {
  let summary = "Says what sizes a model is planned for that only the run knows";
  let description = [{
    Of each dimension of the entry function's inputs, how large it is at least, most
    likely, and at most: `rac.assumed_sizes` on the module. Costs count for the second;
    the others make their intervals. Where `sizes` says nothing, the first of two dimensions or more is 1
    (one sample), those of an input of four are 256, others 64. Sizes of one name
    (`rac.dim_names`) are one. One without a name is called as the library's description does:
    the input's name, `_`, and the dimension's number.

    ```mlir
    module attributes {rac.assumed_sizes = [[array<i64: 1, 1, 1>, array<i64: 16, 91, 512>]]} {
      func.func @main(%ids: tensor<?x?xi64> {rac.dim_names = ["batch", "tokens"]}) { return }
    }
    ```
  }];
  let options = [
    ListOption<"sizes", "sizes", "std::string",
               "NAME=N, or NAME=LOW..HIGH, which is planned for the geometric mean">,
  ];
}

def AttachDevice : Pass<"rac-attach-device", "::mlir::ModuleOp"> {
  let summary = "Puts a device's description on the module, for the passes that cost";
  let description = [{
    Reads a device (docs/Devices.md) and attaches it as DLTI, instead of one that
    is there. Passes and `transform.dlti.query` then read the same numbers:

    ```mlir
    transform.dlti.query ["CPU", "memory", "L2", "size_bytes", "v"] at %module
    ```

    What the file has as null is `unit`. A remark says what `host` stands for.
  }];
  let dependentDialects = ["::mlir::DLTIDialect"];
  let options = [
    Option<"device", "device", "std::string", "\"host\"",
           "The name of a device, its file, or host">,
  ];
}

def FormGroups : Pass<"rac-form-groups", "::mlir::ModuleOp"> {
  let summary = "Fuses level-1 ops into planned groups";
  let description = [{
    Every level-1 op but constants and reshapes ends in a `rac.group` with a plan.
    A convolution or matrix product may take the chain after it that the library
    can apply in passing, two products and what is between them may be one kernel,
    and elsewhere producers and consumers may share one. Which of these, and kernel
    kind, tiles and threads of each group, is one choice that makes the objective
    the least within the budgets (docs/Planner.md). What a way to run a group
    costs, the cost model says, on the device that the module has
    (`rac-attach-device`) or that `device` gives it.

    Groups keep what lost as `alternatives`; the module gets `rac.search`: the
    objective's value, the bound, and the best plans for other objectives. Where no
    plan keeps the budgets, the one that misses one by the least is made, and
    `rac-check-budgets` says so. Numbers that the device lacks and the costs needed
    are listed in `rac.unknowns` on the module: `what` was unknown, `instead` of
    it, and `why` that value.
  }];
  let dependentDialects = ["::mlir::DLTIDialect", "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"device", "device", "std::string", "\"\"",
           "The name of a device, its file, or host; empty: the module's own">,
    Option<"precision", "precision", "std::string", "\"\"",
           "A type beside the model's own that groups may take where that gains: "
           "bf16, f16 or tf32">,
    Option<"library", "library", "bool", "true", "Plan library calls">,
    Option<"threads", "threads", "int64_t", "1", "Threads that a run may use; 0: all cores of the device">,
    Option<"objective", "objective", "std::string", "\"latency\"",
           "What to make small: latency, energy, edp or carbon">,
    Option<"maxSeconds", "max-seconds", "double", "0", "Budget of a run, s; 0: none">,
    Option<"maxBytes", "max-bytes", "int64_t", "0",
           "Budget of weights and activations, B; 0: none">,
    Option<"gramsPerJoule", "grams-per-joule", "double", "0",
           "gCO2e of a joule, for the objective carbon">,
    Option<"gramsPerSecond", "grams-per-second", "double", "0",
           "gCO2e of holding the device for a second, for the objective carbon">,
    Option<"front", "front", "int64_t", "0",
           "Points of the front of time, energy and memory to put on the module as "
           "`rac.front`">,
  ];
  let statistics = [
    Statistic<"numLibrary", "library-groups", "Groups the library computes">,
    Statistic<"numGenerated", "generated-groups", "Groups of generated code">,
    Statistic<"numFused", "fused-ops", "Ops that share a group with another">,
    Statistic<"numUndecided", "undecided", "Groups where another way may be as good">,
  ];
}

def ApplyPrecision : Pass<"rac-apply-precision", "::mlir::ModuleOp"> {
  let summary = "Gives planned groups the types that their plans say";
  let description = [{
    The main op of a group whose plan is narrower than the group gets narrow
    operands: casts or `rac.quantize` before it, and narrow constants. Tensors
    between groups become as narrow as all their consumers want them, so that the
    producer narrows as it stores and consumers widen as they load; what only
    some want narrow has one group of its own that casts (docs/Precision.md). What
    only moves elements, or takes their maximum, then does so with narrow ones.
    Groups that have these types already stay as they are.
  }];
  let dependentDialects = ["::mlir::quant::QuantDialect"];
  let statistics = [
    Statistic<"numNarrow", "narrow-groups", "Groups that multiply in a narrow type">,
    Statistic<"numTensors", "narrow-tensors", "Tensors between groups made narrow">,
    Statistic<"numConstants", "narrow-constants", "Constants made narrow">,
    Statistic<"numCasts", "cast-groups", "Groups added that only cast">,
    Statistic<"numMoves", "narrow-moves", "Ops that move narrow elements">,
  ];
}

def PlanTiles : Pass<"rac-plan-tiles", "::mlir::func::FuncOp"> {
  let summary = "Chooses tile sizes for generated groups";
  let description = [{
    A group that combines elements along some dimensions and goes on with the
    result (softmax, a normalisation) runs row by row: those dimensions whole, the
    others by 1, the innermost by `inner-tile`. A chain of two products (attention)
    runs by `chain-rows` rows of the result. Tiles that a plan already has stay.
  }];
  let options = [
    Option<"innerTile", "inner-tile", "int64_t", "64",
           "Tile of the innermost dimension where it isn't whole">,
    Option<"chainRows", "chain-rows", "int64_t", "48",
           "Rows of a chain of products that run together: a multiple of the "
           "rows of register tiles (6 and 12)">,
  ];
}

def PlanBlocks : Pass<"rac-plan-blocks", "::mlir::ModuleOp"> {
  let summary = "Chooses blocks of products on a GPU for the types that groups have now";
  let description = [{
    Of generated groups whose plans have no cost, as `rac-apply-precision` leaves
    those whose types it changed: of the blocks that suit the group's contraction
    best on the module's device, the plan gets the one whose time and energy make
    the least of `per-second` and `per-joule`. A block of 64 terms of 16 bits
    becomes one of 128 terms of f8, which warp groups multiply. Plans for other
    devices, and of groups that have no choice of blocks, stay as they are.
  }];
  let dependentDialects = ["::mlir::DLTIDialect", "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"perSecond", "per-second", "double", "1", "What a second counts for">,
    Option<"perJoule", "per-joule", "double", "0", "What a joule counts for">,
  ];
}

def CostGroups : Pass<"rac-cost-groups", "::mlir::ModuleOp"> {
  let summary = "Says what planned groups cost that have no cost yet";
  let description = [{
    For plans that somebody wrote or edited: the cost model's estimate becomes the
    plan's cost, on the device that the module has (`rac-attach-device`) or that
    `device` gives it; with `again` also where there is a cost already. Sizes that
    aren't known are taken to be `dim`, and at least and at most `dim-low` and
    `dim-high`, which widens the costs' intervals. Numbers that the device lacks are
    listed in `rac.unknowns`. With `traffic`, remarks say what each cache brings in.
  }];
  let dependentDialects = ["::mlir::DLTIDialect", "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"device", "device", "std::string", "\"\"",
           "The name of a device, its file, or host; empty: the module's own">,
    Option<"threads", "threads", "int64_t", "1", "Threads that a run may use; 0: all cores of the device">,
    Option<"again", "again", "bool", "false", "Groups that have a cost, too">,
    Option<"dim", "dim", "int64_t", "64", "Size of a dimension that isn't known">,
    Option<"dimLow", "dim-low", "int64_t", "0", "The least that it may be; 0: dim">,
    Option<"dimHigh", "dim-high", "int64_t", "0", "The most that it may be; 0: dim">,
    Option<"cold", "cold", "bool", "false", "Caches are empty before each group">,
    Option<"traffic", "traffic", "bool", "false", "Say what each cache brings in">,
  ];
}

def CheckBudgets : Pass<"rac-check-budgets", "::mlir::ModuleOp"> {
  let summary = "Fails where a plan misses its budgets, and says by how much";
  let description = [{
    Compares what the module's groups are predicted to take, and the memory of the
    tensors between them with the weights, to the budgets given or, if none is, to
    those in `rac.search`. Writes that memory there as `activations`, for the
    groups as they are.
  }];
  let options = [
    Option<"maxSeconds", "max-seconds", "double", "0", "Budget of a run, s; 0: none">,
    Option<"maxBytes", "max-bytes", "int64_t", "0",
           "Budget of weights and activations, B; 0: none">,
  ];
}

def ProbePrecision : Pass<"rac-probe-precision", "::mlir::ModuleOp"> {
  let summary = "Makes the types that groups compute in inputs of the model, to find out what they cost";
  let description = [{
    Before each operand of a planned group that its precision would round
    (docs/Precision.md) comes a group that does so if an input `rac.probe.kind.N`
    says so: 0 nothing, 1 to `half` and back, 2 to the 8-bit steps of
    `rac.probe.scale.N` and `rac.probe.zero.N`, 3, with `float8`, to f8E4M3FN by that
    scale. Constants that groups multiply
    become inputs `rac.probe.weights.N`, and tensors that could be rounded to
    steps results `rac.probe.tensor.N`. One library then tells the model's error
    for any choice of types. Groups in loops and branches stay as they are.
  }];
  let options = [
    Option<"half", "half", "std::string", "\"bf16\"", "The type of 16 bits: bf16 or f16">,
    Option<"float8", "float8", "bool", "false", "Groups may compute in f8E4M3FN">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect"];
  let statistics = [
    Statistic<"numStages", "stages", "Operands that may be rounded">,
    Statistic<"numWeights", "weights", "Constants that became inputs">,
    Statistic<"numObserved", "observed", "Tensors that became results">,
  ];
}

def ExtractGroup : Pass<"rac-extract-group", "::mlir::ModuleOp"> {
  let summary = "Leaves a model that runs one group, as it was planned";
  let description = [{
    The function `main` then takes the tensors and sizes that the group `name` uses
    and gives what it gives. Constants, and what is made of constants alone, come
    along, so that weights are packed as in the model. Dynamic dimensions stay
    dynamic. For measuring a group by itself, under this plan or another.
  }];
  let options = [
    Option<"name", "name", "std::string", "\"\"", "The group's name">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FillConstants : Pass<"rac-fill-constants", "::mlir::ModuleOp"> {
  let summary = "Gives constants whose data is not there random data";
  let description = [{
    A plan that was printed names its large constants only. With this it can be
    compiled and timed, though not used: floats are uniform in [-1/8, 1/8), bytes
    any, and other integers, which may be indices, 0. The data depends on the
    constant's name and `seed` alone.
  }];
  let options = [
    Option<"seed", "seed", "uint64_t", "1", "Of the random numbers">,
  ];
  let statistics = [
    Statistic<"numFilled", "filled", "Constants that got data">,
  ];
}

#endif // RAC_TRANSFORMS_PASSES
