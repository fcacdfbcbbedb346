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

// Kernels run on the accelerator, whose memory the host reads an element at a time.
// CHECK-LABEL: @accelerator
func.func @accelerator(%n: index, %m: memref<?xf32>, %strided: memref<?x4xi64, strided<[8, 2], offset: ?>>) {
  // CHECK: %[[STATUS:.*]] = rac.kernel_status : memref<i32>
  %status = rac.kernel_status : memref<i32>
  // CHECK: rac.launch @kernels::@relu grid(%arg0, %arg0, %arg0) block(%arg0, %arg0, %arg0) shared 1024 args(%arg1, %[[STATUS]], %arg0 : memref<?xf32>, memref<i32>, index)
  rac.launch @kernels::@relu grid(%n, %n, %n) block(%n, %n, %n) shared 1024 args(%m, %status, %n : memref<?xf32>, memref<i32>, index)
  // CHECK: rac.counters %arg0 : memref<?xi32>
  %counters = rac.counters %n : memref<?xi32>
  // CHECK: rac.launch @kernels::@none grid({{.*}}) block({{.*}}) shared 0 args()
  rac.launch @kernels::@none grid(%n, %n, %n) block(%n, %n, %n) shared 0 args()
  // CHECK: rac.tensor_map %{{.*}}[%arg0] sizes(%arg0, %arg0) strides(%arg0) box [128, 64] : memref<?xbf16> -> !llvm.ptr
  %halves = memref.alloc(%n) : memref<?xbf16>
  %map = rac.tensor_map %halves[%n] sizes(%n, %n) strides(%n) box [128, 64] : memref<?xbf16> -> !llvm.ptr
  // CHECK: rac.read %arg2[%arg0, %arg0] : memref<?x4xi64, strided<[8, 2], offset: ?>>
  %x = rac.read %strided[%n, %n] : memref<?x4xi64, strided<[8, 2], offset: ?>>
  // CHECK: rac.read %[[STATUS]][] : memref<i32>
  %y = rac.read %status[] : memref<i32>
  return
}
