// What rounds to f8 and back is planned in f32, also where f32 may be narrowed: a plan in f8 has a scale, which only
// products have.
// RUN: rac-opt %s --rac-form-groups=device=epyc-zen4 | rac-opt | FileCheck %s
// RUN: rac-opt %s "--rac-form-groups=device=xeon-spr precision=bf16" | rac-opt | FileCheck %s

// CHECK-COUNT-2: rac.group {{.*}}precision = f32
// CHECK-NOT: rac.group
func.func @f(%x: tensor<40x?xf32>) -> (tensor<40x?xf32>, tensor<40x?xf8E4M3FN>) {
  %0 = rac.quantize %x {steps_type = !quant.uniform<i8:f32, 0.25>} : (tensor<40x?xf32>) -> tensor<40x?xf8E4M3FN>
  %1 = rac.dequantize %0 {steps_type = !quant.uniform<i8:f32, 2.0>} : (tensor<40x?xf8E4M3FN>) -> tensor<40x?xf32>
  return %1, %0 : tensor<40x?xf32>, tensor<40x?xf8E4M3FN>
}
