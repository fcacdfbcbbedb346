// RUN: rac-opt %s --rac-apply-precision --mlir-print-op-generic > %t.after
// RUN: rac-opt %s --mlir-print-op-generic | diff - %t.after
//
// Plans in the model's own types, and groups that are as their plans say already.

func.func @wide(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) -> tensor<2x4xf32> {
  %0 = rac.group @product ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) -> (tensor<2x4xf32>) plan <kind = library, precision = f32> {
  ^bb0(%a: tensor<2x4xf32>, %b: tensor<4x4xf32>):
    %1 = rac.matmul %a, %b : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
    rac.yield %1 : tensor<2x4xf32>
  }
  return %0 : tensor<2x4xf32>
}

func.func @narrow_already(%x: tensor<2x4xbf16>, %w: tensor<4x4xbf16>) -> tensor<2x4xbf16> {
  %0 = rac.group @product ins(%x, %w : tensor<2x4xbf16>, tensor<4x4xbf16>) -> (tensor<2x4xbf16>) plan <kind = library, precision = bf16> {
  ^bb0(%a: tensor<2x4xbf16>, %b: tensor<4x4xbf16>):
    %1 = rac.matmul %a, %b : (tensor<2x4xbf16>, tensor<4x4xbf16>) -> tensor<2x4xf32>
    %2 = rac.cast %1 : (tensor<2x4xf32>) -> tensor<2x4xbf16>
    rac.yield %2 : tensor<2x4xbf16>
  }
  return %0 : tensor<2x4xbf16>
}

// No contraction has a part in a mask, whose values may not fit.
func.func @mask(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = rac.group @mask ins(%x : tensor<2x4xf32>) -> (tensor<2x4xf32>) plan <kind = generated, precision = bf16> {
  ^bb0(%a: tensor<2x4xf32>):
    %1 = rac.neg %a : (tensor<2x4xf32>) -> tensor<2x4xf32>
    rac.yield %1 : tensor<2x4xf32>
  }
  %2 = rac.group @use ins(%0 : tensor<2x4xf32>) -> (tensor<2x4xf32>) plan <kind = generated, precision = bf16> {
  ^bb0(%a: tensor<2x4xf32>):
    %1 = rac.exp %a : (tensor<2x4xf32>) -> tensor<2x4xf32>
    rac.yield %1 : tensor<2x4xf32>
  }
  return %2 : tensor<2x4xf32>
}
