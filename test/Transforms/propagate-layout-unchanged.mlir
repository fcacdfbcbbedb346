// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-propagate-layout | diff %t -

// One transpose, and nothing that would cancel it.
func.func @one(%x: tensor<2x3x4xf32>) -> tensor<4x3x2xf32> {
  %0 = rac.transpose %x, [2, 1, 0] : (tensor<2x3x4xf32>) -> tensor<4x3x2xf32>
  %1 = rac.relu %0 : (tensor<4x3x2xf32>) -> tensor<4x3x2xf32>
  return %1 : tensor<4x3x2xf32>
}

func.func @none(%x: tensor<2x3xf32>, %w: tensor<3x4xf32>) -> tensor<2x4xf32> {
  %0 = rac.matmul %x, %w : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}
