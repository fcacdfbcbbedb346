// RUN: rac-opt %s --rac-lower-to-linalg --split-input-file | FileCheck %s

// What is known needs no check.
// CHECK-LABEL: func @split
// CHECK-NOT: cf.assert
// CHECK: tensor.expand_shape %{{.*}} {{\[}}[0], [1], [2, 3]]
func.func @split(%a: tensor<?x?x12xf32>) -> tensor<?x?x3x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = tensor.dim %a, %c0 : tensor<?x?x12xf32>
  %n = tensor.dim %a, %c1 : tensor<?x?x12xf32>
  %0 = rac.reshape %a to [%m, %n, 3, 4] : (tensor<?x?x12xf32>) -> tensor<?x?x3x4xf32>
  return %0 : tensor<?x?x3x4xf32>
}

// -----

// CHECK-LABEL: func @regroup
// CHECK: cf.assert %{{.*}}, "reshape changes the number of elements"
// CHECK: tensor.collapse_shape
// CHECK: tensor.expand_shape
func.func @regroup(%a: tensor<?x6xf32>, %n: index) -> tensor<?x4xf32> {
  %0 = rac.reshape %a to [%n, 4] : (tensor<?x6xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func @unknown
// CHECK: cf.assert
// CHECK: %[[SHAPE:.*]] = tensor.from_elements %{{.*}}, %{{.*}} : tensor<2xindex>
// CHECK: tensor.reshape %{{.*}}(%[[SHAPE]])
func.func @unknown(%a: tensor<?x?xf32>, %m: index, %n: index) -> tensor<?x?xf32> {
  %0 = rac.reshape %a to [%m, %n] : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// CHECK-DAG: #[[$FROM:.+]] = affine_map<(d0, d1) -> (d1, d0)>
// CHECK-LABEL: func @transpose
// CHECK: linalg.generic {indexing_maps = [#[[$FROM]], #{{.*}}]
func.func @transpose(%a: tensor<?x4xf32>) -> tensor<4x?xf32> {
  %0 = rac.transpose %a, [1, 0] : (tensor<?x4xf32>) -> tensor<4x?xf32>
  return %0 : tensor<4x?xf32>
}

// -----

// CHECK-DAG: #[[$FROM:.+]] = affine_map<(d0, d1) -> (0, d1)>
// CHECK-LABEL: func @expand
// CHECK-NOT: cf.assert
// CHECK: linalg.generic {indexing_maps = [#[[$FROM]], #{{.*}}]
func.func @expand(%a: tensor<1x4xf32>, %n: index) -> tensor<?x4xf32> {
  %0 = rac.expand %a to [%n, 4] : (tensor<1x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// Whether it repeats is seen at run time, once.
// CHECK-LABEL: func @expand_unknown
// CHECK: cf.assert %{{.*}}, "expand: operand size is neither 1 nor the result's"
// CHECK: %[[STRIDE:.*]] = arith.select
// CHECK: linalg.generic
// CHECK: arith.muli %{{.*}}, %[[STRIDE]]
// CHECK: tensor.extract
func.func @expand_unknown(%a: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> {
  %0 = rac.expand %a to [%n, 4] : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func @iota
// CHECK: linalg.index 1
func.func @iota(%n: index) -> tensor<?x4xi64> {
  %0 = rac.iota axis 1 sizes [%n, 4] : tensor<?x4xi64>
  return %0 : tensor<?x4xi64>
}

// -----

// CHECK-LABEL: func @concat
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 0] [2, 3] [1, 1]
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 3] [2, %{{.*}}] [1, 1]
func.func @concat(%a: tensor<2x3xf32>, %b: tensor<2x?xf32>) -> tensor<2x?xf32> {
  %0 = rac.concat %a, %b axis 1 : (tensor<2x3xf32>, tensor<2x?xf32>) -> tensor<2x?xf32>
  return %0 : tensor<2x?xf32>
}

// -----

// Parts of a part go into the whole, unless something else needs that part.
// CHECK-LABEL: func @concat_of_concats
// CHECK: %[[B:.*]] = tensor.insert_slice %arg1 into %{{.*}}[0, 2] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<2x5xf32>
// CHECK: %[[A0:.*]] = tensor.insert_slice %arg0 into %{{.*}}[0, 0] [1, 5] [1, 1] : tensor<1x5xf32> into tensor<5x5xf32>
// CHECK: %[[A1:.*]] = tensor.insert_slice %arg0 into %[[A0]][1, 0] [1, 5] [1, 1] : tensor<1x5xf32> into tensor<5x5xf32>
// CHECK: %[[A2:.*]] = tensor.insert_slice %[[B]] into %[[A1]][2, 0] [2, 5] [1, 1] : tensor<2x5xf32> into tensor<5x5xf32>
// CHECK: tensor.insert_slice %arg0 into %[[A2]][4, 0] [1, 5] [1, 1] : tensor<1x5xf32> into tensor<5x5xf32>
func.func @concat_of_concats(%a: tensor<1x5xf32>, %b: tensor<2x3xf32>, %c: tensor<2x2xf32>) -> (tensor<5x5xf32>, tensor<2x5xf32>) {
  %0 = rac.concat %a, %a axis 0 : (tensor<1x5xf32>, tensor<1x5xf32>) -> tensor<2x5xf32>
  %1 = rac.concat %c, %b axis 1 : (tensor<2x2xf32>, tensor<2x3xf32>) -> tensor<2x5xf32>
  %2 = rac.concat %0, %1, %a axis 0 : (tensor<2x5xf32>, tensor<2x5xf32>, tensor<1x5xf32>) -> tensor<5x5xf32>
  return %2, %1 : tensor<5x5xf32>, tensor<2x5xf32>
}

// -----

// What has no elements isn't put anywhere.
// CHECK-LABEL: func @concat_empty
// CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<4x3x0xf32>
// CHECK-NOT: tensor.insert_slice
// CHECK: return %[[EMPTY]]
func.func @concat_empty(%a: tensor<2x3x0xf32>) -> tensor<4x3x0xf32> {
  %0 = rac.concat %a, %a axis 0 : (tensor<2x3x0xf32>, tensor<2x3x0xf32>) -> tensor<4x3x0xf32>
  return %0 : tensor<4x3x0xf32>
}

// -----

// CHECK-LABEL: func @slice
// CHECK: tensor.extract_slice %{{.*}}[0, 1] [2, 2] [1, 2]
// CHECK: linalg.generic
// CHECK: tensor.extract
func.func @slice(%a: tensor<2x4xf32>) -> (tensor<2x2xf32>, tensor<2x4xf32>) {
  %0 = rac.slice %a[0, 1] [2, 2] [1, 2] : (tensor<2x4xf32>) -> tensor<2x2xf32>
  %1 = rac.slice %a[0, 3] [2, 4] [1, -1] : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0, %1 : tensor<2x2xf32>, tensor<2x4xf32>
}

// -----

// CHECK-LABEL: func @pad
// CHECK: linalg.fill
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 1] [2, 4] [1, 1]
// CHECK: linalg.generic
// CHECK: arith.remsi
func.func @pad(%a: tensor<2x4xf32>, %v: tensor<f32>) -> (tensor<2x6xf32>, tensor<2x6xf32>) {
  %0 = rac.pad constant %a, %v low [0, 1] high [0, 1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x6xf32>
  %1 = rac.pad reflect %a, %v low [0, 1] high [0, 1] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x6xf32>
  return %0, %1 : tensor<2x6xf32>, tensor<2x6xf32>
}

// -----

// Slices without elements are none of upstream's, which begin at an element.

// CHECK-LABEL: func @past_the_end
// CHECK: %[[NONE:.*]] = tensor.empty(%arg1) : tensor<0x?xf32>
// CHECK: return %[[NONE]]
func.func @past_the_end(%a: tensor<6x?xf32>, %n: index) -> tensor<0x?xf32> {
  %0 = rac.slice %a [6, 0] [0, %n] [1, 1] : (tensor<6x?xf32>) -> tensor<0x?xf32>
  return %0 : tensor<0x?xf32>
}

// -----

// CHECK-LABEL: func @pad_nothing
// CHECK: %[[FILLED:.*]] = linalg.fill
// CHECK-NOT: tensor.insert_slice
// CHECK: return %[[FILLED]]
func.func @pad_nothing(%a: tensor<0x2xf32>, %v: tensor<f32>) -> tensor<1x4xf32> {
  %0 = rac.pad constant %a, %v low [1, 1] high [0, 1] : (tensor<0x2xf32>, tensor<f32>) -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}
