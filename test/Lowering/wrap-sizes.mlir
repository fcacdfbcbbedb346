// RUN: rac-opt %s --lower-affine --rac-wrap-sizes | FileCheck %s

// Sizes that a run gives may overflow, in the model's loops as well.
// CHECK-LABEL: @main
// CHECK: arith.muli %{{.*}}, %{{.*}} : index
// CHECK: scf.for
// CHECK: arith.muli %{{.*}}, %{{.*}} : index
// CHECK-NOT: overflow
func.func @main(%a: index, %b: index, %n: index) -> index {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = affine.apply affine_map<()[s0, s1] -> (s0 * s1)>()[%a, %b]
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %p) -> (index) {
    %q = affine.apply affine_map<()[s0, s1] -> (s0 * s1)>()[%x, %a]
    scf.yield %q : index
  }
  return %r : index
}
