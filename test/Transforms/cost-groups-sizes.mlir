// RUN: rac-opt %s --rac-cost-groups=device=generic-avx512 | FileCheck %s

// Sizes follow from the inputs': of 16 to 1024 samples, planned for 128, windows of 4 at every other
// leave 127 / 2 = 63 of 8 channels, 2 * 63 * 8 * 4 = 4032 FLOP. The interval is that of 7 and 511 windows, with what
// the device's coefficients add.
module attributes {rac.assumed_sizes = [[array<i64: 1, 1, 1>, array<i64: 16, 128, 1024>, array<i64: 1, 1, 1>]]} {
  // CHECK-LABEL: @main
  // CHECK: rac.group @conv {{.*}}flops = 4.032{{0*}}e+03, 
  func.func @main(%x: tensor<1x?x1xf32>, %w: tensor<8x1x4xf32>) -> tensor<1x?x8xf32> {
    %0 = rac.group @conv ins(%x, %w : tensor<1x?x1xf32>, tensor<8x1x4xf32>) -> (tensor<1x?x8xf32>) plan <kind = generated, precision = f32> {
    ^bb0(%a: tensor<1x?x1xf32>, %b: tensor<8x1x4xf32>):
      %1 = rac.conv %a, %b {dilations = array<i64: 1>, groups = 1 : i64, pads_high = array<i64: 0>, pads_low = array<i64: 0>, strides = array<i64: 2>} : (tensor<1x?x1xf32>, tensor<8x1x4xf32>) -> tensor<1x?x8xf32>
      rac.yield %1 : tensor<1x?x8xf32>
    }
    return %0 : tensor<1x?x8xf32>
  }
  // What is no input of the model is `dim`, 64: (64 - 4) / 2 + 1 = 31 windows.
  // CHECK-LABEL: @other
  // CHECK: rac.group @conv {{.*}}flops = 1.984{{0*}}e+03, 
  func.func @other(%x: tensor<1x?x1xf32>, %w: tensor<8x1x4xf32>) -> tensor<1x?x8xf32> {
    %0 = rac.group @conv ins(%x, %w : tensor<1x?x1xf32>, tensor<8x1x4xf32>) -> (tensor<1x?x8xf32>) plan <kind = generated, precision = f32> {
    ^bb0(%a: tensor<1x?x1xf32>, %b: tensor<8x1x4xf32>):
      %1 = rac.conv %a, %b {dilations = array<i64: 1>, groups = 1 : i64, pads_high = array<i64: 0>, pads_low = array<i64: 0>, strides = array<i64: 2>} : (tensor<1x?x1xf32>, tensor<8x1x4xf32>) -> tensor<1x?x8xf32>
      rac.yield %1 : tensor<1x?x8xf32>
    }
    return %0 : tensor<1x?x8xf32>
  }
}
