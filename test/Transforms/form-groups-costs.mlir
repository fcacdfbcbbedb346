// RUN: rac-opt %s --rac-pipeline-plan="device=epyc-zen4" | FileCheck %s

// What a group costs is known once all others are groups: what is put together
// where its parts lie takes no time.

// CHECK-LABEL: func.func @in_place
// CHECK: rac.group @concat_{{[0-9]+}} {{.*}}bytes = [L1d = 0.0{{[0-9e+]*}}, L2 = 0.0{{[0-9e+]*}}, L3 = 0.0
func.func @in_place(%x: tensor<64x1000xf32>, %y: tensor<64x1000xf32>) -> tensor<128x1000xf32> {
  %0 = rac.softmax %x axis 1 : tensor<64x1000xf32>
  %1 = rac.softmax %y axis 1 : tensor<64x1000xf32>
  %2 = rac.concat %0, %1 axis 0 : (tensor<64x1000xf32>, tensor<64x1000xf32>) -> tensor<128x1000xf32>
  return %2 : tensor<128x1000xf32>
}

// The same ops in other surroundings cost otherwise: between the second one's
// result and its input, 32 MB are touched, between the third one's nothing.

// CHECK-LABEL: func.func @surroundings
// CHECK: rac.group @softmax_{{[0-9]+}} ins(%arg1
// CHECK: rac.group @softmax_{{[0-9]+}} ins(%arg0 {{.*}} cost = #rac.cost<seconds = [[FAR:[0-9.e+-]+]] in
// CHECK-NOT: cost = #rac.cost<seconds = [[FAR]] in
// CHECK: return
func.func @surroundings(%x: tensor<64x1000xf32>, %y: tensor<4000x1000xf32>) -> (tensor<4000x1000xf32>, tensor<64x1000xf32>) {
  %0 = rac.softmax %y axis 1 : tensor<4000x1000xf32>
  %1 = rac.softmax %x axis 1 : tensor<64x1000xf32>
  %2 = rac.softmax %1 axis 1 : tensor<64x1000xf32>
  return %0, %2 : tensor<4000x1000xf32>, tensor<64x1000xf32>
}
