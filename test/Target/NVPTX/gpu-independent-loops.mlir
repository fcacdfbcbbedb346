// RUN: rac-opt %s --rac-gpu-independent-loops --canonicalize --cse | FileCheck %s

#row = affine_map<(d0) -> (d0)>
#rows = affine_map<(d0, d1) -> (d0, d1)>

// Rows are written in the order of the updates, since an index may be there twice; the elements of a row are threads.

// CHECK-LABEL: func @scatter
// CHECK-NOT: scf.for
// CHECK: gpu.launch
// CHECK: scf.if
// CHECK: scf.for
// CHECK: %[[INDEX:.*]] = memref.load %arg1
// CHECK: %[[ROW:.*]] = arith.index_cast %[[INDEX]]
// CHECK-DAG: %[[FROM:.*]] = memref.subview %arg2
// CHECK-DAG: %[[TO:.*]] = memref.subview %arg0[%[[ROW]], 0]
// CHECK: %[[NEW:.*]] = memref.load %[[FROM]][%[[THREAD:.*]]] : memref<128xf32
// CHECK: memref.store %[[NEW]], %[[TO]][%[[THREAD]]]
// CHECK: gpu.terminator
// CHECK-NOT: linalg
// CHECK: return
func.func @scatter(%data: memref<4096x128xf32>, %at: memref<1024x1xi64>, %updates: memref<1024x128xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c1024 = arith.constant 1024 : index
  scf.for %i = %c0 to %c1024 step %c1 {
    %index = memref.load %at[%i, %c0] : memref<1024x1xi64>
    %row = arith.index_cast %index : i64 to index
    %from = memref.subview %updates[%i, 0] [1, 128] [1, 1] : memref<1024x128xf32> to memref<128xf32, strided<[1], offset: ?>>
    %to = memref.subview %data[%row, 0] [1, 128] [1, 1] : memref<4096x128xf32> to memref<128xf32, strided<[1], offset: ?>>
    linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel"]}
        ins(%from : memref<128xf32, strided<[1], offset: ?>>) outs(%to : memref<128xf32, strided<[1], offset: ?>>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    }
  }
  return
}

// Sums in place, of as many columns as the run says.

// CHECK-LABEL: func @accumulate
// CHECK-NOT: scf.for
// CHECK: gpu.launch
// CHECK: scf.for
// CHECK: arith.addf
// CHECK: memref.store %{{.*}}, %arg1
// CHECK: gpu.terminator
func.func @accumulate(%terms: memref<?x8x?xf32>, %sum: memref<8x?xf32>, %steps: index, %columns: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %steps step %c1 {
    %from = memref.subview %terms[%i, 0, 0] [1, 8, %columns] [1, 1, 1] : memref<?x8x?xf32> to memref<8x?xf32, strided<[?, 1], offset: ?>>
    linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]}
        ins(%from : memref<8x?xf32, strided<[?, 1], offset: ?>>) outs(%sum : memref<8x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %next = arith.addf %in, %out : f32
      linalg.yield %next : f32
    }
  }
  return
}

// A dimension of one element needn't tell threads apart.

// CHECK-LABEL: func @single
// CHECK-NOT: scf.for
// CHECK: gpu.launch
// CHECK: scf.for
// CHECK: gpu.terminator
func.func @single(%data: memref<2x4x1x40xf32>, %at: memref<2xindex>, %updates: memref<2x1x40xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    %row = memref.load %at[%i] : memref<2xindex>
    %from = memref.subview %updates[%i, 0, 0] [1, 1, 40] [1, 1, 1] : memref<2x1x40xf32> to memref<1x40xf32, strided<[40, 1], offset: ?>>
    %to = memref.subview %data[%i, %row, 0, 0] [1, 1, 1, 40] [1, 1, 1, 1] : memref<2x4x1x40xf32> to memref<1x40xf32, strided<[160, 1], offset: ?>>
    linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]}
        ins(%from : memref<1x40xf32, strided<[40, 1], offset: ?>>) outs(%to : memref<1x40xf32, strided<[160, 1], offset: ?>>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    }
  }
  return
}
