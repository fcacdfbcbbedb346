// RUN: rac-opt %s --rac-plan-memory --split-input-file | FileCheck %s

// %a and %c never live at one time: they share the first bytes.

// CHECK-LABEL: func.func @main()
// CHECK-SAME: rac.arena_bytes = 512
// CHECK-DAG: %[[ARENA:.*]] = rac.arena
// CHECK: %[[A:.*]] = memref.view %[[ARENA]][%[[ZERO:.*]]][] : memref<?xi8> to memref<64xf32>
// CHECK: memref.view %[[ARENA]][%[[B:.*]]][] : memref<?xi8> to memref<64xf32>
// CHECK: memref.view %[[ARENA]][%{{.*}}][] : memref<?xi8> to memref<64xf32>
// CHECK: func.func @rac_arena_size() -> index
func.func @main() {
  %a = memref.alloc() : memref<64xf32>
  call @init(%a) : (memref<64xf32>) -> ()
  %b = memref.alloc() : memref<64xf32>
  call @step(%a, %b) : (memref<64xf32>, memref<64xf32>) -> ()
  %c = memref.alloc() : memref<64xf32>
  call @step(%b, %c) : (memref<64xf32>, memref<64xf32>) -> ()
  return
}
func.func private @init(memref<64xf32>)
func.func private @step(memref<64xf32>, memref<64xf32>)

// -----

// Dynamic sizes are computed first, rounded up to 64 bytes.

// CHECK-LABEL: func.func @main()
// CHECK: %[[N:.*]] = rac.input_dim 0, 0
// CHECK: %[[BYTES:.*]] = arith.muli %{{.*}}, %[[N]]
// CHECK: arith.andi
// CHECK: rac.arena
// CHECK: memref.view %{{.*}}[%{{.*}}][%[[N]]] : memref<?xi8> to memref<?xf32>
// CHECK: func.func @rac_arena_size() -> index
// CHECK: rac.input_dim 0, 0
func.func @main() {
  %n = rac.input_dim 0, 0
  %a = memref.alloc(%n) : memref<?xf32>
  call @init(%a) : (memref<?xf32>) -> ()
  return
}
func.func private @init(memref<?xf32>)

// -----

// A size that data decides comes from the heap, and the arena has no function.

// CHECK-LABEL: func.func @main()
// CHECK: rac.heap
// CHECK-NOT: @rac_arena_size
func.func @main() {
  %c0 = arith.constant 0 : index
  %x = rac.input_buffer 0[] : memref<4xindex>
  %n = memref.load %x[%c0] : memref<4xindex>
  %a = memref.alloc(%n) : memref<?xf32>
  call @init(%a) : (memref<?xf32>) -> ()
  return
}
func.func private @init(memref<?xf32>)

// -----

// Sizes that inputs may make negative are checked before memory is asked for,
// in the run and where the size is asked.
// CHECK-LABEL: func.func @main()
// CHECK: %[[SIZE:.+]] = arith.subi
// CHECK: %[[GOOD:.+]] = arith.cmpi sge, %[[SIZE]]
// CHECK: cf.assert %[[GOOD]], "the inputs' shapes are too small for the model"
// CHECK: rac.arena
// CHECK-LABEL: func.func @rac_arena_size()
// CHECK: cf.assert
func.func @main() {
  %c8 = arith.constant 8 : index
  %c0 = arith.constant 0.0 : f32
  %n = rac.input_dim 0, 0
  %m = arith.subi %n, %c8 : index
  %a = memref.alloc(%m) : memref<?xf32>
  linalg.fill ins(%c0 : f32) outs(%a : memref<?xf32>)
  return
}
