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

// -----

// CHECK-LABEL: @slices_of_slices
func.func @slices_of_slices(%x: tensor<56x56xf32>, %y: tensor<?x12xf32>, %n: index, %o: index) -> (tensor<28x28xf32>, tensor<3x4xf32>, tensor<0x4xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<2x2xf32>) {
  %c0 = arith.constant 0 : index
  // CHECK-DAG: %[[STEPS:.*]] = rac.slice %arg0 [0, 1] [28, 28] [2, 2]
  %0 = rac.slice %x [0, 0] [28, 56] [2, 1] : (tensor<56x56xf32>) -> tensor<28x56xf32>
  %1 = rac.slice %0 [0, 1] [28, 28] [1, 2] : (tensor<28x56xf32>) -> tensor<28x28xf32>
  // CHECK-DAG: %[[BACK:.*]] = rac.slice %arg0 [46, 5] [3, 4] [-4, 6]
  %2 = rac.slice %x [50, 2] [20, 40] [-2, 1] : (tensor<56x56xf32>) -> tensor<20x40xf32>
  %3 = rac.slice %2 [2, 3] [3, 4] [2, 6] : (tensor<20x40xf32>) -> tensor<3x4xf32>
  // CHECK-DAG: %[[NONE:.*]] = rac.slice %arg0 [0, 2] [0, 4] [1, 1]
  %4 = rac.slice %x [50, 2] [6, 40] [1, 1] : (tensor<56x56xf32>) -> tensor<6x40xf32>
  %5 = rac.slice %4 [6, 0] [0, 4] [1, 1] : (tensor<6x40xf32>) -> tensor<0x4xf32>
  // What either of them leaves whole may have any size.
  // CHECK-DAG: %[[SOME:.*]] = rac.slice %arg1 [%arg3, 4] [%arg2, 2] [1, 1]
  %rows = tensor.dim %y, %c0 : tensor<?x12xf32>
  %6 = rac.slice %y [0, 3] [%rows, 9] [1, 1] : (tensor<?x12xf32>) -> tensor<?x9xf32>
  %7 = rac.slice %6 [%o, 1] [%n, 2] [1, 1] : (tensor<?x9xf32>) -> tensor<?x2xf32>
  // CHECK-DAG: %[[SAME:.*]] = rac.slice %arg1 [%arg3, 2] [%arg2, 2] [3, 1]
  %8 = rac.slice %y [%o, 0] [%n, 9] [3, 1] : (tensor<?x12xf32>) -> tensor<?x9xf32>
  %9 = rac.slice %8 [0, 2] [%n, 2] [1, 1] : (tensor<?x9xf32>) -> tensor<?x2xf32>
  // Whether these rows are among those, only the run knows.
  // CHECK-DAG: %[[INNER:.*]] = rac.slice %arg1 [%arg3, 0] [%arg2, 9] [1, 1]
  // CHECK-DAG: %[[OUTER:.*]] = rac.slice %[[INNER]] [4, 0] [2, 2] [1, 1]
  %10 = rac.slice %y [%o, 0] [%n, 9] [1, 1] : (tensor<?x12xf32>) -> tensor<?x9xf32>
  %11 = rac.slice %10 [4, 0] [2, 2] [1, 1] : (tensor<?x9xf32>) -> tensor<2x2xf32>
  // CHECK: return %[[STEPS]], %[[BACK]], %[[NONE]], %[[SOME]], %[[SAME]], %[[OUTER]]
  return %1, %3, %5, %7, %9, %11 : tensor<28x28xf32>, tensor<3x4xf32>, tensor<0x4xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<2x2xf32>
}

// -----

// Without elements the dynamic dimension may become another.
// CHECK-LABEL: @reshape_nothing
func.func @reshape_nothing(%x: tensor<0x?xf32>, %n: index) -> tensor<0x?xf32> {
  // CHECK: rac.reshape %arg0 to [0, %arg1]
  %0 = rac.reshape %x to [0, %n] : (tensor<0x?xf32>) -> tensor<0x?xf32>
  return %0 : tensor<0x?xf32>
}
