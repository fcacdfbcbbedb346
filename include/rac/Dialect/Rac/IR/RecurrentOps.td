//===- RecurrentOps.td - Recurrent nets ------------------------*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_RECURRENT
#define RAC_DIALECT_RAC_IR_RECURRENT

include "rac/Dialect/Rac/IR/RacBase.td"

def Rac_LstmOp : Rac_TensorOp<"lstm", [SameOperandsAndResultElementType]> {
  let summary = "One direction of a long short-term memory net with sigmoid and tanh.";
  let description = [{
    input T x B x I, weight 4H x I and recurrence 4H x H with the gates in the
    order i, o, f, c; bias 4H (both of ONNX's summed); hidden and cell B x H.
    Results: every hidden state T x B x H, the last hidden state, the last cell.
    `reverse` runs from the last time step to the first.

    ```mlir
    %y, %h, %c = rac.lstm %x, %w, %r, %b, %h0, %c0 : (tensor<?x1x8xf32>, tensor<16x8xf32>, tensor<16x4xf32>, tensor<16xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> (tensor<?x1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>)
    ```
  }];
  let arguments = (ins Rac_FloatTensor:$input, Rac_FloatTensor:$weight,
      Rac_FloatTensor:$recurrence, Rac_FloatTensor:$bias,
      Rac_FloatTensor:$hidden, Rac_FloatTensor:$cell, UnitAttr:$reverse);
  let results = (outs Rac_FloatTensor:$states, Rac_FloatTensor:$last_hidden,
                      Rac_FloatTensor:$last_cell);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif // RAC_DIALECT_RAC_IR_RECURRENT
