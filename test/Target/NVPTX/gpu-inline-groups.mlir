// RUN: rac-opt %s --rac-gpu-inline-groups --canonicalize | FileCheck %s

// What a group keeps between kernels is the entry function's, for each call of it anew, and kernels know their group.

// CHECK-LABEL: func @main
// CHECK: %[[FIRST:.*]] = memref.alloc() : memref<4xf32>
// CHECK: gpu.launch
// CHECK: memref.store %{{.*}}, %[[FIRST]]
// CHECK: } {rac.group = "group_0"}
// CHECK: gpu.launch
// CHECK: memref.load %[[FIRST]]
// CHECK: } {rac.group = "inner"}
// CHECK: %[[SECOND:.*]] = memref.alloc() : memref<4xf32>
// CHECK: memref.store %{{.*}}, %[[SECOND]]
// CHECK: } {rac.group = "group_0"}
// CHECK: return
// CHECK-NOT: func
func.func @main(%x: memref<4xf32>) {
  call @group_0(%x) : (memref<4xf32>) -> ()
  call @group_0(%x) : (memref<4xf32>) -> ()
  return
}
func.func private @group_0(%x: memref<4xf32>) {
  %c1 = arith.constant 1 : index
  %own = memref.alloc() : memref<4xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    %0 = memref.load %x[%bx] : memref<4xf32>
    memref.store %0, %own[%bx] : memref<4xf32>
    gpu.terminator
  }
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    %0 = memref.load %own[%bx] : memref<4xf32>
    memref.store %0, %x[%bx] : memref<4xf32>
    gpu.terminator
  } {rac.group = "inner"}
  return
}
