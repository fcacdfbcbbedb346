// RUN: rac-opt %s --rac-gpu-reductions --canonicalize --cse --split-input-file | FileCheck %s

#x = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 + d4, d2 + d5, d3)>
#w = affine_map<(d0, d1, d2, d3, d4, d5) -> (d4, d5, d3)>
#y = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3)>
#all = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#channel = affine_map<(d0, d1, d2, d3) -> (d3)>

// A depthwise convolution: a thread has four channels of a pixel. The fill and the op that reads the result are part of it.
// CHECK-LABEL: func @depthwise
// CHECK-NOT: linalg
// CHECK: gpu.launch
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %cst, %{{.*}} = %cst, %{{.*}} = %cst, %{{.*}} = %cst)
// CHECK: scf.for
// CHECK: vector.load %arg0{{.*}}alignment = 16
// CHECK: vector.load %arg1{{.*}}alignment = 16
// CHECK: vector.load %arg2{{.*}}alignment = 16
// CHECK-COUNT-4: arith.maximumf
// CHECK: vector.store %{{.*}}, %arg3{{.*}}alignment = 16
// CHECK-NOT: linalg
func.func @depthwise(%x: memref<?x58x58x32xf32>, %w: memref<3x3x32xf32>, %b: memref<32xf32>, %y: memref<?x56x56x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x58x58x32xf32>
  %sums = memref.alloc(%n) : memref<?x56x56x32xf32>
  linalg.fill ins(%zero : f32) outs(%sums : memref<?x56x56x32xf32>)
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : memref<?x58x58x32xf32>, memref<3x3x32xf32>) outs(%sums : memref<?x56x56x32xf32>) {
  ^bb0(%in: f32, %f: f32, %out: f32):
    %0 = arith.mulf %in, %f : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  linalg.generic {indexing_maps = [#all, #channel, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%sums, %b : memref<?x56x56x32xf32>, memref<32xf32>) outs(%y : memref<?x56x56x32xf32>) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %0 = arith.addf %in, %bias : f32
    %1 = arith.maximumf %0, %zero : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

#x = affine_map<(d0, d1) -> (d0, d1)>
#columns = affine_map<(d0, d1) -> (d1)>

// Columns of a matrix: as they are few, 32 threads of a block share each four, and so do 16 blocks. Of eight elements a
// thread waits together. What blocks have goes to memory, and a second kernel, that writes the result, sums it up.
// CHECK-LABEL: func @columns
// CHECK: %[[PARTS:.*]] = memref.alloc() {alignment = 64 : i64} : memref<16x256xf32>
// CHECK: gpu.launch {{.*}} = %c128, {{.*}} workgroup(%{{.*}} : memref<256xf32
// CHECK: %[[FIRST:.*]]:5 = scf.for
// CHECK-COUNT-8: vector.load %arg0
// CHECK: scf.for %{{.*}} = %[[FIRST]]#4 to
// CHECK: vector.load %arg0
// CHECK-COUNT-5: gpu.barrier
// CHECK: vector.store %{{.*}}, %[[PARTS]]
// CHECK: gpu.launch
// CHECK: vector.load %[[PARTS]]
// CHECK: vector.store %{{.*}}, %arg1
// CHECK-NOT: gpu.launch
func.func @columns(%x: memref<4096x256xf32>, %y: memref<256xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<256xf32>)
  linalg.generic {indexing_maps = [#x, #columns], iterator_types = ["reduction", "parallel"]} ins(%x : memref<4096x256xf32>) outs(%y : memref<256xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

#x = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// Where the largest element of a row is: threads compare what they found, and the first of equals wins.
// CHECK-LABEL: func @argmax
// CHECK: gpu.launch
// CHECK: vector.load %arg0
// CHECK: %[[VALUE:.*]], %{{.*}} = gpu.shuffle  xor {{.*}} : f32
// CHECK: %[[FIRST:.*]] = arith.cmpi slt
// CHECK: arith.select %[[FIRST]], %{{.*}}, %[[VALUE]]
// CHECK: arith.cmpf ogt
// CHECK: memref.store {{.*}} %arg2
func.func @argmax(%x: memref<1000x128xf32>, %best: memref<1000xf32>, %at: memref<1000xi64>) {
  %lowest = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0 : i64
  linalg.fill ins(%lowest : f32) outs(%best : memref<1000xf32>)
  linalg.fill ins(%zero : i64) outs(%at : memref<1000xi64>)
  linalg.generic {indexing_maps = [#x, #row, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<1000x128xf32>) outs(%best, %at : memref<1000xf32>, memref<1000xi64>) {
  ^bb0(%in: f32, %b: f32, %i: i64):
    %0 = arith.cmpf ogt, %in, %b : f32
    %1 = linalg.index 1 : index
    %2 = arith.index_cast %1 : index to i64
    %3 = arith.select %0, %in, %b : f32
    %4 = arith.select %0, %2, %i : i64
    linalg.yield %3, %4 : f32, i64
  }
  return
}

// -----

#x = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// A sum that may not be reordered is one thread's.
// CHECK-LABEL: func @in_order
// CHECK: gpu.launch
// CHECK-NOT: gpu.shuffle
// CHECK: %[[NOW:.*]]:2 = scf.for %{{.*}} = %c0 to %c121 step %c8
// CHECK: scf.for %{{.*}} = %[[NOW]]#1 to %c128 step %c1 iter_args(%{{.*}} = %[[NOW]]#0)
// CHECK: memref.store
func.func @in_order(%x: memref<1000x128xf32>, %y: memref<1000xf32>) {
  linalg.generic {indexing_maps = [#x, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<1000x128xf32>) outs(%y : memref<1000xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Of everything: blocks have a part each, all of whose threads do.
// CHECK-LABEL: func @everything
// CHECK: memref.alloc() {{.*}} : memref<256xf32>
// CHECK: gpu.launch {{.*}} = %c256,
// CHECK: memref.load %[[FLAT:.*]][
// CHECK: gpu.launch
// CHECK: memref.store %{{.*}}, %arg1[]
// CHECK-NOT: gpu.launch
func.func @everything(%x: memref<1000x4096xf32>, %y: memref<f32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<f32>)
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ()>], iterator_types = ["reduction", "reduction"]} ins(%x : memref<1000x4096xf32>) outs(%y : memref<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  return
}
