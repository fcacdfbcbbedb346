// RUN: rac-opt %s --rac-canonicalize-model --split-input-file | FileCheck %s

// CHECK-LABEL: @gelu_orders
func.func @gelu_orders(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %half = rac.constant dense<0.5> : tensor<f32>
  %one = rac.constant dense<1.0> : tensor<f32>
  %r2 = rac.constant dense<1.41421354> : tensor<f32>
  %ir2 = rac.constant dense<0.707106769> : tensor<f32>
  // x * 0.5 * (1 + erf(x / sqrt 2))
  %0 = rac.div %x, %r2 : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = rac.erf %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = rac.add %1, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = rac.mul %x, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: %[[A:.*]] = rac.gelu %arg0
  %a = rac.mul %3, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // (1 + erf(x * 0.7071)) * x * 0.5
  %4 = rac.mul %x, %ir2 : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %5 = rac.erf %4 : (tensor<4xf32>) -> tensor<4xf32>
  %6 = rac.add %one, %5 : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %7 = rac.mul %6, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: %[[B:.*]] = rac.gelu %arg0
  %b = rac.mul %7, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: return %[[A]], %[[B]]
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: @no_gelu
func.func @no_gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = rac.constant dense<1.0> : tensor<f32>
  %ir2 = rac.constant dense<0.707106769> : tensor<f32>
  %0 = rac.mul %x, %ir2 : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: rac.erf
  %1 = rac.erf %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = rac.add %one, %1 : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = rac.mul %2, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NOT: rac.gelu
  %4 = rac.mul %3, %ir2 : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @gelu_tanh
func.func @gelu_tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %half = rac.constant dense<0.5> : tensor<f32>
  %one = rac.constant dense<1.0> : tensor<f32>
  %three = rac.constant dense<3.0> : tensor<f32>
  %c = rac.constant dense<4.471500e-02> : tensor<f32>
  %k = rac.constant dense<0.797884583> : tensor<f32>
  %0 = rac.pow %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = rac.mul %0, %c : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = rac.add %x, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = rac.mul %2, %k : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %4 = rac.tanh %3 : (tensor<4xf32>) -> tensor<4xf32>
  %5 = rac.add %4, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %6 = rac.mul %x, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: %[[R:.*]] = rac.gelu_tanh %arg0
  // CHECK: return %[[R]]
  %7 = rac.mul %6, %5 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %7 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @gated
func.func @gated(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %zero = rac.constant dense<0.0> : tensor<f32>
  %three = rac.constant dense<3.0> : tensor<f32>
  %six = rac.constant dense<6.0> : tensor<f32>
  %s = rac.sigmoid %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: rac.silu %arg0
  %silu = rac.mul %s, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // The sigmoid of something else is no silu.
  // CHECK: rac.sigmoid %arg1
  // CHECK-NEXT: rac.mul
  %t = rac.sigmoid %y : (tensor<4xf32>) -> tensor<4xf32>
  %other = rac.mul %t, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %0 = rac.add %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = rac.clip %0, %zero, %six : (tensor<4xf32>, tensor<f32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: rac.hard_swish %arg0
  %2 = rac.mul %x, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %swish = rac.div %2, %six : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = rac.add %y, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %4 = rac.clip %3, %zero, %six : (tensor<4xf32>, tensor<f32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: rac.hard_sigmoid %arg1 {alpha = 0.1666{{.*}}, beta = 5.000000e-01
  %hard = rac.div %4, %six : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %silu, %other, %swish, %hard : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: @layer_norm
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xf32>)
func.func @layer_norm(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %two = rac.constant dense<2.0> : tensor<f32>
  %eps = rac.constant dense<1.0e-5> : tensor<f32>
  %scale = rac.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %bias = rac.constant dense<[[[5.0, 6.0, 7.0, 8.0]]]> : tensor<1x1x4xf32>
  %0 = rac.reduce mean %x axes [2] {keep_dims} : (tensor<2x3x4xf32>) -> tensor<2x3x1xf32>
  %1 = rac.sub %x, %0 : (tensor<2x3x4xf32>, tensor<2x3x1xf32>) -> tensor<2x3x4xf32>
  %2 = rac.pow %1, %two : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<2x3x4xf32>
  %3 = rac.reduce mean %2 axes [2] {keep_dims} : (tensor<2x3x4xf32>) -> tensor<2x3x1xf32>
  %4 = rac.add %3, %eps : (tensor<2x3x1xf32>, tensor<f32>) -> tensor<2x3x1xf32>
  %5 = rac.sqrt %4 : (tensor<2x3x1xf32>) -> tensor<2x3x1xf32>
  %6 = rac.div %1, %5 : (tensor<2x3x4xf32>, tensor<2x3x1xf32>) -> tensor<2x3x4xf32>
  %7 = rac.mul %6, %scale : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  // CHECK-DAG: %[[S:.*]] = rac.constant dense<[1.0{{.*}}, 2.0
  // CHECK-DAG: %[[B:.*]] = rac.constant dense<[5.0{{.*}}, 6.0{{.*}} : tensor<4xf32>
  // CHECK: %[[R:.*]] = rac.normalize layer %[[X]], %[[S]], %[[B]] axis 2 epsilon
  // CHECK: return %[[R]]
  %8 = rac.add %7, %bias : (tensor<2x3x4xf32>, tensor<1x1x4xf32>) -> tensor<2x3x4xf32>
  return %8 : tensor<2x3x4xf32>
}

// -----

// CHECK-LABEL: @rms_norm
func.func @rms_norm(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %eps = rac.constant dense<1.0e-5> : tensor<f32>
  %0 = rac.mul %x, %x : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = rac.reduce mean %0 axes [1] {keep_dims} : (tensor<2x4xf32>) -> tensor<2x1xf32>
  %2 = rac.add %1, %eps : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %3 = rac.sqrt %2 : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %4 = rac.reciprocal %3 : (tensor<2x1xf32>) -> tensor<2x1xf32>
  // CHECK: rac.normalize rms %arg0
  %5 = rac.mul %x, %4 : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %5 : tensor<2x4xf32>
}

// -----

// A mean over a dimension that is not the last normalises something else.
// CHECK-LABEL: @not_trailing
func.func @not_trailing(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %eps = rac.constant dense<1.0e-5> : tensor<f32>
  %0 = rac.mul %x, %x : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = rac.reduce mean %0 axes [0] {keep_dims} : (tensor<2x4xf32>) -> tensor<1x4xf32>
  %2 = rac.add %1, %eps : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
  %3 = rac.sqrt %2 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  // CHECK-NOT: rac.normalize
  %4 = rac.div %x, %3 : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return %4 : tensor<2x4xf32>
}

// -----

// CHECK-LABEL: @softmax
func.func @softmax(%x: tensor<2x?xf32>) -> tensor<2x?xf32> {
  %0 = rac.reduce max %x axes [1] {keep_dims} : (tensor<2x?xf32>) -> tensor<2x1xf32>
  %1 = rac.sub %x, %0 : (tensor<2x?xf32>, tensor<2x1xf32>) -> tensor<2x?xf32>
  %2 = rac.exp %1 : (tensor<2x?xf32>) -> tensor<2x?xf32>
  %3 = rac.reduce sum %2 axes [1] {keep_dims} : (tensor<2x?xf32>) -> tensor<2x1xf32>
  // CHECK: rac.softmax %arg0 axis 1
  %4 = rac.div %2, %3 : (tensor<2x?xf32>, tensor<2x1xf32>) -> tensor<2x?xf32>
  return %4 : tensor<2x?xf32>
}

// -----

// CHECK-LABEL: @divisions
func.func @divisions(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %eight = rac.constant dense<8.0> : tensor<f32>
  %ten = rac.constant dense<10.0> : tensor<f32>
  // CHECK: %[[C:.*]] = rac.constant dense<1.250000e-01>
  // CHECK: rac.mul %arg0, %[[C]]
  %0 = rac.div %x, %eight : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // A tenth is no float.
  // CHECK: rac.div %arg0
  %1 = rac.div %x, %ten : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// (conv + 1) * [2, 3] + [4, 5] is one convolution and one addition.
// CHECK-LABEL: @batch_norm
func.func @batch_norm(%x: tensor<1x4x1xf32>) -> tensor<1x4x2xf32> {
  %f = rac.constant dense<[[[1.0]], [[10.0]]]> : tensor<2x1x1xf32>
  %a = rac.constant dense<1.0> : tensor<1xf32>
  %s = rac.constant dense<[[[2.0, 3.0]]]> : tensor<1x1x2xf32>
  %b = rac.constant dense<[4.0, 5.0]> : tensor<2xf32>
  // CHECK-DAG: %[[F:.*]] = rac.constant dense<{{\[\[\[}}2.000000e+00]], {{\[\[}}3.000000e+01]]]>
  // CHECK-DAG: %[[B:.*]] = rac.constant dense<[6.000000e+00, 8.000000e+00]>
  // CHECK: %[[Y:.*]] = rac.conv %arg0, %[[F]]
  // CHECK: %[[R:.*]] = rac.add %[[Y]], %[[B]]
  // CHECK: return %[[R]]
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x4x1xf32>, tensor<2x1x1xf32>) -> tensor<1x4x2xf32>
  %1 = rac.add %0, %a : (tensor<1x4x2xf32>, tensor<1xf32>) -> tensor<1x4x2xf32>
  %2 = rac.mul %1, %s : (tensor<1x4x2xf32>, tensor<1x1x2xf32>) -> tensor<1x4x2xf32>
  %3 = rac.add %2, %b : (tensor<1x4x2xf32>, tensor<2xf32>) -> tensor<1x4x2xf32>
  return %3 : tensor<1x4x2xf32>
}

// -----

// What someone else needs as it is isn't scaled; nor is a scale per position.
// CHECK-LABEL: @no_batch_norm
func.func @no_batch_norm(%x: tensor<1x4x1xf32>) -> (tensor<1x4x2xf32>, tensor<1x4x2xf32>, tensor<1x4x2xf32>) {
  %f = rac.constant dense<[[[1.0]], [[10.0]]]> : tensor<2x1x1xf32>
  %s = rac.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %p = rac.constant dense<[[1.0], [2.0], [3.0], [4.0]]> : tensor<4x1xf32>
  %c = rac.constant dense<1.5> : tensor<2x2x1xf32>
  // CHECK: %[[Y:.*]] = rac.conv
  // CHECK: rac.mul %[[Y]]
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x4x1xf32>, tensor<2x1x1xf32>) -> tensor<1x4x2xf32>
  %1 = rac.mul %0, %s : (tensor<1x4x2xf32>, tensor<2xf32>) -> tensor<1x4x2xf32>
  // CHECK: %[[Z:.*]] = rac.conv
  // CHECK: rac.mul %[[Z]]
  %2 = rac.conv %1, %c {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x4x2xf32>, tensor<2x2x1xf32>) -> tensor<1x4x2xf32>

  %3 = rac.mul %2, %p : (tensor<1x4x2xf32>, tensor<4x1xf32>) -> tensor<1x4x2xf32>
  return %0, %1, %3 : tensor<1x4x2xf32>, tensor<1x4x2xf32>, tensor<1x4x2xf32>
}

// -----

// CHECK-LABEL: @constants
func.func @constants() -> (tensor<2x2xf32>, tensor<3xi64>, tensor<2xi1>, tensor<3x2xf32>) {
  %a = rac.constant dense<[1.0, 4.0]> : tensor<2xf32>
  %b = rac.constant dense<[[1.0], [0.5]]> : tensor<2x1xf32>
  %0 = rac.sqrt %a : (tensor<2xf32>) -> tensor<2xf32>
  // CHECK-DAG: rac.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [5.000000e-01, 1.000000e+00]]>
  %1 = rac.mul %0, %b : (tensor<2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  %i = rac.constant dense<[7, 8, 9]> : tensor<3xi64>
  %j = rac.constant dense<2> : tensor<i64>
  // CHECK-DAG: rac.constant dense<[3, 4, 4]>
  %2 = rac.div %i, %j : (tensor<3xi64>, tensor<i64>) -> tensor<3xi64>
  // CHECK-DAG: rac.constant dense<[true, false]>
  %k = rac.constant dense<2.0> : tensor<f32>
  %3 = rac.less %a, %k : (tensor<2xf32>, tensor<f32>) -> tensor<2xi1>
  %m = rac.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  // CHECK-DAG: rac.constant dense<{{\[\[}}1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]>
  %4 = rac.transpose %m, [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %1, %2, %3, %4 : tensor<2x2xf32>, tensor<3xi64>, tensor<2xi1>, tensor<3x2xf32>
}

// -----

// CHECK-LABEL: @scatter_of_constants
func.func @scatter_of_constants() -> tensor<4xf32> {
  %z = rac.constant dense<0.0> : tensor<4xf32>
  %i = rac.constant dense<[[1], [-1]]> : tensor<2x1xi64>
  %u = rac.constant dense<[5.0, 6.0]> : tensor<2xf32>
  // CHECK: rac.constant dense<[0.000000e+00, 5.000000e+00, 0.000000e+00, 6.000000e+00]>
  // CHECK-NOT: rac.scatter_nd
  %0 = rac.scatter_nd replace %z, %i, %u : (tensor<4xf32>, tensor<2x1xi64>, tensor<2xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// An index that lies outside is the run's to refuse.
// CHECK-LABEL: @scatter_outside
func.func @scatter_outside() -> tensor<4xf32> {
  %z = rac.constant dense<0.0> : tensor<4xf32>
  %i = rac.constant dense<[[4]]> : tensor<1x1xi64>
  %u = rac.constant dense<[5.0]> : tensor<1xf32>
  // CHECK: rac.scatter_nd
  %0 = rac.scatter_nd replace %z, %i, %u : (tensor<4xf32>, tensor<1x1xi64>, tensor<1xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// Query and key are scaled; query comes from a product, which takes both factors.
// CHECK-LABEL: @attention_scales
func.func @attention_scales(%x: tensor<2x4xf32>, %w: tensor<4x8xf32>, %k: tensor<8x3xf32>) -> tensor<2x3xf32> {
  %s = rac.constant dense<0.5> : tensor<f32>
  %q = rac.matmul %x, %w : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  // CHECK: %[[S:.*]] = rac.constant dense<2.500000e-01>
  // CHECK: %[[Q:.*]] = rac.matmul %arg0, %arg1
  // CHECK: %[[QS:.*]] = rac.mul %[[Q]], %[[S]]
  // CHECK: rac.matmul %[[QS]], %arg2
  %qs = rac.mul %q, %s : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %ks = rac.mul %k, %s : (tensor<8x3xf32>, tensor<f32>) -> tensor<8x3xf32>
  %0 = rac.matmul %qs, %ks : (tensor<2x8xf32>, tensor<8x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
