// RUN: rac-opt %s --rac-gpu-elementwise --canonicalize --cse --split-input-file | FileCheck %s

#all = affine_map<(d0, d1) -> (d0, d1)>

// All operands have neighbours side by side: a thread has four of 4096 * 64 elements. 256 of them are a block, and all have
// work.
// CHECK-LABEL: func @contiguous
// CHECK: %[[X:.*]] = memref.collapse_shape %arg0
// CHECK: %[[Y:.*]] = memref.collapse_shape %arg1
// CHECK: %[[Z:.*]] = memref.collapse_shape %arg2
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c256, {{.*}} = %c1, {{.*}} = %c1) threads({{.*}}) in ({{.*}} = %c256, {{.*}} = %c1, {{.*}} = %c1)
// CHECK-NOT: scf.if
// CHECK: vector.load %[[X]][%[[I:.*]]] {alignment = 16 : i64} : memref<262144xf32>, vector<4xf32>
// CHECK: vector.load %[[Y]][%[[I]]] {alignment = 16 : i64}
// CHECK-COUNT-4: arith.addf
// CHECK: vector.store %{{.*}}, %[[Z]][%[[I]]] {alignment = 16 : i64}
func.func @contiguous(%x: memref<4096x64xf32>, %y: memref<4096x64xf32>, %z: memref<4096x64xf32>) {
  linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %y : memref<4096x64xf32>, memref<4096x64xf32>) outs(%z : memref<4096x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

#vector = affine_map<(d0) -> (d0)>

// Eight of 2 B each; what is left at the end of the buffer is done one by one.
// CHECK-LABEL: func @ragged
// CHECK: %[[N:.*]] = memref.dim
// CHECK: %[[THREADS:.*]] = arith.ceildivui %[[N]], %c8
// CHECK: %[[BLOCKS:.*]] = arith.ceildivui %[[THREADS]], %c256
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %[[BLOCKS]], {{.*}} = %c1, {{.*}} = %c1) threads({{.*}}) in ({{.*}} = %c256, {{.*}} = %c1, {{.*}} = %c1)
// CHECK: %[[WORKS:.*]] = arith.cmpi ult, %{{.*}}, %[[THREADS]]
// CHECK: scf.if %[[WORKS]]
// CHECK: %[[WHOLE:.*]] = arith.cmpi ule, %{{.*}}, %[[N]]
// CHECK: scf.if %[[WHOLE]]
// CHECK: vector.load %arg0{{.*}} {alignment = 16 : i64} : memref<?xf16>, vector<8xf16>
// CHECK: vector.store
// CHECK: else
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[N]] step %c1
// CHECK: memref.load %arg0[%[[I]]]
// CHECK: memref.store
func.func @ragged(%x: memref<?xf16>, %y: memref<?xf16>) {
  linalg.generic {indexing_maps = [#vector, #vector], iterator_types = ["parallel"]} ins(%x : memref<?xf16>) outs(%y : memref<?xf16>) {
  ^bb0(%a: f16, %out: f16):
    %0 = arith.negf %a : f16
    linalg.yield %0 : f16
  }
  return
}

// -----

#all = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>
#column = affine_map<(d0, d1) -> (d0)>

// A row's elements are neighbours, too; of a column there is one for all of a thread's.
// CHECK-LABEL: func @broadcast
// CHECK: gpu.launch
// CHECK-DAG: %[[COLUMN:.*]] = arith.remui %{{.*}}, %c16
// CHECK-DAG: %[[ROW:.*]] = arith.divui %{{.*}}, %c16
// CHECK-DAG: %[[FIRST:.*]] = arith.muli %[[COLUMN]], %c4
// CHECK: vector.load %arg0[%[[ROW]], %[[FIRST]]] {alignment = 16 : i64}
// CHECK: vector.load %arg1[%[[FIRST]]] {alignment = 16 : i64}
// CHECK: memref.load %arg2[%[[ROW]]]
// CHECK-NOT: memref.load
// CHECK-COUNT-4: arith.subf %{{.*}}, %arg3
// CHECK: vector.store %{{.*}}, %arg4[%[[ROW]], %[[FIRST]]] {alignment = 16 : i64}
func.func @broadcast(%x: memref<?x64xf32>, %row: memref<64xf32>, %column: memref<?xf32>, %s: f32, %z: memref<?x64xf32>) {
  linalg.generic {indexing_maps = [#all, #row, #column, affine_map<(d0, d1) -> ()>, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %row, %column, %s : memref<?x64xf32>, memref<64xf32>, memref<?xf32>, f32) outs(%z : memref<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    %1 = arith.mulf %0, %c : f32
    %2 = arith.subf %1, %d : f32
    linalg.yield %2 : f32
  }
  return
}

// -----

#all = affine_map<(d0, d1) -> (d0, d1)>
#flipped = affine_map<(d0, d1) -> (d1, d0)>

// Neighbours of the result that lie apart in an operand are loaded apart. As there are few, positions are computed in 32 bits.
// CHECK-LABEL: func @transposed
// CHECK: gpu.launch
// CHECK: arith.remui %{{.*}}, %{{.*}} : i32
// CHECK-COUNT-4: memref.load %arg0[
// CHECK: vector.load %arg1[
// CHECK: vector.store %{{.*}}, %arg2[
func.func @transposed(%x: memref<64x16xf32>, %y: memref<16x64xf32>, %z: memref<16x64xf32>) {
  linalg.generic {indexing_maps = [#flipped, #all, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %y : memref<64x16xf32>, memref<16x64xf32>) outs(%z : memref<16x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

#all = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>

// Rows of seven don't start where a vector may.
// CHECK-LABEL: func @odd_rows
// CHECK: gpu.launch
// CHECK-NOT: vector
// CHECK: memref.store
func.func @odd_rows(%x: memref<?x7xf32>, %row: memref<7xf32>, %y: memref<?x7xf32>) {
  linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %row : memref<?x7xf32>, memref<7xf32>) outs(%y : memref<?x7xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Nor do those that are apart, as far as is known.
// CHECK-LABEL: func @strided
// CHECK: gpu.launch
// CHECK-NOT: vector
// CHECK: memref.load %arg0
// CHECK: memref.store %{{.*}}, %arg1
func.func @strided(%x: memref<?x8xf32, strided<[16, 1], offset: ?>>, %y: memref<?x8xf32>) {
  linalg.copy ins(%x : memref<?x8xf32, strided<[16, 1], offset: ?>>) outs(%y : memref<?x8xf32>)
  return
}

// -----

// A named op: three of a warp's threads have eight bytes each, or what is left.
// CHECK-LABEL: func @fill
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c1, {{.*}} = %c1, {{.*}} = %c1) threads({{.*}}) in ({{.*}} = %c32, {{.*}} = %c1, {{.*}} = %c1)
// CHECK: arith.cmpi ult, %{{.*}}, %c3
// CHECK: vector.store %{{.*}}, %arg0{{.*}} {alignment = 8 : i64} : memref<20xi8>, vector<8xi8>
// CHECK: else
// CHECK: memref.store
func.func @fill(%x: memref<20xi8>) {
  %v = arith.constant 3 : i8
  linalg.fill ins(%v : i8) outs(%x : memref<20xi8>)
  return
}

// -----

#vector = affine_map<(d0) -> (d0)>

// Each of a thread's elements has its own position.
// CHECK-LABEL: func @index
// CHECK: gpu.launch
// CHECK: %[[I0:.*]] = arith.muli %{{.*}}, %c4
// CHECK: arith.index_cast %[[I0]]
// CHECK: %[[I1:.*]] = arith.addi %[[I0]], %c1
// CHECK: arith.index_cast %[[I1]]
// CHECK: %[[I2:.*]] = arith.addi %[[I0]], %c2
// CHECK: arith.index_cast %[[I2]]
// CHECK: %[[I3:.*]] = arith.addi %[[I0]], %c3
// CHECK: arith.index_cast %[[I3]]
// CHECK-NOT: linalg.index
func.func @index(%x: memref<8xf32>) {
  linalg.generic {indexing_maps = [#vector], iterator_types = ["parallel"]} outs(%x : memref<8xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %0 = arith.index_cast %i : index to i32
    %1 = arith.sitofp %0 : i32 to f32
    linalg.yield %1 : f32
  }
  return
}

// -----

#vector = affine_map<(d0) -> (d0)>

// The widest type decides how many.
// CHECK-LABEL: func @wide
// CHECK: vector.load %arg0{{.*}} {alignment = 4 : i64} : memref<64xf16>, vector<2xf16>
// CHECK: vector.store %{{.*}}, %arg1{{.*}} {alignment = 16 : i64} : memref<64xf64>, vector<2xf64>
func.func @wide(%x: memref<64xf16>, %y: memref<64xf64>) {
  linalg.generic {indexing_maps = [#vector, #vector], iterator_types = ["parallel"]} ins(%x : memref<64xf16>) outs(%y : memref<64xf64>) {
  ^bb0(%a: f16, %out: f64):
    %0 = arith.extf %a : f16 to f64
    linalg.yield %0 : f64
  }
  return
}

// -----

// One thread has work.
// CHECK-LABEL: func @scalar
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c1, {{.*}} = %c1, {{.*}} = %c1) threads({{.*}}) in ({{.*}} = %c32, {{.*}} = %c1, {{.*}} = %c1)
// CHECK: %[[WORKS:.*]] = arith.cmpi ult, %{{.*}}, %c1
// CHECK: scf.if %[[WORKS]]
// CHECK: memref.load %arg0[]
// CHECK: memref.store %{{.*}}, %arg1[]
func.func @scalar(%x: memref<f32>, %y: memref<f32>) {
  linalg.copy ins(%x : memref<f32>) outs(%y : memref<f32>)
  return
}

// -----

// A pool of a padded image: vectors of the image itself, of which those beyond its edges are what pads it.
// CHECK-LABEL: func @padded_pool
// CHECK-NOT: linalg
// CHECK: gpu.launch
// CHECK: %[[ROW:.*]] = arith.cmpi ult, %{{.*}}, %c14
// CHECK: %[[COLUMN:.*]] = arith.cmpi ult, %{{.*}}, %c14
// CHECK: %[[INSIDE:.*]] = arith.andi %[[ROW]], %[[COLUMN]]
// CHECK-NOT: scf.if %[[INSIDE]]
// CHECK: %[[LOADED:.*]] = vector.load %arg0{{.*}}alignment = 16
// CHECK: arith.select %[[INSIDE]], %[[LOADED]], %cst
// CHECK: arith.maximumf
// CHECK: vector.store
// CHECK-NOT: gpu.launch
#id = affine_map<(a, b, c) -> (a, b, c)>
func.func @padded_pool(%x: memref<14x14x8xf32>, %y: memref<7x7x8xf32>) {
  %least = arith.constant 0xFF800000 : f32
  %p = memref.alloc() : memref<16x16x8xf32>
  linalg.fill ins(%least : f32) outs(%p : memref<16x16x8xf32>)
  %middle = memref.subview %p[1, 1, 0] [14, 14, 8] [1, 1, 1] : memref<16x16x8xf32> to memref<14x14x8xf32, strided<[128, 8, 1], offset: 136>>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : memref<14x14x8xf32>) outs(%middle : memref<14x14x8xf32, strided<[128, 8, 1], offset: 136>>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  %u = memref.subview %p[0, 0, 0] [7, 7, 8] [2, 2, 1] : memref<16x16x8xf32> to memref<7x7x8xf32, strided<[256, 16, 1]>>
  %v = memref.subview %p[0, 1, 0] [7, 7, 8] [2, 2, 1] : memref<16x16x8xf32> to memref<7x7x8xf32, strided<[256, 16, 1], offset: 8>>
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%u, %v : memref<7x7x8xf32, strided<[256, 16, 1]>>, memref<7x7x8xf32, strided<[256, 16, 1], offset: 8>>) outs(%y : memref<7x7x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.maximumf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}
