// Costs are those of the module's device, and what it lacked is listed.
// RUN: rac-opt %s --rac-attach-device=device=epyc-zen4 --rac-form-groups | FileCheck %s --check-prefix=ZEN
// RUN: rac-opt %s --rac-form-groups=device=epyc-zen4 | FileCheck %s --check-prefix=ZEN
// RUN: rac-opt %s --rac-attach-device=device=h100 --rac-form-groups=device=neoverse-v1 | FileCheck %s --check-prefix=V1

// 2 * 256^3 operations at the library's 1.492 of 32 * 2.4 GHz, 2e-7 s to start, 1.5e-6 s to call the
// library; 360 W / 96 cores. What an EPYC's caches deliver is not known. The 768 KiB that a run touches stay in
// the second level's 1 MiB. Half a clock lays an element of the second matrix out.
// ZEN: rac.unknowns = [
// ZEN-SAME: {instead = 3.072{{0*}}e+11 : f64, what = "memory.L1d.core_bytes_per_s", why = "two vectors a clock"}
// ZEN-SAME: {instead = 4.0{{0*}}e+00 : f64, what = "execution.overlap_exponent"
// ZEN: rac.group @matmul_0 {{.*}}seconds = 3.08{{[0-9]+}}e-04 in [{{[^]]+}}], joules = 1.15{{[0-9]+}}e-03 in [{{[^]]+}}] tdp

// A Graviton's TDP isn't published, so the energy is unknown.
// V1-NOT: "GPU"
// V1: rac.unknowns = [
// V1-SAME: {instead = 1.000000e+00 : f64, what = "units.sve.library_fraction.f32", why = "the peak"}
// V1-SAME: {instead = 0.000000e+00 : f64, what = "overheads.library_call_s", why = "left out"}
// V1-SAME: {instead = -1.000000e+00 : f64, what = "power.tdp_w", why = "nothing: the energy is unknown"}
// V1: rac.group @matmul_0 {{.*}}cost = #rac.cost<seconds = {{[^=]+}}, flops
func.func @f(%a: tensor<256x256xf32>, %b: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %0 = rac.matmul %a, %b : (tensor<256x256xf32>, tensor<256x256xf32>) -> tensor<256x256xf32>
  return %0 : tensor<256x256xf32>
}
