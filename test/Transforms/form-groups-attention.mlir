// RUN: %python %S/Inputs/device.py %root/devices/epyc-zen4.json memory.L3.core_bytes_per_s=1e11 memory.DRAM.core_bytes_per_s=1e11 > %t.wide.json
// RUN: rac-opt %s --rac-form-groups=device=%t.wide.json --split-input-file | FileCheck %s
// RUN: %python %S/Inputs/device.py %root/devices/epyc-zen4.json memory.L3.core_bytes_per_s=1e9 memory.DRAM.core_bytes_per_s=1e9 > %t.json
// RUN: rac-opt %s --rac-form-groups=device=%t.json --split-input-file | FileCheck %s --check-prefix=NARROW

// With little bandwidth beyond the second-level cache, two products and all between them are one generated group, by rows of the
// result; the mask's own computation and the key's transpose, for lanes, are not.
// NARROW-LABEL: func @attention
// NARROW: rac.group @transpose
// NARROW: rac.group {{.*}} plan <kind = generated, precision = f32, tiles = [1, 0, 1, 0]
// NARROW-NOT: rac.transpose {{.*}} [0, 2, 3, 1] :
// NARROW: rac.matmul
// NARROW-NEXT: rac.add
// NARROW-NEXT: rac.softmax
// NARROW: rac.matmul
// NARROW-NEXT: rac.transpose
// NARROW-NEXT: rac.yield
// With more, the library's faster products, which read and write transposed, are worth it.
// CHECK-LABEL: func @attention
// CHECK: rac.group @matmul_0 {{.*}}kind = library
// CHECK: rac.group @add_softmax_1 {{.*}}kind = generated
// CHECK: rac.group @matmul_transpose_2 {{.*}}kind = library
func.func @attention(%q: tensor<1x128x12x16xf32>, %k: tensor<1x128x12x16xf32>, %v: tensor<1x128x12x16xf32>, %m: tensor<1x1x128x128xf32>) -> tensor<1x128x12x16xf32> {
  %0 = rac.transpose %q, [0, 2, 1, 3] : (tensor<1x128x12x16xf32>) -> tensor<1x12x128x16xf32>
  %1 = rac.transpose %k, [0, 2, 3, 1] : (tensor<1x128x12x16xf32>) -> tensor<1x12x16x128xf32>
  %2 = rac.transpose %v, [0, 2, 1, 3] : (tensor<1x128x12x16xf32>) -> tensor<1x12x128x16xf32>
  %3 = rac.matmul %0, %1 : (tensor<1x12x128x16xf32>, tensor<1x12x16x128xf32>) -> tensor<1x12x128x128xf32>
  %4 = rac.add %3, %m : (tensor<1x12x128x128xf32>, tensor<1x1x128x128xf32>) -> tensor<1x12x128x128xf32>
  %5 = rac.softmax %4 axis 3 : tensor<1x12x128x128xf32>
  %6 = rac.matmul %5, %2 : (tensor<1x12x128x128xf32>, tensor<1x12x128x16xf32>) -> tensor<1x12x128x16xf32>
  %7 = rac.transpose %6, [0, 2, 1, 3] : (tensor<1x12x128x16xf32>) -> tensor<1x128x12x16xf32>
  return %7 : tensor<1x128x12x16xf32>
}

// -----

// What is between is also a result: it has to go to memory.
// CHECK-LABEL: func @scores_wanted
// CHECK: rac.group {{.*}}kind = library
// CHECK: rac.group {{.*}}kind = generated
// CHECK: rac.softmax
// CHECK: rac.group {{.*}}kind = library
func.func @scores_wanted(%q: tensor<128x64xf32>, %k: tensor<64x128xf32>, %v: tensor<128x64xf32>) -> (tensor<128x64xf32>, tensor<128x128xf32>) {
  %0 = rac.matmul %q, %k : (tensor<128x64xf32>, tensor<64x128xf32>) -> tensor<128x128xf32>
  %1 = rac.softmax %0 axis 1 : tensor<128x128xf32>
  %2 = rac.matmul %1, %v : (tensor<128x128xf32>, tensor<128x64xf32>) -> tensor<128x64xf32>
  return %2, %1 : tensor<128x64xf32>, tensor<128x128xf32>
}

// -----

// Along the other axis a row is not enough.
// CHECK-LABEL: func @other_axis
// CHECK: rac.group {{.*}}kind = library
func.func @other_axis(%q: tensor<128x64xf32>, %k: tensor<64x128xf32>, %v: tensor<128x64xf32>) -> tensor<128x64xf32> {
  %0 = rac.matmul %q, %k : (tensor<128x64xf32>, tensor<64x128xf32>) -> tensor<128x128xf32>
  %1 = rac.softmax %0 axis 0 : tensor<128x128xf32>
  %2 = rac.matmul %1, %v : (tensor<128x128xf32>, tensor<128x64xf32>) -> tensor<128x64xf32>
  return %2 : tensor<128x64xf32>
}
