//===- ReductionOps.td - Ops that fold dimensions --------------*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_REDUCTION
#define RAC_DIALECT_RAC_IR_REDUCTION

include "rac/Dialect/Rac/IR/RacBase.td"

def Rac_ReduceKind : I32EnumAttr<"ReduceKind", "how elements combine", [
    I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"mean", 1>,
    I32EnumAttrCase<"max", 2>, I32EnumAttrCase<"min", 3>,
    I32EnumAttrCase<"prod", 4>]> {
  let cppNamespace = "::rac";
}

def Rac_ReduceOp : Rac_TensorOp<"reduce", [SameOperandsAndResultElementType]> {
  let summary = "Combines the elements along some dimensions.";
  let description = [{
    `axes` ascend. With `keep_dims` a reduced dimension stays, of size 1. Over no
    elements: sum 0, prod 1, max the lowest value, min the highest, mean NaN
    (integers 0). max and min of a NaN are NaN.

    ```mlir
    %y = rac.reduce sum %x axes [1] {keep_dims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
    ```
  }];
  let arguments = (ins Rac_ReduceKind:$kind, Rac_Tensor:$input,
                       DenseI64ArrayAttr:$axes, UnitAttr:$keep_dims);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = [{
    $kind $input `axes` $axes attr-dict `:` functional-type($input, $result)
  }];
  let hasFolder = 1;
}

def Rac_ArgReduceKind : I32EnumAttr<"ArgReduceKind", "which element is sought", [
    I32EnumAttrCase<"max", 2>, I32EnumAttrCase<"min", 3>]> {
  let cppNamespace = "::rac";
}

def Rac_ArgReduceOp : Rac_TensorOp<"arg_reduce"> {
  let summary = "Position of the largest or smallest element along one dimension.";
  let description = [{
    Of equal elements the first, or with `last` the last. The dimension goes
    unless `keep_dims`.

    ```mlir
    %y = rac.arg_reduce max %x axis 1 {last} : (tensor<?x4xf32>) -> tensor<?xi64>
    ```
  }];
  let arguments = (ins Rac_ArgReduceKind:$kind, Rac_Tensor:$input, I64Attr:$axis,
                       UnitAttr:$keep_dims, UnitAttr:$last);
  let results = (outs RankedTensorOf<[I64]>:$result);
  let assemblyFormat = [{
    $kind $input `axis` $axis attr-dict `:` functional-type($input, $result)
  }];
}

def Rac_ScanKind : I32EnumAttr<"ScanKind", "how elements accumulate", [
    I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"prod", 4>]> {
  let cppNamespace = "::rac";
}

def Rac_ScanOp : Rac_TensorOp<"scan", [SameOperandsAndResultType]> {
  let summary = "Running sum or product along one dimension.";
  let description = [{
    `exclusive` leaves the own element out; `reverse` runs from the end.

    ```mlir
    %y = rac.scan sum %x axis 0 {exclusive} : tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_ScanKind:$kind, Rac_Tensor:$input, I64Attr:$axis,
                       UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = "$kind $input `axis` $axis attr-dict `:` type($input)";
}

def Rac_SoftmaxOp : Rac_TensorOp<"softmax", [SameOperandsAndResultType]> {
  let summary = "exp(x - max) / sum of it along one dimension; with `log` its logarithm.";
  let description = [{
    ```mlir
    %y = rac.softmax %x axis 1 : tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_FloatTensor:$input, I64Attr:$axis, UnitAttr:$log);
  let results = (outs Rac_FloatTensor:$result);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` type($input)";
}

def Rac_NormalizeKind : I32EnumAttr<"NormalizeKind", "what is taken out", [
    I32EnumAttrCase<"layer", 0>, I32EnumAttrCase<"rms", 1>]> {
  let cppNamespace = "::rac";
}

def Rac_NormalizeOp : Rac_TensorOp<"normalize", [SameOperandsAndResultElementType]> {
  let summary = "Normalises over the dimensions from `axis` on, then scales and shifts.";
  let description = [{
    `layer`: (x - mean) / sqrt(variance + epsilon); `rms`: x / sqrt(mean of x^2 +
    epsilon); times `scale`, plus `bias` where given. Both broadcast to the
    normalised dimensions.

    ```mlir
    %y = rac.normalize layer %x, %s, %b axis 1 epsilon 1.0e-5 : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_NormalizeKind:$kind, Rac_FloatTensor:$input,
      Rac_FloatTensor:$scale, Optional<Rac_FloatTensor>:$bias, I64Attr:$axis,
      F64Attr:$epsilon);
  let results = (outs Rac_FloatTensor:$result);
  let assemblyFormat = [{
    $kind $input `,` $scale (`,` $bias^)? `axis` $axis `epsilon` $epsilon
      attr-dict `:` functional-type(operands, results)
  }];
}

#endif // RAC_DIALECT_RAC_IR_REDUCTION
