// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-separate-fills))' --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-pipeline-buffers --split-input-file | FileCheck %s --check-prefix=BUFFERS

// Two products that start with one fill.

// CHECK-LABEL: func.func private @products
// CHECK: %[[E:.*]] = tensor.empty()
// CHECK: %[[A:.*]] = linalg.fill {{.*}} outs(%[[E]]
// CHECK: linalg.matmul {{.*}} outs(%[[A]]
// CHECK: %[[B:.*]] = linalg.fill {{.*}} outs(%[[E]]
// CHECK: linalg.matmul {{.*}} outs(%[[B]]

// In buffers the sums begin in registers: nothing but them is written.
// BUFFERS-LABEL: func.func private @products
// BUFFERS-NOT: vector.store
// BUFFERS: scf.for {{.*}} iter_args(%{{.*}} = %cst
// BUFFERS: vector.store
// BUFFERS: scf.for {{.*}} iter_args(%{{.*}} = %cst
func.func private @products(%x: tensor<4x16xf32>, %y: tensor<16x16xf32>, %out: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x16xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x16xf32>) -> tensor<4x16xf32>
  %0 = linalg.matmul ins(%x, %y : tensor<4x16xf32>, tensor<16x16xf32>) outs(%fill : tensor<4x16xf32>) -> tensor<4x16xf32>
  %1 = linalg.matmul ins(%0, %y : tensor<4x16xf32>, tensor<16x16xf32>) outs(%fill : tensor<4x16xf32>) -> tensor<4x16xf32>
  %2 = bufferization.materialize_in_destination %1 in %out : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x16xf32>
  return %2 : tensor<4x16xf32>
}
func.func @main() {
  %x = rac.input_buffer 0 [] : memref<4x16xf32>
  return
}

// -----

// A sum whose one reader goes on with each element has an empty tensor of its
// own: it is divided in registers. Of one that is read with all of a row it is
// what was there.

// CHECK-LABEL: func.func private @rows
// CHECK: %[[E:.*]] = tensor.empty() : tensor<4xf32>
// CHECK: %[[OWN:.*]] = tensor.empty() : tensor<4xf32>
// CHECK: linalg.fill {{.*}} outs(%[[OWN]]
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK: linalg.generic {{.*}} outs(%[[E]]
// CHECK: linalg.fill {{.*}} outs(%[[E]]
// CHECK: linalg.generic {{.*}}"reduction"

// BUFFERS-LABEL: func.func private @rows
// BUFFERS: %[[MEAN:.*]] = arith.divf %{{.*}} : f32
// BUFFERS-NEXT: memref.store %[[MEAN]]
#all = affine_map<(r, c) -> (r, c)>
#row = affine_map<(r, c) -> (r)>
#one = affine_map<(r) -> (r)>
func.func private @rows(%x: tensor<4x64xf32>, %out: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %zero = arith.constant 0.0 : f32
  %count = arith.constant 64.0 : f32
  %empty = tensor.empty() : tensor<4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  %sum = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x64xf32>) outs(%fill : tensor<4xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %a, %s fastmath<reassoc> : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %mean = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]}
      ins(%sum : tensor<4xf32>) outs(%empty : tensor<4xf32>) {
  ^bb0(%s: f32, %old: f32):
    %0 = arith.divf %s, %count : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %squares = linalg.generic {indexing_maps = [#all, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x, %mean : tensor<4x64xf32>, tensor<4xf32>) outs(%fill : tensor<4xf32>) {
  ^bb0(%a: f32, %m: f32, %s: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.addf %1, %s fastmath<reassoc> : f32
    linalg.yield %2 : f32
  } -> tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [#all, #row, #row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x, %mean, %squares : tensor<4x64xf32>, tensor<4xf32>, tensor<4xf32>) outs(%out : tensor<4x64xf32>) {
  ^bb0(%a: f32, %m: f32, %s: f32, %old: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}
func.func @main() {
  %x = rac.input_buffer 0 [] : memref<4x64xf32>
  return
}
