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
