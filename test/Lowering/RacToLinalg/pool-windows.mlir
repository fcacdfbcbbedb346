// RUN: rac-opt %s --rac-lower-to-linalg | FileCheck %s --check-prefix=SLICES
// RUN: rac-opt %s --rac-lower-to-linalg=loop-windows | FileCheck %s --check-prefix=LOOPS

// SLICES-LABEL: func @padded
// SLICES-COUNT-9: tensor.extract_slice
// SLICES-NOT: "reduction"
// LOOPS-LABEL: func @padded
// LOOPS-NOT: tensor.extract_slice
// LOOPS: iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]
// LOOPS: arith.maximumf
func.func @padded(%x: tensor<1x8x8x16xf32>) -> tensor<1x4x4x16xf32> {
  %y = rac.pool max %x {window = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 0, 0>, ceil_extra = array<i64: 0, 0>} : (tensor<1x8x8x16xf32>) -> tensor<1x4x4x16xf32>
  return %y : tensor<1x4x4x16xf32>
}

// There is nothing to leave out of a window.
// LOOPS-LABEL: func @inside
// LOOPS-COUNT-4: tensor.extract_slice
// LOOPS-NOT: "reduction"
func.func @inside(%x: tensor<1x8x8x16xf32>) -> tensor<1x4x4x16xf32> {
  %y = rac.pool max %x {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, ceil_extra = array<i64: 0, 0>} : (tensor<1x8x8x16xf32>) -> tensor<1x4x4x16xf32>
  return %y : tensor<1x4x4x16xf32>
}
