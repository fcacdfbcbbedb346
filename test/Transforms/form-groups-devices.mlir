// Two devices, two plans: each run changes one number of a Zen 4, and with it the plan.

// RUN: %python %S/Inputs/device.py %root/devices/epyc-zen4.json topology.cores=4 memory.L3.sharers=4 memory.DRAM.sharers=4 > %t.cores.json
// RUN: %python %S/Inputs/device.py %root/devices/epyc-zen4.json overheads.fork_join_s=1e-3 > %t.fork.json
// RUN: %python %S/Inputs/device.py %root/devices/epyc-zen4.json units.avx512.library_fraction.f32=0.5 > %t.library.json
// RUN: %python %S/Inputs/device.py %root/devices/epyc-zen4.json memory.L3.core_bytes_per_s=1e9 memory.DRAM.core_bytes_per_s=1e9 > %t.bandwidth.json

// RUN: %python %S/Inputs/device.py %root/devices/epyc-zen4.json memory.L3.core_bytes_per_s=1e9 memory.DRAM.core_bytes_per_s=1e9 memory.L2.size_bytes=16777216 > %t.cache.json
// RUN: %python %S/Inputs/device.py %root/devices/epyc-zen4.json units.avx512.pj_per_op.f32=1 memory.L2.pj_per_byte=0 memory.L3.pj_per_byte=1000 memory.DRAM.pj_per_byte=1000 power.core_static_w=0.001 > %t.little.json
// RUN: %python %S/Inputs/device.py %root/devices/epyc-zen4.json units.avx512.pj_per_op.f32=1 memory.L2.pj_per_byte=0 memory.L3.pj_per_byte=1000 memory.DRAM.pj_per_byte=1000 power.core_static_w=1000 > %t.static.json

// A 96-core machine has the cores for the product: handing it to each takes 2 us, so that 16 are the
// best of 1, 2, 4 ... 96.
// RUN: rac-opt %s "--rac-form-groups=device=epyc-zen4 threads=0" | FileCheck %s --check-prefix=CORES96
// CORES96: func.func @product
// CORES96: plan <kind = library, precision = f32, threads = 16,
// With 4 cores it takes them all.
// RUN: rac-opt %s "--rac-form-groups=device=%t.cores.json threads=0" | FileCheck %s --check-prefix=CORES4
// CORES4: func.func @product
// CORES4: plan <kind = library, precision = f32, cost
// Where waking a thread takes longer than the product, one thread does it.
// RUN: rac-opt %s "--rac-form-groups=device=%t.fork.json threads=0" | FileCheck %s --check-prefix=FORK
// FORK: func.func @product
// FORK: plan <kind = library, precision = f32, threads = 1,

// A library that reaches half the peak loses to generated code, which reaches all of it.
// RUN: rac-opt %s --rac-form-groups=device=epyc-zen4 | FileCheck %s --check-prefix=FAST
// RUN: rac-opt %s --rac-form-groups=device=%t.library.json | FileCheck %s --check-prefix=SLOW
// FAST: func.func @product
// FAST: plan <kind = library,
// SLOW: func.func @product
// SLOW: plan <kind = generated,

// What is between the two products is larger than they are, and than the second-level cache. Where the
// third delivers a quarter of what that one does, the library's faster products are worth it; with 1 GB/s
// it has to stay near, in one group.
// RUN: rac-opt %s --rac-form-groups=device=%t.bandwidth.json | FileCheck %s --check-prefix=NARROW
// FAST: func.func @chain
// FAST: rac.group @matmul_{{[0-9]}} {{.*}}plan <kind = library,
// NARROW: func.func @chain
// NARROW: rac.group @matmul_exp_matmul_{{[0-9]}} {{.*}}plan <kind = generated,

// With 16 MiB of second-level cache it stays near by itself, and the library's products win again.
// RUN: rac-opt %s --rac-form-groups=device=%t.cache.json | FileCheck %s --check-prefix=LARGE
// LARGE: func.func @chain
// LARGE: rac.group @matmul_{{[0-9]}} {{.*}}plan <kind = library,

// For energy, one group moves fewer bytes far away. A core that takes 1 kW however little it does had better be quick.
// RUN: rac-opt %s "--rac-form-groups=device=%t.little.json objective=energy" | FileCheck %s --check-prefix=LITTLE
// RUN: rac-opt %s "--rac-form-groups=device=%t.static.json objective=energy" | FileCheck %s --check-prefix=STATIC
// LITTLE: func.func @chain
// LITTLE: rac.group @matmul_exp_matmul_{{[0-9]}} {{.*}}plan <kind = generated,
// STATIC: func.func @chain
// STATIC: rac.group @matmul_{{[0-9]}} {{.*}}plan <kind = library,

// Rates of types: an AMX multiplies bf16 sixteen times as fast as AVX-512 does f32, so products are in bf16. Where both units
// take as long for bf16 as for f32, half of the bytes are no reason for as large a product to give up f32's accuracy; they are for
// a softmax, which only moves them.
// RUN: %python %S/Inputs/device.py %root/devices/xeon-spr.json units.amx.ops_per_clock.bf16=16 units.avx512.ops_per_clock.bf16=16 > %t.bf16.json
// RUN: rac-opt %s "--rac-form-groups=device=xeon-spr precision=bf16" | FileCheck %s --check-prefix=AMX
// RUN: rac-opt %s "--rac-form-groups=device=%t.bf16.json precision=bf16" | FileCheck %s --check-prefix=NOAMX
// AMX: func.func @product
// AMX: plan <kind = library, precision = bf16,
// NOAMX: func.func @product
// NOAMX: plan <kind = library, precision = f32,

// And which kernel: generated code multiplies two tensors of bf16 as f32. Where the library's f32 is slow it loses to that; its bf16 wins, unless
// that is slow too.
// RUN: %python %S/Inputs/device.py %root/devices/epyc-zen4.json units.avx512.library_fraction.f32=0.3 units.avx512.ops_per_clock.bf16=8 > %t.both.json
// RUN: %python %S/Inputs/device.py %root/devices/epyc-zen4.json units.avx512.library_fraction.f32=0.3 > %t.f32.json
// RUN: rac-opt %s "--rac-form-groups=device=%t.f32.json precision=bf16" | FileCheck %s --check-prefix=FASTBF16
// RUN: rac-opt %s "--rac-form-groups=device=%t.both.json precision=bf16" | FileCheck %s --check-prefix=SLOWBF16
// FASTBF16: func.func @product
// FASTBF16: plan <kind = library, precision = bf16,
// SLOWBF16: func.func @product
// SLOWBF16: plan <kind = generated, precision = {{b?}}f{{16|32}},

func.func @product(%a: tensor<256x256xf32>, %b: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %0 = rac.matmul %a, %b : (tensor<256x256xf32>, tensor<256x256xf32>) -> tensor<256x256xf32>
  return %0 : tensor<256x256xf32>
}

func.func @chain(%q: tensor<2048x64xf32>, %k: tensor<64x256xf32>, %v: tensor<256x64xf32>) -> tensor<2048x64xf32> {
  %0 = rac.matmul %q, %k : (tensor<2048x64xf32>, tensor<64x256xf32>) -> tensor<2048x256xf32>
  %1 = rac.exp %0 : (tensor<2048x256xf32>) -> tensor<2048x256xf32>
  %2 = rac.matmul %1, %v : (tensor<2048x256xf32>, tensor<256x64xf32>) -> tensor<2048x64xf32>
  return %2 : tensor<2048x64xf32>
}
