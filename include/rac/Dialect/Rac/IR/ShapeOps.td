//===- ShapeOps.td - Constants and ops that only move elements -*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_SHAPE
#define RAC_DIALECT_RAC_IR_SHAPE

include "rac/Dialect/Rac/IR/RacBase.td"

def Rac_ConstantOp : Rac_Op<"constant", [Pure, ConstantLike,
    AllTypesMatch<["value", "result"]>]> {
  let summary = "A tensor known at compile time.";
  let description = [{
    Large values are `dense_resource`s that point into the model file.

    ```mlir
    %c = rac.constant dense<[1.0, 2.0]> : tensor<2xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs StaticShapeTensorOf<[Rac_Element]>:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def Rac_ReshapeOp : Rac_TensorOp<"reshape", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "The same elements in row-major order under another shape.";
  let description = [{
    The element count must stay the same; at run time too.

    ```mlir
    %y = rac.reshape %x to [%n, 4] : (tensor<?xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_Tensor:$input, Variadic<Index>:$sizes,
                       DenseI64ArrayAttr:$static_sizes);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = [{
    $input `to` custom<DynamicIndexList>($sizes, $static_sizes) attr-dict
      `:` functional-type($input, $result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$input,
      "::llvm::ArrayRef<::mlir::OpFoldResult>":$sizes)>];
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedSizes();
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Rac_TransposeOp : Rac_TensorOp<"transpose", [SameOperandsAndResultElementType]> {
  let summary = "Permutes dimensions: result dimension i is operand dimension permutation[i].";
  let description = [{
    ```mlir
    %y = rac.transpose %x, [0, 2, 3, 1] : (tensor<?x3x4x5xf32>) -> tensor<?x4x5x3xf32>
    ```
  }];
  let arguments = (ins Rac_Tensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat =
      "$input `,` $permutation attr-dict `:` functional-type($input, $result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$input,
      "::llvm::ArrayRef<int64_t>":$permutation)>];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}

def Rac_ExpandOp : Rac_TensorOp<"expand", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Repeats along dimensions of size one (numpy's broadcast_to).";
  let description = [{
    Operand dimensions align with the last result dimensions. Each is 1 or equal
    to the result's; for `?`, which of the two is seen at run time.

    ```mlir
    %y = rac.expand %x to [%n, 4] : (tensor<1x4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_Tensor:$input, Variadic<Index>:$sizes,
                       DenseI64ArrayAttr:$static_sizes);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = [{
    $input `to` custom<DynamicIndexList>($sizes, $static_sizes) attr-dict
      `:` functional-type($input, $result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$input,
      "::llvm::ArrayRef<::mlir::OpFoldResult>":$sizes)>];
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedSizes();
  }];
  let hasFolder = 1;
}

def Rac_ConcatOp : Rac_TensorOp<"concat", [SameOperandsAndResultElementType]> {
  let summary = "Joins tensors along one dimension.";
  let description = [{
    ```mlir
    %y = rac.concat %a, %b axis 1 : (tensor<2x?xf32>, tensor<2x3xf32>) -> tensor<2x?xf32>
    ```
  }];
  let arguments = (ins Variadic<Rac_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat =
      "$inputs `axis` $axis attr-dict `:` functional-type($inputs, $result)";
  let hasFolder = 1;
}

def Rac_SliceOp : Rac_TensorOp<"slice", [AllElementTypesMatch<["input", "result"]>,
    AttrSizedOperandSegments]> {
  let summary = "Element offset + i * step along each dimension; steps may be negative.";
  let description = [{
    Offsets and sizes lie within the operand: whoever builds the op has clamped.

    ```mlir
    %y = rac.slice %x[0, %o] [2, %n] [1, -1] : (tensor<2x?xf32>) -> tensor<2x?xf32>
    ```
  }];
  let arguments = (ins Rac_Tensor:$input, Variadic<Index>:$offsets,
      Variadic<Index>:$sizes, DenseI64ArrayAttr:$static_offsets,
      DenseI64ArrayAttr:$static_sizes, DenseI64ArrayAttr:$steps);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = [{
    $input custom<DynamicIndexList>($offsets, $static_offsets)
      custom<DynamicIndexList>($sizes, $static_sizes) $steps attr-dict
      `:` functional-type($input, $result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$input,
      "::llvm::ArrayRef<::mlir::OpFoldResult>":$offsets,
      "::llvm::ArrayRef<::mlir::OpFoldResult>":$sizes,
      "::llvm::ArrayRef<int64_t>":$steps)>];
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedOffsets();
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedSizes();
  }];
  let hasCanonicalizer = 1;
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Rac_PadMode : I32EnumAttr<"PadMode", "where padding elements come from", [
    I32EnumAttrCase<"constant", 0>, I32EnumAttrCase<"reflect", 1>,
    I32EnumAttrCase<"edge", 2>, I32EnumAttrCase<"wrap", 3>]> {
  let cppNamespace = "::rac";
}

def Rac_PadOp : Rac_TensorOp<"pad", [AttrSizedOperandSegments,
    AllElementTypesMatch<["input", "value", "result"]>]> {
  let summary = "Adds elements before and after each dimension.";
  let description = [{
    `constant` adds `value`; `reflect` mirrors without the edge, `edge` repeats
    it, `wrap` continues from the other end. Amounts are not negative.

    ```mlir
    %y = rac.pad constant %x, %v low [0, %n] high [0, 1] : (tensor<2x?xf32>, tensor<f32>) -> tensor<2x?xf32>
    ```
  }];
  let arguments = (ins Rac_PadMode:$mode, Rac_Tensor:$input, Rac_Tensor:$value,
      Variadic<Index>:$low, Variadic<Index>:$high,
      DenseI64ArrayAttr:$static_low, DenseI64ArrayAttr:$static_high);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = [{
    $mode $input `,` $value `low` custom<DynamicIndexList>($low, $static_low)
      `high` custom<DynamicIndexList>($high, $static_high) attr-dict
      `:` `(` type($input) `,` type($value) `)` `->` type($result)
  }];
  let builders = [OpBuilder<(ins "::rac::PadMode":$mode, "::mlir::Value":$input,
      "::mlir::Value":$value, "::llvm::ArrayRef<::mlir::OpFoldResult>":$low,
      "::llvm::ArrayRef<::mlir::OpFoldResult>":$high)>];
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedLow();
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedHigh();
  }];
  let hasVerifier = 1;
}

def Rac_IotaOp : Rac_TensorOp<"iota"> {
  let summary = "Each element is its own position along one dimension.";
  let description = [{
    ```mlir
    %y = rac.iota axis 0 sizes [%n, 4] : tensor<?x4xi64>
    ```
  }];
  let arguments = (ins I64Attr:$axis, Variadic<Index>:$sizes,
                       DenseI64ArrayAttr:$static_sizes);
  let results = (outs Rac_IndexTensor:$result);
  let assemblyFormat = [{
    `axis` $axis `sizes` custom<DynamicIndexList>($sizes, $static_sizes)
      attr-dict `:` type($result)
  }];
  let builders = [OpBuilder<(ins "int64_t":$axis,
      "::llvm::ArrayRef<::mlir::OpFoldResult>":$sizes,
      "::mlir::Type":$elementType)>];
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedSizes();
  }];
}

#endif // RAC_DIALECT_RAC_IR_SHAPE
