// RUN: rac-opt %s --rac-lower-to-linalg --split-input-file | FileCheck %s

// Indices are checked once, before the loops that use them.
// CHECK-LABEL: func @gather
// CHECK: linalg.generic {{.*}} ["reduction", "reduction"]
// CHECK: cf.assert %{{.*}}, "gather: an index is out of range"
// CHECK: linalg.generic {{.*}} ["parallel", "parallel", "parallel"]
// CHECK-NOT: cf.assert
// CHECK: tensor.extract %arg0[%{{.*}}, %{{.*}}] : tensor<?x4xf32>
func.func @gather(%x: tensor<?x4xf32>, %i: tensor<2x3xi64>) -> tensor<2x3x4xf32> {
  %0 = rac.gather %x, %i axis 0 : (tensor<?x4xf32>, tensor<2x3xi64>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

// A constant index that fits needs no check, and a single one no copy.
// CHECK-LABEL: func @gather_one
// CHECK-NOT: cf.assert
// CHECK: tensor.extract_slice %arg0[0, %{{.*}}] [%{{.*}}, 1] [1, 1] : tensor<?x4xf32> to tensor<?xf32>
func.func @gather_one(%x: tensor<?x4xf32>) -> tensor<?xf32> {
  %i = rac.constant dense<-1> : tensor<i64>
  %0 = rac.gather %x, %i axis 1 : (tensor<?x4xf32>, tensor<i64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// CHECK-LABEL: func @gather_elements
// CHECK: cf.assert %{{.*}}, "gather: an index is out of range"
// CHECK: cf.assert %{{.*}}, "gather_elements: indices exceed the input"
func.func @gather_elements(%x: tensor<?x4xf32>, %i: tensor<?x2xi64>) -> tensor<?x2xf32> {
  %0 = rac.gather_elements %x, %i axis 1 : (tensor<?x4xf32>, tensor<?x2xi64>) -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}

// -----

// CHECK-DAG: #[[$SECOND:.+]] = affine_map<(d0, d1) -> (d0, 1)>
// CHECK-LABEL: func @gather_nd
// CHECK: cf.assert
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[$SECOND]], #{{.*}}], iterator_types = ["parallel", "parallel"]}
func.func @gather_nd(%x: tensor<?x4x5xf32>, %i: tensor<3x2xi64>) -> tensor<3x5xf32> {
  %0 = rac.gather_nd %x, %i batch_dims 0 : (tensor<?x4x5xf32>, tensor<3x2xi64>) -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

// -----

// CHECK-LABEL: func @scatter
// CHECK: cf.assert %{{.*}}, "scatter: an index is out of range"
// CHECK: scf.for
// CHECK: scf.for
// CHECK: arith.addf
// CHECK: tensor.insert
// CHECK: scf.for
// CHECK: tensor.extract_slice
// CHECK: linalg.generic
// CHECK: tensor.insert_slice
func.func @scatter(%x: tensor<?x4xf32>, %i: tensor<3x4xi64>, %j: tensor<3x1xi64>, %u: tensor<3x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %0 = rac.scatter_elements add %x, %i, %u axis 0 : (tensor<?x4xf32>, tensor<3x4xi64>, tensor<3x4xf32>) -> tensor<?x4xf32>
  %1 = rac.scatter_nd replace %x, %j, %u : (tensor<?x4xf32>, tensor<3x1xi64>, tensor<3x4xf32>) -> tensor<?x4xf32>
  return %0, %1 : tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func @top_k
// CHECK: cf.assert %{{.*}}, "top_k: k exceeds the dimension"
// A heap is filled, offered the rest, and emptied.
// CHECK: scf.for
// CHECK: scf.for
// CHECK: scf.while
// CHECK: scf.for
// CHECK: scf.if
// CHECK: scf.while
// CHECK: scf.for
// CHECK: scf.while
func.func @top_k(%x: tensor<?x4xf32>, %k: index) -> tensor<?x?xf32> {
  %0, %1 = rac.top_k %x, %k axis 1 {largest} : (tensor<?x4xf32>) -> (tensor<?x?xf32>, tensor<?x?xi64>)
  return %0 : tensor<?x?xf32>
}

// -----

// Where most are asked for, a row is sorted whole, digit by digit: a digit's values are counted, and keys go to the other row.
// CHECK-LABEL: func @sort
// CHECK: tensor.empty() : tensor<2x1000xi32>
// CHECK: tensor.empty() : tensor<2x1000xi64>
// CHECK: tensor.empty() : tensor<256xindex>
// CHECK: scf.for
// CHECK: scf.for
// CHECK: arith.bitcast %{{.*}} : f32 to i32
// CHECK: scf.for
// CHECK: scf.if
// CHECK-COUNT-4: scf.for
// CHECK: arith.subi
// CHECK: scf.for
// CHECK-NOT: scf.while
// CHECK: return
func.func @sort(%x: tensor<4x1000xf32>) -> tensor<4x900xf32> {
  %k = arith.constant 900 : index
  %0, %1 = rac.top_k %x, %k axis 1 {largest} : (tensor<4x1000xf32>) -> (tensor<4x900xf32>, tensor<4x900xi64>)
  return %0 : tensor<4x900xf32>
}

// -----

// Only the run knows which: what isn't is a loop of no iterations.
// CHECK-LABEL: func @either
// CHECK: %[[WHOLE:.*]] = arith.andi
// CHECK-COUNT-3: arith.select %[[WHOLE]]
// CHECK: tensor<256xindex>
// CHECK: scf.while
func.func @either(%x: tensor<?xf32>, %k: index) -> tensor<?xf32> {
  %0, %1 = rac.top_k %x, %k axis 0 : (tensor<?xf32>) -> (tensor<?xf32>, tensor<?xi64>)
  return %0 : tensor<?xf32>
}

// -----

// A thread for each group, whose boxes are found by a search. One is compared until there is one kept that it overlaps.
// CHECK-LABEL: func @suppress
// CHECK: cf.assert %{{.*}}, "suppress: boxes and groups differ in number"
// CHECK: cf.assert %{{.*}}, "suppress: a group is out of range"
// CHECK: cf.assert %{{.*}}, "suppress: the threshold is not in [0, 1]"
// CHECK: scf.forall (%[[GROUP:.*]]) in (3)
// CHECK-COUNT-2: scf.while
// CHECK: %[[KEPT:.*]] = tensor.extract_slice %{{.*}}[%[[START:.*]]] [%[[LENGTH:.*]]] [1] : tensor<?xi8> to tensor<?xi8>
// CHECK: tensor.extract_slice %{{.*}}[%[[START]]] [%[[LENGTH]]] [1] : tensor<?xi64> to tensor<?xi64>
// CHECK: scf.while
// CHECK: scf.while
// CHECK: arith.divf
// CHECK: tensor.insert %{{.*}} : tensor<?xi8>
// CHECK: tensor.insert %{{.*}} : tensor<?xi64>
func.func @suppress(%boxes: tensor<?x4xf32>, %groups: tensor<?xi64>, %limit: tensor<i64>, %threshold: tensor<f32>) -> tensor<?xi1> {
  %n = arith.constant 3 : index
  %0 = rac.suppress %boxes, %groups, %limit, %threshold groups %n : (tensor<?x4xf32>, tensor<?xi64>, tensor<i64>, tensor<f32>) -> tensor<?xi1>
  return %0 : tensor<?xi1>
}

// -----

// A threshold that is known isn't checked.
// CHECK-LABEL: func @known_threshold
// CHECK-NOT: the threshold is not in
// CHECK: return
func.func @known_threshold(%boxes: tensor<?x4xf32>, %groups: tensor<?xi64>, %limit: tensor<i64>) -> tensor<?xi1> {
  %n = arith.constant 3 : index
  %threshold = rac.constant dense<0.5> : tensor<f32>
  %0 = rac.suppress %boxes, %groups, %limit, %threshold groups %n : (tensor<?x4xf32>, tensor<?xi64>, tensor<i64>, tensor<f32>) -> tensor<?xi1>
  return %0 : tensor<?xi1>
}

// -----

// CHECK-LABEL: func @non_zero
// CHECK: %[[COUNT:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK: tensor.empty(%[[COUNT]]) : tensor<2x?xi64>
// CHECK: scf.for
func.func @non_zero(%x: tensor<?x4xi1>) -> tensor<2x?xi64> {
  %0 = rac.non_zero %x : (tensor<?x4xi1>) -> tensor<2x?xi64>
  return %0 : tensor<2x?xi64>
}

// -----

// A table for the dimension that changes; the kernel reads two elements of it.
// CHECK-LABEL: func @resize
// CHECK: %[[TABLE:.*]]:4 = linalg.generic {{.*}} : tensor<8xi64>, tensor<8xi64>, tensor<8xf32>, tensor<8xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[TABLE]]#0, %[[TABLE]]#1, %[[TABLE]]#2, %[[TABLE]]#3
// CHECK-COUNT-2: tensor.extract %arg0
func.func @resize(%x: tensor<1x4x3xf32>) -> tensor<1x8x3xf32> {
  %0 = rac.resize linear half_pixel floor %x to [1, 8, 3] {cubic_a = -0.75 : f64} : (tensor<1x4x3xf32>) -> tensor<1x8x3xf32>
  return %0 : tensor<1x8x3xf32>
}
