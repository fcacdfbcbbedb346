// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-gpu-checks | diff %t -

#each = affine_map<(d0) -> (d0)>
#none = affine_map<(d0) -> ()>

// Some element, not all.
func.func @any(%x: memref<?xi1>) {
  %false = arith.constant false
  %any = memref.alloc() : memref<i1>
  linalg.fill ins(%false : i1) outs(%any : memref<i1>)
  linalg.generic {indexing_maps = [#each, #none], iterator_types = ["reduction"]} ins(%x : memref<?xi1>) outs(%any : memref<i1>) {
  ^bb0(%in: i1, %before: i1):
    %0 = arith.ori %before, %in : i1
    linalg.yield %0 : i1
  }
  %good = memref.load %any[] : memref<i1>
  cf.assert %good, "none is good"
  return
}

// Something else reads what was found, too.
func.func @used(%x: memref<?xi1>) -> i1 {
  %true = arith.constant true
  %all = memref.alloc() : memref<i1>
  linalg.fill ins(%true : i1) outs(%all : memref<i1>)
  linalg.generic {indexing_maps = [#each, #none], iterator_types = ["reduction"]} ins(%x : memref<?xi1>) outs(%all : memref<i1>) {
  ^bb0(%in: i1, %before: i1):
    %0 = arith.andi %before, %in : i1
    linalg.yield %0 : i1
  }
  %good = memref.load %all[] : memref<i1>
  cf.assert %good, "one is bad"
  return %good : i1
}

// What the host knows without memory.
func.func @sizes(%x: memref<?xi1>, %n: index) {
  %c0 = arith.constant 0 : index
  %m = memref.dim %x, %c0 : memref<?xi1>
  %good = arith.cmpi eq, %m, %n : index
  cf.assert %good, "other sizes"
  return
}

// Indices that are computed aren't simple.
func.func @computed(%x: memref<?xi1>, %y: memref<4xi1>) {
  %true = arith.constant true
  %all = memref.alloc() : memref<i1>
  linalg.fill ins(%true : i1) outs(%all : memref<i1>)
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0 * 2)>, #each, #none], iterator_types = ["reduction"]} ins(%x, %y : memref<?xi1>, memref<4xi1>) outs(%all : memref<i1>) {
  ^bb0(%a: i1, %b: i1, %before: i1):
    %0 = arith.ori %a, %b : i1
    %1 = arith.andi %before, %0 : i1
    linalg.yield %1 : i1
  }
  %good = memref.load %all[] : memref<i1>
  cf.assert %good, "one is bad"
  return
}
