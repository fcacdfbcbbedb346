//===- SearchAttrs.td - What a plan was chosen among -----------*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_SEARCH
#define RAC_DIALECT_RAC_IR_SEARCH

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "rac/Dialect/Rac/IR/RacBase.td"

def Rac_Objective : I32EnumAttr<"Objective", "what a plan makes small", [
    I32EnumAttrCase<"latency", 0>, I32EnumAttrCase<"energy", 1>, I32EnumAttrCase<"edp", 2>,
    I32EnumAttrCase<"carbon", 3>]> {
  let cppNamespace = "::rac";
}

def Rac_AlternativeAttr : AttrDef<Rac_Dialect, "Alternative"> {
  let mnemonic = "alternative";
  let summary = "A way to run what a group runs that lost, and why.";
  let description = [{
    `form` says how the ops would be grouped: the group's own ops, parts with `|`
    between them, or with other groups, `+`. `plan` is that of the part with the
    last op; its cost is that of all parts. For a form with `+` the reason
    compares with what these groups cost as planned. `undecided`: within the
    stated uncertainty it may be the better one.

    ```mlir
    #rac.alternative<form = "conv | relu", plan = <kind = generated, precision = f32, cost = #rac.cost<seconds = 2.0e-3, flops = 1.0e6>>, reason = "1.5 times the time">
    ```

    ```mlir
    #rac.alternative<form = "conv_relu", plan = <kind = generated, precision = f32, cost = #rac.cost<seconds = 2.0e-3, flops = 1.0e6>>, reason = "1.1 times the time", undecided = true>
    ```
  }];
  let parameters = (ins
      StringRefParameter<>:$form,
      "::rac::PlanAttr":$plan,
      StringRefParameter<>:$reason,
      DefaultValuedParameter<"bool", "false">:$undecided);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Rac_PointAttr : AttrDef<Rac_Dialect, "Point"> {
  let mnemonic = "point";
  let summary = "What a model costs under one plan for all of it.";
  let description = [{
    Seconds in s, joules in J (left out where unknown), activations at their peak
    in B. `groups` counts kernels, `library` those that the library computes,
    `serial` those on one thread. `chosen`: it is the module's own plan.

    ```mlir
    #rac.point<label = "energy", seconds = 2.0e-3, joules = 1.0e-2, bytes = 4096.0, groups = 5, library = 3, serial = 1, chosen = true>
    ```
  }];
  let parameters = (ins
      StringRefParameter<>:$label,
      "::rac::Real":$seconds,
      DefaultValuedParameter<"::rac::Real", "::rac::Real(-1)">:$joules,
      "::rac::Real":$bytes,
      "int64_t":$groups,
      DefaultValuedParameter<"int64_t", "0">:$library,
      DefaultValuedParameter<"int64_t", "0">:$serial,
      DefaultValuedParameter<"bool", "false">:$chosen);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Rac_SearchAttr : AttrDef<Rac_Dialect, "Search"> {
  let mnemonic = "search";
  let summary = "What a module's plan was chosen for, and how good it is at the least.";
  let description = [{
    The module's `rac.search`. `score` is the objective's value, in s, J, J s or
    gCO2e; no plan of those considered and within the budgets scores less than
    `bound`, and where `exact` the score is the least. `max_seconds` (s) and
    `max_bytes` (B, activations and `weights` together) are the budgets.
    `activations` is the predicted peak in B. `candidates` counts ways to run a
    group, `undecided` the groups where the stated uncertainty lets another win.
    `rivals` are the best plans for each objective.

    ```mlir
    #rac.search<objective = energy, score = 0.5, bound = 0.25, max_seconds = 2.0e-3, activations = 4096, weights = 1024, candidates = 12, undecided = 1>
    ```
  }];
  let parameters = (ins
      EnumParameter<Rac_Objective>:$objective,
      "::rac::Real":$score,
      "::rac::Real":$bound,
      DefaultValuedParameter<"bool", "false">:$exact,
      DefaultValuedParameter<"::rac::Real", "::rac::Real(0)">:$max_seconds,
      DefaultValuedParameter<"int64_t", "0">:$max_bytes,
      "int64_t":$activations,
      "int64_t":$weights,
      "int64_t":$candidates,
      DefaultValuedParameter<"int64_t", "0">:$undecided,
      OptionalParameter<"::mlir::ArrayAttr">:$rivals);
  let assemblyFormat = "`<` struct(params) `>`";
  let extraClassDeclaration = [{
    /// The same search otherwise.
    SearchAttr withMemory(int64_t activations, int64_t weights) const;
    SearchAttr withBudgets(double maxSeconds, int64_t maxBytes) const;
  }];
  let genVerifyDecl = 1;
}

def Rac_AlternativeArrayAttr
    : TypedArrayAttrBase<Rac_AlternativeAttr, "ways to run a group that lost">;

#endif // RAC_DIALECT_RAC_IR_SEARCH
