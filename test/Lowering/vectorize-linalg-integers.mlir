// RUN: rac-opt %s --rac-pack-constants="dots=u8:s8:llvm.dot" --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=PACK
// RUN: rac-opt %s --rac-pack-constants="dots=u8:s8:llvm.dot" --canonicalize --cse --split-input-file \
// RUN:   | rac-opt --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --split-input-file \
// RUN:   | rac-opt --rac-vectorize-linalg="dots=u8:s8:llvm.dot" --canonicalize --cse --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-pack-constants="dots=s8:s8:llvm.dot" --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=OTHER

// Four bytes of a column lie side by side. Their halves are multiplied with four bytes of the row at once, a sum for each
// power of two, which are put together when the block is over; what is the same in all steps is added as often.
// Ahead of them a step's four lines are asked for, and, further on, one of another page.
// PACK: affine_map<(d0, d1, d2, d3) -> (d1 floordiv 64, d2, d3 floordiv 4, d1 mod 64, d3 mod 4)>
// PACK-LABEL: func @groups
// PACK: tensor<2x2x2x64x4xi8>
// OTHER-NOT: floordiv 4
// CHECK-LABEL: func private @product
// CHECK-DAG: %[[LOW:.+]] = arith.constant dense<15> : vector<64xi8>
// CHECK-DAG: %[[BITS:.+]] = arith.constant dense<4> : vector<64xi8>
// CHECK-DAG: %[[EIGHT:.+]] = arith.constant dense<8> : vector<16xi32>
// CHECK-DAG: %[[STEPS:.+]] = arith.constant dense<8.000000e+00> : vector<16xf32>
// CHECK-DAG: %[[C4:.+]] = arith.constant 4 : index
// CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK: %[[SUMS:.+]]:8 = scf.for {{.*}} step %[[C4]] iter_args(
// CHECK-COUNT-5: memref.prefetch
// CHECK-NOT: memref.prefetch
// CHECK: %[[BYTES:.+]] = vector.load %{{.*}} : memref<2x2x2x64x4xi8>, vector<64xi8>
// CHECK: arith.andi %[[BYTES]], %[[LOW]] : vector<64xi8>
// CHECK: arith.shrui %[[BYTES]], %[[BITS]] : vector<64xi8>
// CHECK-COUNT-16: llvm.call_intrinsic "llvm.dot"(%{{.*}}, %{{.*}}, %{{.*}}) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
// CHECK-NOT: llvm.call_intrinsic
// CHECK: scf.yield
// CHECK: %[[HIGH:.+]] = arith.shli %[[SUMS]]#0, %[[EIGHT]] : vector<16xi32>
// CHECK: arith.addi %[[HIGH]], %[[SUMS]]#4 : vector<16xi32>
// CHECK: arith.sitofp
// CHECK: arith.mulf %{{.*}}, %[[STEPS]] fastmath<reassoc,contract> : vector<16xf32>
#steps = affine_map<(m, n, o, i) -> (o, i, n)>
#x0 = affine_map<(m, n, o, i) -> (m, o, 0, i)>
#x1 = affine_map<(m, n, o, i) -> (m, o, 1, i)>
#shares = affine_map<(m, n, o, i) -> (m, o)>
#scales = affine_map<(m, n, o, i) -> (o, n)>
#out = affine_map<(m, n, o, i) -> (m, n)>
func.func @groups(%d0: tensor<1x2x2x8xi8>, %d1: tensor<1x2x2x8xi8>, %c: tensor<1x2xf32>, %o: tensor<1x128xf32>) -> tensor<1x128xf32> {
  %w = arith.constant dense<1> : tensor<2x8x128xi8>
  %s = arith.constant dense<1.0> : tensor<2x128xf32>
  %0 = call @product(%w, %d0, %d1, %c, %s, %o) : (tensor<2x8x128xi8>, tensor<1x2x2x8xi8>, tensor<1x2x2x8xi8>, tensor<1x2xf32>, tensor<2x128xf32>, tensor<1x128xf32>) -> tensor<1x128xf32>
  return %0 : tensor<1x128xf32>
}
func.func private @product(%w: tensor<2x8x128xi8>, %d0: tensor<1x2x2x8xi8>, %d1: tensor<1x2x2x8xi8>, %c: tensor<1x2xf32>, %s: tensor<2x128xf32>, %o: tensor<1x128xf32>) -> tensor<1x128xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32>} {
  %0 = linalg.generic {indexing_maps = [#steps, #x0, #x1, #x0, #x1, #shares, #scales, #out], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%w, %d0, %d0, %d1, %d1, %c, %s : tensor<2x8x128xi8>, tensor<1x2x2x8xi8>, tensor<1x2x2x8xi8>, tensor<1x2x2x8xi8>, tensor<1x2x2x8xi8>, tensor<1x2xf32>, tensor<2x128xf32>) outs(%o : tensor<1x128xf32>) {
  ^bb0(%byte: i8, %x00: i8, %x01: i8, %x10: i8, %x11: i8, %share: f32, %scale: f32, %sum: f32):
    %c15 = arith.constant 15 : i32
    %c8 = arith.constant 8 : i32
    %c4 = arith.constant 4 : i32
    %wide = arith.extui %byte : i8 to i32
    %low = arith.andi %wide, %c15 : i32
    %high = arith.shrui %wide, %c4 : i32
    %a00 = arith.extsi %x00 : i8 to i32
    %a01 = arith.extsi %x01 : i8 to i32
    %a10 = arith.extsi %x10 : i8 to i32
    %a11 = arith.extsi %x11 : i8 to i32
    %p00 = arith.muli %low, %a00 : i32
    %p01 = arith.muli %high, %a01 : i32
    %p10 = arith.muli %low, %a10 : i32
    %p11 = arith.muli %high, %a11 : i32
    %s0 = arith.addi %p00, %p01 : i32
    %s1 = arith.addi %p10, %p11 : i32
    %s1s = arith.shli %s1, %c8 : i32
    %all = arith.addi %s0, %s1s : i32
    %float = arith.sitofp %all : i32 to f32
    %counted = arith.addf %float, %share fastmath<reassoc, contract> : f32
    %scaled = arith.mulf %counted, %scale fastmath<reassoc, contract> : f32
    %next = arith.addf %sum, %scaled fastmath<reassoc, contract> : f32
    linalg.yield %next : f32
  } -> tensor<1x128xf32>
  return %0 : tensor<1x128xf32>
}

// -----

// Six bytes of a column are no whole groups; sums that may not be reassociated stay floats.
// PACK-LABEL: func @six
// PACK: tensor<2x6x16xi8>
// CHECK-LABEL: func @six
// CHECK-NOT: llvm.dot
#steps = affine_map<(n, o, i) -> (o, i, n)>
#row = affine_map<(n, o, i) -> (o, i)>
#scales = affine_map<(n, o, i) -> (o, n)>
#out = affine_map<(n, o, i) -> (n)>
func.func @six(%x: tensor<2x6xi8>, %s: tensor<2x16xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %w = arith.constant dense<1> : tensor<2x6x16xi8>
  %0 = call @product(%w, %x, %s, %o) : (tensor<2x6x16xi8>, tensor<2x6xi8>, tensor<2x16xf32>, tensor<16xf32>) -> tensor<16xf32>
  return %0 : tensor<16xf32>
}
func.func private @product(%w: tensor<2x6x16xi8>, %x: tensor<2x6xi8>, %s: tensor<2x16xf32>, %o: tensor<16xf32>) -> tensor<16xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32>} {
  %0 = linalg.generic {indexing_maps = [#steps, #row, #scales, #out], iterator_types = ["parallel", "reduction", "reduction"]}
      ins(%w, %x, %s : tensor<2x6x16xi8>, tensor<2x6xi8>, tensor<2x16xf32>) outs(%o : tensor<16xf32>) {
  ^bb0(%byte: i8, %a: i8, %scale: f32, %sum: f32):
    %c15 = arith.constant 15 : i32
    %wide = arith.extui %byte : i8 to i32
    %low = arith.andi %wide, %c15 : i32
    %digit = arith.extsi %a : i8 to i32
    %p = arith.muli %low, %digit : i32
    %float = arith.sitofp %p : i32 to f32
    %scaled = arith.mulf %float, %scale fastmath<reassoc, contract> : f32
    %next = arith.addf %sum, %scaled fastmath<reassoc, contract> : f32
    linalg.yield %next : f32
  } -> tensor<16xf32>
  return %0 : tensor<16xf32>
}
