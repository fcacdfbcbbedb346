// RUN: rac-opt %s --rac-outline-parallel | FileCheck %s

// CHECK: func.func private @zero_loop(%[[C:.*]]: !llvm.ptr, %[[M:.*]]: memref<?xf32> {llvm.noalias}, %[[L:.*]]: index, %[[H:.*]]: index)
// CHECK: scf.for %{{.*}} = %[[L]] to %[[H]]
// CHECK: func.func private @zero_body(%[[C:.*]]: !llvm.ptr, %[[ENV:.*]]: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
// CHECK: llvm.getelementptr %[[ENV]]
// CHECK: call @zero_loop
// CHECK-LABEL: func.func @zero(
// CHECK-SAME: %[[C:.*]]: !llvm.ptr, %[[M:.*]]: memref<?xf32>, %[[N:.*]]: index
// CHECK: %[[ENV:.*]] = llvm.alloca
// CHECK: llvm.store
// CHECK: call @rac_parallel_for(%[[C]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[ENV]])
func.func @zero(%m: memref<?xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  rac.parallel_for %n grain %c1 threads 2 {
  ^bb0(%low: index, %high: index):
    scf.for %i = %low to %high step %c1 {
      memref.store %zero, %m[%i] : memref<?xf32>
    }
  }
  return
}

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[C:.*]]: !llvm.ptr
// CHECK: call @zero(%[[C]],
func.func @main() {
  %c4 = arith.constant 4 : index
  %m = memref.alloca(%c4) : memref<?xf32>
  call @zero(%m, %c4) : (memref<?xf32>, index) -> ()
  return
}

// A function from elsewhere is called as it is declared.

// CHECK-LABEL: func.func @outside(
// CHECK-SAME: !llvm.ptr
// CHECK: call @elsewhere() : () -> ()
func.func private @elsewhere()
func.func @outside() {
  call @elsewhere() : () -> ()
  return
}
