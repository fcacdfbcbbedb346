// RUN: rac-opt %s --rac-assume-sizes | FileCheck %s
// RUN: rac-opt %s --rac-assume-sizes=sizes=tokens=16..512,batch=4 | FileCheck %s --check-prefix=STATED

// One sample, of 64; what has a name is as large wherever it is; pictures and caches are larger; a
// dimension without a name has the input's.

// CHECK: rac.assumed_sizes = {{\[}}[array<i64: 1, 1, 1>, array<i64: 64, 64, 64>],
// CHECK-SAME: [array<i64: 2, 2, 2>, array<i64: 1, 1, 1>, array<i64: 8, 8, 8>],
// CHECK-SAME: [array<i64: 1, 1, 1>, array<i64: 3, 3, 3>, array<i64: 256, 256, 256>, array<i64: 256, 256, 256>],
// CHECK-SAME: [array<i64: 64, 64, 64>], []]
// 91 is the geometric mean.
// STATED: rac.assumed_sizes = {{\[}}[array<i64: 4, 4, 4>, array<i64: 16, 91, 512>],
// STATED-SAME: [array<i64: 2, 2, 2>, array<i64: 4, 4, 4>, array<i64: 8, 8, 8>],
// STATED-SAME: [array<i64: 4, 4, 4>,
module {
  func.func @main(%ids: tensor<?x?xi64> {rac.dim_names = ["batch", "tokens"]},
                  %state: tensor<2x?x8xf32> {rac.dim_names = ["", "batch", ""]},
                  %image: tensor<?x3x?x?xf32> {rac.dim_names = ["batch", "", "", ""], rac.name = "image"},
                  %list: tensor<?xf32>, %scalar: tensor<f32>) {
    return
  }
}
