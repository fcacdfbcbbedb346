// Weights are in a cache before a run only if all of the model's are: what else a run reads drives them out.
// RUN: rac-opt %s --rac-cost-groups='device=epyc-zen4' --split-input-file | FileCheck %s --check-prefix=COST
// RUN: rac-opt %s --rac-form-groups='device=epyc-zen4' --split-input-file | FileCheck %s --check-prefix=FORM

// 64 KiB of weights, and no others: in the second level from the run before.
// COST-LABEL: @small
// COST: L3 = 0.0{{0*}}e+00, DRAM = 0.0{{0*}}e+00
// FORM-LABEL: @small
// FORM: L3 = 0.0{{0*}}e+00, DRAM = 0.0{{0*}}e+00
func.func @small(%x: tensor<8x128xf32>) -> tensor<8x128xf32> {
  %w = rac.constant dense<2.0> : tensor<128x128xf32>
  %0 = rac.group @product ins(%x, %w : tensor<8x128xf32>, tensor<128x128xf32>) -> (tensor<8x128xf32>) plan <kind = library, precision = f32> {
  ^bb0(%a: tensor<8x128xf32>, %b: tensor<128x128xf32>):
    %1 = rac.matmul %a, %b : (tensor<8x128xf32>, tensor<128x128xf32>) -> tensor<8x128xf32>
    rac.yield %1 : tensor<8x128xf32>
  }
  %2 = rac.matmul %0, %w : (tensor<8x128xf32>, tensor<128x128xf32>) -> tensor<8x128xf32>
  return %2 : tensor<8x128xf32>
}

// -----

// The same product in a model of 1 GiB: its weights come from memory; of its result's 4 KiB some 1 % may have gone from the
// second level.
// COST-LABEL: @large
// COST: L3 = 6.55{{[0-9]+}}e+04, DRAM = 6.5536{{[0-9]+}}e+04
// FORM-LABEL: @large
// FORM: L3 = 6.55{{[0-9]+}}e+04, DRAM = 6.5536{{[0-9]+}}e+04
func.func @large(%x: tensor<8x128xf32>) -> (tensor<8x128xf32>, tensor<16384x16384xf32>) {
  %w = rac.constant dense<2.0> : tensor<128x128xf32>
  %v = rac.constant dense<3.0> : tensor<128x128xf32>
  %other = rac.constant dense<1.0> : tensor<16384x16384xf32>
  %0 = rac.group @product ins(%x, %w : tensor<8x128xf32>, tensor<128x128xf32>) -> (tensor<8x128xf32>) plan <kind = library, precision = f32> {
  ^bb0(%a: tensor<8x128xf32>, %b: tensor<128x128xf32>):
    %1 = rac.matmul %a, %b : (tensor<8x128xf32>, tensor<128x128xf32>) -> tensor<8x128xf32>
    rac.yield %1 : tensor<8x128xf32>
  }
  %2 = rac.matmul %0, %v : (tensor<8x128xf32>, tensor<128x128xf32>) -> tensor<8x128xf32>
  return %2, %other : tensor<8x128xf32>, tensor<16384x16384xf32>
}
