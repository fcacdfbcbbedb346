// RUN: rac-opt %s --rac-pipeline-buffers | FileCheck %s
// RUN: rac-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --rac-bind-entry --rac-plan-memory | FileCheck %s --check-prefix=SHARED

// Two results of 1024 elements start with one empty tensor, and between them is one of 32x32: apart, all three have the
// same 4096 B, beside 64 B for what passes from one to the next; as one, the first keeps its memory for the last.

// CHECK: rac.arena_bytes = 4160
// SHARED: rac.arena_bytes = 8192
func.func @main(%x: tensor<f32>) -> tensor<f32> {
  %zero = arith.constant 0.0 : f32
  %long = tensor.empty() : tensor<1024xf32>
  %one = tensor.empty() : tensor<f32>
  %0 = linalg.broadcast ins(%x : tensor<f32>) outs(%long : tensor<1024xf32>) dimensions = [0]
  %f0 = linalg.fill ins(%zero : f32) outs(%one : tensor<f32>) -> tensor<f32>
  %1 = linalg.reduce { arith.addf } ins(%0 : tensor<1024xf32>) outs(%f0 : tensor<f32>) dimensions = [0]
  %square = tensor.empty() : tensor<32x32xf32>
  %2 = linalg.broadcast ins(%1 : tensor<f32>) outs(%square : tensor<32x32xf32>) dimensions = [0, 1]
  %f1 = linalg.fill ins(%zero : f32) outs(%one : tensor<f32>) -> tensor<f32>
  %3 = linalg.reduce { arith.addf } ins(%2 : tensor<32x32xf32>) outs(%f1 : tensor<f32>) dimensions = [0, 1]
  %4 = linalg.broadcast ins(%3 : tensor<f32>) outs(%long : tensor<1024xf32>) dimensions = [0]
  %f2 = linalg.fill ins(%zero : f32) outs(%one : tensor<f32>) -> tensor<f32>
  %5 = linalg.reduce { arith.addf } ins(%4 : tensor<1024xf32>) outs(%f2 : tensor<f32>) dimensions = [0]
  return %5 : tensor<f32>
}
