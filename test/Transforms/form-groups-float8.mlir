// What rounds to f8 and back is planned in f32, also where f32 may be narrowed; products of f8 in that.
// RUN: rac-opt %s --rac-form-groups=device=epyc-zen4 | rac-opt | FileCheck %s
// RUN: rac-opt %s "--rac-form-groups=device=xeon-spr precision=bf16" | rac-opt | FileCheck %s

// CHECK-COUNT-2: rac.group {{.*}}precision = f32
// CHECK-NOT: rac.group
func.func @f(%x: tensor<40x?xf32>) -> (tensor<40x?xf32>, tensor<40x?xf8E4M3FN>) {
  %0 = rac.quantize %x {steps_type = !quant.uniform<i8:f32, 0.25>} : (tensor<40x?xf32>) -> tensor<40x?xf8E4M3FN>
  %1 = rac.dequantize %0 {steps_type = !quant.uniform<i8:f32, 2.0>} : (tensor<40x?xf8E4M3FN>) -> tensor<40x?xf32>
  return %1, %0 : tensor<40x?xf32>, tensor<40x?xf8E4M3FN>
}

// CHECK-LABEL: func @product
// CHECK: rac.group {{.*}}precision = f8E4M3FN
func.func @product(%x: tensor<32x64xf8E4M3FN>, %w: tensor<64x32xf8E4M3FN>) -> tensor<32x32xf32> {
  %0 = rac.matmul %x, %w : (tensor<32x64xf8E4M3FN>, tensor<64x32xf8E4M3FN>) -> tensor<32x32xf32>
  return %0 : tensor<32x32xf32>
}
