// RUN: rac-opt %s --rac-canonicalize-model | FileCheck %s

// 33 tensors are six parts, five of six tensors and one of three.
// CHECK-LABEL: @wide
// CHECK-COUNT-5: rac.concat %arg0, %arg0, %arg0, %arg0, %arg0, %arg0 axis 1 : {{.*}} -> tensor<2x18xf32>
// CHECK: %[[LAST:.*]] = rac.concat %arg0, %arg0, %arg1 axis 1 : {{.*}} -> tensor<2x?xf32>
// CHECK: %[[WHOLE:.*]] = rac.concat %{{.*}}, %[[LAST]] axis 1 : (tensor<2x18xf32>, tensor<2x18xf32>, tensor<2x18xf32>, tensor<2x18xf32>, tensor<2x18xf32>, tensor<2x?xf32>) -> tensor<2x?xf32>
// CHECK: return %[[WHOLE]]
func.func @wide(%x: tensor<2x3xf32>, %y: tensor<2x?xf32>) -> tensor<2x?xf32> {
  %c = rac.concat %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %y axis 1 : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x?xf32>) -> tensor<2x?xf32>
  return %c : tensor<2x?xf32>
}

// 32 are copied once.
// CHECK-LABEL: @narrow
// CHECK-COUNT-1: rac.concat
// CHECK-NOT: rac.concat
func.func @narrow(%x: tensor<2x3xf32>) -> tensor<64x3xf32> {
  %c = rac.concat %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x axis 0 : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<64x3xf32>
  return %c : tensor<64x3xf32>
}
