// RUN: rac-opt %s --rac-plan-memory=assumed-dim=10 --split-input-file | FileCheck %s

// Of each buffer: its first and last step, its offset and its bytes. %a and %c lie in the same
// place. Steps are named after the groups that the calls come from; the second is given 1024 B of
// weights.

// CHECK-LABEL: func.func @main()
// CHECK-SAME: rac.timeline = {arena = 512 : i64, assumes_sizes = false,
// CHECK-SAME: buffers = array<i64: 0, 1, [[A:[0-9]+]], 256, 1, 2, {{[0-9]+}}, 256, 2, 2, [[A]], 256>,
// CHECK-SAME: steps = ["init_0", "step_1", "step"], unknown = 0 : i64, weights = array<i64: 0, 1024, 0>}
func.func @main() {
  %w = rac.weights 0 : memref<256xf32>
  %a = memref.alloc() : memref<64xf32>
  call @init(%a) : (memref<64xf32>) -> () loc("init_0")
  %b = memref.alloc() : memref<64xf32>
  call @weighted(%a, %b, %w) : (memref<64xf32>, memref<64xf32>, memref<256xf32>) -> () loc("step_1")
  %c = memref.alloc() : memref<64xf32>
  call @step(%b, %c) : (memref<64xf32>, memref<64xf32>) -> ()
  return
}
func.func private @init(memref<64xf32>)
func.func private @step(memref<64xf32>, memref<64xf32>)
func.func private @weighted(memref<64xf32>, memref<64xf32>, memref<256xf32>)

// -----

// 10 of 4 bytes take 64; twice 10 of them take 128. What the data decide is counted, not told.

// CHECK-LABEL: func.func @main()
// CHECK-SAME: rac.timeline = {arena = 192 : i64, assumes_sizes = true,
// CHECK-SAME: buffers = array<i64: 0, 1, 0, 64, 1, 1, 64, 128>,
// CHECK-SAME: steps = ["init", "step", "init"], unknown = 1 : i64
func.func @main() {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %n = rac.input_dim 0, 0
  %twice = arith.muli %n, %c2 : index
  %a = memref.alloc(%n) : memref<?xf32>
  call @init(%a) : (memref<?xf32>) -> ()
  %b = memref.alloc(%twice) : memref<?xf32>
  call @step(%a, %b) : (memref<?xf32>, memref<?xf32>) -> ()
  %x = rac.input_buffer 0[] : memref<4xindex>
  %m = memref.load %x[%c0] : memref<4xindex>
  %c = memref.alloc(%m) : memref<?xf32>
  call @init(%c) : (memref<?xf32>) -> ()
  return
}
func.func private @init(memref<?xf32>)
func.func private @step(memref<?xf32>, memref<?xf32>)
