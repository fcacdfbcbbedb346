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

// Floats of 16 bits are read and written as they are; what is between is f32.

// CHECK-LABEL: func.func @bf16
// CHECK-NEXT: %[[Y:.*]] = rac.library_call matmul ins(%arg0, %arg1, %arg2, %arg3 : tensor<?x8xbf16>, tensor<8x4xbf16>, tensor<4xf32>, tensor<?x4xbf16>) outs(%arg4 : tensor<?x4xbf16>)
// CHECK-SAME: has_bias, post_ops = [#rac.post_op<kind = relu>, #rac.post_op<kind = add, operand = 3>]
// CHECK-NEXT: return %[[Y]]
func.func @bf16(%a: tensor<?x8xbf16>, %b: tensor<8x4xbf16>, %c: tensor<4xf32>, %r: tensor<?x4xbf16>, %d: tensor<?x4xbf16>) -> tensor<?x4xbf16> attributes {rac.plan = #rac.plan<kind = library, precision = bf16>} {
  %0 = rac.matmul %a, %b : (tensor<?x8xbf16>, tensor<8x4xbf16>) -> tensor<?x4xf32>
  %1 = rac.add %0, %c : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %2 = rac.relu %1 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %3 = rac.cast %r : (tensor<?x4xbf16>) -> tensor<?x4xf32>
  %4 = rac.add %2, %3 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %5 = rac.cast %4 : (tensor<?x4xf32>) -> tensor<?x4xbf16>
  %6 = bufferization.materialize_in_destination %5 in %d : (tensor<?x4xbf16>, tensor<?x4xbf16>) -> tensor<?x4xbf16>
  return %6 : tensor<?x4xbf16>
}

// Bytes: the call knows which have no sign and what the source's zero point is; steps are rounded to
// before their zero point is added, and held in a range that is narrower than the type's.

// CHECK-LABEL: func.func @bytes
// CHECK-NEXT: rac.library_call conv ins(%arg0, %arg1, %arg2 : tensor<1x4x1xui8>, tensor<2x1x1xi8>, tensor<2xf32>) outs(%arg3 : tensor<1x6x2xui8>)
// CHECK-SAME: post_ops = [#rac.post_op<kind = mul, operand = 2>, #rac.post_op<kind = linear, alpha = 2.0{{0*}}e+00>, #rac.post_op<kind = round>, #rac.post_op<kind = linear, alpha = 1.0{{0*}}e+00, beta = 7.0{{0*}}e+00>, #rac.post_op<kind = clip, alpha = 1.0{{0*}}e+00, beta = 2.0{{0*}}e+02>]
// CHECK-SAME: source_zero = 3
// CHECK-SAME: unsigned_operands = array<i64: 0, 3>
func.func @bytes(%x: tensor<1x4x1xui8>, %w: tensor<2x1x1xi8>, %s: tensor<2xf32>, %d: tensor<1x6x2xui8>) -> tensor<1x6x2xui8> attributes {rac.plan = #rac.plan<kind = library, precision = i8>} {
  %0 = rac.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64, input_zero = 3 : i64} : (tensor<1x4x1xui8>, tensor<2x1x1xi8>) -> tensor<1x6x2xi32>
  %1 = rac.cast %0 : (tensor<1x6x2xi32>) -> tensor<1x6x2xf32>
  %2 = rac.mul %1, %s : (tensor<1x6x2xf32>, tensor<2xf32>) -> tensor<1x6x2xf32>
  %3 = rac.quantize %2 {steps_type = !quant.uniform<u8<1:200>:f32, 0.5:7>} : (tensor<1x6x2xf32>) -> tensor<1x6x2xui8>
  %4 = bufferization.materialize_in_destination %3 in %d : (tensor<1x6x2xui8>, tensor<1x6x2xui8>) -> tensor<1x6x2xui8>
  return %4 : tensor<1x6x2xui8>
}

// Steps by channel were multiplied with before: nothing is left to multiply with.

// CHECK-LABEL: func.func @steps_of_one
// CHECK-NEXT: rac.library_call conv
// CHECK-SAME: post_ops = [#rac.post_op<kind = mul, operand = 2>, #rac.post_op<kind = round>, #rac.post_op<kind = linear, alpha = 1.0{{0*}}e+00, beta = 7.0{{0*}}e+00>]
func.func @steps_of_one(%x: tensor<1x4x1xui8>, %w: tensor<2x1x1xi8>, %s: tensor<2xf32>, %d: tensor<1x6x2xui8>) -> tensor<1x6x2xui8> attributes {rac.plan = #rac.plan<kind = library, precision = i8>} {
  %0 = rac.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64, input_zero = 3 : i64} : (tensor<1x4x1xui8>, tensor<2x1x1xi8>) -> tensor<1x6x2xi32>
  %1 = rac.cast %0 : (tensor<1x6x2xi32>) -> tensor<1x6x2xf32>
  %2 = rac.mul %1, %s : (tensor<1x6x2xf32>, tensor<2xf32>) -> tensor<1x6x2xf32>
  %3 = rac.quantize %2 {steps_type = !quant.uniform<u8:f32, 1.0:7>} : (tensor<1x6x2xf32>) -> tensor<1x6x2xui8>
  %4 = bufferization.materialize_in_destination %3 in %d : (tensor<1x6x2xui8>, tensor<1x6x2xui8>) -> tensor<1x6x2xui8>
  return %4 : tensor<1x6x2xui8>
}

// A bias may have ones in front.

// CHECK-LABEL: func.func @bias_with_ones
// CHECK-NEXT: rac.library_call conv ins(%arg0, %arg1, %arg2 : {{.*}}) outs(%arg3 : tensor<1x4x4x8xf32>)
// CHECK-SAME: has_bias, {{.*}}post_ops = [#rac.post_op<kind = relu>]
func.func @bias_with_ones(%x: tensor<1x4x4x3xf32>, %f: tensor<8x3x1x1xf32>, %b: tensor<1x1x1x8xf32>, %d: tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> attributes {rac.plan = #plan} {
  %0 = rac.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, groups = 1 : i64} : (tensor<1x4x4x3xf32>, tensor<8x3x1x1xf32>) -> tensor<1x4x4x8xf32>
  %1 = rac.add %0, %b : (tensor<1x4x4x8xf32>, tensor<1x1x1x8xf32>) -> tensor<1x4x4x8xf32>
  %2 = rac.relu %1 : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
  %3 = bufferization.materialize_in_destination %2 in %d : (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
  return %3 : tensor<1x4x4x8xf32>
}
