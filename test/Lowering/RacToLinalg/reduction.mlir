// RUN: rac-opt %s --rac-lower-to-linalg --split-input-file | FileCheck %s

// CHECK-DAG: #[[$FULL:.+]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$KEPT:.+]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: func @mean
// CHECK: linalg.fill
// CHECK: linalg.generic {indexing_maps = [#[[$FULL]], #[[$KEPT]]], iterator_types = ["parallel", "reduction"]}
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: arith.addf %{{.*}}, %{{.*}} fastmath<reassoc,contract> : f32
// CHECK: linalg.generic
// CHECK: arith.divf
// CHECK: arith.truncf
// CHECK: tensor.expand_shape %{{.*}} {{\[}}[0, 1]] {{.*}} : tensor<?xf16> into tensor<?x1xf16>
func.func @mean(%a: tensor<?x4xf16>) -> tensor<?x1xf16> {
  %0 = rac.reduce mean %a axes [1] {keep_dims} : (tensor<?x4xf16>) -> tensor<?x1xf16>
  return %0 : tensor<?x1xf16>
}

// -----

// CHECK-LABEL: func @max
// CHECK: %[[LOWEST:.*]] = arith.constant 0 : i8
// CHECK: linalg.fill ins(%[[LOWEST]]
// CHECK: arith.maxui
func.func @max(%a: tensor<?x4xui8>) -> tensor<?xui8> {
  %0 = rac.reduce max %a axes [1] : (tensor<?x4xui8>) -> tensor<?xui8>
  return %0 : tensor<?xui8>
}

// -----

// CHECK-LABEL: func @first_largest
// CHECK: %{{.*}}:2 = linalg.generic
// CHECK: arith.cmpf olt
// CHECK: arith.cmpf uno
// CHECK: linalg.index 1
func.func @first_largest(%a: tensor<?x4xf32>) -> tensor<?xi64> {
  %0 = rac.arg_reduce max %a axis 1 : (tensor<?x4xf32>) -> tensor<?xi64>
  return %0 : tensor<?xi64>
}

// -----

// CHECK-LABEL: func @running_sum
// CHECK: scf.for %[[I:[a-z0-9]+]] = {{.*}} -> (tensor<?x4xf32>, tensor<4xf32>)
// CHECK: tensor.extract_slice %{{.*}}[%[[I]], 0] [1, 4] [1, 1] : tensor<?x4xf32> to tensor<4xf32>
// CHECK: linalg.generic
// CHECK: tensor.insert_slice
func.func @running_sum(%a: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = rac.scan sum %a axis 0 : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func @softmax
// CHECK: linalg.generic {{.*}} ["parallel", "reduction"]
// CHECK: arith.maximumf %{{.*}}, %{{.*}} fastmath<nnan,nsz,contract>
// What would be subnormal is zero, before and after the division.
// CHECK: linalg.generic {{.*}} ["parallel", "parallel"]
// CHECK: %[[X:.*]] = arith.subf
// CHECK: %[[ZERO:.*]] = arith.constant 0.0
// CHECK: %[[LEAST:.*]] = arith.constant -87.336
// CHECK: %[[TINY:.*]] = arith.cmpf olt, %[[X]], %[[LEAST]]
// CHECK: %[[LARGE:.*]] = arith.select %[[TINY]], %[[LEAST]], %[[X]]
// CHECK: %[[POSITIVE:.*]] = arith.cmpf olt, %[[ZERO]], %[[LARGE]]
// CHECK: %[[LIMITED:.*]] = arith.select %[[POSITIVE]], %[[ZERO]], %[[LARGE]]
// CHECK: %[[EXP:.*]] = math.exp %[[LIMITED]]
// CHECK: arith.select %[[TINY]], %[[ZERO]], %[[EXP]]
// CHECK: linalg.generic {{.*}} ["parallel", "reduction"]
// CHECK: arith.addf %{{.*}}, %{{.*}} fastmath<reassoc,contract>
// CHECK: linalg.generic {{.*}} ["parallel"]
// CHECK: arith.divf
// CHECK: linalg.generic {{.*}} ["parallel", "parallel"]
// CHECK: %[[PART:.*]] = arith.mulf
// CHECK: %[[NORMAL:.*]] = arith.constant 1.17549435E-38
// CHECK: %[[SUBNORMAL:.*]] = arith.cmpf olt, %[[PART]], %[[NORMAL]]
// CHECK: arith.select %[[SUBNORMAL]], %{{.*}}, %[[PART]]
func.func @softmax(%a: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = rac.softmax %a axis 1 : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func @layer_norm
// CHECK-COUNT-2: linalg.generic {{.*}} ["parallel", "reduction"]
// CHECK: math.sqrt
// CHECK: linalg.generic {{.*}} ["parallel", "parallel"]
func.func @layer_norm(%a: tensor<?x4xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<?x4xf32> {
  %0 = rac.normalize layer %a, %s, %b axis 1 epsilon 1.0e-5 : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// The mean is divided, so that equal numbers differ from it by nothing; the variance only scales.
// CHECK-LABEL: func @normalize
// CHECK: %[[COUNT:.*]] = arith.constant 2.400000e+01 : f32
// CHECK: %[[PART:.*]] = arith.divf %{{.*}}, %[[COUNT]]
// CHECK: linalg.generic {{.*}} ["parallel", "reduction"]
// CHECK: arith.divf %{{.*}}, %[[COUNT]]
// CHECK: linalg.generic {{.*}} ["parallel", "reduction"]
// CHECK: arith.mulf %{{.*}}, %[[PART]]
// CHECK: math.sqrt
func.func @normalize(%a: tensor<?x24xf32>, %s: tensor<24xf32>) -> tensor<?x24xf32> {
  %0 = rac.normalize layer %a, %s axis 1 epsilon 1.0E-5 : (tensor<?x24xf32>, tensor<24xf32>) -> tensor<?x24xf32>
  return %0 : tensor<?x24xf32>
}
