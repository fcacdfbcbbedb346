// RUN: rac-opt %s --rac-gpu-mma | FileCheck %s

// Each pair of bf16 is a register of 32 bits.

// CHECK-LABEL: gpu.func @product
// CHECK-COUNT-4: vector.bitcast %{{.*}} : vector<2xbf16> to vector<1xi32>
// CHECK-COUNT-2: vector.bitcast
// CHECK: nvvm.mma.sync A[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] B[%{{.*}}, %{{.*}}] C[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}]
// CHECK-SAME: multiplicandAPtxType = #nvvm.mma_type<bf16>
// CHECK-SAME: shape = #nvvm.shape<m = 16, n = 8, k = 16>
// CHECK-COUNT-4: llvm.extractvalue

// Half of the registers, one by one.

// CHECK-LABEL: gpu.func @half
// CHECK-NOT: vector.extract_strided_slice
// CHECK: vector.extract %{{.*}}[2] : vector<2xf16> from vector<4x2xf16>
// CHECK: vector.extract %{{.*}}[3] : vector<2xf16> from vector<4x2xf16>
gpu.module @kernels {
  gpu.func @product(%a: vector<4x2xbf16>, %b: vector<2x2xbf16>, %c: vector<2x2xf32>) -> vector<2x2xf32> {
    %0 = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 16]} : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
    gpu.return %0 : vector<2x2xf32>
  }
  gpu.func @half(%a: vector<4x2xf16>) -> vector<2x2xf16> {
    %0 = vector.extract_strided_slice %a {offsets = [2], sizes = [2], strides = [1]} : vector<4x2xf16> to vector<2x2xf16>
    gpu.return %0 : vector<2x2xf16>
  }
}
