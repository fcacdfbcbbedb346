// Groups take a narrow type where the device gains by it, and only one that it computes in.

// RUN: rac-opt %s --rac-form-groups="device=xeon-spr precision=bf16" | FileCheck %s --check-prefix=BF16
// RUN: rac-opt %s --rac-form-groups="device=xeon-spr" | FileCheck %s --check-prefix=F32
// RUN: not rac-opt %s --rac-form-groups="device=generic-avx512 precision=bf16" 2>&1 | FileCheck %s --check-prefix=LACKS
// RUN: not rac-opt %s --rac-form-groups="device=xeon-spr precision=i8" 2>&1 | FileCheck %s --check-prefix=OTHER

// The product has a sixteenth of the time there, and what follows half of the bytes.
// BF16: rac.group @matmul_add_0 {{.*}} plan <kind = library, precision = bf16,
// BF16: rac.group @softmax_1 {{.*}} plan <kind = generated, precision = bf16,
// F32: rac.group @matmul_{{.*}} plan <kind = {{library|generated}}, precision = f32,

// LACKS: error: device generic-avx512 doesn't compute in 'bf16'
// OTHER: error: groups can be narrowed to bf16, f16 or tf32, not to 'i8'

// tf32 is what tensor cores make of f32: tensors stay f32, and only GPUs have it.
// RUN: rac-opt %s --rac-form-groups="device=a100 precision=tf32" --rac-apply-precision | FileCheck %s --check-prefix=TF32
// RUN: not rac-opt %s --rac-form-groups="device=xeon-spr precision=tf32" 2>&1 | FileCheck %s --check-prefix=NO-TF32
// TF32-LABEL: func.func @f
// TF32: rac.group @matmul_{{.*}} plan <kind = generated, precision = tf32,
// TF32: rac.matmul {{.*}} : (tensor<256x512xf32>, tensor<512x512xf32>) -> tensor<256x512xf32>
// TF32: rac.group @{{.*}}softmax_1 {{.*}} plan <kind = generated, precision = f32,
// TF32-LABEL: func.func @bytes
// NO-TF32: error: device xeon-spr doesn't compute in 'tf32'
func.func @f(%a: tensor<256x512xf32>, %b: tensor<512x512xf32>, %c: tensor<512xf32>) -> tensor<256x512xf32> {
  %0 = rac.matmul %a, %b : (tensor<256x512xf32>, tensor<512x512xf32>) -> tensor<256x512xf32>
  %1 = rac.add %0, %c : (tensor<256x512xf32>, tensor<512xf32>) -> tensor<256x512xf32>
  %2 = rac.softmax %1 axis 1 : tensor<256x512xf32>
  return %2 : tensor<256x512xf32>
}

// Bytes become a call of the library, up to the steps that it gives.

// BF16-LABEL: func.func @bytes
// BF16: rac.group @matmul_{{.*}} plan <kind = library, precision = i8
// BF16: rac.cast
// BF16: rac.mul
// BF16: rac.quantize
func.func @bytes(%a: tensor<256x512xui8>, %s: tensor<512xf32>) -> tensor<256x512xui8> {
  %w = rac.constant dense<3> : tensor<512x512xi8>
  %0 = rac.matmul %a, %w : (tensor<256x512xui8>, tensor<512x512xi8>) -> tensor<256x512xi32>
  %1 = rac.cast %0 : (tensor<256x512xi32>) -> tensor<256x512xf32>
  %2 = rac.mul %1, %s : (tensor<256x512xf32>, tensor<512xf32>) -> tensor<256x512xf32>
  %3 = rac.quantize %2 {steps_type = !quant.uniform<u8:f32, 0.5:7>} : (tensor<256x512xf32>) -> tensor<256x512xui8>
  return %3 : tensor<256x512xui8>
}

// Weights of few bits are multiplied in f32.

// BF16-LABEL: func.func @few_bits
// BF16: rac.group @{{.*}}matmul{{.*}} plan <kind = generated, precision = f32
func.func @few_bits(%a: tensor<1x512xf32>, %q: tensor<256x512xi8>, %s: tensor<16x512xf32>) -> tensor<1x512xf32> {
  %w = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>, nibbles} : (tensor<256x512xi8>, tensor<16x512xf32>) -> tensor<512x512xf32>
  %0 = rac.matmul %a, %w : (tensor<1x512xf32>, tensor<512x512xf32>) -> tensor<1x512xf32>
  return %0 : tensor<1x512xf32>
}
