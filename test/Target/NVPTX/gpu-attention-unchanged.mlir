// RUN: rac-opt %s --rac-gpu-attention --split-input-file | FileCheck %s
// CHECK-NOT: gpu.launch

#q = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#k = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
#v = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
#s = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#all = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#rows = affine_map<(d0, d1, d2) -> (d0, d1)>
#columns = affine_map<(d0, d1, d2) -> (d0, d2)>

// The weights are a result too.
func.func @weights_wanted(%q: memref<2x100x64xf32>, %k: memref<2x64x70xf32>, %v: memref<2x70x64xf32>, %mask: memref<2x70xf32>, %y: memref<2x100x64xf32>, %w: memref<2x100x70xf32>) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %scores = memref.alloc() : memref<2x100x70xf32>
  %stat = memref.alloc() : memref<2x100xf32>
  linalg.fill ins(%zero : f32) outs(%scores : memref<2x100x70xf32>)
  linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%q, %k : memref<2x100x64xf32>, memref<2x64x70xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  linalg.generic {indexing_maps = [#all, #columns, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %mask : memref<2x100x70xf32>, memref<2x70xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %m: f32, %out: f32):
    %0 = arith.addf %s, %m : f32
    linalg.yield %0 : f32
  }
  linalg.fill ins(%lowest : f32) outs(%stat : memref<2x100xf32>)
  linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x100x70xf32>) outs(%stat : memref<2x100xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.maximumf %s, %out : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %stat : memref<2x100x70xf32>, memref<2x100xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %max: f32, %out: f32):
    %0 = arith.subf %s, %max : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%stat : memref<2x100xf32>)
  linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x100x70xf32>) outs(%stat : memref<2x100xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.addf %s, %out fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %stat : memref<2x100x70xf32>, memref<2x100xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %sum: f32, %out: f32):
    %0 = arith.divf %one, %sum : f32
    %1 = arith.mulf %s, %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%y : memref<2x100x64xf32>)
  linalg.generic {indexing_maps = [#q, #v, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%scores, %v : memref<2x100x70xf32>, memref<2x70x64xf32>) outs(%y : memref<2x100x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  memref.copy %scores, %w : memref<2x100x70xf32> to memref<2x100x70xf32>
  return
}

// -----

#q = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#k = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
#v = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
#s = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#all = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#rows = affine_map<(d0, d1, d2) -> (d0, d1)>
#columns = affine_map<(d0, d1, d2) -> (d0, d2)>

// What doesn't start below all scores is no softmax.
func.func @not_the_largest(%q: memref<2x100x64xf32>, %k: memref<2x64x70xf32>, %v: memref<2x70x64xf32>, %mask: memref<2x70xf32>, %y: memref<2x100x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %lowest = arith.constant 0.0 : f32
  %scores = memref.alloc() : memref<2x100x70xf32>
  %stat = memref.alloc() : memref<2x100xf32>
  linalg.fill ins(%zero : f32) outs(%scores : memref<2x100x70xf32>)
  linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%q, %k : memref<2x100x64xf32>, memref<2x64x70xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  linalg.generic {indexing_maps = [#all, #columns, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %mask : memref<2x100x70xf32>, memref<2x70xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %m: f32, %out: f32):
    %0 = arith.addf %s, %m : f32
    linalg.yield %0 : f32
  }
  linalg.fill ins(%lowest : f32) outs(%stat : memref<2x100xf32>)
  linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x100x70xf32>) outs(%stat : memref<2x100xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.maximumf %s, %out : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %stat : memref<2x100x70xf32>, memref<2x100xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %max: f32, %out: f32):
    %0 = arith.subf %s, %max : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%stat : memref<2x100xf32>)
  linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x100x70xf32>) outs(%stat : memref<2x100xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.addf %s, %out fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %stat : memref<2x100x70xf32>, memref<2x100xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %sum: f32, %out: f32):
    %0 = arith.divf %one, %sum : f32
    %1 = arith.mulf %s, %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%y : memref<2x100x64xf32>)
  linalg.generic {indexing_maps = [#q, #v, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%scores, %v : memref<2x100x70xf32>, memref<2x70x64xf32>) outs(%y : memref<2x100x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

#q = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#k = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
#v = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
#s = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#all = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#rows = affine_map<(d0, d1, d2) -> (d0, d1)>
#columns = affine_map<(d0, d1, d2) -> (d0, d2)>

// Tensor cores multiply factors of one type.
func.func @mixed(%q: memref<2x100x64xbf16>, %k: memref<2x64x70xbf16>, %v: memref<2x70x64xf16>, %mask: memref<2x70xf32>, %y: memref<2x100x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %scores = memref.alloc() : memref<2x100x70xf32>
  %stat = memref.alloc() : memref<2x100xf32>
  linalg.fill ins(%zero : f32) outs(%scores : memref<2x100x70xf32>)
  linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%q, %k : memref<2x100x64xbf16>, memref<2x64x70xbf16>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%a: bf16, %b: bf16, %out: f32):
    %x = arith.extf %a : bf16 to f32
    %z = arith.extf %b : bf16 to f32
    %0 = arith.mulf %x, %z : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  linalg.generic {indexing_maps = [#all, #columns, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %mask : memref<2x100x70xf32>, memref<2x70xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %m: f32, %out: f32):
    %0 = arith.addf %s, %m : f32
    linalg.yield %0 : f32
  }
  linalg.fill ins(%lowest : f32) outs(%stat : memref<2x100xf32>)
  linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x100x70xf32>) outs(%stat : memref<2x100xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.maximumf %s, %out : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %stat : memref<2x100x70xf32>, memref<2x100xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %max: f32, %out: f32):
    %0 = arith.subf %s, %max : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%stat : memref<2x100xf32>)
  linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x100x70xf32>) outs(%stat : memref<2x100xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.addf %s, %out fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %stat : memref<2x100x70xf32>, memref<2x100xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %sum: f32, %out: f32):
    %0 = arith.divf %one, %sum : f32
    %1 = arith.mulf %s, %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%y : memref<2x100x64xf32>)
  linalg.generic {indexing_maps = [#q, #v, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%scores, %v : memref<2x100x70xf32>, memref<2x70x64xf16>) outs(%y : memref<2x100x64xf32>) {
  ^bb0(%a: f32, %b: f16, %out: f32):
    %z = arith.extf %b : f16 to f32
    %0 = arith.mulf %a, %z : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}
