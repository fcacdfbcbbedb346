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

// A slice along the parts, one whose concatenation something else needs, and
// one of what is no slice.
func.func @along(%x: tensor<6x8xf32>) -> tensor<3x8xf32> {
  %0 = rac.slice %x [2, 0] [4, 8] [1, 1] : (tensor<6x8xf32>) -> tensor<4x8xf32>
  %1 = rac.slice %x [0, 0] [2, 8] [1, 1] : (tensor<6x8xf32>) -> tensor<2x8xf32>
  %2 = rac.concat %0, %1 axis 0 : (tensor<4x8xf32>, tensor<2x8xf32>) -> tensor<6x8xf32>
  %3 = rac.slice %2 [3, 0] [3, 8] [1, 1] : (tensor<6x8xf32>) -> tensor<3x8xf32>
  return %3 : tensor<3x8xf32>
}

func.func @needed(%x: tensor<6x8xf32>) -> (tensor<6x8xf32>, tensor<6x5xf32>) {
  %0 = rac.slice %x [2, 0] [4, 8] [1, 1] : (tensor<6x8xf32>) -> tensor<4x8xf32>
  %1 = rac.slice %x [0, 0] [2, 8] [1, 1] : (tensor<6x8xf32>) -> tensor<2x8xf32>
  %2 = rac.concat %0, %1 axis 0 : (tensor<4x8xf32>, tensor<2x8xf32>) -> tensor<6x8xf32>
  %3 = rac.slice %2 [0, 3] [6, 5] [1, 1] : (tensor<6x8xf32>) -> tensor<6x5xf32>
  return %2, %3 : tensor<6x8xf32>, tensor<6x5xf32>
}

func.func @no_slice(%x: tensor<4x8xf32>, %y: tensor<2x8xf32>) -> tensor<6x5xf32> {
  %0 = rac.concat %x, %y axis 0 : (tensor<4x8xf32>, tensor<2x8xf32>) -> tensor<6x8xf32>
  %1 = rac.slice %0 [0, 3] [6, 5] [1, 1] : (tensor<6x8xf32>) -> tensor<6x5xf32>
  return %1 : tensor<6x5xf32>
}
