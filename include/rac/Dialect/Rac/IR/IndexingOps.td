//===- IndexingOps.td - Ops whose positions are data -----------*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_INDEXING
#define RAC_DIALECT_RAC_IR_INDEXING

include "rac/Dialect/Rac/IR/RacBase.td"

// In every op here an index may be negative and then counts from the end; one
// that lies outside makes the run fail with a message.

def Rac_GatherOp : Rac_TensorOp<"gather", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Whole slices along one dimension, picked by index (numpy's take).";
  let description = [{
    The result's shape is the input's with dimension `axis` replaced by the shape
    of `indices`.

    ```mlir
    %y = rac.gather %x, %i axis 0 : (tensor<?x4xf32>, tensor<2x3xi64>) -> tensor<2x3x4xf32>
    ```
  }];
  let arguments = (ins Rac_Tensor:$input, Rac_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $indices `axis` $axis attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def Rac_GatherElementsOp : Rac_TensorOp<"gather_elements", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Single elements along one dimension (numpy's take_along_axis).";
  let description = [{
    ```mlir
    %y = rac.gather_elements %x, %i axis 1 : (tensor<?x4xf32>, tensor<?x2xi64>) -> tensor<?x2xf32>
    ```
  }];
  let arguments = (ins Rac_Tensor:$input, Rac_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $indices `axis` $axis attr-dict `:` functional-type(operands, results)
  }];
}

def Rac_GatherNdOp : Rac_TensorOp<"gather_nd", [AllElementTypesMatch<["input", "result"]>]> {
  let summary = "Slices picked by tuples of indices, the last dimension of `indices`.";
  let description = [{
    The first `batch_dims` dimensions of both operands go together.

    ```mlir
    %y = rac.gather_nd %x, %i batch_dims 0 : (tensor<?x4x5xf32>, tensor<3x2xi64>) -> tensor<3x5xf32>
    ```
  }];
  let arguments = (ins Rac_Tensor:$input, Rac_IndexTensor:$indices, I64Attr:$batch_dims);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $indices `batch_dims` $batch_dims attr-dict
      `:` functional-type(operands, results)
  }];
}

def Rac_ScatterKind : I32EnumAttr<"ScatterKind", "what happens to the element there", [
    I32EnumAttrCase<"replace", 0>, I32EnumAttrCase<"add", 1>,
    I32EnumAttrCase<"mul", 2>, I32EnumAttrCase<"max", 3>,
    I32EnumAttrCase<"min", 4>]> {
  let cppNamespace = "::rac";
}

def Rac_ScatterElementsOp : Rac_TensorOp<"scatter_elements", [AllElementTypesMatch<["input", "updates", "result"]>]> {
  let summary = "The input with single elements along one dimension updated, in index order.";
  let description = [{
    ```mlir
    %y = rac.scatter_elements add %x, %i, %u axis 1 : (tensor<?x4xf32>, tensor<?x2xi64>, tensor<?x2xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_ScatterKind:$kind, Rac_Tensor:$input,
      Rac_IndexTensor:$indices, Rac_Tensor:$updates, I64Attr:$axis);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = [{
    $kind $input `,` $indices `,` $updates `axis` $axis attr-dict
      `:` functional-type(operands, results)
  }];
}

def Rac_ScatterNdOp : Rac_TensorOp<"scatter_nd", [AllElementTypesMatch<["input", "updates", "result"]>]> {
  let summary = "The input with slices named by tuples of indices updated, in index order.";
  let description = [{
    ```mlir
    %y = rac.scatter_nd replace %x, %i, %u : (tensor<?x4xf32>, tensor<3x1xi64>, tensor<3x4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_ScatterKind:$kind, Rac_Tensor:$input,
      Rac_IndexTensor:$indices, Rac_Tensor:$updates);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = [{
    $kind $input `,` $indices `,` $updates attr-dict
      `:` functional-type(operands, results)
  }];
}

def Rac_ResizeMode : I32EnumAttr<"ResizeMode", "how a sample is interpolated", [
    I32EnumAttrCase<"nearest", 0>, I32EnumAttrCase<"linear", 1>,
    I32EnumAttrCase<"cubic", 2>]> { let cppNamespace = "::rac"; }
def Rac_ResizeCoordinate : I32EnumAttr<"ResizeCoordinate", "from result position to input position", [
    I32EnumAttrCase<"half_pixel", 0>, I32EnumAttrCase<"half_pixel_symmetric", 1>,
    I32EnumAttrCase<"pytorch_half_pixel", 2>, I32EnumAttrCase<"align_corners", 3>,
    I32EnumAttrCase<"asymmetric", 4>]> { let cppNamespace = "::rac"; }
def Rac_ResizeNearest : I32EnumAttr<"ResizeNearest", "rounding in nearest mode", [
    I32EnumAttrCase<"round_prefer_floor", 0>, I32EnumAttrCase<"round_prefer_ceil", 1>,
    I32EnumAttrCase<"floor", 2>, I32EnumAttrCase<"ceil", 3>,
    I32EnumAttrCase<"ceil_if_fewer", 4>]> { let cppNamespace = "::rac"; }

def Rac_ResizeOp : Rac_TensorOp<"resize", [AllElementTypesMatch<["input", "result"]>,
    AttrSizedOperandSegments]> {
  let summary = "Samples the input on another grid.";
  let description = [{
    `scales` holds result size / input size for each dimension where the model
    gives scales; where it gives sizes, it is absent and the quotient is taken.
    A scale of 0 is one that only the run knows: the next one of `run_scales`.
    `ceil_if_fewer` is ceil along dimensions whose scale is below 1, else floor.
    `cubic_a` is the cubic coefficient; `exclude_outside` gives samples outside
    the input no weight.

    ```mlir
    %y = rac.resize linear half_pixel floor %x to [1, %h, 8, 3] {cubic_a = -0.75 : f64} : (tensor<1x?x4x3xf32>) -> tensor<1x?x8x3xf32>
    %z = rac.resize nearest asymmetric floor %x to [1, %h, 4, 3] by(%s) {cubic_a = -0.75 : f64, scales = array<f64: 1.0, 0.0, 1.0, 1.0>} : (tensor<1x?x4x3xf32>) -> tensor<1x?x4x3xf32>
    ```
  }];
  let arguments = (ins Rac_ResizeMode:$mode, Rac_ResizeCoordinate:$coordinate,
      Rac_ResizeNearest:$nearest, Rac_Tensor:$input, Variadic<Index>:$sizes,
      DenseI64ArrayAttr:$static_sizes, Variadic<F32>:$run_scales,
      OptionalAttr<DenseF64ArrayAttr>:$scales, F64Attr:$cubic_a, UnitAttr:$exclude_outside);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = [{
    $mode $coordinate $nearest $input `to`
      custom<DynamicIndexList>($sizes, $static_sizes)
      (`by` `(` $run_scales^ `)`)? attr-dict `:` functional-type($input, $result)
  }];
  let hasFolder = 1;
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedSizes();
    /// Empty without scales; f64 attributes, and f32 values that the run gives.
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedScales();
    void setMixedScales(::llvm::ArrayRef<::mlir::OpFoldResult> scales);
  }];
}

def Rac_TopKOp : Rac_TensorOp<"top_k", [AllElementTypesMatch<["input", "values"]>]> {
  let summary = "The k largest (or smallest) elements along one dimension, in order, and where they were.";
  let description = [{
    Of equal elements the one with the lower index comes first.

    ```mlir
    %v, %i = rac.top_k %x, %k axis 1 {largest} : (tensor<?x4xf32>) -> (tensor<?x?xf32>, tensor<?x?xi64>)
    ```
  }];
  let arguments = (ins Rac_Tensor:$input, Index:$k, I64Attr:$axis, UnitAttr:$largest);
  let results = (outs Rac_Tensor:$values, RankedTensorOf<[I64]>:$indices);
  let assemblyFormat = [{
    $input `,` $k `axis` $axis attr-dict
      `:` `(` type($input) `)` `->` `(` type($values) `,` type($indices) `)`
  }];
}

def Rac_NonZeroOp : Rac_TensorOp<"non_zero"> {
  let summary = "Where the operand is not zero: a column of indices for each such element, in row-major order.";
  let description = [{
    ```mlir
    %y = rac.non_zero %x : (tensor<?x4xf32>) -> tensor<2x?xi64>
    ```
  }];
  let arguments = (ins Rac_Tensor:$input);
  let results = (outs RankedTensorOf<[I64]>:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type($input, $result)";
}

def Rac_SuppressOp : Rac_TensorOp<"suppress"> {
  let summary = "Which boxes to keep of those that overlap (greedy non-maximum suppression).";
  let description = [{
    A box is a row of its lower and its upper ends along two axes. `groups` has
    the number of each one's group, of [0, `count`), in ascending order. Boxes are
    considered in their order: one is kept if fewer than `limit` of its group are
    so far, and with none of these its intersection is more than `threshold` times
    the union. Boxes with NaN or of infinite size are as if they overlapped none.
    The run fails where the threshold lies outside [0, 1].

    ```mlir
    %y = rac.suppress %boxes, %groups, %limit, %threshold groups %count : (tensor<?x4xf32>, tensor<?xi64>, tensor<i64>, tensor<f32>) -> tensor<?xi1>
    ```
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$boxes, RankedTensorOf<[I64]>:$groups,
      RankedTensorOf<[I64]>:$limit, RankedTensorOf<[F32]>:$threshold, Index:$count);
  let results = (outs Rac_BoolTensor:$result);
  let assemblyFormat = [{
    $boxes `,` $groups `,` $limit `,` $threshold `groups` $count attr-dict
      `:` `(` type($boxes) `,` type($groups) `,` type($limit) `,` type($threshold) `)`
      `->` type($result)
  }];
}

#endif // RAC_DIALECT_RAC_IR_INDEXING
