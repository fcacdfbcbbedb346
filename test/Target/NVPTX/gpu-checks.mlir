// RUN: rac-opt %s --rac-gpu-checks --canonicalize --cse | FileCheck %s

#each = affine_map<(d0, d1) -> (d0, d1)>
#none = affine_map<(d0, d1) -> ()>
#vector = affine_map<(d0) -> (d0)>
#single = affine_map<(d0) -> ()>

// Each thread asserts of its index that it is in range; what collected the answers is gone, and so is the host's assertion.

// CHECK-LABEL: func @indices
// CHECK-NOT: memref.alloc
// CHECK: %[[N:.*]] = memref.dim %arg0
// CHECK: %[[COUNT:.*]] = arith.muli %[[N]], %c4
// CHECK: gpu.launch
// CHECK: arith.cmpi ult, %{{.*}}, %[[COUNT]]
// CHECK: scf.if
// CHECK: %[[INDEX:.*]] = memref.load %arg0
// CHECK-DAG: %[[LOW:.*]] = arith.cmpi sge, %[[INDEX]], %c0
// CHECK-DAG: %[[HIGH:.*]] = arith.cmpi slt, %[[INDEX]], %arg1
// CHECK: %[[GOOD:.*]] = arith.andi %[[LOW]], %[[HIGH]]
// CHECK: cf.assert %[[GOOD]], "an index is out of range"
// CHECK: gpu.terminator
// CHECK-NOT: cf.assert
func.func @indices(%i: memref<?x4xi64>, %size: i64) {
  %true = arith.constant true
  %c0 = arith.constant 0 : i64
  %all = memref.alloc() : memref<i1>
  linalg.fill ins(%true : i1) outs(%all : memref<i1>)
  linalg.generic {indexing_maps = [#each, #none], iterator_types = ["reduction", "reduction"]} ins(%i : memref<?x4xi64>) outs(%all : memref<i1>) {
  ^bb0(%x: i64, %before: i1):
    %low = arith.cmpi sge, %x, %c0 : i64
    %high = arith.cmpi slt, %x, %size : i64
    %both = arith.andi %low, %high : i1
    %result = arith.andi %before, %both : i1
    linalg.yield %result : i1
  }
  %good = memref.load %all[] : memref<i1>
  cf.assert %good, "an index is out of range"
  return
}

// What is stored as bytes is compared with 0.

// CHECK-LABEL: func @bytes
// CHECK-NOT: memref.alloc
// CHECK: gpu.launch
// CHECK: %[[FLAG:.*]] = memref.load %arg0
// CHECK: %[[GOOD:.*]] = arith.cmpi ne, %[[FLAG]], %c0
// CHECK: cf.assert %[[GOOD]], "one is bad"
func.func @bytes(%x: memref<100xi8>) {
  %one = arith.constant 1 : i8
  %zero = arith.constant 0 : i8
  %all = memref.alloc() : memref<i8>
  linalg.fill ins(%one : i8) outs(%all : memref<i8>)
  linalg.generic {indexing_maps = [#vector, #single], iterator_types = ["reduction"]} ins(%x : memref<100xi8>) outs(%all : memref<i8>) {
  ^bb0(%in: i8, %before: i8):
    %0 = arith.cmpi ne, %in, %zero : i8
    %1 = arith.cmpi ne, %before, %zero : i8
    %2 = arith.andi %1, %0 : i1
    %3 = arith.extui %2 : i1 to i8
    linalg.yield %3 : i8
  }
  %0 = memref.load %all[] : memref<i8>
  %good = arith.cmpi ne, %0, %zero : i8
  cf.assert %good, "one is bad"
  return
}
