// RUN: rac-opt %s --lower-affine --rac-wrap-sizes | FileCheck %s

// Indices in a kernel's loops don't overflow, the sizes before them may.
// CHECK-LABEL: @kernel
// CHECK: arith.muli %{{.*}}, %{{.*}} : index
// CHECK: scf.for
// CHECK: arith.muli %{{.*}}, %{{.*}} overflow<nsw> : index
func.func private @kernel(%a: index, %x: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %f = arith.constant 0.0 : f32
  %n = affine.apply affine_map<()[s0] -> (s0 * 5)>()[%a]
  scf.for %i = %c0 to %n step %c1 {
    %j = affine.apply affine_map<(d0) -> (d0 * 2)>(%i)
    memref.store %f, %x[%j] : memref<?xf32>
  }
  return
}
