//===- ContractionOps.td - Products, convolutions, pools -------*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_CONTRACTION
#define RAC_DIALECT_RAC_IR_CONTRACTION

include "rac/Dialect/Rac/IR/RacBase.td"

def Rac_MatmulOp : Rac_TensorOp<"matmul"> {
  let summary = "Matrix product over the last two dimensions; those before broadcast.";
  let description = [{
    Integer operands accumulate in, and give, i32; one may be signed and the other
    not. Floats of 16 bits accumulate in f32, and may give that.

    ```mlir
    %y = rac.matmul %a, %b : (tensor<?x4x8xf32>, tensor<8x16xf32>) -> tensor<?x4x16xf32>
    ```
  }];
  let arguments = (ins Rac_Tensor:$lhs, Rac_Tensor:$rhs);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

class Rac_ConvolutionLike<string mnemonic> : Rac_TensorOp<mnemonic> {
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Rac_ConvOp : Rac_ConvolutionLike<"conv"> {
  let summary = "Cross-correlation of a channels-last tensor with a filter, any rank.";
  let description = [{
    Input N x spatial x C, filter F x C/groups x window, result N x spatial x F.
    Padding counts as zero. `pads_low` and `pads_high` may not be negative.
    Integer operands accumulate in, and give, i32; `input_zero` is subtracted from
    each of the input's, and is what padding holds. Floats of 16 bits accumulate in
    f32, and may give that.

    ```mlir
    %y = rac.conv %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64} : (tensor<?x9x4xf32>, tensor<8x4x3xf32>) -> tensor<?x5x8xf32>
    ```
  }];
  let arguments = (ins Rac_Tensor:$input, Rac_Tensor:$filter,
      DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
      DenseI64ArrayAttr:$pads_low, DenseI64ArrayAttr:$pads_high, I64Attr:$groups,
      DefaultValuedAttr<I64Attr, "0">:$input_zero);
}

def Rac_ConvTransposeOp : Rac_ConvolutionLike<"conv_transpose"> {
  let summary = "Transposed convolution of a channels-last tensor, any rank.";
  let description = [{
    Input N x spatial x C, filter C x F/groups x window, result N x spatial x F:
    each input element adds its filter to the result at stride distance, and
    `pads_low`, `pads_high` are cut off; `output_padding` adds to the high end.

    ```mlir
    %y = rac.conv_transpose %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, output_padding = array<i64: 1>, groups = 1 : i64} : (tensor<?x5x8xf32>, tensor<8x4x3xf32>) -> tensor<?x10x4xf32>
    ```
  }];
  let arguments = (ins Rac_FloatTensor:$input, Rac_FloatTensor:$filter,
      DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
      DenseI64ArrayAttr:$pads_low, DenseI64ArrayAttr:$pads_high,
      DenseI64ArrayAttr:$output_padding, I64Attr:$groups);
}

def Rac_PoolKind : I32EnumAttr<"PoolKind", "how a window's elements combine", [
    I32EnumAttrCase<"max", 0>, I32EnumAttrCase<"average", 1>,
    I32EnumAttrCase<"average_with_padding", 2>]> {
  let cppNamespace = "::rac";
}

def Rac_PoolOp : Rac_TensorOp<"pool", [SameOperandsAndResultElementType]> {
  let summary = "Combines the elements of a sliding window, channels-last, any rank.";
  let description = [{
    Input N x spatial x C. `average` divides by the elements inside the input,
    `average_with_padding` by those inside the padded input. `pads_high` may
    exceed the padding that counts where the model rounds sizes up: elements past
    `pads_high - ceil_extra` don't count.

    ```mlir
    %y = rac.pool max %x {window = array<i64: 3>, strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 1>, ceil_extra = array<i64: 1>} : (tensor<?x8x4xf32>) -> tensor<?x4x4xf32>
    ```
  }];
  let arguments = (ins Rac_PoolKind:$kind, Rac_Tensor:$input,
      DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides,
      DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads_low,
      DenseI64ArrayAttr:$pads_high, DenseI64ArrayAttr:$ceil_extra);
  let results = (outs Rac_Tensor:$result);
  let assemblyFormat =
      "$kind $input attr-dict `:` functional-type($input, $result)";
  let hasVerifier = 1;
}

def Rac_AttentionOp : Rac_TensorOp<"attention", [SameOperandsAndResultElementType]> {
  let summary = "softmax(scale * q k^T + mask) v, over the last two dimensions.";
  let description = [{
    q: ... x L x D, k: ... x S x D, v: ... x S x E, mask broadcasts to ... x L x S.
    A `causal` one's query sees no key with a number above its own: -inf is its score.

    ```mlir
    %y = rac.attention %q, %k, %v, %m scale 0.125 : (tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>, tensor<?x1x1x?xf32>) -> tensor<?x8x?x64xf32>
    %z = rac.attention %q, %k, %v scale 0.125 causal : (tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>) -> tensor<?x8x?x64xf32>
    ```
  }];
  let arguments = (ins Rac_FloatTensor:$query, Rac_FloatTensor:$key,
      Rac_FloatTensor:$value, Optional<Rac_FloatTensor>:$mask, F64Attr:$scale,
      UnitAttr:$causal);
  let results = (outs Rac_FloatTensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`,` $mask^)? `scale` $scale
      (`causal` $causal^)? attr-dict
      `:` functional-type(operands, results)
  }];
}

#endif // RAC_DIALECT_RAC_IR_CONTRACTION
