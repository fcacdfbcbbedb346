// RUN: rac-opt %s --rac-fill-constants | FileCheck %s
// RUN: rac-opt %s --rac-fill-constants > %t.a && rac-opt %s --rac-fill-constants=seed=1 > %t.b && cmp %t.a %t.b
// RUN: rac-opt %s --rac-fill-constants=seed=2 > %t.c && not cmp %t.a %t.c

// Equal types get unequal data, by their names; integers that may be indices are 0.

// CHECK: first: "0x40000000[[FIRST:[0-9A-F]+]]"
// CHECK-NOT: [[FIRST]]
// CHECK: second: "0x40000000{{[0-9A-F]+}}"
// CHECK: index: "0x4000000000000000000000000000000000000000"
// CHECK: byte: "0x40000000{{[0-9A-F]+}}"
func.func @main() -> (tensor<4xf32>, tensor<4xf32>, tensor<2xi64>, tensor<4xi8>) {
  %0 = rac.constant dense_resource<first> : tensor<4xf32>
  %1 = rac.constant dense_resource<second> : tensor<4xf32>
  %2 = rac.constant dense_resource<index> : tensor<2xi64>
  %3 = rac.constant dense_resource<byte> : tensor<4xi8>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<2xi64>, tensor<4xi8>
}
