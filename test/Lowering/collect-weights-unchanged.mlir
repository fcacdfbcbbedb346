// RUN: rac-opt %s --rac-collect-weights > %t
// RUN: rac-opt %t --rac-collect-weights | diff %t -
// RUN: FileCheck %s < %t

// Small constants and what can be written to stay in the code.

// CHECK: memref.global "private" constant @small : memref<4xf32> = dense<2.000000e+00>{{$}}
memref.global "private" constant @small : memref<4xf32> = dense<2.0>
// CHECK: memref.global "private" @variable : memref<64xf32> = dense<1.000000e+00>{{$}}
memref.global "private" @variable : memref<64xf32> = dense<1.0>

func.func @use() -> (memref<4xf32>, memref<64xf32>) {
  // CHECK-NOT: rac.weights
  %0 = memref.get_global @small : memref<4xf32>
  %1 = memref.get_global @variable : memref<64xf32>
  return %0, %1 : memref<4xf32>, memref<64xf32>
}
