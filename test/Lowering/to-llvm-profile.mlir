// RUN: rac-opt %s --rac-to-llvm | FileCheck %s

// CHECK-LABEL: llvm.func @main(
// CHECK-SAME: %[[C:.*]]: !llvm.ptr)
func.func @main(%context: !llvm.ptr) {
  // CHECK: %[[FIRST:.*]] = llvm.mlir.constant(7 : i32)
  // CHECK: llvm.call @rac_profile(%[[C]], %[[FIRST]]) : (!llvm.ptr, i32) -> ()
  rac.profile 7
  // CHECK: %[[NONE:.*]] = llvm.mlir.constant(-1 : i32)
  // CHECK: llvm.call @rac_profile(%[[C]], %[[NONE]]) : (!llvm.ptr, i32) -> ()
  rac.profile
  return
}
