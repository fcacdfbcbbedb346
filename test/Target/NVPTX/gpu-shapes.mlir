// RUN: rac-opt %s --rac-gpu-shapes --canonicalize | FileCheck %s

// What was stored as the shape is the view's sizes, and nothing is stored any more.

// CHECK-LABEL: func @stored
// CHECK-NOT: memref.store
// CHECK: %[[K:.*]] = arith.index_cast %arg2
// CHECK: %[[VIEW:.*]] = rac.block %arg0 at %c0[%arg1, %[[K]]] : memref<?xf32> to memref<?x?xf32>
// CHECK: return %[[VIEW]], %[[K]]
func.func @stored(%x: memref<?xf32>, %n: index, %m: i64) -> (memref<?x?xf32>, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %shape = memref.alloc() : memref<2xindex>
  memref.store %n, %shape[%c0] : memref<2xindex>
  %k = arith.index_cast %m : i64 to index
  memref.store %k, %shape[%c1] : memref<2xindex>
  %0 = memref.reshape %x(%shape) : (memref<?xf32>, memref<2xindex>) -> memref<?x?xf32>
  %1 = memref.dim %0, %c1 : memref<?x?xf32>
  return %0, %1 : memref<?x?xf32>, index
}

// Whoever else asks for what was stored is given it, too.

// CHECK-LABEL: func @loaded
// CHECK-NOT: memref.{{store|load|alloc}}
// CHECK: rac.block %arg0 at %c0[%arg1, %arg2]
// CHECK: scf.if
// CHECK-NEXT: call @size(%arg2)
// CHECK: return %{{.*}}, %arg1
func.func @loaded(%x: memref<?xf32>, %n: index, %m: index, %some: i1) -> (memref<?x?xf32>, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %shape = memref.alloc() : memref<2xindex>
  memref.store %n, %shape[%c0] : memref<2xindex>
  memref.store %m, %shape[%c1] : memref<2xindex>
  %0 = memref.reshape %x(%shape) : (memref<?xf32>, memref<2xindex>) -> memref<?x?xf32>
  %1 = memref.load %shape[%c0] : memref<2xindex>
  scf.if %some {
    %2 = memref.load %shape[%c1] : memref<2xindex>
    func.call @size(%2) : (index) -> ()
  }
  return %0, %1 : memref<?x?xf32>, index
}
func.func private @size(index)

// What is loaded before all is stored is not what the shape is.

// CHECK-LABEL: func @before
// CHECK: memref.load
// CHECK: rac.block %arg0 at %c0[%arg1, %arg2]
func.func @before(%x: memref<?xf32>, %n: index, %m: index) -> (memref<?x?xf32>, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %shape = memref.alloc() : memref<2xindex>
  memref.store %n, %shape[%c0] : memref<2xindex>
  %0 = memref.load %shape[%c0] : memref<2xindex>
  memref.store %m, %shape[%c1] : memref<2xindex>
  %1 = memref.reshape %x(%shape) : (memref<?xf32>, memref<2xindex>) -> memref<?x?xf32>
  return %1, %0 : memref<?x?xf32>, index
}

// A shape that is data is read; of what the type says there is no need.

// CHECK-LABEL: func @read
// CHECK: %[[READ:.*]] = rac.read %arg1[%c0]
// CHECK-NOT: rac.read
// CHECK: %[[N:.*]] = arith.index_cast %[[READ]]
// CHECK: rac.block %arg0 at %c0[%[[N]]] : memref<?xf32> to memref<?x4xf32>
func.func @read(%x: memref<?xf32>, %shape: memref<2xi64>) -> memref<?x4xf32> {
  %0 = memref.reshape %x(%shape) : (memref<?xf32>, memref<2xi64>) -> memref<?x4xf32>
  return %0 : memref<?x4xf32>
}

// Which of two values was stored last is not known here.

// CHECK-LABEL: func @twice
// CHECK: memref.store
// CHECK: scf.if
// CHECK: %[[READ:.*]] = rac.read %{{.*}}[%c0]
// CHECK: rac.block %arg0 at %c0[%[[READ]]]
func.func @twice(%x: memref<?xf32>, %n: index, %some: i1) -> memref<?xf32> {
  %c0 = arith.constant 0 : index
  %shape = memref.alloc() : memref<1xindex>
  memref.store %n, %shape[%c0] : memref<1xindex>
  scf.if %some {
    memref.store %c0, %shape[%c0] : memref<1xindex>
  }
  %0 = memref.reshape %x(%shape) : (memref<?xf32>, memref<1xindex>) -> memref<?xf32>
  return %0 : memref<?xf32>
}

// What is stored outside of the shape says nothing.

// CHECK-LABEL: func @outside
// CHECK: memref.store
// CHECK: rac.read
func.func @outside(%x: memref<?xf32>, %n: index) -> memref<?xf32> {
  %c7 = arith.constant 7 : index
  %shape = memref.alloc() : memref<1xindex>
  memref.store %n, %shape[%c7] : memref<1xindex>
  %0 = memref.reshape %x(%shape) : (memref<?xf32>, memref<1xindex>) -> memref<?xf32>
  return %0 : memref<?xf32>
}
