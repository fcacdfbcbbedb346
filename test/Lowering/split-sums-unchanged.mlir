// RUN: rac-opt %s > %t
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-split-sums))' | diff %t -

#rows = affine_map<(r, c) -> (r, c)>
#sum = affine_map<(r, c) -> (c)>

// No parts are planned.
func.func @whole(%x: tensor<8x16xf32>, %init: tensor<16xf32>) -> tensor<16xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32>} {
  %0 = linalg.generic {indexing_maps = [#rows, #sum], iterator_types = ["reduction", "parallel"]} ins(%x : tensor<8x16xf32>) outs(%init : tensor<16xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %a, %s : f32
    linalg.yield %1 : f32
  } -> tensor<16xf32>
  return %0 : tensor<16xf32>
}

// A GPU's kernel has the parts.
func.func @kernel(%x: tensor<8x16xf32>, %init: tensor<16xf32>) -> tensor<16xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, warps = 4, split = 2>} {
  %0 = linalg.generic {indexing_maps = [#rows, #sum], iterator_types = ["reduction", "parallel"]} ins(%x : tensor<8x16xf32>) outs(%init : tensor<16xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %a, %s : f32
    linalg.yield %1 : f32
  } -> tensor<16xf32>
  return %0 : tensor<16xf32>
}
