// RUN: rac-opt %s --rac-attach-device="device=xeon-spr" --rac-apply-precision | FileCheck %s
// RUN: rac-opt %s --rac-apply-precision | FileCheck %s --check-prefix=NONE

// Where a device multiplies tiles, a product of 16 bits whose terms are no whole ones is a convolution of one pixel.
// Without tiles all stay products.

// NONE-NOT: rac.conv

// CHECK-LABEL: func.func @pixels
// CHECK: %[[F:.*]] = rac.constant dense<{{\[\[\[}}[1.000000e+00]], {{\[\[}}3.000000e+00]], {{\[\[}}5.000000e+00]]], {{\[\[\[}}2.000000e+00]], {{\[\[}}4.000000e+00]], {{\[\[}}6.000000e+00]]]]> : tensor<2x3x1x1xbf16>
// CHECK: rac.group @product ins(%{{.*}}, %[[F]] : tensor<1x?x4x3xbf16>, tensor<2x3x1x1xbf16>)
// CHECK: rac.conv {{.*}} groups = 1 : i64{{.*}} strides = array<i64: 1, 1>} : (tensor<1x?x4x3xbf16>, tensor<2x3x1x1xbf16>) -> tensor<1x?x4x2xf32>
// CHECK-NEXT: rac.relu
func.func @pixels(%x: tensor<1x?x4x3xf32>) -> tensor<1x?x4x2xf32> {
  %w = rac.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %0 = rac.group @product ins(%x, %w : tensor<1x?x4x3xf32>, tensor<3x2xf32>) -> (tensor<1x?x4x2xf32>) plan <kind = library, precision = bf16> {
  ^bb0(%a: tensor<1x?x4x3xf32>, %b: tensor<3x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<1x?x4x3xf32>, tensor<3x2xf32>) -> tensor<1x?x4x2xf32>
    %2 = rac.relu %1 : (tensor<1x?x4x2xf32>) -> tensor<1x?x4x2xf32>
    rac.yield %2 : tensor<1x?x4x2xf32>
  }
  return %0 : tensor<1x?x4x2xf32>
}

// Generated code multiplies as before, and so does f32.

// CHECK-LABEL: func.func @others
// CHECK-COUNT-2: rac.matmul
// CHECK-NOT: rac.conv
func.func @others(%x: tensor<1x?x4x3xf32>) -> tensor<1x?x4x2xf32> {
  %w = rac.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %0 = rac.group @generated ins(%x, %w : tensor<1x?x4x3xf32>, tensor<3x2xf32>) -> (tensor<1x?x4x2xf32>) plan <kind = generated, precision = bf16> {
  ^bb0(%a: tensor<1x?x4x3xf32>, %b: tensor<3x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<1x?x4x3xf32>, tensor<3x2xf32>) -> tensor<1x?x4x2xf32>
    rac.yield %1 : tensor<1x?x4x2xf32>
  }
  %2 = rac.group @floats ins(%x, %w : tensor<1x?x4x3xf32>, tensor<3x2xf32>) -> (tensor<1x?x4x2xf32>) plan <kind = library, precision = f32> {
  ^bb0(%a: tensor<1x?x4x3xf32>, %b: tensor<3x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<1x?x4x3xf32>, tensor<3x2xf32>) -> tensor<1x?x4x2xf32>
    rac.yield %1 : tensor<1x?x4x2xf32>
  }
  %3 = rac.group @sum ins(%0, %2 : tensor<1x?x4x2xf32>, tensor<1x?x4x2xf32>) -> (tensor<1x?x4x2xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<1x?x4x2xf32>, %b: tensor<1x?x4x2xf32>):
    %1 = rac.add %a, %b : (tensor<1x?x4x2xf32>, tensor<1x?x4x2xf32>) -> tensor<1x?x4x2xf32>
    rac.yield %1 : tensor<1x?x4x2xf32>
  }
  return %3 : tensor<1x?x4x2xf32>
}
