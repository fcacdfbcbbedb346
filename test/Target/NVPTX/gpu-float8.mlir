// RUN: rac-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(rac-gpu-float8{chip=sm_89})))' | FileCheck %s
// RUN: rac-opt %s --rac-pipeline-kernels=chip=sm_89 | FileCheck %s --check-prefix=KERNEL
// RUN: rac-opt %s --rac-pipeline-simulator=chip=simulator | FileCheck %s --check-prefix=SIMULATED
// RUN: rac-opt %s --rac-pipeline-kernels=chip=sm_80 | FileCheck %s --check-prefix=OLD

// Neighbours become f8 together, the first in the lower byte; the instruction keeps them within what f8 has.
// CHECK-LABEL: gpu.func @pair
// CHECK-SAME: (%[[X:[^:]*]]: f32, %[[Y:[^:]*]]: f32,
// CHECK: %[[PAIR:.*]] = nvvm.convert.f32x2.to.f8x2 %[[Y]], %[[X]] {rnd = #nvvm.fp_rnd_mode<rn>, sat = #nvvm.sat_mode<satfinite>} : vector<2xi8>(f8E4M3FN)
// CHECK: %[[FIRST:.*]] = vector.extract %[[PAIR]][0]
// CHECK: arith.bitcast %[[FIRST]] : i8 to f8E4M3FN
// CHECK: %[[SECOND:.*]] = vector.extract %[[PAIR]][1]
// CHECK-NOT: arith.ori
// CHECK: gpu.return
// KERNEL-LABEL: llvm.func @pair
// KERNEL-NOT: fcmp
// KERNEL: nvvm.convert.f32x2.to.f8x2
// SIMULATED-LABEL: llvm.func @pair
// SIMULATED: llvm.call @rac_sim_to_float8
// OLD-LABEL: llvm.func @pair
// OLD-NOT: nvvm.convert
gpu.module @kernels {
  gpu.func @pair(%x: f32, %y: f32, %to: memref<?xf8E4M3FN>) kernel {
    %most = arith.constant 4.480000e+02 : f32
    %least = arith.constant -4.480000e+02 : f32
    %0 = arith.cmpf olt, %x, %least : f32
    %1 = arith.select %0, %least, %x : f32
    %2 = arith.cmpf olt, %most, %1 : f32
    %3 = arith.select %2, %most, %1 : f32
    %a = arith.truncf %3 : f32 to f8E4M3FN
    %4 = arith.cmpf olt, %y, %least : f32
    %5 = arith.select %4, %least, %y : f32
    %6 = arith.cmpf ogt, %5, %most : f32
    %7 = arith.select %6, %most, %5 : f32
    %b = arith.truncf %7 : f32 to f8E4M3FN
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    memref.store %a, %to[%c0] : memref<?xf8E4M3FN>
    memref.store %b, %to[%c1] : memref<?xf8E4M3FN>
    gpu.return
  }

  // What is used before the next is there comes alone; what nothing keeps within bounds is NaN beyond them.
  // CHECK-LABEL: gpu.func @alone
  // CHECK-SAME: (%[[X:[^:]*]]: f32, %[[Y:[^:]*]]: f16
  // CHECK: %[[ZERO:.*]] = arith.constant 0.0{{.*}} : f32
  // CHECK: %[[ONE:.*]] = nvvm.convert.f32x2.to.f8x2 %[[ZERO]], %[[X]]
  // CHECK: %[[BITS:.*]] = vector.extract %[[ONE]][0]
  // CHECK: %[[LARGE:.*]] = math.absf %[[X]]
  // CHECK: %[[BEYOND:.*]] = arith.cmpf ogt, %[[LARGE]], %{{.*}}
  // CHECK: %[[LAST:.*]] = arith.extui %[[BEYOND]]
  // CHECK: arith.ori %[[BITS]], %[[LAST]]
  // CHECK: memref.store
  // CHECK: arith.extf %[[Y]] : f16 to f32
  // CHECK: nvvm.convert.f32x2.to.f8x2
  gpu.func @alone(%x: f32, %y: f16, %to: memref<?xf8E4M3FN>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %a = arith.truncf %x : f32 to f8E4M3FN
    memref.store %a, %to[%c0] : memref<?xf8E4M3FN>
    %b = arith.truncf %y : f16 to f8E4M3FN
    memref.store %b, %to[%c1] : memref<?xf8E4M3FN>
    gpu.return
  }

  // From f8 through f16, which has all of its numbers.
  // CHECK-LABEL: gpu.func @back
  // CHECK-SAME: (%[[X:[^:]*]]: f8E4M3FN, %[[Y:[^:]*]]: f8E4M3FN
  // CHECK: %[[A:.*]] = arith.bitcast %[[X]] : f8E4M3FN to i8
  // CHECK: %[[B:.*]] = arith.bitcast %[[Y]] : f8E4M3FN to i8
  // CHECK: %[[PAIR:.*]] = vector.from_elements %[[A]], %[[B]]
  // CHECK: %[[HALVES:.*]] = nvvm.convert.f8x2.to.f16x2 %[[PAIR]] : vector<2xi8>(f8E4M3FN) -> vector<2xf16>
  // CHECK: %[[FIRST:.*]] = vector.extract %[[HALVES]][0]
  // CHECK: arith.extf %[[FIRST]] : f16 to f32
  // CHECK: %[[SECOND:.*]] = vector.extract %[[HALVES]][1]
  // CHECK: %[[WIDE:.*]] = arith.extf %[[SECOND]] : f16 to f32
  // CHECK: arith.truncf %[[WIDE]] : f32 to bf16
  // SIMULATED-LABEL: llvm.func @back
  // SIMULATED: llvm.call @rac_sim_from_float8
  gpu.func @back(%x: f8E4M3FN, %y: f8E4M3FN, %to: memref<?xf32>, %half: memref<?xbf16>) kernel {
    %c0 = arith.constant 0 : index
    %a = arith.extf %x : f8E4M3FN to f32
    %b = arith.extf %y : f8E4M3FN to bf16
    memref.store %a, %to[%c0] : memref<?xf32>
    memref.store %b, %half[%c0] : memref<?xbf16>
    gpu.return
  }
}
