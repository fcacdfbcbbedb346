// RUN: rac-opt %s --rac-collect-weights=min-bytes=32 | FileCheck %s

// CHECK: module attributes {rac.weights_bytes = 192 : i64}
// CHECK: memref.global {{.*}} @large {{.*}} {rac.offset = 0 : i64}
// CHECK: memref.global {{.*}} @other {{.*}} {rac.offset = 128 : i64}
// CHECK: memref.global {{.*}} @again {{.*}} {rac.offset = 0 : i64}
// CHECK: memref.global {{.*}} @small {{.*}} dense<2.000000e+00>{{$}}
memref.global "private" constant @large : memref<24xf32> = dense<1.0>
memref.global "private" constant @other : memref<8xf32> = dense<3.0>
memref.global "private" constant @again : memref<24xf32> = dense<1.0>
memref.global "private" constant @small : memref<4xf32> = dense<2.0>

// CHECK-LABEL: func.func @use
// CHECK: rac.weights 128 : memref<8xf32>
// CHECK: memref.get_global @small
func.func @use() -> (memref<8xf32>, memref<4xf32>) {
  %0 = memref.get_global @other : memref<8xf32>
  %1 = memref.get_global @small : memref<4xf32>
  return %0, %1 : memref<8xf32>, memref<4xf32>
}
