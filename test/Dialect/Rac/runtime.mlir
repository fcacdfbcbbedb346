// RUN: rac-opt %s | rac-opt | FileCheck %s
// RUN: rac-opt %s --emit-bytecode | rac-opt | FileCheck %s
//
// Level 3, what a lowered program calls the runtime with.

// CHECK-LABEL: @buffers
func.func @buffers(%bytes: index) {
  // CHECK: %[[N:.*]] = rac.input_dim 0, 1
  %n = rac.input_dim 0, 1
  // CHECK: rac.input_buffer 0[%[[N]]] : memref<?x4xf32>
  %in = rac.input_buffer 0 [%n] : memref<?x4xf32>
  // CHECK: rac.output_buffer 1[] : memref<4xi64>
  %out = rac.output_buffer 1 [] : memref<4xi64>
  // CHECK: rac.scratch[%[[N]], %[[N]]] : memref<?x2x?xf32>
  %scratch = rac.scratch [%n, %n] : memref<?x2x?xf32>
  // CHECK: rac.heap[] : memref<f64>
  %heap = rac.heap [] : memref<f64>
  // CHECK: rac.arena %arg0 : memref<?xi8>
  %arena = rac.arena %bytes : memref<?xi8>
  // CHECK: rac.weights 64 : memref<4x4xf32>
  %weights = rac.weights 64 : memref<4x4xf32>
  // CHECK: rac.block %{{.*}} at %arg0[%[[N]]] : memref<?x2x?xf32> to memref<2x?xf32>
  %block = rac.block %scratch at %bytes [%n] : memref<?x2x?xf32> to memref<2x?xf32>
  // CHECK: rac.profile 3
  rac.profile 3
  // CHECK-NEXT: rac.profile{{$}}
  rac.profile
  return
}

// CHECK-LABEL: @loop
func.func @loop(%n: index, %g: index) {
  // CHECK: rac.parallel_for %arg0 grain %arg1 threads 2 {
  // CHECK-NEXT: ^bb0(%[[LOW:.*]]: index, %[[HIGH:.*]]: index):
  // CHECK-NEXT: arith.subi %[[HIGH]], %[[LOW]]
  rac.parallel_for %n grain %g threads 2 {
  ^bb0(%low: index, %high: index):
    %size = arith.subi %high, %low : index
  }
  return
}

// On tensors a call gives a result, on buffers it writes into one.
// CHECK-LABEL: @calls
func.func @calls(%a: tensor<?x8xf32>, %b: tensor<8x4xf32>, %d: tensor<?x4xf32>, %packed: memref<128xi8>,
                 %x: memref<?x8xf32, strided<[?, 2]>>, %y: memref<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: rac.library_call matmul ins({{.*}} : tensor<?x8xf32>, tensor<8x4xf32>) outs({{.*}}) {permutations = [array<i64>, array<i64: 1, 0>, array<i64>], post_ops = [#rac.post_op<kind = clip, beta = 6.0{{0*}}e+00>], threads = 3 : i64} -> tensor<?x4xf32>
  %0 = rac.library_call matmul ins(%a, %b : tensor<?x8xf32>, tensor<8x4xf32>) outs(%d : tensor<?x4xf32>) {permutations = [array<i64>, array<i64: 1, 0>, array<i64>], post_ops = [#rac.post_op<kind = clip, beta = 6.0>], threads = 3} -> tensor<?x4xf32>
  // CHECK: rac.library_call matmul ins({{.*}}memref<128xi8>) outs(%{{.*}} : memref<?x4xf32>) {packed = array<i8: 1, 2>, post_ops = [], weights_type = tensor<8x4xf32>}
  rac.library_call matmul ins(%x, %packed : memref<?x8xf32, strided<[?, 2]>>, memref<128xi8>) outs(%y : memref<?x4xf32>) {packed = array<i8: 1, 2>, weights_type = tensor<8x4xf32>, post_ops = []}
  return %0 : tensor<?x4xf32>
}
