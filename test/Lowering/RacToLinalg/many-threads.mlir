// RUN: rac-opt %s --rac-lower-to-linalg=many-threads --split-input-file | FileCheck %s

// Each key counts those of its group that come before it; then runs are merged by pairs of merges, and the last merge
// writes the result. Of 3000 keys there are six groups of 512: two merges to pair.
// CHECK-LABEL: func @top_k
// CHECK: scf.forall
// CHECK: tensor.parallel_insert_slice
// CHECK: %[[PAIRS:.*]] = arith.constant 1 : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[PAIRS]]
// CHECK: linalg.generic {{.*}} ["parallel", "parallel"]}
// CHECK: scf.while
// CHECK: linalg.generic {{.*}} ["parallel", "parallel"]}
// CHECK: scf.yield %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<4x3000xf32>
// CHECK: linalg.generic {{.*}} ["parallel", "parallel"]} outs(%{{.*}}, %{{.*}} : tensor<4x10xf32>, tensor<4x10xi64>)
func.func @top_k(%x: tensor<4x3000xf32>) -> tensor<4x10xf32> {
  %k = arith.constant 10 : index
  %0, %1 = rac.top_k %x, %k axis 1 {largest} : (tensor<4x3000xf32>) -> (tensor<4x10xf32>, tensor<4x10xi64>)
  return %0 : tensor<4x10xf32>
}

// -----

// Updates are sorted by what they change; then each element looks for its own.
// CHECK-LABEL: func @scatter
// CHECK: scf.forall (%{{.*}}) in (100)
// CHECK: linalg.generic {{.*}} ["parallel", "parallel"]} ins(%arg0 : tensor<8x4xf32>)
// CHECK: scf.while
// CHECK: scf.while
// CHECK: scf.for
// CHECK: arith.addf
// CHECK: return
func.func @scatter(%x: tensor<8x4xf32>, %i: tensor<100x1xi64>, %u: tensor<100x4xf32>) -> tensor<8x4xf32> {
  %0 = rac.scatter_nd add %x, %i, %u : (tensor<8x4xf32>, tensor<100x1xi64>, tensor<100x4xf32>) -> tensor<8x4xf32>
  return %0 : tensor<8x4xf32>
}

// -----

// A few are done in order.
// CHECK-LABEL: func @few
// CHECK-NOT: scf.forall
// CHECK: scf.for
// CHECK: tensor.insert_slice
func.func @few(%x: tensor<8x4xf32>, %i: tensor<3x1xi64>, %u: tensor<3x4xf32>) -> tensor<8x4xf32> {
  %0 = rac.scatter_nd add %x, %i, %u : (tensor<8x4xf32>, tensor<3x1xi64>, tensor<3x4xf32>) -> tensor<8x4xf32>
  return %0 : tensor<8x4xf32>
}

// -----

// Where groups begin, which of 64 boxes overlap, then chunk by chunk which are kept: a thread for each group, and one for
// each box.
// CHECK-LABEL: func @suppress
// CHECK: linalg.generic {{.*}} ["parallel"]} outs(%{{.*}} : tensor<4xindex>)
// CHECK: linalg.generic {{.*}} ["reduction"]}
// CHECK: %[[CHUNKS:.*]] = arith.ceildivui %{{.*}}, %c64
// CHECK: linalg.generic {{.*}} ["parallel"]} ins(%arg1 : tensor<?xi64>) outs(%{{.*}} : tensor<?xi64>)
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[CHUNKS]]
// CHECK: linalg.generic {{.*}} ["parallel"]} outs(%{{.*}}, %{{.*}} : tensor<3xi64>, tensor<3xi64>)
// CHECK: linalg.generic {{.*}} ["parallel"]} ins(%arg1 : tensor<?xi64>) outs(%{{.*}} : tensor<?xi8>)
func.func @suppress(%boxes: tensor<?x4xf32>, %groups: tensor<?xi64>, %limit: tensor<i64>, %threshold: tensor<f32>) -> tensor<?xi1> {
  %n = arith.constant 3 : index
  %0 = rac.suppress %boxes, %groups, %limit, %threshold groups %n : (tensor<?x4xf32>, tensor<?xi64>, tensor<i64>, tensor<f32>) -> tensor<?xi1>
  return %0 : tensor<?xi1>
}
