// RUN: rac-opt %s --rac-attach-device=device=h200 --rac-plan-blocks | FileCheck %s
// RUN: rac-opt %s --rac-attach-device=device=epyc-zen4 --rac-plan-blocks | FileCheck %s --check-prefix=CPU

// A plan with a cost was chosen for these types; rows of numbers have no blocks; and a CPU has none at all.
// CHECK-LABEL: @costed
// CHECK: plan <kind = generated, precision = f16, tiles = [16, 32], reduction = [32], registers = [16, 32], warps = 1, stages = 2, cost =
// CPU-LABEL: @costed
func.func @costed(%x: tensor<512x512xf16>, %w: tensor<512x512xf16>) -> tensor<512x512xf16> {
  %0 = rac.group @product ins(%x, %w : tensor<512x512xf16>, tensor<512x512xf16>) -> (tensor<512x512xf16>)
      plan <kind = generated, precision = f16, tiles = [16, 32], reduction = [32], registers = [16, 32], warps = 1, stages = 2,
            cost = #rac.cost<seconds = 1.0e-05, flops = 2.0e+08>> {
  ^bb0(%a: tensor<512x512xf16>, %b: tensor<512x512xf16>):
    %2 = rac.matmul %a, %b : (tensor<512x512xf16>, tensor<512x512xf16>) -> tensor<512x512xf16>
    rac.yield %2 : tensor<512x512xf16>
  }
  return %0 : tensor<512x512xf16>
}

// CHECK-LABEL: @elementwise
// CHECK: plan <kind = generated, precision = f16, tiles = [1, 0]>
// CPU-LABEL: @elementwise
func.func @elementwise(%x: tensor<512x512xf16>) -> tensor<512x512xf16> {
  %0 = rac.group @relu ins(%x : tensor<512x512xf16>) -> (tensor<512x512xf16>) plan <kind = generated, precision = f16, tiles = [1, 0]> {
  ^bb0(%a: tensor<512x512xf16>):
    %2 = rac.relu %a : (tensor<512x512xf16>) -> tensor<512x512xf16>
    rac.yield %2 : tensor<512x512xf16>
  }
  return %0 : tensor<512x512xf16>
}

// CPU-LABEL: @product_of_a_cpu
// CPU: plan <kind = generated, precision = f32, tiles = [16, 32], reduction = [32], registers = [6, 4]>
func.func @product_of_a_cpu(%x: tensor<512x512xf32>, %w: tensor<512x512xf32>) -> tensor<512x512xf32> {
  %0 = rac.group @product ins(%x, %w : tensor<512x512xf32>, tensor<512x512xf32>) -> (tensor<512x512xf32>)
      plan <kind = generated, precision = f32, tiles = [16, 32], reduction = [32], registers = [6, 4]> {
  ^bb0(%a: tensor<512x512xf32>, %b: tensor<512x512xf32>):
    %2 = rac.matmul %a, %b : (tensor<512x512xf32>, tensor<512x512xf32>) -> tensor<512x512xf32>
    rac.yield %2 : tensor<512x512xf32>
  }
  return %0 : tensor<512x512xf32>
}
