// RUN: rac-opt %s --pass-pipeline='builtin.module(gpu.module(rac-gpu-to-simulator))' --split-input-file --verify-diagnostics

// Only what ends a thread is known of PTX.
gpu.module @kernels {
  gpu.func @assembly() kernel {
    // expected-error@+1 {{failed to legalize operation 'llvm.inline_asm'}}
    llvm.inline_asm has_side_effects "trap;", "" : () -> ()
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @sparse(%a: vector<4x2xf16>, %b: vector<4x2xf16>, %c: vector<2x2xf16>, %m: vector<2xi16>, %y: memref<2x2x2xf16>) kernel {
    // expected-error@+1 {{failed to legalize operation 'nvgpu.mma.sp.sync'}}
    %d = nvgpu.mma.sp.sync (%a, %b, %c) metadata (%m) {mmaShape = [16, 8, 32]} : (vector<4x2xf16>, vector<4x2xf16>, vector<2x2xf16>) -> vector<2x2xf16>
    %e = vector.extract %d[0] : vector<2xf16> from vector<2x2xf16>
    %c0 = arith.constant 0 : index
    vector.store %e, %y[%c0, %c0, %c0] : memref<2x2x2xf16>, vector<2xf16>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @wide(%v: vector<4xf32>, %o: i32, %w: i32, %y: memref<4xf32>) kernel {
    // expected-error@+1 {{failed to legalize operation 'gpu.shuffle'}}
    %r, %valid = gpu.shuffle xor %v, %o, %w : vector<4xf32>
    %c0 = arith.constant 0 : index
    vector.store %r, %y[%c0] : memref<4xf32>, vector<4xf32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @warpgroup_e5m2(%a: i64, %b: i64, %y: memref<?xf32>) kernel {
    %none = llvm.mlir.undef : !llvm.struct<(f32, f32, f32, f32)>
    // expected-error@+1 {{failed to legalize operation 'nvvm.wgmma.mma_async'}}
    %s = nvvm.wgmma.mma_async %a, %b, %none, <m = 64, n = 8, k = 32>, D[<f32>, <one>], A[<e5m2>, <one>, <row>], B[<e5m2>, <one>, <col>] : !llvm.struct<(f32, f32, f32, f32)> -> !llvm.struct<(f32, f32, f32, f32)>
    %c0 = arith.constant 0 : index
    %e = llvm.extractvalue %s[0] : !llvm.struct<(f32, f32, f32, f32)>
    memref.store %e, %y[%c0] : memref<?xf32>
    gpu.return
  }
}

// -----

// Copies of windows.
gpu.module @kernels {
  gpu.func @windows(%map: !llvm.ptr {llvm.align = 64 : i64}, %at: i64, %row: i32, %offset: i16) kernel {
    %barrier = llvm.inttoptr %at : i64 to !llvm.ptr<3>
    %target = llvm.addrspacecast %barrier : !llvm.ptr<3> to !llvm.ptr<7>
    // expected-error@+1 {{failed to legalize operation 'nvvm.cp.async.bulk.tensor.shared.cluster.global'}}
    nvvm.cp.async.bulk.tensor.shared.cluster.global %target, %map, %barrier, box[%row, %row, %row] im2col[%offset] {mode = #nvvm.tma_load_mode<im2col>} : !llvm.ptr<7>, !llvm.ptr
    gpu.return
  }
}

// -----

// Clusters that aren't neighbours along x.
gpu.module @kernels {
  // expected-error@+1 {{failed to legalize operation 'gpu.func'}}
  gpu.func @square(%y: memref<?xf32>) kernel attributes {known_cluster_size = array<i32: 2, 2, 1>} {
    gpu.return
  }
}
