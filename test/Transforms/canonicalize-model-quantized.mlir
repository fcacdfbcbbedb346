// RUN: rac-opt %s --split-input-file --rac-canonicalize-model | FileCheck %s

// What a model spells out with dequantised values is a product of bytes; what moves floats moves bytes.

// CHECK-LABEL: func.func @conv
// CHECK-SAME: (%[[X:.*]]: tensor<1x1x4xui8>)
// CHECK-DAG: %[[W:.*]] = rac.constant dense<{{.*}}> : tensor<2x1x1xi8>
// CHECK-DAG: %[[S:.*]] = rac.constant dense<[5.000000e-01, 7.500000e-01]> : tensor<2xf32>
// CHECK: %[[T:.*]] = rac.transpose %[[X]], [0, 2, 1]
// CHECK: %[[P:.*]] = rac.conv %[[T]], %[[W]] {{{.*}}input_zero = 3 : i64{{.*}}} : (tensor<1x4x1xui8>, tensor<2x1x1xi8>) -> tensor<1x6x2xi32>
// CHECK: %[[F:.*]] = rac.cast %[[P]] : (tensor<1x6x2xi32>) -> tensor<1x6x2xf32>
// CHECK: %[[Y:.*]] = rac.mul %[[F]], %[[S]]
// CHECK: return %[[Y]]
func.func @conv(%q: tensor<1x1x4xui8>) -> tensor<1x6x2xf32> {
  %steps = rac.constant dense<[[[5]], [[-7]]]> : tensor<2x1x1xi8>
  %scales = rac.constant dense<[[[1.0]], [[1.5]]]> : tensor<2x1x1xf32>
  %w = rac.dequantize_weights %steps, %scales {blocks = array<i64: 1, 1, 1>} : (tensor<2x1x1xi8>, tensor<2x1x1xf32>) -> tensor<2x1x1xf32>
  %x = rac.dequantize %q {steps_type = !quant.uniform<u8:f32, 0.5:3>} : (tensor<1x1x4xui8>) -> tensor<1x1x4xf32>
  %t = rac.transpose %x, [0, 2, 1] : (tensor<1x1x4xf32>) -> tensor<1x4x1xf32>
  %y = rac.conv %t, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64} : (tensor<1x4x1xf32>, tensor<2x1x1xf32>) -> tensor<1x6x2xf32>
  return %y : tensor<1x6x2xf32>
}

// -----

// The zero point of a product's source is in the sums of its weights' columns.

// CHECK-LABEL: func.func @matmul
// CHECK-DAG: %[[O:.*]] = rac.constant dense<[-1.600000e+01, 0.000000e+00]> : tensor<2xf32>
// CHECK-DAG: %[[S:.*]] = rac.constant dense<2.500000e-01> : tensor<2xf32>
// CHECK: %[[P:.*]] = rac.matmul %{{.*}}, %{{.*}} : (tensor<?x2xi8>, tensor<2x2xi8>) -> tensor<?x2xi32>
// CHECK: %[[F:.*]] = rac.cast %[[P]]
// CHECK: %[[A:.*]] = rac.add %[[F]], %[[O]]
// CHECK: rac.mul %[[A]], %[[S]]
func.func @matmul(%q: tensor<?x2xi8>) -> tensor<?x2xf32> {
  %steps = rac.constant dense<[[5, 2], [3, -2]]> : tensor<2x2xi8>
  %scales = rac.constant dense<0.5> : tensor<1x1xf32>
  %w = rac.dequantize_weights %steps, %scales {blocks = array<i64: 2, 2>} : (tensor<2x2xi8>, tensor<1x1xf32>) -> tensor<2x2xf32>
  %x = rac.dequantize %q {steps_type = !quant.uniform<i8:f32, 0.5:2>} : (tensor<?x2xi8>) -> tensor<?x2xf32>
  %y = rac.matmul %x, %w : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// Integers: a zero point that only the run knows, and weights around 128.

// CHECK-LABEL: func.func @centred
// CHECK-SAME: (%[[X:.*]]: tensor<?x2xui8>, %[[Z:.*]]: tensor<i32>)
// CHECK-DAG: %[[W:.*]] = rac.constant dense<{{\[}}[2, -128], [-3, 127]]> : tensor<2x2xi8>
// CHECK-DAG: %[[SUMS:.*]] = rac.constant dense<-1> : tensor<2xi32>
// CHECK: %[[P:.*]] = rac.matmul %[[X]], %[[W]] : (tensor<?x2xui8>, tensor<2x2xi8>) -> tensor<?x2xi32>
// CHECK: %[[M:.*]] = rac.mul %[[SUMS]], %[[Z]]
// CHECK: rac.sub %[[P]], %[[M]]
func.func @centred(%q: tensor<?x2xui8>, %z: tensor<i32>) -> tensor<?x2xi32> {
  %b = rac.constant dense<[[130, 0], [125, 255]]> : tensor<2x2xui8>
  %bz = rac.constant dense<128> : tensor<i32>
  %x = rac.cast %q : (tensor<?x2xui8>) -> tensor<?x2xi32>
  %xc = rac.sub %x, %z : (tensor<?x2xi32>, tensor<i32>) -> tensor<?x2xi32>
  %w = rac.cast %b : (tensor<2x2xui8>) -> tensor<2x2xi32>
  %wc = rac.sub %w, %bz : (tensor<2x2xi32>, tensor<i32>) -> tensor<2x2xi32>
  %y = rac.matmul %xc, %wc : (tensor<?x2xi32>, tensor<2x2xi32>) -> tensor<?x2xi32>
  return %y : tensor<?x2xi32>
}

// -----

// A constant added to sums of bytes is added after they are floats.

// CHECK-LABEL: func.func @bias
// CHECK: %[[P:.*]] = rac.matmul
// CHECK: %[[F:.*]] = rac.cast %[[P]] : (tensor<?x2xi32>) -> tensor<?x2xf32>
// CHECK: rac.add %[[F]], %{{.*}} : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
func.func @bias(%q: tensor<?x2xui8>) -> tensor<?x2xf32> {
  %w = rac.constant dense<[[5, 2], [3, -2]]> : tensor<2x2xi8>
  %b = rac.constant dense<[7, -9]> : tensor<2xi32>
  %p = rac.matmul %q, %w : (tensor<?x2xui8>, tensor<2x2xi8>) -> tensor<?x2xi32>
  %s = rac.add %p, %b : (tensor<?x2xi32>, tensor<2xi32>) -> tensor<?x2xi32>
  %y = rac.cast %s : (tensor<?x2xi32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// Weights that meet floats in a convolution are floats from the start; those of a product stay.

// CHECK-LABEL: func.func @weights_alone
// CHECK-DAG: rac.constant dense<{{.*}}5.000000e+00{{.*}}-1.050000e+01{{.*}}> : tensor<2x1x1xf32>
// CHECK: rac.dequantize_weights {{.*}} -> tensor<2x2xf32>
// CHECK-NOT: rac.dequantize_weights
func.func @weights_alone(%x: tensor<1x4x1xf32>, %y: tensor<3x2xf32>) -> (tensor<1x4x2xf32>, tensor<3x2xf32>) {
  %steps = rac.constant dense<[[[5]], [[-7]]]> : tensor<2x1x1xi8>
  %scales = rac.constant dense<[[[1.0]], [[1.5]]]> : tensor<2x1x1xf32>
  %w = rac.dequantize_weights %steps, %scales {blocks = array<i64: 1, 1, 1>} : (tensor<2x1x1xi8>, tensor<2x1x1xf32>) -> tensor<2x1x1xf32>
  %0 = rac.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x4x1xf32>, tensor<2x1x1xf32>) -> tensor<1x4x2xf32>
  %steps2 = rac.constant dense<[[5, 2], [3, -2]]> : tensor<2x2xi8>
  %scales2 = rac.constant dense<0.5> : tensor<1x1xf32>
  %v = rac.dequantize_weights %steps2, %scales2 {blocks = array<i64: 2, 2>} : (tensor<2x2xi8>, tensor<1x1xf32>) -> tensor<2x2xf32>
  %1 = rac.matmul %y, %v : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  return %0, %1 : tensor<1x4x2xf32>, tensor<3x2xf32>
}

// -----

// Bytes that aren't constant, without zero points: nothing is widened before the product, in a batch of any.

// CHECK-LABEL: func.func @bytes
// CHECK-NOT: rac.cast
// CHECK: rac.matmul %arg0, %arg1 : (tensor<?x3x4xui8>, tensor<4x5xi8>) -> tensor<?x3x5xi32>
func.func @bytes(%x: tensor<?x3x4xui8>, %w: tensor<4x5xi8>) -> tensor<?x3x5xi32> {
  %0 = rac.cast %x : (tensor<?x3x4xui8>) -> tensor<?x3x4xi32>
  %1 = rac.cast %w : (tensor<4x5xi8>) -> tensor<4x5xi32>
  %2 = rac.matmul %0, %1 : (tensor<?x3x4xi32>, tensor<4x5xi32>) -> tensor<?x3x5xi32>
  return %2 : tensor<?x3x5xi32>
}

// -----

// Of bytes that aren't constant, what zero points add to their product is subtracted from it: sums of the right factor's
// columns, and of the rows of the left one less its zero point.

// CHECK-LABEL: func.func @zero_points
// CHECK-SAME: (%[[X:.*]]: tensor<3x4xui8>, %[[W:.*]]: tensor<4x5xi8>, %[[Z:.*]]: tensor<3x1xi32>, %[[V:.*]]: tensor<5xi32>)
// CHECK-DAG: %[[P:.*]] = rac.matmul %[[X]], %[[W]] : (tensor<3x4xui8>, tensor<4x5xi8>) -> tensor<3x5xi32>
// CHECK-DAG: %[[C:.*]] = rac.cast %[[W]]
// CHECK-DAG: %[[COLUMNS:.*]] = rac.reduce sum %[[C]] axes [0] : (tensor<4x5xi32>) -> tensor<5xi32>
// CHECK-DAG: %[[M:.*]] = rac.mul %[[COLUMNS]], %[[Z]]
// CHECK-DAG: %[[S:.*]] = rac.sub %[[P]], %[[M]]
// CHECK-DAG: %[[CENTRED:.*]] = rac.sub %{{.*}}, %[[Z]]
// CHECK-DAG: %[[ROWS:.*]] = rac.reduce sum %[[CENTRED]] axes [1] {keep_dims} : (tensor<3x4xi32>) -> tensor<3x1xi32>
// CHECK-DAG: %[[N:.*]] = rac.mul %[[ROWS]], %[[V]]
// CHECK: %[[Y:.*]] = rac.sub %[[S]], %[[N]]
// CHECK: return %[[Y]]
func.func @zero_points(%x: tensor<3x4xui8>, %w: tensor<4x5xi8>, %z: tensor<3x1xi32>, %v: tensor<5xi32>) -> tensor<3x5xi32> {
  %0 = rac.cast %x : (tensor<3x4xui8>) -> tensor<3x4xi32>
  %1 = rac.sub %0, %z : (tensor<3x4xi32>, tensor<3x1xi32>) -> tensor<3x4xi32>
  %2 = rac.cast %w : (tensor<4x5xi8>) -> tensor<4x5xi32>
  %3 = rac.sub %2, %v : (tensor<4x5xi32>, tensor<5xi32>) -> tensor<4x5xi32>
  %4 = rac.matmul %1, %3 : (tensor<3x4xi32>, tensor<4x5xi32>) -> tensor<3x5xi32>
  return %4 : tensor<3x5xi32>
}

// -----

// Constant weights that signed bytes can't hold are some less, which is their zero point.

// CHECK-LABEL: func.func @unsigned_weights
// CHECK-DAG: %[[W:.*]] = rac.constant dense<{{\[}}[-128, -128], [127, 3]]> : tensor<2x2xi8>
// CHECK-DAG: %[[V:.*]] = rac.constant dense<[-128, -134]> : tensor<2xi32>
// CHECK: rac.matmul %{{.*}}, %[[W]] : (tensor<?x2xi8>, tensor<2x2xi8>) -> tensor<?x2xi32>
// CHECK: rac.reduce sum
// CHECK: rac.mul %{{.*}}, %[[V]]
func.func @unsigned_weights(%q: tensor<?x2xi8>) -> tensor<?x2xi32> {
  %w = rac.constant dense<[[0, 6], [255, 137]]> : tensor<2x2xui8>
  %0 = rac.cast %q : (tensor<?x2xi8>) -> tensor<?x2xi32>
  %1 = rac.cast %w : (tensor<2x2xui8>) -> tensor<2x2xi32>
  %2 = rac.matmul %0, %1 : (tensor<?x2xi32>, tensor<2x2xi32>) -> tensor<?x2xi32>
  return %2 : tensor<?x2xi32>
}

// -----

// A convolution's input has its zero point around it, one that only the run knows in memory; a zero point of each filter is
// multiplied by the sums of windows.

// CHECK-LABEL: func.func @conv_points
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x3xui8>, %[[W:.*]]: tensor<2x3x3xi8>, %[[Z:.*]]: tensor<ui8>, %[[V:.*]]: tensor<2x1x1xi32>)
// CHECK-DAG: %[[ONES:.*]] = rac.constant dense<1> : tensor<1x3x3xi8>
// CHECK-DAG: %[[P:.*]] = rac.pad constant %[[X]], %[[Z]] low [0, 1, 0] high [0, 1, 0]
// CHECK-DAG: %[[C:.*]] = rac.conv %[[P]], %[[W]] {{{.*}}pads_high = array<i64: 0>, pads_low = array<i64: 0>{{.*}}} : (tensor<1x6x3xui8>, tensor<2x3x3xi8>) -> tensor<1x4x2xi32>
// CHECK-DAG: rac.reduce sum %{{.*}} axes [1, 2] : (tensor<2x3x3xi32>) -> tensor<2xi32>
// CHECK-DAG: rac.conv %[[P]], %[[ONES]] {{.*}} -> tensor<1x4x1xi32>
// CHECK-DAG: rac.reshape %[[V]]
func.func @conv_points(%x: tensor<1x4x3xui8>, %w: tensor<2x3x3xi8>, %z: tensor<ui8>, %v: tensor<2x1x1xi32>) -> tensor<1x4x2xi32> {
  %zw = rac.cast %z : (tensor<ui8>) -> tensor<i32>
  %0 = rac.cast %x : (tensor<1x4x3xui8>) -> tensor<1x4x3xi32>
  %1 = rac.sub %0, %zw : (tensor<1x4x3xi32>, tensor<i32>) -> tensor<1x4x3xi32>
  %2 = rac.cast %w : (tensor<2x3x3xi8>) -> tensor<2x3x3xi32>
  %3 = rac.sub %2, %v : (tensor<2x3x3xi32>, tensor<2x1x1xi32>) -> tensor<2x3x3xi32>
  %4 = rac.conv %1, %3 {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64} : (tensor<1x4x3xi32>, tensor<2x3x3xi32>) -> tensor<1x4x2xi32>
  return %4 : tensor<1x4x2xi32>
}

// -----

// A zero point that has been computed is bytes as soon as it has been rounded to them. One that has been a signed byte in
// between isn't the byte that it came of.

// CHECK-LABEL: func.func @computed_points
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x3xui8>, %[[W:.*]]: tensor<2x3x3xi8>, %[[Z:.*]]: tensor<f32>, %{{.*}}: tensor<ui8>)
// CHECK: %[[B:.*]] = rac.cast %[[Z]] : (tensor<f32>) -> tensor<ui8>
// CHECK: %[[P:.*]] = rac.pad constant %[[X]], %[[B]]
// CHECK: rac.conv %[[P]], %[[W]] {{.*}} : (tensor<1x6x3xui8>, tensor<2x3x3xi8>) -> tensor<1x4x2xi32>
// CHECK: rac.conv {{.*}} : (tensor<1x4x3xi32>, tensor<2x3x3xi32>) -> tensor<1x4x2xi32>
func.func @computed_points(%x: tensor<1x4x3xui8>, %w: tensor<2x3x3xi8>, %z: tensor<f32>, %s: tensor<ui8>) -> (tensor<1x4x2xi32>, tensor<1x4x2xi32>) {
  %zb = rac.cast %z : (tensor<f32>) -> tensor<ui8>
  %zw = rac.cast %zb : (tensor<ui8>) -> tensor<i32>
  %sb = rac.cast %s : (tensor<ui8>) -> tensor<i8>
  %sw = rac.cast %sb : (tensor<i8>) -> tensor<i32>
  %xw = rac.cast %x : (tensor<1x4x3xui8>) -> tensor<1x4x3xi32>
  %ww = rac.cast %w : (tensor<2x3x3xi8>) -> tensor<2x3x3xi32>
  %0 = rac.sub %xw, %zw : (tensor<1x4x3xi32>, tensor<i32>) -> tensor<1x4x3xi32>
  %1 = rac.conv %0, %ww {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64} : (tensor<1x4x3xi32>, tensor<2x3x3xi32>) -> tensor<1x4x2xi32>
  %2 = rac.sub %xw, %sw : (tensor<1x4x3xi32>, tensor<i32>) -> tensor<1x4x3xi32>
  %3 = rac.conv %2, %ww {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64} : (tensor<1x4x3xi32>, tensor<2x3x3xi32>) -> tensor<1x4x2xi32>
  return %1, %3 : tensor<1x4x2xi32>, tensor<1x4x2xi32>
}

// -----

// What differs along the terms isn't in sums of rows or columns: of i32 it stays, and so does what a convolution has for each
// channel.

// CHECK-LABEL: func.func @other_points
// CHECK: rac.matmul {{.*}} : (tensor<3x4xi32>, tensor<4x5xi32>)
// CHECK: rac.conv {{.*}} : (tensor<1x4x3xi32>, tensor<2x3x3xi32>)
func.func @other_points(%x: tensor<3x4xui8>, %w: tensor<4x5xi8>, %z: tensor<4xi32>,
                        %i: tensor<1x4x3xui8>, %f: tensor<2x3x3xi8>, %v: tensor<3xi32>) -> (tensor<3x5xi32>, tensor<1x4x2xi32>) {
  %0 = rac.cast %x : (tensor<3x4xui8>) -> tensor<3x4xi32>
  %1 = rac.sub %0, %z : (tensor<3x4xi32>, tensor<4xi32>) -> tensor<3x4xi32>
  %2 = rac.cast %w : (tensor<4x5xi8>) -> tensor<4x5xi32>
  %3 = rac.matmul %1, %2 : (tensor<3x4xi32>, tensor<4x5xi32>) -> tensor<3x5xi32>
  %4 = rac.cast %i : (tensor<1x4x3xui8>) -> tensor<1x4x3xi32>
  %5 = rac.sub %4, %v : (tensor<1x4x3xi32>, tensor<3xi32>) -> tensor<1x4x3xi32>
  %6 = rac.cast %f : (tensor<2x3x3xi8>) -> tensor<2x3x3xi32>
  %7 = rac.conv %5, %6 {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64} : (tensor<1x4x3xi32>, tensor<2x3x3xi32>) -> tensor<1x4x2xi32>
  return %3, %7 : tensor<3x5xi32>, tensor<1x4x2xi32>
}
