// RUN: rac-opt %s "--rac-form-groups=device=epyc-zen4 library=false" --split-input-file | FileCheck %s

// Slices are read where they lie: a roll is one kernel.
// CHECK-LABEL: @roll
func.func @roll(%x: tensor<56x56x96xf32>) -> tensor<56x56x96xf32> {
  // CHECK: rac.group @slice_concat_0 ins(%arg0 : tensor<56x56x96xf32>)
  // CHECK-NOT: rac.group
  %0 = rac.slice %x [0, 3, 0] [56, 53, 96] [1, 1, 1] : (tensor<56x56x96xf32>) -> tensor<56x53x96xf32>
  %1 = rac.slice %x [0, 0, 0] [56, 3, 96] [1, 1, 1] : (tensor<56x56x96xf32>) -> tensor<56x3x96xf32>
  %2 = rac.concat %0, %1 axis 1 : (tensor<56x53x96xf32>, tensor<56x3x96xf32>) -> tensor<56x56x96xf32>
  return %2 : tensor<56x56x96xf32>
}

// -----

// So is one whose result others compute with.
// CHECK-LABEL: @roll_and_add
func.func @roll_and_add(%x: tensor<56x56x96xf32>, %r: tensor<56x56x96xf32>) -> tensor<56x56x96xf32> {
  // CHECK: rac.group @slice_concat_add_0
  // CHECK-NOT: rac.group
  %0 = rac.slice %x [0, 3, 0] [56, 53, 96] [1, 1, 1] : (tensor<56x56x96xf32>) -> tensor<56x53x96xf32>
  %1 = rac.slice %x [0, 0, 0] [56, 3, 96] [1, 1, 1] : (tensor<56x56x96xf32>) -> tensor<56x3x96xf32>
  %2 = rac.concat %0, %1 axis 1 : (tensor<56x53x96xf32>, tensor<56x3x96xf32>) -> tensor<56x56x96xf32>
  %3 = rac.add %2, %r : (tensor<56x56x96xf32>, tensor<56x56x96xf32>) -> tensor<56x56x96xf32>
  return %3 : tensor<56x56x96xf32>
}

// -----

// The parts of parts are put into place at once.
// CHECK-LABEL: @rolls
func.func @rolls(%x: tensor<56x56x96xf32>) -> tensor<56x56x96xf32> {
  // CHECK: rac.group @slice_concat_0 ins(%arg0 : tensor<56x56x96xf32>)
  // CHECK-NOT: rac.group
  %0 = rac.slice %x [3, 3, 0] [53, 53, 96] [1, 1, 1] : (tensor<56x56x96xf32>) -> tensor<53x53x96xf32>
  %1 = rac.slice %x [0, 3, 0] [3, 53, 96] [1, 1, 1] : (tensor<56x56x96xf32>) -> tensor<3x53x96xf32>
  %2 = rac.concat %0, %1 axis 0 : (tensor<53x53x96xf32>, tensor<3x53x96xf32>) -> tensor<56x53x96xf32>
  %3 = rac.slice %x [3, 0, 0] [53, 3, 96] [1, 1, 1] : (tensor<56x56x96xf32>) -> tensor<53x3x96xf32>
  %4 = rac.slice %x [0, 0, 0] [3, 3, 96] [1, 1, 1] : (tensor<56x56x96xf32>) -> tensor<3x3x96xf32>
  %5 = rac.concat %3, %4 axis 0 : (tensor<53x3x96xf32>, tensor<3x3x96xf32>) -> tensor<56x3x96xf32>
  %6 = rac.concat %2, %5 axis 1 : (tensor<56x53x96xf32>, tensor<56x3x96xf32>) -> tensor<56x56x96xf32>
  return %6 : tensor<56x56x96xf32>
}

// -----

// Concatenations that something else is computed of are not one.
// CHECK-LABEL: @two_concats
func.func @two_concats(%x: tensor<64x64xf32>, %y: tensor<64x64xf32>) -> tensor<64x128xf32> {
  // CHECK: rac.group @concat_0
  // CHECK: rac.group @concat_add_1
  %0 = rac.concat %x, %y axis 1 : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x128xf32>
  %1 = rac.concat %y, %x axis 1 : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x128xf32>
  %2 = rac.add %0, %1 : (tensor<64x128xf32>, tensor<64x128xf32>) -> tensor<64x128xf32>
  return %2 : tensor<64x128xf32>
}

// -----

// A gate: both halves of one tensor, one of them read twice.
// CHECK-LABEL: @gate
func.func @gate(%x: tensor<64x?xf32>, %n: index) -> tensor<64x128xf32> {
  // CHECK: rac.group @slice_{{.*}} ins(%arg0, %arg1 : tensor<64x?xf32>, index)
  // CHECK-NOT: rac.group
  %0 = rac.slice %x [0, 0] [64, 128] [1, 1] : (tensor<64x?xf32>) -> tensor<64x128xf32>
  %1 = rac.slice %x [0, %n] [64, 128] [1, 1] : (tensor<64x?xf32>) -> tensor<64x128xf32>
  %2 = rac.sigmoid %1 : (tensor<64x128xf32>) -> tensor<64x128xf32>
  %3 = rac.mul %1, %2 : (tensor<64x128xf32>, tensor<64x128xf32>) -> tensor<64x128xf32>
  %4 = rac.mul %0, %3 : (tensor<64x128xf32>, tensor<64x128xf32>) -> tensor<64x128xf32>
  return %4 : tensor<64x128xf32>
}

// -----

// CHECK-LABEL: @transposed
func.func @transposed(%x: tensor<64x128xf32>) -> tensor<64x64xf32> {
  // CHECK: rac.group @slice_transpose_0
  // CHECK-NOT: rac.group
  %0 = rac.slice %x [0, 64] [64, 64] [1, 1] : (tensor<64x128xf32>) -> tensor<64x64xf32>
  %1 = rac.transpose %0, [1, 0] : (tensor<64x64xf32>) -> tensor<64x64xf32>
  return %1 : tensor<64x64xf32>
}

// -----

// Elements in reverse order are no view.
// CHECK-LABEL: @reversed
func.func @reversed(%x: tensor<64x128xf32>, %y: tensor<64x128xf32>) -> tensor<64x256xf32> {
  // CHECK: rac.group @slice_0
  // CHECK: rac.group @concat_1
  %0 = rac.slice %x [0, 127] [64, 128] [1, -1] : (tensor<64x128xf32>) -> tensor<64x128xf32>
  %1 = rac.concat %0, %y axis 1 : (tensor<64x128xf32>, tensor<64x128xf32>) -> tensor<64x256xf32>
  return %1 : tensor<64x256xf32>
}

// -----

// What computes takes vectors of neighbours.
// CHECK-LABEL: @every_second
func.func @every_second(%x: tensor<64x128xf32>) -> tensor<64x64xf32> {
  // CHECK: rac.group @slice_0
  // CHECK: rac.group @exp_1
  %0 = rac.slice %x [0, 0] [64, 64] [1, 2] : (tensor<64x128xf32>) -> tensor<64x64xf32>
  %1 = rac.exp %0 : (tensor<64x64xf32>) -> tensor<64x64xf32>
  return %1 : tensor<64x64xf32>
}

// -----

// Products have their operands whole.
// CHECK-LABEL: @product
func.func @product(%x: tensor<64x128xf32>, %w: tensor<64x64xf32>, %r: tensor<64x128xf32>) -> tensor<64x64xf32> {
  // CHECK: rac.group @slice_0
  // CHECK: rac.group @slice_1
  // CHECK: rac.group @matmul_add_2
  %0 = rac.slice %x [0, 64] [64, 64] [1, 1] : (tensor<64x128xf32>) -> tensor<64x64xf32>
  %1 = rac.slice %r [0, 64] [64, 64] [1, 1] : (tensor<64x128xf32>) -> tensor<64x64xf32>
  %2 = rac.matmul %0, %w : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %3 = rac.add %2, %1 : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %3 : tensor<64x64xf32>
}
