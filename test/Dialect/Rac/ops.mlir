// RUN: rac-opt %s | rac-opt | FileCheck %s
// RUN: rac-opt %s --emit-bytecode | rac-opt | FileCheck %s
//
// Every other level-1 op survives printing and parsing.

// CHECK-LABEL: @matmul(
// CHECK: rac.matmul
func.func @matmul(%a: tensor<?x4x8xf32>, %b: tensor<8x16xf32>) {
  %y = rac.matmul %a, %b : (tensor<?x4x8xf32>, tensor<8x16xf32>) -> tensor<?x4x16xf32>
  return
}

// CHECK-LABEL: @conv(
// CHECK: rac.conv
func.func @conv(%x: tensor<?x9x4xf32>, %f: tensor<8x4x3xf32>) {
  %y = rac.conv %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64} : (tensor<?x9x4xf32>, tensor<8x4x3xf32>) -> tensor<?x5x8xf32>
  return
}

// CHECK-LABEL: @conv_transpose(
// CHECK: rac.conv_transpose
func.func @conv_transpose(%x: tensor<?x5x8xf32>, %f: tensor<8x4x3xf32>) {
  %y = rac.conv_transpose %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, output_padding = array<i64: 1>, groups = 1 : i64} : (tensor<?x5x8xf32>, tensor<8x4x3xf32>) -> tensor<?x10x4xf32>
  return
}

// CHECK-LABEL: @pool(
// CHECK: rac.pool
func.func @pool(%x: tensor<?x8x4xf32>) {
  %y = rac.pool max %x {window = array<i64: 3>, strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 1>, ceil_extra = array<i64: 1>} : (tensor<?x8x4xf32>) -> tensor<?x4x4xf32>
  return
}

// CHECK-LABEL: @attention(
// CHECK: rac.attention {{.*}} scale 1.250000e-01 causal :
// CHECK: rac.attention {{.*}} scale 1.250000e-01 :
func.func @attention(%q: tensor<?x8x?x64xf32>, %k: tensor<?x8x?x64xf32>, %v: tensor<?x8x?x64xf32>, %m: tensor<?x1x1x?xf32>) {
  %causal = rac.attention %q, %k, %v scale 0.125 causal : (tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>) -> tensor<?x8x?x64xf32>
  %y = rac.attention %q, %k, %v, %m scale 0.125 : (tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>, tensor<?x1x1x?xf32>) -> tensor<?x8x?x64xf32>
  return
}

// CHECK-LABEL: @gather(
// CHECK: rac.gather
func.func @gather(%x: tensor<?x4xf32>, %i: tensor<2x3xi64>) {
  %y = rac.gather %x, %i axis 0 : (tensor<?x4xf32>, tensor<2x3xi64>) -> tensor<2x3x4xf32>
  return
}

// CHECK-LABEL: @gather_elements(
// CHECK: rac.gather_elements
func.func @gather_elements(%x: tensor<?x4xf32>, %i: tensor<?x2xi64>) {
  %y = rac.gather_elements %x, %i axis 1 : (tensor<?x4xf32>, tensor<?x2xi64>) -> tensor<?x2xf32>
  return
}

// CHECK-LABEL: @gather_nd(
// CHECK: rac.gather_nd
func.func @gather_nd(%x: tensor<?x4x5xf32>, %i: tensor<3x2xi64>) {
  %y = rac.gather_nd %x, %i batch_dims 0 : (tensor<?x4x5xf32>, tensor<3x2xi64>) -> tensor<3x5xf32>
  return
}

// CHECK-LABEL: @scatter_elements(
// CHECK: rac.scatter_elements
func.func @scatter_elements(%x: tensor<?x4xf32>, %i: tensor<?x2xi64>, %u: tensor<?x2xf32>) {
  %y = rac.scatter_elements add %x, %i, %u axis 1 : (tensor<?x4xf32>, tensor<?x2xi64>, tensor<?x2xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: @scatter_nd(
// CHECK: rac.scatter_nd
func.func @scatter_nd(%x: tensor<?x4xf32>, %i: tensor<3x1xi64>, %u: tensor<3x4xf32>) {
  %y = rac.scatter_nd replace %x, %i, %u : (tensor<?x4xf32>, tensor<3x1xi64>, tensor<3x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: @resize(
// CHECK: rac.resize
func.func @resize(%x: tensor<1x?x4x3xf32>, %h: index, %s: f32) {
  %y = rac.resize linear half_pixel floor %x to [1, %h, 8, 3] {cubic_a = -0.75 : f64} : (tensor<1x?x4x3xf32>) -> tensor<1x?x8x3xf32>
  // CHECK: by(%{{.*}}) {cubic_a
  %z = rac.resize nearest asymmetric ceil_if_fewer %x to [1, %h, 4, 3] by(%s) {cubic_a = -0.75 : f64, scales = array<f64: 1.0, 0.0, 1.0, 1.0>} : (tensor<1x?x4x3xf32>) -> tensor<1x?x4x3xf32>
  return
}

// CHECK-LABEL: @top_k(
// CHECK: rac.top_k
func.func @top_k(%x: tensor<?x4xf32>, %k: index) {
  %v, %i = rac.top_k %x, %k axis 1 {largest} : (tensor<?x4xf32>) -> (tensor<?x?xf32>, tensor<?x?xi64>)
  return
}

// CHECK-LABEL: @suppress(
// CHECK: rac.suppress %arg0, %arg1, %arg3, %arg4 groups %arg2 : (tensor<?x4xf32>, tensor<?xi64>, tensor<i64>, tensor<f32>) -> tensor<?xi1>
func.func @suppress(%boxes: tensor<?x4xf32>, %groups: tensor<?xi64>, %count: index, %limit: tensor<i64>, %threshold: tensor<f32>) {
  %0 = rac.suppress %boxes, %groups, %limit, %threshold groups %count : (tensor<?x4xf32>, tensor<?xi64>, tensor<i64>, tensor<f32>) -> tensor<?xi1>
  return
}

// CHECK-LABEL: @non_zero(
// CHECK: rac.non_zero
func.func @non_zero(%x: tensor<?x4xf32>) {
  %y = rac.non_zero %x : (tensor<?x4xf32>) -> tensor<2x?xi64>
  return
}

// CHECK-LABEL: @lstm(
// CHECK: rac.lstm
func.func @lstm(%x: tensor<?x1x8xf32>, %w: tensor<16x8xf32>, %r: tensor<16x4xf32>, %b: tensor<16xf32>, %h0: tensor<1x4xf32>, %c0: tensor<1x4xf32>) {
  %y, %h, %c = rac.lstm %x, %w, %r, %b, %h0, %c0 : (tensor<?x1x8xf32>, tensor<16x8xf32>, tensor<16x4xf32>, tensor<16xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> (tensor<?x1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>)
  return
}

// CHECK-LABEL: @reduce(
// CHECK: rac.reduce
func.func @reduce(%x: tensor<?x4xf32>) {
  %y = rac.reduce sum %x axes [1] {keep_dims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
  return
}

// CHECK-LABEL: @arg_reduce(
// CHECK: rac.arg_reduce
func.func @arg_reduce(%x: tensor<?x4xf32>) {
  %y = rac.arg_reduce max %x axis 1 {last} : (tensor<?x4xf32>) -> tensor<?xi64>
  return
}

// CHECK-LABEL: @scan(
// CHECK: rac.scan
func.func @scan(%x: tensor<?x4xf32>) {
  %y = rac.scan sum %x axis 0 {exclusive} : tensor<?x4xf32>
  return
}

// CHECK-LABEL: @softmax(
// CHECK: rac.softmax
func.func @softmax(%x: tensor<?x4xf32>) {
  %y = rac.softmax %x axis 1 : tensor<?x4xf32>
  return
}

// CHECK-LABEL: @normalize(
// CHECK: rac.normalize
func.func @normalize(%x: tensor<?x4xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>) {
  %y = rac.normalize layer %x, %s, %b axis 1 epsilon 1.0e-5 : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: @constant(
// CHECK: rac.constant
func.func @constant() {
  %c = rac.constant dense<[1.0, 2.0]> : tensor<2xf32>
  return
}

// CHECK-LABEL: @reshape(
// CHECK: rac.reshape
func.func @reshape(%x: tensor<?xf32>, %n: index) {
  %y = rac.reshape %x to [%n, 4] : (tensor<?xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: @transpose(
// CHECK: rac.transpose
func.func @transpose(%x: tensor<?x3x4x5xf32>) {
  %y = rac.transpose %x, [0, 2, 3, 1] : (tensor<?x3x4x5xf32>) -> tensor<?x4x5x3xf32>
  return
}

// CHECK-LABEL: @expand(
// CHECK: rac.expand
func.func @expand(%x: tensor<1x4xf32>, %n: index) {
  %y = rac.expand %x to [%n, 4] : (tensor<1x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: @concat(
// CHECK: rac.concat
func.func @concat(%a: tensor<2x?xf32>, %b: tensor<2x3xf32>) {
  %y = rac.concat %a, %b axis 1 : (tensor<2x?xf32>, tensor<2x3xf32>) -> tensor<2x?xf32>
  return
}

// CHECK-LABEL: @slice(
// CHECK: rac.slice
func.func @slice(%x: tensor<2x?xf32>, %o: index, %n: index) {
  %y = rac.slice %x[0, %o] [2, %n] [1, -1] : (tensor<2x?xf32>) -> tensor<2x?xf32>
  return
}

// CHECK-LABEL: @pad(
// CHECK: rac.pad
func.func @pad(%x: tensor<2x?xf32>, %v: tensor<f32>, %n: index) {
  %y = rac.pad constant %x, %v low [0, %n] high [0, 1] : (tensor<2x?xf32>, tensor<f32>) -> tensor<2x?xf32>
  return
}

// CHECK-LABEL: @iota(
// CHECK: rac.iota
func.func @iota(%n: index) {
  %y = rac.iota axis 0 sizes [%n, 4] : tensor<?x4xi64>
  return
}

// CHECK-LABEL: @products_of_narrow_operands(
// CHECK: rac.matmul {{.*}} : (tensor<?x8xbf16>, tensor<8x16xbf16>) -> tensor<?x16xf32>
// CHECK: rac.matmul {{.*}} : (tensor<?x8xui8>, tensor<8x16xi8>) -> tensor<?x16xi32>
// CHECK: rac.conv {{.*}}input_zero = 3
func.func @products_of_narrow_operands(%a: tensor<?x8xbf16>, %b: tensor<8x16xbf16>, %c: tensor<?x8xui8>, %d: tensor<8x16xi8>, %x: tensor<?x9x4xui8>, %f: tensor<8x4x3xi8>) {
  %0 = rac.matmul %a, %b : (tensor<?x8xbf16>, tensor<8x16xbf16>) -> tensor<?x16xf32>
  %1 = rac.matmul %c, %d : (tensor<?x8xui8>, tensor<8x16xi8>) -> tensor<?x16xi32>
  %2 = rac.conv %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64, input_zero = 3 : i64} : (tensor<?x9x4xui8>, tensor<8x4x3xi8>) -> tensor<?x5x8xi32>
  return
}

// CHECK-LABEL: @dequantize_weights(
// CHECK: rac.dequantize_weights %{{.*}}, %{{.*}}, %{{.*}} {{.*}}rows = 50
// CHECK: rac.dequantize_weights {{.*}}nibbles
func.func @dequantize_weights(%q: tensor<32x16xi8>, %s: tensor<2x16xf32>, %z: tensor<2x16xi8>) {
  %v = rac.dequantize_weights %q, %s, %z {blocks = array<i64: 32, 1>, nibbles, rows = 50 : i64} : (tensor<32x16xi8>, tensor<2x16xf32>, tensor<2x16xi8>) -> tensor<50x16xf32>
  %w = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>, nibbles} : (tensor<32x16xi8>, tensor<2x16xf32>) -> tensor<64x16xf32>
  return
}
