// RUN: rac-opt %s --rac-refine-shapes --split-input-file | FileCheck %s

// CHECK-LABEL: @static_argument
// CHECK-SAME: -> tensor<4x8xf32>
func.func @static_argument(%x: tensor<4x8xf32>) -> tensor<?x8xf32> {
  // CHECK: rac.relu %{{.*}} -> tensor<4x8xf32>
  %0 = tensor.cast %x : tensor<4x8xf32> to tensor<?x8xf32>
  %1 = rac.relu %0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// -----

// A size that becomes known through the ops before it makes a reshape static.
// CHECK-LABEL: @size_through_ops
// CHECK-SAME: -> tensor<2x16xf32>
func.func @size_through_ops(%x: tensor<4x8xf32>) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %0 = tensor.cast %x : tensor<4x8xf32> to tensor<?x8xf32>
  %1 = rac.exp %0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %d = tensor.dim %1, %c0 : tensor<?x8xf32>
  %n = arith.divui %d, %c2 : index
  // CHECK: rac.reshape %{{.*}} to [2, 16]
  %2 = rac.reshape %1 to [%n, 16] : (tensor<?x8xf32>) -> tensor<?x16xf32>
  return %2 : tensor<?x16xf32>
}

// -----

// CHECK-LABEL: @arguments_of_one_name
// CHECK-SAME: (%[[A:.*]]: tensor<?x4xf32> {{.*}}, %[[B:.*]]: tensor<?x4xf32>
func.func @arguments_of_one_name(
    %a: tensor<?x4xf32> {rac.dim_names = ["batch", ""]},
    %b: tensor<?x4xf32> {rac.dim_names = ["batch", ""]}) -> (tensor<?x4xf32>, index) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %a, %c0 : tensor<?x4xf32>
  %m = tensor.dim %b, %c0 : tensor<?x4xf32>
  // CHECK: %[[N:.*]] = tensor.dim %[[A]]
  // CHECK-NOT: tensor.dim
  // CHECK-NOT: rac.expand
  %e = rac.expand %b to [%n, 4] : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: rac.add %[[A]], %[[B]]
  %0 = rac.add %a, %e : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: return %{{.*}}, %[[N]]
  return %0, %m : tensor<?x4xf32>, index
}

// -----

// Arguments' dimensions without a name, or of different ones, may differ.
// CHECK-LABEL: @arguments_of_two_names
func.func @arguments_of_two_names(
    %a: tensor<?x4xf32> {rac.dim_names = ["batch", ""]},
    %b: tensor<?x4xf32> {rac.dim_names = ["other", ""]}) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %a, %c0 : tensor<?x4xf32>
  // CHECK: rac.expand
  %e = rac.expand %b to [%n, 4] : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %0 = rac.add %a, %e : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// Shape arithmetic ends at the arguments.
// CHECK-LABEL: @dim_of_conv
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x4xf32>
func.func @dim_of_conv(%x: tensor<?x?x4xf32>, %f: tensor<8x4x3xf32>) -> index {
  %c1 = arith.constant 1 : index
  %y = rac.conv %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64} : (tensor<?x?x4xf32>, tensor<8x4x3xf32>) -> tensor<?x?x8xf32>
  %d = tensor.dim %y, %c1 : tensor<?x?x8xf32>
  // CHECK: %[[D:.*]] = tensor.dim %[[X]]
  // CHECK: %[[R:.*]] = affine.apply {{.*}}()[%[[D]]]
  // CHECK: return %[[R]]
  return %d : index
}

// -----

// What is no rac op keeps the type it had.
// CHECK-LABEL: @cast_for_others
func.func @cast_for_others(%x: tensor<4xf32>, %c: i1, %z: tensor<?xf32>) -> tensor<?xf32> {
  %0 = tensor.cast %x : tensor<4xf32> to tensor<?xf32>
  // CHECK: %[[E:.*]] = rac.exp %{{.*}} -> tensor<4xf32>
  %1 = rac.exp %0 : (tensor<?xf32>) -> tensor<?xf32>
  // CHECK: %[[C:.*]] = tensor.cast %[[E]]
  // CHECK: scf.yield %[[C]]
  %2 = scf.if %c -> tensor<?xf32> {
    scf.yield %1 : tensor<?xf32>
  } else {
    scf.yield %z : tensor<?xf32>
  }
  return %2 : tensor<?xf32>
}

// -----

// CHECK-LABEL: @product_over_factor
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x8xf32>)
func.func @product_over_factor(%x: tensor<?x?x8xf32>) -> tensor<?x?x2x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x8xf32>
  %l = tensor.dim %x, %c1 : tensor<?x?x8xf32>
  %p = arith.muli %b, %l : index
  %q = arith.muli %p, %c8 : index
  %r = arith.muli %b, %c8 : index
  %n = arith.divui %q, %r : index
  // CHECK-DAG: %[[B:.*]] = tensor.dim %[[X]], %c0
  // CHECK-DAG: %[[L:.*]] = tensor.dim %[[X]], %c1
  // CHECK: rac.reshape %[[X]] to [%[[B]], %[[L]], 2, 4]
  %0 = rac.reshape %x to [%b, %n, 2, 4] : (tensor<?x?x8xf32>) -> tensor<?x?x2x4xf32>
  return %0 : tensor<?x?x2x4xf32>
}
