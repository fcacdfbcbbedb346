// RUN: rac-opt %s --rac-gpu-outline --canonicalize --split-input-file | FileCheck %s

// Kernels are named after their groups. Two that do the same on other memory are one, which may have to have the shared memory
// of either; constants are part of a kernel, all else is passed. The third differs in its threads, the fourth in what it does.

// CHECK: module attributes {rac.group_kernels = {"2nd" = ["_2nd"], "my group/0" = ["my_group_0"], other = ["my_group_0"], wider = ["wider"]},
// CHECK-SAME: rac.kernel_messages = [], rac.kernels = ["my_group_0", "wider", "_2nd"]}
// CHECK-LABEL: func @main
// CHECK: rac.launch @rac_kernels::@my_group_0 grid(%arg2, %c1, %c1) block(%c32, %c1, %c1) shared 1024 args(%arg0 : memref<?xf32>)
// CHECK: rac.launch @rac_kernels::@my_group_0 grid(%arg2, %c1, %c1) block(%c32, %c1, %c1) shared 0 args(%arg1 : memref<?xf32>)
// CHECK: rac.launch @rac_kernels::@wider grid(%arg2, %c1, %c1) block(%c64, %c1, %c1) shared 0 args(%arg1 : memref<?xf32>)
// CHECK: rac.launch @rac_kernels::@_2nd
// CHECK-NOT: gpu.launch
// CHECK: gpu.module @rac_kernels
// CHECK: gpu.func @my_group_0(%[[X:.*]]: memref<?xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>, rac.group = "my group/0", rac.shared_bytes = 1024 : i64}
// CHECK-DAG: %[[B:.*]] = gpu.block_id x
// CHECK-DAG: %[[T:.*]] = gpu.thread_id x
// CHECK: memref.load %[[X]][%[[B]]]
// CHECK: memref.store %{{.*}}, %[[X]][%[[T]]]
// CHECK: gpu.func @wider(%{{.*}}) kernel attributes {known_block_size = array<i32: 64, 1, 1>, rac.group = "wider", rac.shared_bytes = 0 : i64}
// CHECK: gpu.func @_2nd(
// CHECK-NOT: gpu.func
func.func @main(%x: memref<?xf32>, %y: memref<?xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %c1024 = arith.constant 1024 : i32
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c32, %sy = %c1, %sz = %c1) dynamic_shared_memory_size %c1024 {
    %0 = memref.load %x[%bx] : memref<?xf32>
    memref.store %0, %x[%tx] : memref<?xf32>
    gpu.terminator
  } {rac.group = "my group/0"}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c32, %sy = %c1, %sz = %c1) {
    %0 = memref.load %y[%bx] : memref<?xf32>
    memref.store %0, %y[%tx] : memref<?xf32>
    gpu.terminator
  } {rac.group = "other"}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c64, %sy = %c1, %sz = %c1) {
    %0 = memref.load %y[%bx] : memref<?xf32>
    memref.store %0, %y[%tx] : memref<?xf32>
    gpu.terminator
  } {rac.group = "wider"}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c32, %sy = %c1, %sz = %c1) {
    %0 = memref.load %y[%tx] : memref<?xf32>
    memref.store %0, %y[%bx] : memref<?xf32>
    gpu.terminator
  } {rac.group = "2nd"}
  return
}

// -----

// A failed assertion writes the number of its message, from 1 on, and ends the thread. Equal messages have one number.

// CHECK: module attributes {rac.group_kernels = {}, rac.kernel_messages = ["negative", "zero"], rac.kernels = ["asserts", "asserts_1"]}
// CHECK-LABEL: func @asserts
// CHECK: %[[STATUS:.*]] = rac.kernel_status : memref<i32>
// CHECK: rac.launch @rac_kernels::@asserts {{.*}} args(%arg0, %[[STATUS]] : memref<?xi64>, memref<i32>)
// CHECK: gpu.func @asserts(%{{.*}}: memref<?xi64>, %[[WHERE:.*]]: memref<i32>)
// CHECK: %[[NEGATIVE:.*]] = arith.cmpi slt
// CHECK: scf.if %[[NEGATIVE]]
// CHECK-NEXT: memref.store %c1_i32, %[[WHERE]][]
// CHECK-NEXT: llvm.inline_asm has_side_effects "exit;", ""
// CHECK: %[[ZERO:.*]] = arith.cmpi eq
// CHECK: scf.if %[[ZERO]]
// CHECK-NEXT: memref.store %c2_i32, %[[WHERE]][]
// CHECK: gpu.func @asserts_1(
// CHECK: memref.store %c2_i32,
func.func @asserts(%x: memref<?xi64>, %n: index) {
  %c0 = arith.constant 0 : i64
  %c1 = arith.constant 1 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    %0 = memref.load %x[%bx] : memref<?xi64>
    %1 = arith.cmpi sge, %0, %c0 : i64
    cf.assert %1, "negative"
    %2 = arith.cmpi ne, %0, %c0 : i64
    cf.assert %2, "zero"
    gpu.terminator
  }
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    %0 = memref.load %x[%bx] : memref<?xi64>
    %2 = arith.cmpi ne, %0, %c0 : i64
    cf.assert %2, "zero"
    gpu.terminator
  }
  return
}

// -----

// Once one has failed, kernels that access memory where other memory says do nothing.

// CHECK-LABEL: func @indexed
// CHECK: gpu.func @check(
// CHECK: gpu.func @gather(%[[WHERE:[^:]*]]: memref<i32>
// CHECK: %[[NUMBER:.*]] = memref.load %[[WHERE]][]
// CHECK: %[[FAILED:.*]] = arith.cmpi ne, %[[NUMBER]], %c0_i32
// CHECK: scf.if %[[FAILED]]
// CHECK-NEXT: llvm.inline_asm has_side_effects "exit;", ""
// CHECK: gpu.func @copy(
// CHECK-NOT: exit
func.func @indexed(%i: memref<?xindex>, %x: memref<?xf32>, %y: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    %0 = memref.load %i[%bx] : memref<?xindex>
    %1 = arith.cmpi ult, %0, %n : index
    cf.assert %1, "too large"
    gpu.terminator
  } {rac.group = "check"}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    %0 = memref.load %i[%bx] : memref<?xindex>
    %1 = arith.maxsi %0, %c0 : index
    %2 = memref.load %x[%1] : memref<?xf32>
    memref.store %2, %y[%bx] : memref<?xf32>
    gpu.terminator
  } {rac.group = "gather"}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    %0 = memref.load %x[%bx] : memref<?xf32>
    memref.store %0, %y[%bx] : memref<?xf32>
    gpu.terminator
  } {rac.group = "copy"}
  return
}

// -----

// There is a module of kernels even if it has none.
// CHECK: module attributes {rac.group_kernels = {}, rac.kernel_messages = [], rac.kernels = []}
// CHECK: gpu.module @rac_kernels
func.func @empty(%x: memref<?xi64>) {
  return
}

// -----

// Tensor maps are made by the host, and marked by how they are aligned.

// CHECK-LABEL: func @mapped
// CHECK: %[[MAP:.*]] = rac.tensor_map %arg0[%c0] sizes(%arg1, %arg1) strides(%arg1) box [64, 64]
// CHECK: rac.launch @rac_kernels::@mapped {{.*}} args(%[[MAP]] : !llvm.ptr)
// CHECK: gpu.func @mapped(%[[P:.*]]: !llvm.ptr {llvm.align = 64 : i64}) kernel
// CHECK: llvm.load volatile %[[P]]
func.func @mapped(%x: memref<?xbf16>, %n: index) {
  %c1 = arith.constant 1 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    %c0 = arith.constant 0 : index
    %map = rac.tensor_map %x[%c0] sizes(%n, %n) strides(%n) box [64, 64] : memref<?xbf16> -> !llvm.ptr
    %0 = llvm.load volatile %map : !llvm.ptr -> i64
    gpu.terminator
  }
  return
}

// -----

// A kernel says how many of its blocks are a cluster: one that has another number is another.

// CHECK-LABEL: func @clusters
// CHECK: rac.launch @rac_kernels::@clusters grid
// CHECK: rac.launch @rac_kernels::@clusters_1 grid
// CHECK: gpu.func @clusters(%{{.*}}) kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_cluster_size = array<i32: 2, 1, 1>,
// CHECK: gpu.func @clusters_1(%{{.*}}) kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_cluster_size = array<i32: 4, 1, 1>,
func.func @clusters(%x: memref<?xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c32 = arith.constant 32 : index
  gpu.launch clusters(%cx, %cy, %cz) in (%nx = %c2, %ny = %c1, %nz = %c1) blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c32, %sy = %c1, %sz = %c1) {
    %0 = memref.load %x[%bx] : memref<?xf32>
    memref.store %0, %x[%tx] : memref<?xf32>
    gpu.terminator
  }
  gpu.launch clusters(%cx, %cy, %cz) in (%nx = %c4, %ny = %c1, %nz = %c1) blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c32, %sy = %c1, %sz = %c1) {
    %0 = memref.load %x[%bx] : memref<?xf32>
    memref.store %0, %x[%tx] : memref<?xf32>
    gpu.terminator
  }
  return
}
