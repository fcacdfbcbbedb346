// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-split-sums))' --split-input-file --verify-diagnostics

#id = affine_map<(i) -> (i)>
// expected-error @+1 {{can't have a sum in parts: not one op reduces}}
func.func @nothing_reduces(%x: tensor<8xf32>, %d: tensor<8xf32>) -> tensor<8xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, split = 2>} {
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%d : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

#rows = affine_map<(r, c) -> (r, c)>
#sum = affine_map<(r, c) -> (c)>
func.func @unequal(%x: tensor<8x16xf32>, %init: tensor<16xf32>) -> tensor<16xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, split = 3>} {
  // expected-error @+1 {{can't be in 3 parts, equal ones of a known length}}
  %0 = linalg.generic {indexing_maps = [#rows, #sum], iterator_types = ["reduction", "parallel"]} ins(%x : tensor<8x16xf32>) outs(%init : tensor<16xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %a, %s : f32
    linalg.yield %1 : f32
  } -> tensor<16xf32>
  return %0 : tensor<16xf32>
}

// -----

#rows = affine_map<(r, c) -> (r, c)>
#sum = affine_map<(r, c) -> (c)>
func.func @unknown(%x: tensor<?x16xf32>, %init: tensor<16xf32>) -> tensor<16xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, split = 2>} {
  // expected-error @+1 {{can't be in 2 parts, equal ones of a known length}}
  %0 = linalg.generic {indexing_maps = [#rows, #sum], iterator_types = ["reduction", "parallel"]} ins(%x : tensor<?x16xf32>) outs(%init : tensor<16xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %a, %s : f32
    linalg.yield %1 : f32
  } -> tensor<16xf32>
  return %0 : tensor<16xf32>
}

// -----

#image = affine_map<(h, c, w) -> (h, c, w)>
#apart = affine_map<(h, c, w) -> (c)>
func.func @apart(%x: tensor<8x16x6xf32>, %init: tensor<16xf32>) -> tensor<16xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, split = 2>} {
  // expected-error @+1 {{can't be in parts: what it goes over isn't together}}
  %0 = linalg.generic {indexing_maps = [#image, #apart], iterator_types = ["reduction", "parallel", "reduction"]} ins(%x : tensor<8x16x6xf32>) outs(%init : tensor<16xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %a, %s : f32
    linalg.yield %1 : f32
  } -> tensor<16xf32>
  return %0 : tensor<16xf32>
}

// -----

#rows = affine_map<(n, r, c) -> (n, r, c)>
#sum = affine_map<(n, r, c) -> (n, c)>
func.func @batch(%x: tensor<?x8x16xf32>, %init: tensor<?x16xf32>) -> tensor<?x16xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, split = 2>} {
  // expected-error @+1 {{can't be in parts: how many sums there are is known only when it runs}}
  %0 = linalg.generic {indexing_maps = [#rows, #sum], iterator_types = ["parallel", "reduction", "parallel"]} ins(%x : tensor<?x8x16xf32>) outs(%init : tensor<?x16xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %a, %s : f32
    linalg.yield %1 : f32
  } -> tensor<?x16xf32>
  return %0 : tensor<?x16xf32>
}
