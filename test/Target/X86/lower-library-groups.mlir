// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-lower-library-groups))' | FileCheck %s

#plan = #rac.plan<kind = library, precision = f32>

// CHECK-LABEL: func.func @conv
// CHECK-NEXT: %[[Y:.*]] = rac.library_call conv ins(%arg0, %arg1, %arg2, %arg3 : {{.*}}) outs(%arg4 : tensor<1x4x4x8xf32>)
// CHECK-SAME: dilations = array<i64: 1, 1>, has_bias
// CHECK-SAME: post_ops = [#rac.post_op<kind = add, operand = 3>, #rac.post_op<kind = relu>]
// CHECK-NEXT: return %[[Y]]
func.func @conv(%x: tensor<1x4x4x3xf32>, %f: tensor<8x3x1x1xf32>, %b: tensor<8xf32>, %r: tensor<1x4x4x8xf32>, %d: tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> attributes {rac.plan = #plan} {
  %0 = rac.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, groups = 1 : i64} : (tensor<1x4x4x3xf32>, tensor<8x3x1x1xf32>) -> tensor<1x4x4x8xf32>
  %1 = rac.add %0, %b : (tensor<1x4x4x8xf32>, tensor<8xf32>) -> tensor<1x4x4x8xf32>
  %2 = rac.add %r, %1 : (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
  %3 = rac.relu %2 : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
  %4 = bufferization.materialize_in_destination %3 in %d : (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
  return %4 : tensor<1x4x4x8xf32>
}

// Transposes on both sides are views; a scalar is a linear post-op.

// CHECK-LABEL: func.func @matmul
// CHECK-NEXT: rac.library_call matmul ins(%arg0, %arg1 : {{.*}}) outs(%arg2 : tensor<3x2x4xf32>)
// CHECK-SAME: permutations = [array<i64>, array<i64: 0, 2, 1>, array<i64: 1, 0, 2>]
// CHECK-SAME: post_ops = [#rac.post_op<kind = linear, alpha = 1.25{{0*}}e-01>]
func.func @matmul(%a: tensor<2x3x8xf32>, %b: tensor<2x4x8xf32>, %d: tensor<3x2x4xf32>) -> tensor<3x2x4xf32> attributes {rac.plan = #plan} {
  %s = rac.constant dense<0.125> : tensor<f32>
  %t = rac.transpose %b, [0, 2, 1] : (tensor<2x4x8xf32>) -> tensor<2x8x4xf32>
  %0 = rac.matmul %a, %t : (tensor<2x3x8xf32>, tensor<2x8x4xf32>) -> tensor<2x3x4xf32>
  %1 = rac.mul %0, %s : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<2x3x4xf32>
  %2 = rac.transpose %1, [1, 0, 2] : (tensor<2x3x4xf32>) -> tensor<3x2x4xf32>
  %3 = bufferization.materialize_in_destination %2 in %d : (tensor<3x2x4xf32>, tensor<3x2x4xf32>) -> tensor<3x2x4xf32>
  return %3 : tensor<3x2x4xf32>
}
