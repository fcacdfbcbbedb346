// RUN: rac-opt %s --rac-pipeline-llvm=casts-bf16=false | FileCheck %s
// RUN: rac-opt %s --rac-pipeline-llvm | FileCheck %s --check-prefix=INSTRUCTIONS

// Without instructions for them LLVM would call functions that no library of a model has.

// CHECK-LABEL: @round
// CHECK-NOT: llvm.fptrunc
// CHECK: llvm.lshr
// INSTRUCTIONS-LABEL: @round
// INSTRUCTIONS: llvm.fptrunc %{{.*}} : vector<8xf32> to vector<8xbf16>
func.func @round(%x: memref<8xf32>, %y: memref<8xbf16>) {
  %zero = arith.constant 0 : index
  %wide = vector.load %x[%zero] : memref<8xf32>, vector<8xf32>
  %narrow = arith.truncf %wide : vector<8xf32> to vector<8xbf16>
  vector.store %narrow, %y[%zero] : memref<8xbf16>, vector<8xbf16>
  return
}
