// RUN: rac-opt %s --rac-to-llvm | FileCheck %s

// The runtime's buffers are pointers that it gives, with the sizes of their types.

// CHECK: module attributes {rac.num_sites = 1 : i32}
// CHECK-LABEL: llvm.func @main(
// CHECK-SAME: %[[C:.*]]: !llvm.ptr)
func.func @main(%context: !llvm.ptr) {
  // CHECK: %[[N:.*]] = llvm.call @rac_input_dim(%[[C]], %{{.*}}, %{{.*}}) : (!llvm.ptr, i64, i64) -> i64
  %n = rac.input_dim 0, 0
  // CHECK: llvm.call @rac_input(%[[C]], %{{.*}}) : (!llvm.ptr, i64) -> !llvm.ptr
  %x = rac.input_buffer 0 [%n] : memref<?x8xf32>
  // CHECK: llvm.call @rac_output(%[[C]], %{{.*}}, %{{.*}}, %{{.*}}) : (!llvm.ptr, i64, i64, !llvm.ptr) -> !llvm.ptr
  %y = rac.output_buffer 0 [%n] : memref<?x4xf32>
  // CHECK: %[[W:.*]] = llvm.call @rac_weights(%[[C]]) : (!llvm.ptr) -> !llvm.ptr
  // CHECK: llvm.getelementptr %[[W]][%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  %w = rac.weights 64 : memref<8x4xf32>
  // CHECK: llvm.getelementptr %{{.*}}[%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %part = rac.block %y at %n [] : memref<?x4xf32> to memref<1x4xf32>
  memref.copy %part, %part : memref<1x4xf32> to memref<1x4xf32>
  call @kernel(%context, %x, %w, %y) : (!llvm.ptr, memref<?x8xf32>, memref<8x4xf32>, memref<?x4xf32>) -> ()
  return
}

// A call's site is numbered, for what the runtime keeps of it between runs. What doesn't change is a constant.

// CHECK-LABEL: llvm.func @kernel(
// CHECK-SAME: %[[C:[^:]*]]: !llvm.ptr
// CHECK: llvm.call @rac_scratch(%[[C]], %{{.*}}) : (!llvm.ptr, i64) -> !llvm.ptr
// CHECK: llvm.call @rac_library_call(%[[C]],
// CHECK: llvm.cond_br %{{.*}}, ^[[GO_ON:.*]], ^[[FAIL:[^ ]*]]
// CHECK: ^[[FAIL]]:
// CHECK: llvm.call @rac_fail(%[[C]], %{{.*}}) : (!llvm.ptr, !llvm.ptr) -> ()
// CHECK-NEXT: llvm.unreachable
func.func private @kernel(%context: !llvm.ptr, %x: memref<?x8xf32>, %w: memref<8x4xf32>, %y: memref<?x4xf32>) {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x8xf32>
  %scratch = rac.scratch [%n] : memref<?x4xf32>
  rac.library_call matmul ins(%x, %w : memref<?x8xf32>, memref<8x4xf32>) outs(%scratch : memref<?x4xf32>) {post_ops = [#rac.post_op<kind = relu>]}
  %some = arith.cmpi sgt, %n, %c0 : index
  cf.assert %some, "nothing to do"
  return
}

// Lanes below a number: an instruction for scalable vectors, comparisons for others.

// CHECK-LABEL: llvm.func @masks
// CHECK: %[[COUNT:.*]] = llvm.intr.smax(%{{.*}}, %{{.*}})
// CHECK: llvm.intr.get.active.lane.mask %{{.*}}, %[[COUNT]] : i64, i64 to vector<[4]xi1>
// CHECK: llvm.icmp
// CHECK: llvm.return
func.func @masks(%n: index, %k: vector<4xi1>) -> (vector<[4]xi1>, vector<4xi1>) {
  %0 = vector.create_mask %n : vector<[4]xi1>
  %1 = vector.create_mask %n : vector<4xi1>
  return %0, %1 : vector<[4]xi1>, vector<4xi1>
}

// What is said of a loop is where LLVM looks for it.

// CHECK-LABEL: llvm.func @loop
// CHECK: llvm.br ^bb1({{.*}}) {loop_annotation = #loop_annotation}
func.func @loop(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  cf.br ^head(%c0 : index)
^head(%i: index):
  %less = arith.cmpi slt, %i, %n : index
  cf.cond_br %less, ^body, ^end
^body:
  %next = arith.addi %i, %c1 : index
  cf.br ^head(%next : index) {llvm.loop_annotation = #llvm.loop_annotation<unroll = <disable = true>>}
^end:
  return
}


// Bytes that no integer holds, told by their number as f64, are asked for as -1, which the runtime refuses.

// CHECK-LABEL: llvm.func @heap
// CHECK: %[[BYTES:.*]] = llvm.ptrtoint
// CHECK: llvm.uitofp
// CHECK: llvm.uitofp
// CHECK-NEXT: %[[NUMBER:.*]] = llvm.fmul %{{.*}}, %{{.*}} : f64
// CHECK: %[[FITS:.*]] = llvm.fcmp "olt" %[[NUMBER]], %{{.*}} : f64
// CHECK: %[[REFUSED:.*]] = llvm.mlir.constant(-1 : i64)
// CHECK: %[[ASKED:.*]] = llvm.select %[[FITS]], %[[BYTES]], %[[REFUSED]]
// CHECK: llvm.call @rac_heap(%{{.*}}, %[[ASKED]])
func.func @heap(%context: !llvm.ptr, %n: index) -> memref<?x4xf32> {
  %0 = rac.heap [%n] : memref<?x4xf32>
  return %0 : memref<?x4xf32>
}
