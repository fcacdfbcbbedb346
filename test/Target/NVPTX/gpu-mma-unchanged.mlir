// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-gpu-mma | diff %t -

// Upstream's lowering knows the type.
gpu.module @kernels {
  gpu.func @product(%a: vector<4x2xf16>, %b: vector<2x2xf16>, %c: vector<2x2xf32>) -> vector<2x2xf32> {
    %0 = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 16]} : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>
    gpu.return %0 : vector<2x2xf32>
  }
}
