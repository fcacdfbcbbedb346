// RUN: rac-opt %s --split-input-file --rac-apply-precision | FileCheck %s

// Steps by channel: who computes the tensor divides it by them, and rounds to steps of 1. Weights are
// multiplied by them before they are rounded: [[0.1, -0.1], [0.1, 0.4]].

// CHECK-LABEL: func.func @inside
// CHECK: %[[R:.*]] = rac.constant dense<[1.000000e+01, 5.000000e+00]> : tensor<2xf32>
// CHECK: rac.group @relu ins(%{{.*}}, %[[R]] : tensor<?x2xf32>, tensor<2xf32>) -> (tensor<?x2xui8>)
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<?x2xf32>, %[[V:.*]]: tensor<2xf32>):
// CHECK-NEXT: %[[Y:.*]] = rac.relu %[[X]]
// CHECK-NEXT: %[[D:.*]] = rac.mul %[[Y]], %[[V]]
// CHECK-NEXT: rac.quantize %[[D]] {steps_type = !quant.uniform<u8:f32, 1.000000e+00:10>} : (tensor<?x2xf32>) -> tensor<?x2xui8>
// CHECK: rac.constant dense<{{\[}}[127, -32], [127, 127]]> : tensor<2x2xi8>
// CHECK-NEXT: rac.constant dense<[7.874015{{[0-9]*}}E-4, 0.003149606{{[0-9]*}}]> : tensor<2xf32>
// CHECK: rac.group @product
// CHECK: rac.matmul %{{.*}}, %{{.*}} : (tensor<?x2xui8>, tensor<2x2xi8>) -> tensor<?x2xi32>
func.func @inside(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = rac.constant dense<[[1.0, -1.0], [0.5, 2.0]]> : tensor<2x2xf32>
  %0 = rac.group @relu ins(%x : tensor<?x2xf32>) -> (tensor<?x2xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<?x2xf32>):
    %1 = rac.relu %a : (tensor<?x2xf32>) -> tensor<?x2xf32>
    rac.yield %1 : tensor<?x2xf32>
  }
  %2 = rac.group @product ins(%0, %w : tensor<?x2xf32>, tensor<2x2xf32>) -> (tensor<?x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32:1, {0.1:10, 0.2:10}>> {
  ^bb0(%a: tensor<?x2xf32>, %b: tensor<2x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
    rac.yield %1 : tensor<?x2xf32>
  }
  return %2 : tensor<?x2xf32>
}

// -----

// What others look at too is divided in one group for all who want these steps; the residual reads
// what it was.

// CHECK-LABEL: func.func @shared
// CHECK-SAME: (%[[X:.*]]: tensor<3x2xf32>)
// CHECK: %[[S:.*]] = rac.group @smooth_0 ins(%[[X]], %{{.*}} : tensor<3x2xf32>, tensor<2xf32>) -> (tensor<3x2xui8>)
// CHECK-NOT: @smooth_1
// CHECK: rac.group @first ins(%[[X]], %[[S]],
// CHECK: rac.group @second ins(%[[S]],
func.func @shared(%x: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %w = rac.constant dense<[[1.0, -1.0], [0.5, 2.0]]> : tensor<2x2xf32>
  %0 = rac.group @first ins(%w, %x : tensor<2x2xf32>, tensor<3x2xf32>) -> (tensor<3x2xf32>) plan <kind = generated, precision = i8, activation = !quant.uniform<u8:f32:1, {0.1:10, 0.2:10}>> {
  ^bb0(%b: tensor<2x2xf32>, %a: tensor<3x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
    %2 = rac.add %1, %a : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
    rac.yield %2 : tensor<3x2xf32>
  }
  %3 = rac.group @second ins(%x, %w : tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<3x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32:1, {0.1:10, 0.2:10}>> {
  ^bb0(%a: tensor<3x2xf32>, %b: tensor<2x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
    rac.yield %1 : tensor<3x2xf32>
  }
  return %0, %3 : tensor<3x2xf32>, tensor<3x2xf32>
}

// -----

// A convolution of two groups: each channel of the input meets filters of its group only. The library
// can't end a product of floats in bytes, so that the steps have a group of their own.

// CHECK-LABEL: func.func @grouped
// CHECK: rac.group @floats {{.*}} -> (tensor<1x4x2xf32>)
// CHECK: rac.group @smooth_0 {{.*}} -> (tensor<1x4x2xui8>)
// CHECK: rac.constant dense<{{\[}}{{\[\[}}127]], {{\[\[}}-127]]]> : tensor<2x1x1xi8>
// CHECK-NEXT: rac.constant dense<[0.00157480314, 0.0157480314]> : tensor<2xf32>
// CHECK: rac.conv %{{.*}} input_zero = 10 : i64{{.*}} : (tensor<1x4x2xui8>, tensor<2x1x1xi8>) -> tensor<1x4x2xi32>
func.func @grouped(%x: tensor<1x4x2xf32>) -> tensor<1x4x2xf32> {
  %v = rac.constant dense<[[[1.0], [1.0]], [[0.5], [0.25]]]> : tensor<2x2x1xf32>
  %w = rac.constant dense<[[[2.0]], [[-4.0]]]> : tensor<2x1x1xf32>
  %0 = rac.group @floats ins(%x, %v : tensor<1x4x2xf32>, tensor<2x2x1xf32>) -> (tensor<1x4x2xf32>) plan <kind = library, precision = f32> {
  ^bb0(%a: tensor<1x4x2xf32>, %b: tensor<2x2x1xf32>):
    %1 = rac.conv %a, %b {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x4x2xf32>, tensor<2x2x1xf32>) -> tensor<1x4x2xf32>
    rac.yield %1 : tensor<1x4x2xf32>
  }
  %2 = rac.group @conv ins(%0, %w : tensor<1x4x2xf32>, tensor<2x1x1xf32>) -> (tensor<1x4x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32:2, {0.1:10, 0.5:10}>> {
  ^bb0(%a: tensor<1x4x2xf32>, %b: tensor<2x1x1xf32>):
    %1 = rac.conv %a, %b {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 2 : i64} : (tensor<1x4x2xf32>, tensor<2x1x1xf32>) -> tensor<1x4x2xf32>
    rac.yield %1 : tensor<1x4x2xf32>
  }
  return %2 : tensor<1x4x2xf32>
}

// -----

// A normalisation's scale and bias are divided instead of what it gives.

// CHECK-LABEL: func.func @normalised
// CHECK-DAG: %[[S:.*]] = rac.constant dense<1.000000e+01> : tensor<2xf32>
// CHECK-DAG: %[[B:.*]] = rac.constant dense<[5.000000e+00, -2.500000e+00]> : tensor<2xf32>
// CHECK: rac.group @norm ins(%{{.*}}, %[[S]], %[[B]] : tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<?x2xui8>)
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<?x2xf32>, %[[V:.*]]: tensor<2xf32>, %[[W:.*]]: tensor<2xf32>):
// CHECK-NEXT: %[[Y:.*]] = rac.normalize layer %[[X]], %[[V]], %[[W]] axis 1
// CHECK-NEXT: rac.quantize %[[Y]] {steps_type = !quant.uniform<u8:f32, 1.000000e+00:10>}
// CHECK-NOT: rac.mul
// CHECK: rac.group @product
func.func @normalised(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %s = rac.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %t = rac.constant dense<[0.5, -0.5]> : tensor<2xf32>
  %w = rac.constant dense<[[1.0, -1.0], [0.5, 2.0]]> : tensor<2x2xf32>
  %0 = rac.group @norm ins(%x, %s, %t : tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>) -> (tensor<?x2xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<?x2xf32>, %c: tensor<2xf32>, %d: tensor<2xf32>):
    %1 = rac.normalize layer %a, %c, %d axis 1 epsilon 1.0e-5 : (tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
    rac.yield %1 : tensor<?x2xf32>
  }
  %2 = rac.group @product ins(%0, %w : tensor<?x2xf32>, tensor<2x2xf32>) -> (tensor<?x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32:1, {0.1:10, 0.2:10}>> {
  ^bb0(%a: tensor<?x2xf32>, %b: tensor<2x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
    rac.yield %1 : tensor<?x2xf32>
  }
  return %2 : tensor<?x2xf32>
}

// -----

// So are the vectors of a scale and offset after it, also where one number stands for all channels.

// CHECK-LABEL: func.func @scaled
// CHECK-DAG: %[[S:.*]] = rac.constant dense<1.000000e+01> : tensor<2xf32>
// CHECK-DAG: %[[B:.*]] = rac.constant dense<[5.000000e+00, 2.500000e+00]> : tensor<2xf32>
// CHECK: rac.group @affine ins(%{{.*}}, %[[S]], %[[B]] :
// CHECK: %[[M:.*]] = rac.mul
// CHECK-NEXT: %[[A:.*]] = rac.add %[[M]]
// CHECK-NEXT: %[[R:.*]] = rac.relu %[[A]]
// CHECK-NEXT: rac.quantize %[[R]]
func.func @scaled(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %s = rac.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %w = rac.constant dense<[[1.0, -1.0], [0.5, 2.0]]> : tensor<2x2xf32>
  %0 = rac.group @affine ins(%x, %s : tensor<?x2xf32>, tensor<2xf32>) -> (tensor<?x2xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<?x2xf32>, %c: tensor<2xf32>):
    %half = rac.constant dense<0.5> : tensor<f32>
    %1 = rac.mul %a, %c : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
    %2 = rac.add %1, %half : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
    %3 = rac.relu %2 : (tensor<?x2xf32>) -> tensor<?x2xf32>
    rac.yield %3 : tensor<?x2xf32>
  }
  %2 = rac.group @product ins(%0, %w : tensor<?x2xf32>, tensor<2x2xf32>) -> (tensor<?x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32:1, {0.1:10, 0.2:10}>> {
  ^bb0(%a: tensor<?x2xf32>, %b: tensor<2x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
    rac.yield %1 : tensor<?x2xf32>
  }
  return %2 : tensor<?x2xf32>
}

// -----

// Not where the sum has a part that no constant makes, nor where the sum without it is read, too.

// CHECK-LABEL: func.func @residual
// CHECK: rac.group @add
// CHECK: %[[M:.*]] = rac.mul
// CHECK-NEXT: %[[A:.*]] = rac.add %[[M]]
// CHECK-NEXT: %[[D:.*]] = rac.mul %[[A]]
// CHECK-NEXT: rac.quantize %[[D]]
func.func @residual(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %s = rac.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %w = rac.constant dense<[[1.0, -1.0], [0.5, 2.0]]> : tensor<2x2xf32>
  %0 = rac.group @add ins(%x, %s : tensor<?x2xf32>, tensor<2xf32>) -> (tensor<?x2xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<?x2xf32>, %c: tensor<2xf32>):
    %1 = rac.mul %a, %c : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
    %2 = rac.add %1, %a : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
    rac.yield %2 : tensor<?x2xf32>
  }
  %2 = rac.group @product ins(%0, %w : tensor<?x2xf32>, tensor<2x2xf32>) -> (tensor<?x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32:1, {0.1:10, 0.2:10}>> {
  ^bb0(%a: tensor<?x2xf32>, %b: tensor<2x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
    rac.yield %1 : tensor<?x2xf32>
  }
  return %2 : tensor<?x2xf32>
}
