//===- ThreadsTest.cpp - Threads, and what they do together ---------------===//

#include "Simulated.h"
#include "gmock/gmock.h"
#include <numeric>

using namespace rac::simulated;

namespace {

std::vector<float> ramp(size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

TEST(Threads, EachComputesAnElement) {
  Module module(R"(
    gpu.func @axpy(%x: memref<?xf32>, %y: memref<?xf32>, %a: f32) kernel {
      %c0 = arith.constant 0 : index
      %n = memref.dim %x, %c0 : memref<?xf32>
      %i = gpu.global_id x
      %in = arith.cmpi ult, %i, %n : index
      scf.if %in {
        %u = memref.load %x[%i] : memref<?xf32>
        %v = memref.load %y[%i] : memref<?xf32>
        %p = arith.mulf %a, %u : f32
        %w = arith.addf %p, %v : f32
        memref.store %w, %y[%i] : memref<?xf32>
      }
      gpu.return
    })");
  constexpr size_t count = 100000; // enough for several threads of the host
  Array<float> x(ramp(count)), y(ramp(count));
  ASSERT_EQ(module.launch("axpy", {391, 256}, Params(x, y, 2.0f)), 0);
  std::vector<float> result = y.read();
  for (size_t i = 0; i < count; ++i)
    ASSERT_EQ(result[i], 3.0f * float(i + 1)) << i;
}

TEST(Threads, HaveNumbers) {
  Module module(R"(
    gpu.func @numbers(%y: memref<?xindex>) kernel {
      %c6 = arith.constant 6 : index
      %i = gpu.global_id x
      %at = arith.muli %i, %c6 : index
      %t = gpu.thread_id x
      %b = gpu.block_id x
      %n = gpu.block_dim x
      %g = gpu.grid_dim x
      %l = gpu.lane_id
      %w = gpu.subgroup_id : index
      %v = vector.from_elements %t, %b, %n, %g, %l, %w : vector<6xindex>
      vector.store %v, %y[%at] : memref<?xindex>, vector<6xindex>
      gpu.return
    })");
  Array<int64_t> y(6 * 3 * 64);
  ASSERT_EQ(module.launch("numbers", {3, 64}, Params(y)), 0);
  std::vector<int64_t> result = y.read();
  for (int64_t i = 0; i < 3 * 64; ++i) {
    std::vector<int64_t> expected = {i % 64, i / 64, 64,
                                     3,      i % 32, i % 64 / 32};
    ASSERT_TRUE(
        std::equal(expected.begin(), expected.end(), result.begin() + 6 * i))
        << i;
  }
}

/// Lane i's value, moved by `mode`.
std::vector<float> shuffle(const char *mode, int offset) {
  std::string body = R"(
    gpu.func @move(%x: memref<?xf32>, %y: memref<?xf32>) kernel {
      %t = gpu.thread_id x
      %offset = arith.constant )" +
                     std::to_string(offset) + R"( : i32
      %width = arith.constant 32 : i32
      %none = arith.constant -1.0 : f32
      %v = memref.load %x[%t] : memref<?xf32>
      %r, %valid = gpu.shuffle )" +
                     mode + R"( %v, %offset, %width : f32
      %s = arith.select %valid, %r, %none : f32
      memref.store %s, %y[%t] : memref<?xf32>
      gpu.return
    })";
  Module module(body);
  Array<float> x(ramp(32)), y(32);
  EXPECT_EQ(module.launch("move", {1, 32}, Params(x, y)), 0);
  return y.read();
}

TEST(Threads, Shuffle) {
  std::vector<float> exchanged = shuffle("xor", 5), down = shuffle("down", 3),
                     up = shuffle("up", 3), same = shuffle("idx", 7);
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(exchanged[lane], float((lane ^ 5) + 1));
    EXPECT_EQ(down[lane], lane + 3 < 32 ? float(lane + 4) : -1.0f);
    EXPECT_EQ(up[lane], lane >= 3 ? float(lane - 2) : -1.0f);
    EXPECT_EQ(same[lane], 8.0f);
  }
}

constexpr const char *kReverse = R"(
  gpu.func @reverse(%x: memref<?xf32>, %y: memref<?xf32>)
      workgroup(%s: memref<256xf32, #gpu.address_space<workgroup>>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c255 = arith.constant 255 : index
    %t = gpu.thread_id x
    %i = gpu.global_id x
    %first = memref.load %x[%i] : memref<?xf32>
    %mirrored = arith.subi %c255, %t : index
    %last = scf.for %k = %c0 to %c3 step %c1 iter_args(%v = %first) -> f32 {
      memref.store %v, %s[%t] : memref<256xf32, #gpu.address_space<workgroup>>
      gpu.barrier
      %w = memref.load %s[%mirrored] : memref<256xf32, #gpu.address_space<workgroup>>
      gpu.barrier
      scf.yield %w : f32
    }
    memref.store %last, %y[%i] : memref<?xf32>
    gpu.return
  })";

TEST(Threads, ExchangeThroughSharedMemory) {
  Module module(kReverse);
  for (const char *order : {"forward", "reverse"}) {
    setenv("RAC_SIMULATOR_ORDER", order, /*overwrite=*/1);
    Array<float> x(ramp(100 * 256)), y(100 * 256);
    ASSERT_EQ(module.launch("reverse", {100, 256}, Params(x, y)), 0);
    std::vector<float> result = y.read();
    for (int i = 0; i < 100 * 256; ++i)
      ASSERT_EQ(result[i], float((i - i % 256) + 255 - i % 256 + 1)) << order;
  }
  unsetenv("RAC_SIMULATOR_ORDER");
}

TEST(Threads, AMissingBarrierShows) {
  std::string body = kReverse;
  size_t barrier = body.find("gpu.barrier");
  body.erase(barrier, strlen("gpu.barrier"));
  Module module(body);
  Array<float> x(ramp(256)), y(256);
  ASSERT_EQ(module.launch("reverse", {1, 256}, Params(x, y)), 0);
  EXPECT_NE(y.read()[0], 256.0f);
}

TEST(Threads, ReduceABlock) {
  Module module(R"(
    gpu.func @sum(%x: memref<?xf32>, %y: memref<?xf32>) kernel {
      %i = gpu.global_id x
      %b = gpu.block_id x
      %v = memref.load %x[%i] : memref<?xf32>
      %s = gpu.all_reduce add %v uniform {} : (f32) -> f32
      memref.store %s, %y[%b] : memref<?xf32>
      gpu.return
    })");
  Array<float> x(ramp(2 * 128)), y(2);
  ASSERT_EQ(module.launch("sum", {2, 128}, Params(x, y)), 0);
  EXPECT_THAT(y.read(),
              testing::ElementsAre(128 * 129 / 2, 128 * 129 / 2 + 128 * 128));
}

TEST(Threads, AddAtomically) {
  Module module(R"(
    gpu.func @count(%y: memref<?xf32>) kernel {
      %c0 = arith.constant 0 : index
      %one = arith.constant 1.0 : f32
      %old = memref.atomic_rmw addf %one, %y[%c0] : (f32, memref<?xf32>) -> f32
      gpu.return
    })");
  Array<float> y(1);
  ASSERT_EQ(module.launch("count", {300, 128}, Params(y)), 0);
  EXPECT_EQ(y.read()[0], 300 * 128);
}

TEST(Threads, UseDynamicSharedMemory) {
  Module module(R"(
    gpu.func @mirror(%x: memref<?xf32>)
        workgroup(%own: memref<3xf32, 3>) kernel {
      %c0 = arith.constant 0 : index
      %c63 = arith.constant 63 : index
      %t = gpu.thread_id x
      %bytes = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
      %s = memref.view %bytes[%c0][] : memref<?xi8, #gpu.address_space<workgroup>> to memref<64xf32, #gpu.address_space<workgroup>>
      %zero = arith.constant 0.0 : f32
      memref.store %zero, %own[%c0] : memref<3xf32, 3>
      %v = memref.load %x[%t] : memref<?xf32>
      memref.store %v, %s[%t] : memref<64xf32, #gpu.address_space<workgroup>>
      gpu.barrier
      %m = arith.subi %c63, %t : index
      %w = memref.load %s[%m] : memref<64xf32, #gpu.address_space<workgroup>>
      memref.store %w, %x[%t] : memref<?xf32>
      gpu.return
    })");
  Array<float> x(ramp(64));
  ASSERT_EQ(module.launch("mirror", {1, 64, 256}, Params(x)), 0);
  std::vector<float> expected = ramp(64);
  std::reverse(expected.begin(), expected.end());
  EXPECT_EQ(x.read(), expected);
  // More than a kernel may have unless cuFuncSetAttribute allows it.
  constexpr unsigned kLarge = 100 * 1024;
  EXPECT_NE(module.launch("mirror", {1, 64, kLarge}, Params(x)), 0);
  auto allow = driver<Handle, int, int>("cuFuncSetAttribute");
  EXPECT_EQ(allow(module.kernel("mirror"), 8, kLarge), 0);
  EXPECT_EQ(module.launch("mirror", {1, 64, kLarge}, Params(x)), 0);
}

/// What a launch that must fail prints.
std::string failure(const char *body, Grid grid) {
  Module module(body);
  Array<float> x(ramp(64));
  testing::internal::CaptureStderr();
  EXPECT_EQ(module.launch("wrong", grid, Params(x)), kLaunchFailed);
  return testing::internal::GetCapturedStderr();
}

TEST(Threads, FailAtABarrierThatSomeDontComeTo) {
  std::string text = failure(R"(
    gpu.func @wrong(%x: memref<?xf32>) kernel {
      %c7 = arith.constant 7 : index
      %t = gpu.thread_id x
      %few = arith.cmpi ult, %t, %c7 : index
      scf.if %few {
        gpu.barrier
      }
      gpu.return
    })",
                             {1, 64});
  EXPECT_THAT(text, testing::HasSubstr("kernel wrong, block (0, 0, 0)"));
  EXPECT_THAT(text, testing::HasSubstr("has ended where thread (0, 0, 0) of "
                                       "its warp waits at a barrier"));
}

TEST(Threads, FailWhenAWarpIsDivided) {
  std::string text = failure(R"(
    gpu.func @wrong(%x: memref<?xf32>) kernel {
      %c7 = arith.constant 7 : index
      %offset = arith.constant 1 : i32
      %width = arith.constant 32 : i32
      %t = gpu.thread_id x
      %v = memref.load %x[%t] : memref<?xf32>
      %few = arith.cmpi ult, %t, %c7 : index
      scf.if %few {
        %r, %valid = gpu.shuffle xor %v, %offset, %width : f32
        memref.store %r, %x[%t] : memref<?xf32>
      } else {
        gpu.barrier
      }
      gpu.return
    })",
                             {1, 64});
  EXPECT_THAT(text, testing::HasSubstr("where thread"));
}

TEST(Threads, FailWhereTheyAssert) {
  std::string text = failure(R"(
    gpu.func @wrong(%x: memref<?xf32>) kernel {
      %c7 = arith.constant 7 : index
      %t = gpu.thread_id x
      %fine = arith.cmpi ult, %t, %c7 : index
      cf.assert %fine, "too many"
      gpu.return
    })",
                             {1, 64});
  EXPECT_THAT(text, testing::HasSubstr("thread (7, 0, 0): too many"));
}

TEST(Threads, FailOutsideOfABuffer) {
  std::string text = failure(R"(
    gpu.func @wrong(%x: memref<?xf32>) kernel {
      %c1 = arith.constant 1 : index
      %t = gpu.thread_id x
      %next = arith.addi %t, %c1 : index
      %v = memref.load %x[%t] : memref<?xf32>
      memref.store %v, %x[%next] : memref<?xf32>
      gpu.return
    })",
                             {1, 64});
  EXPECT_THAT(text,
              testing::HasSubstr("thread (63, 0, 0): memref.store outside "
                                 "of its memref<?xf32>"));
}

TEST(Threads, MayExitBeforeTheOthers) {
  Module module(R"(
    gpu.func @leave(%x: memref<?xf32>) kernel {
      %c7 = arith.constant 7 : index
      %t = gpu.thread_id x
      %few = arith.cmpi ult, %t, %c7 : index
      scf.if %few {
        llvm.inline_asm has_side_effects "exit;", "" : () -> ()
      }
      gpu.barrier
      %zero = arith.constant 0.0 : f32
      memref.store %zero, %x[%t] : memref<?xf32>
      gpu.return
    })");
  Array<float> x(ramp(64));
  ASSERT_EQ(module.launch("leave", {1, 64}, Params(x)), 0);
  std::vector<float> result = x.read();
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(result[i], i < 7 ? float(i + 1) : 0.0f);
}

TEST(Threads, AreOfTheirOwnModule) {
  auto kernel = [](const char *name) {
    return "gpu.func @" + std::string(name) + "() kernel { gpu.return }";
  };
  Module first(kernel("first")), second(kernel("second"));
  EXPECT_EQ(first.launch("first", {1, 1}, Params()), 0);
  EXPECT_EQ(second.launch("second", {1, 1}, Params()), 0);
}

TEST(Threads, AreReplayedByAGraph) {
  Module module(R"(
    gpu.func @add(%x: memref<?xf32>, %a: f32) kernel {
      %t = gpu.thread_id x
      %v = memref.load %x[%t] : memref<?xf32>
      %w = arith.addf %v, %a : f32
      memref.store %w, %x[%t] : memref<?xf32>
      gpu.return
    })");
  Array<float> x(ramp(32));
  Handle stream, graph, executable;
  ASSERT_EQ((driver<Handle *, unsigned>("cuStreamCreate")(&stream, 1)), 0);
  ASSERT_EQ((driver<Handle, int>("cuStreamBeginCapture_v2")(stream, 2)), 0);
  ASSERT_EQ(module.launch("add", {1, 32}, Params(x, 1.0f), stream), 0);
  ASSERT_EQ(module.launch("add", {1, 32}, Params(x, 2.0f), stream), 0);
  ASSERT_EQ((driver<Handle, Handle *>("cuStreamEndCapture")(stream, &graph)),
            0);
  EXPECT_EQ(x.read()[0], 1.0f);
  ASSERT_EQ((driver<Handle *, Handle, unsigned long long>(
                "cuGraphInstantiateWithFlags")(&executable, graph, 0)),
            0);
  for (int i = 0; i < 2; ++i)
    ASSERT_EQ((driver<Handle, Handle>("cuGraphLaunch")(executable, stream)), 0);
  EXPECT_EQ(x.read()[31], 32.0f + 6.0f);
  driver<Handle>("cuGraphExecDestroy")(executable);
  driver<Handle>("cuGraphDestroy")(graph);
  driver<Handle>("cuStreamDestroy_v2")(stream);
}

} // namespace
