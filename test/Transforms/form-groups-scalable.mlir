// Scalable vectors take chains, but neither blocks nor tiles of registers: lowering's own take fewer instructions.
// RUN: rac-opt %s "--rac-form-groups=device=neoverse-v1 library=false" | FileCheck %s

// CHECK-LABEL: func @separable
// CHECK: rac.group @conv_relu_conv_0{{.*}} tiles =
// CHECK-NOT: rac.group
func.func @separable(%x: tensor<1x112x112x64xf32>) -> tensor<1x112x112x24xf32> {
  %d = rac.constant dense<0.5> : tensor<64x1x3x3xf32>
  %p = rac.constant dense<0.25> : tensor<24x64x1x1xf32>
  %0 = rac.conv %x, %d {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, groups = 64 : i64} : (tensor<1x112x112x64xf32>, tensor<64x1x3x3xf32>) -> tensor<1x112x112x64xf32>
  %1 = rac.relu %0 : (tensor<1x112x112x64xf32>) -> tensor<1x112x112x64xf32>
  %2 = rac.conv %1, %p {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, groups = 1 : i64} : (tensor<1x112x112x64xf32>, tensor<24x64x1x1xf32>) -> tensor<1x112x112x24xf32>
  return %2 : tensor<1x112x112x24xf32>
}

// CHECK-LABEL: func @product
// CHECK: rac.group @matmul_1
// CHECK-NOT: {{tiles|reduction|registers}} =
// CHECK: return
func.func @product(%a: tensor<512x2048xf32>) -> tensor<512x1024xf32> {
  %b = rac.constant dense<0.5> : tensor<2048x1024xf32>
  %0 = rac.matmul %a, %b : (tensor<512x2048xf32>, tensor<2048x1024xf32>) -> tensor<512x1024xf32>
  return %0 : tensor<512x1024xf32>
}
