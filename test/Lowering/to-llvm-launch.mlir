// RUN: rac-opt %s --rac-to-llvm | FileCheck %s

module attributes {rac.kernels = ["first", "scale"]} {

// A kernel is known by its number in the list. It takes a buffer as the members of its descriptor: two pointers, an offset,
// two sizes and two strides. All are passed by address, and what they lie in is made once, however often the code runs.

// CHECK-LABEL: llvm.func @launch(
// CHECK-SAME: %[[C:[^:]*]]: !llvm.ptr
// CHECK-DAG: %[[EIGHT:.*]] = llvm.mlir.constant(8 : i64) : i64
// CHECK-DAG: %[[PARAMETERS:.*]] = llvm.alloca %[[EIGHT]] x !llvm.ptr
// CHECK-DAG: %[[SEVEN:.*]] = llvm.mlir.constant(7 : i64) : i64
// CHECK-DAG: %[[SIZES:.*]] = llvm.alloca %[[SEVEN]] x i64
// CHECK-COUNT-8: llvm.alloca
// CHECK-NOT: llvm.alloca
// CHECK: llvm.cond_br
// CHECK: %[[NUMBER:.*]] = llvm.mlir.constant(1 : i32) : i32
// CHECK: llvm.call @rac_launch(%[[C]], %[[NUMBER]], %[[SIZES]], %[[PARAMETERS]]) : (!llvm.ptr, i32, !llvm.ptr, !llvm.ptr) -> ()
func.func @launch(%context: !llvm.ptr, %x: memref<?x4xf32>, %factor: f32, %n: index, %some: i1) {
  %one = arith.constant 1 : index
  cf.cond_br %some, ^launch, ^end
^launch:
  rac.launch @kernels::@scale grid(%n, %one, %one) block(%n, %one, %one) shared 2048 args(%x, %factor : memref<?x4xf32>, f32)
  cf.br ^end
^end:
  return
}

// A tensor map is filled in on the stack, and its address is what the launch passes.

// CHECK-LABEL: llvm.func @map(
// CHECK-SAME: %[[C:[^:]*]]: !llvm.ptr
// CHECK: %[[MAP:.*]] = llvm.alloca %{{.*}} x !llvm.array<128 x i8> {alignment = 64 : i64}
// CHECK: %[[BASE:.*]] = llvm.getelementptr
// CHECK: %[[CODE:.*]] = llvm.mlir.constant(4 : i32)
// CHECK: %[[BITS:.*]] = llvm.mlir.constant(16 : i32)
// CHECK: %[[RANK:.*]] = llvm.mlir.constant(2 : i32)
// CHECK: llvm.call @rac_tensor_map(%[[C]], %[[MAP]], %[[BASE]], %[[CODE]], %[[BITS]], %[[RANK]],
// CHECK: llvm.store %[[MAP]], %{{.*}} : !llvm.ptr, !llvm.ptr
// CHECK: llvm.call @rac_launch(
func.func @map(%context: !llvm.ptr, %x: memref<?xbf16>, %n: index) {
  %map = rac.tensor_map %x[%n] sizes(%n, %n) strides(%n) box [128, 64] : memref<?xbf16> -> !llvm.ptr
  rac.launch @kernels::@scale grid(%n, %n, %n) block(%n, %n, %n) shared 0 args(%map : !llvm.ptr)
  return
}

// The host has its own copy of the element, an i1 as the byte that it is.

// CHECK-LABEL: llvm.func @read(
// CHECK-SAME: %[[C:[^:]*]]: !llvm.ptr
// CHECK: %[[SLOT:.*]] = llvm.alloca %{{.*}} x i64
// CHECK: %[[FROM:.*]] = llvm.getelementptr %{{.*}}[%{{.*}}]
// CHECK: %[[BYTES:.*]] = llvm.mlir.constant(8 : i64) : i64
// CHECK: llvm.call @rac_read(%[[C]], %[[SLOT]], %[[FROM]], %[[BYTES]]) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
// CHECK: llvm.load %[[SLOT]] : !llvm.ptr -> i64
// CHECK: %[[BYTE:.*]] = llvm.mlir.constant(1 : i64) : i64
// CHECK: llvm.call @rac_read(%[[C]], %{{.*}}, %{{.*}}, %[[BYTE]])
func.func @read(%context: !llvm.ptr, %x: memref<?xi64>, %b: memref<i1>, %i: index) -> (i64, i1) {
  %0 = rac.read %x[%i] : memref<?xi64>
  %1 = rac.read %b[] : memref<i1>
  return %0, %1 : i64, i1
}

// CHECK-LABEL: llvm.func @counters(
// CHECK-SAME: %[[C:[^:]*]]: !llvm.ptr, %[[N:.*]]: i64
// CHECK: %[[P:.*]] = llvm.call @rac_counters(%[[C]], %[[N]]) : (!llvm.ptr, i64) -> !llvm.ptr
// CHECK: llvm.insertvalue %[[P]]
func.func @counters(%context: !llvm.ptr, %n: index) -> memref<?xi32> {
  %0 = rac.counters %n : memref<?xi32>
  return %0 : memref<?xi32>
}

// CHECK-LABEL: llvm.func @status(
// CHECK-SAME: %[[C:[^:]*]]: !llvm.ptr
// CHECK: %[[P:.*]] = llvm.call @rac_kernel_status(%[[C]]) : (!llvm.ptr) -> !llvm.ptr
// CHECK: llvm.insertvalue %[[P]]
func.func @status(%context: !llvm.ptr) -> memref<i32> {
  %0 = rac.kernel_status : memref<i32>
  return %0 : memref<i32>
}

}
