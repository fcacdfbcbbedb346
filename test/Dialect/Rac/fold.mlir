// RUN: rac-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: @reshapes
func.func @reshapes(%x: tensor<2x3xf32>, %n: index) -> (tensor<2x3xf32>, tensor<?xf32>) {
  // CHECK: %[[R:.*]] = rac.reshape %arg0 to [%arg1]
  // CHECK: return %arg0, %[[R]]
  %0 = rac.reshape %x to [6] : (tensor<2x3xf32>) -> tensor<6xf32>
  %1 = rac.reshape %0 to [2, 3] : (tensor<6xf32>) -> tensor<2x3xf32>
  %2 = rac.reshape %0 to [%n] : (tensor<6xf32>) -> tensor<?xf32>
  return %1, %2 : tensor<2x3xf32>, tensor<?xf32>
}

// -----

// One dimension that isn't known is the same where all others are.
// CHECK-LABEL: @dynamic_reshapes
func.func @dynamic_reshapes(%x: tensor<?x3xf32>, %y: tensor<?x?xf32>, %n: index) -> (tensor<?x3xf32>, tensor<?x?xf32>) {
  // CHECK: %[[R:.*]] = rac.reshape %arg1
  // CHECK: return %arg0, %[[R]]
  %0 = rac.reshape %x to [%n, 3] : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %1 = rac.reshape %y to [%n, %n] : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0, %1 : tensor<?x3xf32>, tensor<?x?xf32>
}

// -----

// CHECK-LABEL: @constant_size
func.func @constant_size(%x: tensor<6xf32>) -> tensor<?x3xf32> {
  %c2 = arith.constant 2 : index
  // CHECK: rac.reshape %arg0 to [2, 3] : (tensor<6xf32>) -> tensor<2x3xf32>
  %0 = rac.reshape %x to [%c2, 3] : (tensor<6xf32>) -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// -----

// CHECK-LABEL: @transposes
func.func @transposes(%x: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, tensor<4x3x2xf32>) {
  // CHECK: %[[T:.*]] = rac.transpose %arg0, [2, 1, 0]
  // CHECK: return %arg0, %[[T]]
  %0 = rac.transpose %x, [1, 0, 2] : (tensor<2x3x4xf32>) -> tensor<3x2x4xf32>
  %1 = rac.transpose %0, [1, 0, 2] : (tensor<3x2x4xf32>) -> tensor<2x3x4xf32>
  %2 = rac.transpose %0, [2, 0, 1] : (tensor<3x2x4xf32>) -> tensor<4x3x2xf32>
  return %1, %2 : tensor<2x3x4xf32>, tensor<4x3x2xf32>
}

// -----

// CHECK-LABEL: @splats
func.func @splats() -> (tensor<3x2xf32>, tensor<4x2xf32>, tensor<6xf32>) {
  %c = rac.constant dense<1.0> : tensor<2x3xf32>
  %d = rac.constant dense<1.0> : tensor<1x2xf32>
  // CHECK-DAG: rac.constant dense<1.0{{.*}}> : tensor<3x2xf32>
  // CHECK-DAG: rac.constant dense<1.0{{.*}}> : tensor<4x2xf32>
  // CHECK-DAG: rac.constant dense<1.0{{.*}}> : tensor<6xf32>
  // CHECK-NOT: rac.{{transpose|expand|reshape}}
  %0 = rac.transpose %c, [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = rac.expand %d to [4, 2] : (tensor<1x2xf32>) -> tensor<4x2xf32>
  %2 = rac.reshape %c to [6] : (tensor<2x3xf32>) -> tensor<6xf32>
  return %0, %1, %2 : tensor<3x2xf32>, tensor<4x2xf32>, tensor<6xf32>
}

// -----

// CHECK-LABEL: @whole
func.func @whole(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[S:.*]] = rac.slice %arg0 [3] [4] [-1]
  // CHECK: return %arg0, %[[S]], %arg0, %arg0
  %0 = rac.slice %x [0] [4] [1] : (tensor<4xf32>) -> tensor<4xf32>
  %1 = rac.slice %x [3] [4] [-1] : (tensor<4xf32>) -> tensor<4xf32>
  %2 = rac.concat %x axis 0 : (tensor<4xf32>) -> tensor<4xf32>
  %3 = rac.reduce sum %x axes [] : (tensor<4xf32>) -> tensor<4xf32>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: @gather_constant
func.func @gather_constant() -> (tensor<2xi64>, tensor<1xi64>) {
  %c = rac.constant dense<[10, 20, 30]> : tensor<3xi64>
  %i = rac.constant dense<[2, -3]> : tensor<2xi64>
  %outside = rac.constant dense<[3]> : tensor<1xi64>
  // CHECK: rac.constant dense<[30, 10]>
  // CHECK: rac.gather
  %0 = rac.gather %c, %i axis 0 : (tensor<3xi64>, tensor<2xi64>) -> tensor<2xi64>
  %1 = rac.gather %c, %outside axis 0 : (tensor<3xi64>, tensor<1xi64>) -> tensor<1xi64>
  return %0, %1 : tensor<2xi64>, tensor<1xi64>
}

// -----

// A scale of the run that is a constant; one that can't be is the run's to refuse.
// CHECK-LABEL: @resize_constant_scales
func.func @resize_constant_scales(%x: tensor<4x4x4xf32>, %h: index, %s: f32) -> tensor<?x6x?xf32> {
  %c = arith.constant 1.5 : f32
  %zero = arith.constant 0.0 : f32
  // CHECK: by(%{{.*}}, %{{.*}}) {{.*}}scales = array<f64: 0.000000e+00, 1.500000e+00, 0.000000e+00>
  %0 = rac.resize linear half_pixel floor %x to [%h, 6, %h] by(%s, %c, %zero) {cubic_a = -0.75 : f64, scales = array<f64: 0.0, 0.0, 0.0>} : (tensor<4x4x4xf32>) -> tensor<?x6x?xf32>
  return %0 : tensor<?x6x?xf32>
}
