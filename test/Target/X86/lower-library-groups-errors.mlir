// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-lower-library-groups))' --split-input-file --verify-diagnostics

#plan = #rac.plan<kind = library, precision = f32>

// expected-error@+1 {{a library group needs exactly one contraction}}
func.func @none(%x: tensor<4xf32>, %d: tensor<4xf32>) -> tensor<4xf32> attributes {rac.plan = #plan} {
  %0 = rac.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = bufferization.materialize_in_destination %0 in %d : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

#plan = #rac.plan<kind = library, precision = f32>

func.func @unfusable(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %d: tensor<2x4xf32>) -> tensor<2x4xf32> attributes {rac.plan = #plan} {
  %0 = rac.matmul %a, %b : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  // expected-error@+1 {{can't be fused into a library call}}
  %1 = rac.softmax %0 axis 1 : tensor<2x4xf32>
  %2 = bufferization.materialize_in_destination %1 in %d : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %2 : tensor<2x4xf32>
}

// -----

func.func @after_narrowing(%a: tensor<2x3xbf16>, %b: tensor<3x4xbf16>, %d: tensor<2x4xbf16>) -> tensor<2x4xbf16> attributes {rac.plan = #rac.plan<kind = library, precision = bf16>} {
  %0 = rac.matmul %a, %b : (tensor<2x3xbf16>, tensor<3x4xbf16>) -> tensor<2x4xf32>
  %1 = rac.cast %0 : (tensor<2x4xf32>) -> tensor<2x4xbf16>
  // expected-error@+1 {{follows the narrowing of a library call's result}}
  %2 = rac.relu %1 : (tensor<2x4xbf16>) -> tensor<2x4xbf16>
  %3 = bufferization.materialize_in_destination %2 in %d : (tensor<2x4xbf16>, tensor<2x4xbf16>) -> tensor<2x4xbf16>
  return %3 : tensor<2x4xbf16>
}
