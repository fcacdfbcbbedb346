// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=512 registers=32" --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=128 scalable" --split-input-file | FileCheck %s --check-prefix=SVE

// Rows of more vectors than registers have room for stay a loop: unrolled,
// LLVM would keep what it has loaded for the next pass over the row, on the
// stack.

// CHECK: #loop_unroll = #llvm.loop_unroll<disable = true>
// CHECK: #loop_annotation = #llvm.loop_annotation<unroll = #loop_unroll>
// CHECK-LABEL: func @long
// CHECK: scf.for
// CHECK: } {llvm.loop_annotation = #loop_annotation}
// CHECK: vector.shuffle
// SVE-LABEL: func @long
// SVE-NOT: llvm.loop_annotation
#rows = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @long(%a: memref<4x384xf32>, %c: memref<4xf32>) {
  linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]}
      ins(%a : memref<4x384xf32>) outs(%c : memref<4xf32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.maximumf %x, %y : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// CHECK-NOT: llvm.loop_annotation
// CHECK-LABEL: func @short
// CHECK-NOT: llvm.loop_annotation
// CHECK: vector.shuffle
#rows = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @short(%a: memref<4x80xf32>, %c: memref<4xf32>) {
  linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]}
      ins(%a : memref<4x80xf32>) outs(%c : memref<4xf32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.maximumf %x, %y : f32
    linalg.yield %0 : f32
  }
  return
}
