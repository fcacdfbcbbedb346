// RUN: rac-opt %s --rac-pack-constants="dots=s8:s8:llvm.sdot" --canonicalize --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-pack-constants="vector-bits=128 scalable dots=s8:s8:llvm.sdot" --canonicalize --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-pack-constants="dots=u8:s8:llvm.usdot" --canonicalize --split-input-file | FileCheck %s --check-prefix=PLAIN

// Four terms of a lane lie side by side where an instruction sums so many; the two of six that the second group lacks are
// zeros.
// CHECK: #[[$TERMS:.+]] = affine_map<(d0, d1, d2) -> (d2 floordiv 4, d1, d2 mod 4)>
// CHECK-LABEL: func @main
// CHECK: arith.constant dense_resource<panels> : tensor<2x3x4xi8>
// CHECK: linalg.generic {indexing_maps = [#{{.+}}, #[[$TERMS]], #{{.+}}]
// CHECK: panels: "0x{{[0-9]+}}0104070A0205080B0306090C0D1000000E1100000F120000
// PLAIN-NOT: floordiv 4
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @main(%x: tensor<4x6xi8>, %o: tensor<4x3xi32>) -> tensor<4x3xi32> {
  %w = arith.constant dense<[[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12], [13, 14, 15], [16, 17, 18]]> : tensor<6x3xi8>
  %0 = call @product(%x, %w, %o) : (tensor<4x6xi8>, tensor<6x3xi8>, tensor<4x3xi32>) -> tensor<4x3xi32>
  return %0 : tensor<4x3xi32>
}
func.func private @product(%x: tensor<4x6xi8>, %w: tensor<6x3xi8>, %o: tensor<4x3xi32>) -> tensor<4x3xi32> attributes {rac.plan = #rac.plan<kind = generated, precision = i8>} {
  %0 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x6xi8>, tensor<6x3xi8>) outs(%o : tensor<4x3xi32>) {
  ^bb0(%i: i8, %j: i8, %s: i32):
    %1 = arith.extsi %i : i8 to i32
    %2 = arith.extsi %j : i8 to i32
    %3 = arith.muli %1, %2 : i32
    %4 = arith.addi %s, %3 : i32
    linalg.yield %4 : i32
  } -> tensor<4x3xi32>
  return %0 : tensor<4x3xi32>
}

// -----

// A filter in panels: the window and the groups of channels come before the lanes.
// CHECK: affine_map<(d0, d1, d2, d3, d4) -> (d2 floordiv 64, d3, d4 floordiv 4, d2 mod 64, d4 mod 4)>
// CHECK: tensor<2x3x2x64x4xi8>
#in = affine_map<(n, x, f, k, c) -> (n, x + k, c)>
#filter = affine_map<(n, x, f, k, c) -> (f, c, k)>
#out = affine_map<(n, x, f, k, c) -> (n, x, f)>
func.func @main(%x: tensor<1x9x8xi8>, %o: tensor<1x7x100xi32>) -> tensor<1x7x100xi32> {
  %w = arith.constant dense<1> : tensor<100x8x3xi8>
  %0 = call @conv(%x, %w, %o) : (tensor<1x9x8xi8>, tensor<100x8x3xi8>, tensor<1x7x100xi32>) -> tensor<1x7x100xi32>
  return %0 : tensor<1x7x100xi32>
}
func.func private @conv(%x: tensor<1x9x8xi8>, %w: tensor<100x8x3xi8>, %o: tensor<1x7x100xi32>) -> tensor<1x7x100xi32> attributes {rac.plan = #rac.plan<kind = generated, precision = i8, registers = [6, 4]>} {
  %0 = linalg.generic {indexing_maps = [#in, #filter, #out], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : tensor<1x9x8xi8>, tensor<100x8x3xi8>) outs(%o : tensor<1x7x100xi32>) {
  ^bb0(%i: i8, %j: i8, %s: i32):
    %1 = arith.extsi %i : i8 to i32
    %2 = arith.extsi %j : i8 to i32
    %3 = arith.muli %1, %2 : i32
    %4 = arith.addi %s, %3 : i32
    linalg.yield %4 : i32
  } -> tensor<1x7x100xi32>
  return %0 : tensor<1x7x100xi32>
}

// -----

// The cheapest of what there is: blocks of two rows and eight terms, if there are so many of both.
// RUN: rac-opt %s --rac-pack-constants="vector-bits=128 scalable dots=s8:s8:llvm.sdot,2xs8:s8:llvm.smmla" --canonicalize --split-input-file | FileCheck %s --check-prefix=BLOCKS
// BLOCKS: tensor<2x3x4xi8>
// BLOCKS: tensor<2x3x1x64x8xi8>
// BLOCKS-LABEL: func @rows
// BLOCKS: call @many({{.*}}) : (tensor<4x16xi8>, tensor<2x3x8xi8>, tensor<4x3xi32>)
// BLOCKS: call @one({{.*}}) : (tensor<1x16xi8>, tensor<4x3x4xi8>, tensor<1x3xi32>)
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @rows(%x: tensor<4x16xi8>, %y: tensor<1x16xi8>, %o: tensor<4x3xi32>, %p: tensor<1x3xi32>) -> (tensor<4x3xi32>, tensor<1x3xi32>) {
  %w = arith.constant dense<1> : tensor<16x3xi8>
  %0 = call @many(%x, %w, %o) : (tensor<4x16xi8>, tensor<16x3xi8>, tensor<4x3xi32>) -> tensor<4x3xi32>
  %1 = call @one(%y, %w, %p) : (tensor<1x16xi8>, tensor<16x3xi8>, tensor<1x3xi32>) -> tensor<1x3xi32>
  return %0, %1 : tensor<4x3xi32>, tensor<1x3xi32>
}
func.func private @many(%x: tensor<4x16xi8>, %w: tensor<16x3xi8>, %o: tensor<4x3xi32>) -> tensor<4x3xi32> attributes {rac.plan = #rac.plan<kind = generated, precision = i8>} {
  %0 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x16xi8>, tensor<16x3xi8>) outs(%o : tensor<4x3xi32>) {
  ^bb0(%i: i8, %j: i8, %s: i32):
    %1 = arith.extsi %i : i8 to i32
    %2 = arith.extsi %j : i8 to i32
    %3 = arith.muli %1, %2 : i32
    %4 = arith.addi %s, %3 : i32
    linalg.yield %4 : i32
  } -> tensor<4x3xi32>
  return %0 : tensor<4x3xi32>
}
func.func private @one(%x: tensor<1x16xi8>, %w: tensor<16x3xi8>, %o: tensor<1x3xi32>) -> tensor<1x3xi32> attributes {rac.plan = #rac.plan<kind = generated, precision = i8>} {
  %0 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<1x16xi8>, tensor<16x3xi8>) outs(%o : tensor<1x3xi32>) {
  ^bb0(%i: i8, %j: i8, %s: i32):
    %1 = arith.extsi %i : i8 to i32
    %2 = arith.extsi %j : i8 to i32
    %3 = arith.muli %1, %2 : i32
    %4 = arith.addi %s, %3 : i32
    linalg.yield %4 : i32
  } -> tensor<1x3xi32>
  return %0 : tensor<1x3xi32>
}
