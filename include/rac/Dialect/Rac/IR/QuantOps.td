//===- QuantOps.td - Weights in few bits ------------------------*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_QUANT
#define RAC_DIALECT_RAC_IR_QUANT

include "rac/Dialect/Rac/IR/RacBase.td"

def Rac_DequantizeWeightsOp : Rac_TensorOp<"dequantize_weights"> {
  let summary = "Weights from steps of 8 or 4 bits and the scales of blocks of them.";
  let description = [{
    The element at i is steps[i] * scales[i / blocks], each dimension by itself,
    rounded down. With `nibbles` the first dimension of `steps` has half of the
    weights' rows: a byte holds, signed, that of row r in its low half and that
    of row r + rows / 2 in its high one.

    ```mlir
    %w = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>} : (tensor<64x16xi8>, tensor<2x16xf32>) -> tensor<64x16xf32>
    ```

    ```mlir
    %w = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>, nibbles} : (tensor<32x16xi8>, tensor<2x16xf32>) -> tensor<64x16xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[I8]>:$steps, RankedTensorOf<[F32]>:$scales,
      DenseI64ArrayAttr:$blocks, UnitAttr:$nibbles);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat =
      "$steps `,` $scales attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // RAC_DIALECT_RAC_IR_QUANT
