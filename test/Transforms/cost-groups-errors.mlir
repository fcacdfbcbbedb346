// RUN: not rac-opt %s --rac-cost-groups 2>&1 | FileCheck %s --check-prefix=DEVICE
// RUN: not rac-opt %s --rac-cost-groups='device=epyc-zen4 dim=10 dim-low=20' 2>&1 | FileCheck %s --check-prefix=RANGE

// DEVICE: error: {{.*}}device
// RANGE: error: dim must be positive, and between dim-low and dim-high
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = rac.group @neg ins(%x : tensor<4xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<4xf32>):
    %1 = rac.neg %a : (tensor<4xf32>) -> tensor<4xf32>
    rac.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}
