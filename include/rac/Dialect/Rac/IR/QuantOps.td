//===- QuantOps.td - Weights in few bits ------------------------*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_QUANT
#define RAC_DIALECT_RAC_IR_QUANT

include "rac/Dialect/Rac/IR/RacBase.td"

def Rac_DequantizeWeightsOp : Rac_TensorOp<"dequantize_weights"> {
  let summary = "Weights from steps of 8 or 4 bits and the scales of blocks of them.";
  let description = [{
    The element at i is steps[i] * scales[i / blocks], each dimension by itself,
    rounded down; with `zeros`, (steps[i] - zeros[i / blocks]) * scales[i / blocks].
    With `nibbles` a byte has two steps, each 8 less than its half of the byte: the
    low halves are the steps of the first half of a block's rows, the high ones
    those of the second. Where steps fill up the last block of rows, `rows` says how
    many weights have.

    ```mlir
    %w = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>} : (tensor<64x16xi8>, tensor<2x16xf32>) -> tensor<64x16xf32>
    ```

    ```mlir
    %w = rac.dequantize_weights %q, %s, %z {blocks = array<i64: 32, 1>, nibbles, rows = 50 : i64} : (tensor<32x16xi8>, tensor<2x16xf32>, tensor<2x16xi8>) -> tensor<50x16xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[I8]>:$steps, RankedTensorOf<[F32]>:$scales,
      Optional<RankedTensorOf<[I8]>>:$zeros, DenseI64ArrayAttr:$blocks,
      UnitAttr:$nibbles, OptionalAttr<I64Attr>:$rows);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat =
      "$steps `,` $scales (`,` $zeros^)? attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    /// Rows that `steps` has, and those that fill up the last block.
    int64_t getFilledRows();
  }];
  let hasVerifier = 1;
}

#endif // RAC_DIALECT_RAC_IR_QUANT
