// RUN: rac-opt %s --rac-lower-to-linalg --split-input-file | FileCheck %s

// One generic with broadcasting maps; static ones repeat.
// CHECK-DAG: #[[$FULL:.+]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$ROW:.+]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[$COLUMN:.+]] = affine_map<(d0, d1) -> (d0, 0)>
// CHECK-LABEL: func @broadcast
// CHECK: linalg.generic {indexing_maps = [#[[$COLUMN]], #[[$ROW]], #[[$FULL]]]
// CHECK: arith.addf %{{.*}}, %{{.*}} fastmath<contract> : f32
func.func @broadcast(%a: tensor<?x1xf32>, %b: tensor<4xf32>) -> tensor<?x4xf32> {
  %y = rac.add %a, %b : (tensor<?x1xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// A constant of one value is part of the body, and so is an operand used twice read once.
// CHECK-LABEL: func @constant
// CHECK: linalg.generic {{.*}} ins(%{{[a-z0-9]*}} : tensor<?xf32>)
// CHECK: %[[C:.*]] = arith.constant 2.500000e+00 : f32
// CHECK: arith.mulf %{{.*}}, %[[C]]
// CHECK: linalg.generic {{.*}} ins(%{{[a-z0-9]*}} : tensor<?xf32>)
// CHECK-NEXT: ^bb0(%[[X:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: arith.mulf %[[X]], %[[X]]
func.func @constant(%a: tensor<?xf32>) -> tensor<?xf32> {
  %c = rac.constant dense<2.5> : tensor<1xf32>
  %0 = rac.mul %a, %c : (tensor<?xf32>, tensor<1xf32>) -> tensor<?xf32>
  %1 = rac.mul %0, %0 : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %1 : tensor<?xf32>
}

// -----

// Narrow floats are computed on as f32, but moved as they are.
// CHECK-LABEL: func @narrow
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: math.exp %{{.*}} : f32
// CHECK: arith.truncf %{{.*}} : f32 to f16
// CHECK-NOT: arith.extf
// CHECK: arith.select {{.*}} : f16
func.func @narrow(%c: tensor<4xi1>, %a: tensor<4xf16>) -> tensor<4xf16> {
  %0 = rac.exp %a : (tensor<4xf16>) -> tensor<4xf16>
  %1 = rac.select %c, %0, %a : (tensor<4xi1>, tensor<4xf16>, tensor<4xf16>) -> tensor<4xf16>
  return %1 : tensor<4xf16>
}

// -----

// A kept dimension of a reduction is read past.
// CHECK-DAG: #[[$ROWS:.+]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: func @kept_dimension
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[$ROWS]], #{{.*}}], {{.*}} ins(%{{.*}}, %[[SUM]] : tensor<?x4xf32>, tensor<?xf32>)
func.func @kept_dimension(%a: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = rac.reduce sum %a axes [1] {keep_dims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
  %1 = rac.div %a, %0 : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}
