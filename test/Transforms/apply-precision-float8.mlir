// RUN: rac-opt %s --split-input-file --rac-apply-precision | FileCheck %s

// A product in f8: its activation over a scale, its weights over one of each column. Sums are f32. Between two such groups the tensor is f8.

// CHECK-LABEL: func.func @chain
// CHECK: %[[W:.*]] = rac.constant dense<{{.*}}4.480000e+02, 4.480000e+02, 1.000000e+00], [-2.240000e+02, 0.000000e+00, 4.480000e+02]]> : tensor<2x3xf8E4M3FN>
// CHECK: %[[S:.*]] = rac.constant dense<[5.000000e-01, 1.000000e+00, 5.000000e-01]> : tensor<3xf32>
// CHECK: %[[Y:.*]] = rac.group @first ins(%arg0, %[[W]], %[[S]] : {{.*}}) -> (tensor<?x3xf8E4M3FN>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<?x2xf32>, %[[B:.*]]: tensor<2x3xf8E4M3FN>, %[[C:.*]]: tensor<3xf32>):
// CHECK-NEXT: %[[Q:.*]] = rac.quantize %[[A]] {steps_type = !quant.uniform<i8:f32, 5.000000e-01>} : (tensor<?x2xf32>) -> tensor<?x2xf8E4M3FN>
// CHECK-NEXT: %[[P:.*]] = rac.matmul %[[Q]], %[[B]] : (tensor<?x2xf8E4M3FN>, tensor<2x3xf8E4M3FN>) -> tensor<?x3xf32>
// CHECK-NEXT: %[[M:.*]] = rac.mul %[[P]], %[[C]]
// CHECK-NEXT: %[[N:.*]] = rac.quantize %[[M]] {steps_type = !quant.uniform<i8:f32, 2.000000e+00>}
// CHECK-NEXT: rac.yield %[[N]]
// CHECK: rac.group @second ins(%[[Y]],
// CHECK-NOT: rac.dequantize
func.func @chain(%x: tensor<?x2xf32>) -> tensor<?x3xf32> {
  %w = rac.constant dense<[[448.0, 896.0, 1.0], [-224.0, 0.0, 448.0]]> : tensor<2x3xf32>
  %v = rac.constant dense<1.0> : tensor<3x3xf32>
  %0 = rac.group @first ins(%x, %w : tensor<?x2xf32>, tensor<2x3xf32>) -> (tensor<?x3xf32>) plan <kind = generated, precision = f8E4M3FN, activation = !quant.uniform<i8:f32, 0.5>> {
  ^bb0(%a: tensor<?x2xf32>, %b: tensor<2x3xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
    rac.yield %1 : tensor<?x3xf32>
  }
  %3 = rac.group @second ins(%0, %v : tensor<?x3xf32>, tensor<3x3xf32>) -> (tensor<?x3xf32>) plan <kind = generated, precision = f8E4M3FN, activation = !quant.uniform<i8:f32, 2.0>> {
  ^bb0(%a: tensor<?x3xf32>, %b: tensor<3x3xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x3xf32>, tensor<3x3xf32>) -> tensor<?x3xf32>
    rac.yield %1 : tensor<?x3xf32>
  }
  return %3 : tensor<?x3xf32>
}
