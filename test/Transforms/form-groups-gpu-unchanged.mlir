// What tensor cores don't multiply has no block, and what a kernel would not read as strides no transposes.

// RUN: rac-opt %s --rac-form-groups=device=h200 | FileCheck %s

// CHECK-LABEL: @types
// CHECK: rac.group @matmul_{{[0-9]+}} {{.*}}plan <kind = generated, precision = f64, cost
func.func @types(%a: tensor<64x64xf64>, %b: tensor<64x64xf64>) -> tensor<64x64xf64> {
  %0 = rac.matmul %a, %b : (tensor<64x64xf64>, tensor<64x64xf64>) -> tensor<64x64xf64>
  return %0 : tensor<64x64xf64>
}

// CHECK-LABEL: @depthwise
// CHECK: rac.group @conv_{{[0-9]+}} {{.*}}plan <kind = generated, precision = f32, cost
func.func @depthwise(%x: tensor<1x56x56x64xf32>, %f: tensor<64x1x3x3xf32>) -> tensor<1x54x54x64xf32> {
  %0 = rac.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, groups = 64 : i64} : (tensor<1x56x56x64xf32>, tensor<64x1x3x3xf32>) -> tensor<1x54x54x64xf32>
  return %0 : tensor<1x54x54x64xf32>
}

// A convolution may have to pad what it reads; a softmax goes over rows, which a transpose would turn
// around; two products are two kernels.
// CHECK-LABEL: @transposes
// CHECK: rac.group @transpose_{{[0-9]+}}
// CHECK: rac.group @conv_{{[0-9]+}} {{.*}}warps
// CHECK-LABEL: @softmax
// CHECK: rac.group @softmax_{{[0-9]+}} {{.*}}tiles = [1, 0]
// CHECK: rac.group @transpose_{{[0-9]+}}
// CHECK-LABEL: @products
// CHECK: rac.group @matmul{{.*}}warps
// CHECK: rac.group @{{.*}}matmul_{{[0-9]}} {{.*}}warps
func.func @transposes(%x: tensor<1x8x56x56xf32>, %f: tensor<64x8x3x3xf32>) -> tensor<1x54x54x64xf32> {
  %0 = rac.transpose %x, [0, 2, 3, 1] : (tensor<1x8x56x56xf32>) -> tensor<1x56x56x8xf32>
  %1 = rac.conv %0, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, groups = 1 : i64} : (tensor<1x56x56x8xf32>, tensor<64x8x3x3xf32>) -> tensor<1x54x54x64xf32>
  return %1 : tensor<1x54x54x64xf32>
}

func.func @softmax(%x: tensor<64x128xf32>) -> tensor<128x64xf32> {
  %0 = rac.softmax %x axis 1 : tensor<64x128xf32>
  %1 = rac.transpose %0, [1, 0] : (tensor<64x128xf32>) -> tensor<128x64xf32>
  return %1 : tensor<128x64xf32>
}

func.func @products(%a: tensor<64x64xf32>, %b: tensor<64x64xf32>, %c: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %0 = rac.matmul %a, %b : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %1 = rac.transpose %0, [1, 0] : (tensor<64x64xf32>) -> tensor<64x64xf32>
  %2 = rac.matmul %1, %c : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %2 : tensor<64x64xf32>
}
