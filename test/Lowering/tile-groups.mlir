// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-tile-groups))' | FileCheck %s

// The op that gives the result is tiled, and what it needs is computed tile by tile.

// CHECK-LABEL: func.func @chain
// CHECK: scf.forall (%[[I:.*]], %[[J:.*]]) = (0, 0) to (8, 64) step (1, 16)
// CHECK-DAG: tensor.extract_slice %arg0[%[[I]], %[[J]]] [1, 16] [1, 1]
// CHECK: %[[E:.*]] = linalg.generic {{.*}}ins({{.*}} : tensor<1x16xf32>)
// CHECK: math.exp
// CHECK: linalg.generic {{.*}}ins(%[[E]] : tensor<1x16xf32>)
// CHECK: arith.negf
// CHECK: tensor.parallel_insert_slice {{.*}}[%[[I]], %[[J]]] [1, 16] [1, 1]
// CHECK: bufferization.materialize_in_destination
#id = affine_map<(i, j) -> (i, j)>
func.func @chain(%x: tensor<8x64xf32>, %d: tensor<8x64xf32>) -> tensor<8x64xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [1, 16]>} {
  %e = tensor.empty() : tensor<8x64xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = math.exp %a : f32
    linalg.yield %1 : f32
  } -> tensor<8x64xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = arith.negf %a : f32
    linalg.yield %1 : f32
  } -> tensor<8x64xf32>
  %3 = bufferization.materialize_in_destination %2 in %d : (tensor<8x64xf32>, tensor<8x64xf32>) -> tensor<8x64xf32>
  return %3 : tensor<8x64xf32>
}

// Tiles are those of the result's dimensions, whatever order the loops have; 0 leaves one whole.

// CHECK-LABEL: func.func @transposed
// CHECK: scf.forall (%[[I:.*]]) = (0) to (64) step (4)
// CHECK: tensor.extract_slice %arg0[0, %[[I]]] [8, 4] [1, 1]
#transposed = affine_map<(i, j) -> (j, i)>
func.func @transposed(%x: tensor<8x64xf32>, %d: tensor<64x8xf32>) -> tensor<64x8xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [4, 0]>} {
  %0 = linalg.generic {indexing_maps = [#id, #transposed], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<8x64xf32>) outs(%d : tensor<64x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = math.exp %a : f32
    linalg.yield %1 : f32
  } -> tensor<64x8xf32>
  return %0 : tensor<64x8xf32>
}

// Blocks of the reduction: tiles of columns, in each the blocks of k one after another, in each of those tiles of rows. What is
// done with the sums comes after the last block.

// CHECK-LABEL: func.func @blocked
// CHECK: scf.forall (%[[N:.*]]) = (0) to (64) step (32)
// CHECK: linalg.fill
// CHECK: %[[SUM:.*]] = scf.for %[[K:.*]] = %{{.*}} to %{{.*}} step %c16
// CHECK: scf.for %[[M:.*]] = %{{.*}} to %{{.*}} step %c12
// CHECK-DAG: tensor.extract_slice %arg0[%[[M]], %[[K]]] [%{{.*}}, 16] [1, 1]
// CHECK-DAG: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: arith.mulf
// CHECK: linalg.generic {{.*}}ins(%[[SUM]]
// CHECK: arith.negf
// CHECK: tensor.parallel_insert_slice
#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (n floordiv 32, k, n mod 32)>
#sum = affine_map<(m, n, k) -> (m, n)>
func.func @blocked(%x: tensor<40x48xf32>, %w: tensor<2x48x32xf32>, %d: tensor<40x64xf32>) -> tensor<40x64xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [12, 32], reduction = [16], order = [1, 2, 0]>} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<40x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<40x64xf32>) -> tensor<40x64xf32>
  %0 = linalg.generic {indexing_maps = [#lhs, #rhs, #sum], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<40x48xf32>, tensor<2x48x32xf32>) outs(%f : tensor<40x64xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %s, %1 fastmath<reassoc, contract> : f32
    linalg.yield %2 : f32
  } -> tensor<40x64xf32>
  %3 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<40x64xf32>) outs(%e : tensor<40x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = arith.negf %a : f32
    linalg.yield %1 : f32
  } -> tensor<40x64xf32>
  %4 = bufferization.materialize_in_destination %3 in %d : (tensor<40x64xf32>, tensor<40x64xf32>) -> tensor<40x64xf32>
  return %4 : tensor<40x64xf32>
}

// Blocks alone: nothing of the result is tiled.

// CHECK-LABEL: func.func @only_blocks
// CHECK-NOT: scf.forall
// CHECK: scf.for {{.*}} step %c7
// CHECK: linalg.generic {{.*}} ["parallel", "parallel", "reduction"]
#plain = affine_map<(m, n, k) -> (k, n)>
func.func @only_blocks(%x: tensor<40x48xf32>, %w: tensor<48x64xf32>, %d: tensor<40x64xf32>) -> tensor<40x64xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, reduction = [7]>} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<40x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<40x64xf32>) -> tensor<40x64xf32>
  %0 = linalg.generic {indexing_maps = [#lhs, #plain, #sum], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<40x48xf32>, tensor<48x64xf32>) outs(%f : tensor<40x64xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %s, %1 fastmath<reassoc, contract> : f32
    linalg.yield %2 : f32
  } -> tensor<40x64xf32>
  %3 = bufferization.materialize_in_destination %0 in %d : (tensor<40x64xf32>, tensor<40x64xf32>) -> tensor<40x64xf32>
  return %3 : tensor<40x64xf32>
}
