// RUN: rac-opt %s --pass-pipeline='builtin.module(gpu.module(rac-gpu-to-simulator,canonicalize))' | FileCheck %s

gpu.module @kernels {
  // The thread, its number along x, then what the launch passes: a buffer as
  // the members of its descriptor. Threads don't wait: no rac.waits.
  // CHECK-LABEL: llvm.func @plain(
  // CHECK-SAME:    %[[THREAD:[^:]+]]: !llvm.ptr {llvm.noalias}, %[[X:[^:]+]]: i32,
  // CHECK-SAME:    !llvm.ptr, %[[DATA:[^:]+]]: !llvm.ptr, %{{[^:]+}}: i64, %{{[^:]+}}: i64, %{{[^:]+}}: i64,
  // CHECK-SAME:    %[[VALUE:[^:]+]]: f32) attributes {rac.own_bytes = 0 : i32} {
  gpu.func @plain(%x: memref<?xf32>, %value: f32) kernel {
    // CHECK: %[[AT:.+]] = llvm.getelementptr inbounds %[[THREAD]][0, 1, 0]
    // CHECK: %[[BLOCK:.+]] = llvm.load %[[AT]]
    // CHECK: %[[I:.+]] = llvm.sext %[[X]] : i32 to i64
    %b = gpu.block_id x
    %n = gpu.block_dim x
    %t = gpu.thread_id x
    %first = arith.muli %b, %n : index
    %i = arith.addi %first, %t : index
    // CHECK: llvm.store %[[VALUE]]
    memref.store %value, %x[%i] : memref<?xf32>
    gpu.return
  }

  // The ops at which threads meet have numbers, counted in each kernel. What a
  // block shares begins with the kernel's own.
  // CHECK-LABEL: llvm.func @meet(
  // CHECK-SAME:    %[[THREAD:[^:]+]]: !llvm.ptr
  // CHECK-SAME:    attributes {rac.own_bytes = 48 : i32, rac.waits}
  // CHECK-DAG:     %[[ZERO:.+]] = llvm.mlir.constant(0 : i32)
  // CHECK-DAG:     %[[ONE:.+]] = llvm.mlir.constant(1 : i32)
  gpu.func @meet(%x: memref<?xf32>) workgroup(%own: memref<10xf32, #gpu.address_space<workgroup>>) kernel {
    %c0 = arith.constant 0 : index
    %one = arith.constant 1 : i32
    %width = arith.constant 32 : i32
    // CHECK: %[[SHARED:.+]] = llvm.getelementptr inbounds %[[THREAD]][0, 4]
    // CHECK: %[[MEMORY:.+]] = llvm.load %[[SHARED]]
    // CHECK: %[[DYNAMIC:.+]] = llvm.getelementptr %[[MEMORY]][48]
    %bytes = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
    %dynamic = memref.view %bytes[%c0][] : memref<?xi8, #gpu.address_space<workgroup>> to memref<4xf32, #gpu.address_space<workgroup>>
    %v = memref.load %x[%c0] : memref<?xf32>
    // CHECK: %[[MOVED:.+]] = llvm.call @rac_sim_shuffle(%[[THREAD]], %[[ZERO]], %[[ZERO]],
    %r, %valid = gpu.shuffle xor %v, %one, %width : f32
    // CHECK: %[[LOW:.+]] = llvm.trunc %[[MOVED]]
    // CHECK: %[[RESULT:.+]] = llvm.bitcast %[[LOW]] : i32 to f32
    // CHECK: llvm.store %[[RESULT]], %[[MEMORY]]
    memref.store %r, %own[%c0] : memref<10xf32, #gpu.address_space<workgroup>>
    // CHECK: llvm.call @rac_sim_barrier(%[[THREAD]], %[[ONE]])
    gpu.barrier
    // CHECK: llvm.store %{{.+}}, %[[DYNAMIC]]
    memref.store %v, %dynamic[%c0] : memref<4xf32, #gpu.address_space<workgroup>>
    gpu.return
  }

  // CHECK-LABEL: llvm.func @tensor_cores(
  gpu.func @tensor_cores(%x: memref<?xf16>, %s: memref<16x16xf16, #gpu.address_space<workgroup>>,
                         %c: vector<2x2xf32>, %y: memref<?xf32>) kernel {
    %c0 = arith.constant 0 : index
    // CHECK: llvm.call @rac_sim_copy
    %copy = nvgpu.device_async_copy %x[%c0], %s[%c0, %c0], 8 : memref<?xf16> to memref<16x16xf16, #gpu.address_space<workgroup>>
    // CHECK: llvm.call @rac_sim_commit_copies
    %group = nvgpu.device_async_create_group %copy
    // CHECK: llvm.call @rac_sim_wait_copies
    nvgpu.device_async_wait %group {numGroups = 0 : i32}
    // CHECK: llvm.call @rac_sim_load_matrices
    %a = nvgpu.ldmatrix %s[%c0, %c0] {numTiles = 4 : i32, transpose = false} : memref<16x16xf16, #gpu.address_space<workgroup>> -> vector<4x2xf16>
    %b = nvgpu.ldmatrix %s[%c0, %c0] {numTiles = 2 : i32, transpose = true} : memref<16x16xf16, #gpu.address_space<workgroup>> -> vector<2x2xf16>
    // CHECK: llvm.call @rac_sim_mma
    %d = nvgpu.mma.sync (%a, %b, %c) {mmaShape = [16, 8, 16]} : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>
    %e = vector.extract %d[0, 0] : f32 from vector<2x2xf32>
    memref.store %e, %y[%c0] : memref<?xf32>
    gpu.return
  }

  // Products of four warps, of a left factor in shared memory and of one in registers.
  // CHECK-LABEL: llvm.func @warpgroup(
  gpu.func @warpgroup(%a: i64, %b: i64, %r: i32, %y: memref<?xf32>) kernel {
    %c0 = arith.constant 0 : index
    %none = llvm.mlir.undef : !llvm.struct<(f32, f32, f32, f32)>
    // CHECK: llvm.call @rac_sim_fence_proxy
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    nvvm.wgmma.fence.aligned
    // CHECK: llvm.call @rac_sim_group_mma({{.*}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}})
    %s = nvvm.wgmma.mma_async %a, %b, %none, <m = 64, n = 8, k = 16>, D[<f32>, <zero>], A[<bf16>, <one>, <row>], B[<bf16>, <one>, <col>] : !llvm.struct<(f32, f32, f32, f32)> -> !llvm.struct<(f32, f32, f32, f32)>
    %e0 = llvm.extractvalue %s[0] : !llvm.struct<(f32, f32, f32, f32)>
    %e1 = llvm.extractvalue %s[1] : !llvm.struct<(f32, f32, f32, f32)>
    %e2 = llvm.extractvalue %s[2] : !llvm.struct<(f32, f32, f32, f32)>
    %e3 = llvm.extractvalue %s[3] : !llvm.struct<(f32, f32, f32, f32)>
    // CHECK: llvm.call @rac_sim_group_mma(
    %t = llvm.inline_asm has_side_effects "{ .reg .pred p; setp.ne.b32 p, 1, 0; wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {$0, $1, $2, $3}, {$4, $5, $6, $7}, $8, p, 1, 1, 1; }", "=f,=f,=f,=f,r,r,r,r,l,0,1,2,3" %r, %r, %r, %r, %b, %e0, %e1, %e2, %e3 : (i32, i32, i32, i32, i64, f32, f32, f32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    // CHECK: llvm.call @rac_sim_commit_group_mma
    nvvm.wgmma.commit.group.sync.aligned
    // CHECK: llvm.call @rac_sim_wait_group_mma
    nvvm.wgmma.wait.group.sync.aligned 0
    %f0 = llvm.extractvalue %t[0] : !llvm.struct<(f32, f32, f32, f32)>
    // What only orders registers has no effect here.
    // CHECK-NOT: llvm.inline_asm
    %h = llvm.inline_asm has_side_effects "", "=f,0" %f0 : (f32) -> !llvm.struct<(f32)>
    %g = llvm.extractvalue %h[0] : !llvm.struct<(f32)>
    memref.store %g, %y[%c0] : memref<?xf32>
    gpu.return
  }

  // The copy unit and the barriers that count its bytes; of pointers only those to tensor maps are aligned.
  // CHECK-LABEL: llvm.func @bulk(
  // CHECK-SAME: !llvm.ptr {llvm.align = 64 : i64}
  gpu.func @bulk(%map: !llvm.ptr {llvm.align = 64 : i64}, %at: i64, %row: i32, %parity: i32) kernel {
    %one = arith.constant 1 : i32
    %bytes = arith.constant 8192 : i32
    %ticks = arith.constant 1000 : i32
    %barrier = llvm.inttoptr %at : i64 to !llvm.ptr<3>
    %target = llvm.addrspacecast %barrier : !llvm.ptr<3> to !llvm.ptr<7>
    // CHECK: llvm.call @rac_sim_init_barrier(
    nvvm.mbarrier.init %barrier, %one : !llvm.ptr<3>, i32
    // CHECK: llvm.call @rac_sim_fence_barrier(
    nvvm.fence.mbarrier.init
    // CHECK: llvm.call @rac_sim_expect_bytes(
    nvvm.mbarrier.arrive.expect_tx %barrier, %bytes : !llvm.ptr<3>, i32
    // CHECK: llvm.call @rac_sim_bulk_copy(
    nvvm.cp.async.bulk.tensor.shared.cluster.global %target, %map, %barrier, box[%row, %row] : !llvm.ptr<7>, !llvm.ptr
    // CHECK: llvm.call @rac_sim_wait_bytes(
    nvvm.mbarrier.try_wait.parity %barrier, %parity, %ticks : !llvm.ptr<3>, i32, i32
    gpu.return
  }

  // Blocks of a cluster. Whoever asks for a phase until it is over waits instead.
  // CHECK-LABEL: llvm.func @cluster(
  // CHECK-SAME: rac.cluster = 2 : i32
  gpu.func @cluster(%map: !llvm.ptr {llvm.align = 64 : i64}, %at: i64, %row: i32, %both: i16) kernel attributes {known_cluster_size = array<i32: 2, 1, 1>} {
    %one = arith.constant 1 : i32
    %barrier = llvm.inttoptr %at : i64 to !llvm.ptr<3>
    %target = llvm.addrspacecast %barrier : !llvm.ptr<3> to !llvm.ptr<7>
    // CHECK: llvm.call @rac_sim_cluster_arrive(
    nvvm.cluster.arrive {aligned}
    // CHECK: llvm.call @rac_sim_cluster_wait(
    nvvm.cluster.wait {aligned}
    // CHECK: llvm.call @rac_sim_map_shared(
    %there = nvvm.mapa %barrier, %one : !llvm.ptr<3> -> !llvm.ptr<7>
    // CHECK: llvm.call @rac_sim_arrive(
    nvvm.mbarrier.arrive %there {scope = #nvvm.mem_scope<cluster>} : !llvm.ptr<7>
    // CHECK: llvm.call @rac_sim_wait_bytes(
    %over = nvvm.mbarrier.try_wait %barrier, %one {scope = #nvvm.mem_scope<cluster>} : !llvm.ptr<3>, i32 -> i1
    cf.cond_br %over, ^go, ^stop
  ^stop:
    llvm.inline_asm has_side_effects "exit;", "" : () -> ()
    cf.br ^go
  ^go:
    // CHECK: llvm.zext %{{.*}} : i16 to i32
    // CHECK: llvm.call @rac_sim_bulk_copy(
    nvvm.cp.async.bulk.tensor.shared.cluster.global %target, %map, %barrier, box[%row, %row] multicast_mask = %both : !llvm.ptr<7>, !llvm.ptr
    gpu.return
  }

  // How rac-gpu-outline ends a thread.
  // CHECK-LABEL: llvm.func @leave(
  gpu.func @leave(%stop: i1, %x: memref<?xf32>) kernel {
    cf.cond_br %stop, ^stop, ^go
    // CHECK: llvm.call @rac_sim_exit
    // CHECK-NEXT: llvm.return
  ^stop:
    llvm.inline_asm has_side_effects "exit;", "" : () -> ()
    cf.br ^go
    // CHECK: llvm.store
  ^go:
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    memref.store %zero, %x[%c0] : memref<?xf32>
    gpu.return
  }
}
