//===- OneDnnTest.cpp - Library calls against plain loops -----------------===//

#include "LibraryCall.h"

#include <thread>

using namespace rac::test;

namespace {

void check(LibraryCall call, int threads = 1) {
  call.prepare();
  call.check(threads);
}

TEST(Matmul, Plain) {
  check(matmul(Operand({5, 7}), Operand({7, 9}), Operand({5, 9})));
  check(matmul(Operand({64, 100}), Operand({100, 70}), Operand({64, 70})), 2);
  check(matmul(Operand({1, 1}), Operand({1, 1}), Operand({1, 1})));
}

TEST(Matmul, Transposed) {
  check(matmul(Operand({5, 7}, {1, 5}), Operand({7, 9}), Operand({5, 9})));
  check(matmul(Operand({5, 7}), Operand({7, 9}, {1, 7}), Operand({5, 9})));
  check(matmul(Operand({1, 7}), Operand({7, 9}, {1, 7}), Operand({1, 9})));
}

TEST(Matmul, PartOfALargerBuffer) {
  check(matmul(Operand({5, 7}, {20, 1}), Operand({7, 9}, {30, 1}),
               Operand({5, 9}, {11, 1})));
  check(matmul(Operand({2, 5, 7}, {200, 20, 1}), Operand({7, 9}),
               Operand({2, 5, 9})));
}

TEST(Matmul, Batch) {
  check(matmul(Operand({3, 5, 7}), Operand({3, 7, 9}), Operand({3, 5, 9})));
  check(matmul(Operand({2, 3, 5, 7}), Operand({2, 3, 7, 9}),
               Operand({2, 3, 5, 9})),
        2);
  // Heads of an attention: the batch is not outermost in memory.
  check(matmul(Operand({2, 3, 5, 8}, {120, 8, 24, 1}),
               Operand({2, 3, 8, 5}, {120, 8, 1, 24}), Operand({2, 3, 5, 5})));
}

TEST(Matmul, BroadcastBatch) {
  check(matmul(Operand({3, 5, 7}), Operand({7, 9}), Operand({3, 5, 9})));
  check(matmul(Operand({5, 7}), Operand({3, 7, 9}), Operand({3, 5, 9})));
  check(
      matmul(Operand({2, 1, 5, 7}), Operand({3, 7, 9}), Operand({2, 3, 5, 9})));
  check(matmul(Operand({2, 3, 5, 7}), Operand({1, 1, 7, 9}),
               Operand({2, 3, 5, 9})));
}

TEST(Matmul, Bias) {
  LibraryCall call =
      matmul(Operand({3, 5, 7}), Operand({7, 9}), Operand({3, 5, 9}));
  addBias(call);
  check(call);
  call = matmul(Operand({3, 5, 7}), Operand({3, 7, 9}), Operand({3, 5, 9}));
  addBias(call);
  check(call);
}

TEST(Matmul, EachUnaryPostOp) {
  for (int32_t kind = RAC_POST_RELU; kind <= RAC_POST_SOFTPLUS; ++kind) {
    SCOPED_TRACE(kind);
    LibraryCall call =
        matmul(Operand({20, 7}), Operand({7, 40}), Operand({20, 40}));
    addBias(call);
    bool clip = kind == RAC_POST_CLIP;
    addPostOp(call, kind, clip ? -.5f : .3f, clip ? .25f : .4f);
    check(call);
  }
}

TEST(Matmul, UnboundedClip) {
  LibraryCall call =
      matmul(Operand({20, 7}), Operand({7, 40}), Operand({20, 40}));
  addPostOp(call, RAC_POST_CLIP, 0, INFINITY);
  addPostOp(call, RAC_POST_CLIP, -INFINITY, .5f);
  check(call);
}

TEST(Matmul, EachBinaryPostOp) {
  for (int32_t kind = RAC_POST_ADD; kind <= RAC_POST_MIN; ++kind)
    for (const auto &sizes : std::vector<std::vector<int64_t>>{
             {3, 5, 9}, {9}, {1}, {5, 9}, {3, 1, 1}, {1, 5, 1}, {}}) {
      SCOPED_TRACE(kind * 100 + int(sizes.size()));
      LibraryCall call =
          matmul(Operand({3, 5, 7}), Operand({7, 9}), Operand({3, 5, 9}));
      addPostOp(call, kind, Operand(sizes));
      check(call);
    }
}

TEST(Matmul, ChainOfPostOps) {
  LibraryCall call =
      matmul(Operand({3, 16, 7}), Operand({7, 32}), Operand({3, 16, 32}));
  addBias(call);
  addPostOp(call, RAC_POST_GELU);
  addPostOp(call, RAC_POST_MUL, Operand({32}));
  addPostOp(call, RAC_POST_ADD, Operand({3, 16, 32}));
  addPostOp(call, RAC_POST_LINEAR, .5f, 1);
  check(call, 2);
}

TEST(Matmul, NothingToSum) {
  LibraryCall call = matmul(Operand({5, 0}), Operand({0, 9}), Operand({5, 9}));
  check(call);
  addBias(call);
  addPostOp(call, RAC_POST_SIGMOID);
  addPostOp(call, RAC_POST_ADD, Operand({5, 1}));
  check(call);
}

TEST(Matmul, NothingToCompute) {
  check(matmul(Operand({0, 4}), Operand({4, 9}), Operand({0, 9})));
  check(matmul(Operand({0, 5, 4}), Operand({4, 9}), Operand({0, 5, 9})));
}

TEST(Matmul, ShapesThatChange) {
  static LibraryCall *current;
  TestModel model({}, {}, {}, [](RacContext *context) {
    rac_library_call(context, &current->call, current->data.data(),
                     current->shape.data());
  });
  TestContext context(model, 2);
  for (int round = 0; round < 2; ++round)
    for (int64_t rows = 1; rows < 100;
         rows += round + 1) { // more than a site keeps
      LibraryCall call =
          matmul(Operand({rows, 7}), Operand({7, 9}), Operand({rows, 9}));
      call.prepare();
      current = &call;
      ASSERT_EQ(context.run({}, {}), RAC_OK) << context.error();
      call.compare();
    }
}

TEST(Conv, Plain) {
  check(conv({1, 8, 9, 3}, 16, {{3, 3}}));
  check(conv({2, 8, 9, 32}, 64, {{3, 3}, 2, 1, 1}), 2);
  check(conv({2, 7, 7, 64}, 32, {{1, 1}}));
  check(conv({1, 20, 20, 3}, 16, {{7, 7}, 2, 1, 3}));
  check(conv({1, 1, 1, 5}, 3, {{1, 1}}));
}

TEST(Conv, OtherRanks) {
  check(conv({2, 30, 5}, 8, {{3}, 2, 1, 1}));
  check(conv({1, 5, 6, 7, 4}, 8, {{3, 3, 3}, 1, 1, 1}));
}

TEST(Conv, DilatedAndGrouped) {
  check(conv({1, 12, 12, 16}, 16, {{3, 3}, 1, 2, 2}));
  check(conv({1, 12, 12, 32}, 64, {{3, 3}, 1, 1, 1, 4}));
  check(conv({1, 12, 12, 32}, 32, {{3, 3}, 2, 1, 1, 32}));
  check(conv({1, 12, 12, 6}, 9, {{3, 3}, 1, 1, 1, 3}));
}

TEST(Conv, BiasAndPostOps) {
  LibraryCall call = conv({2, 8, 9, 32}, 64, {{3, 3}, 1, 1, 1});
  addBias(call);
  addPostOp(call, RAC_POST_ADD, Operand({2, 8, 9, 64}));
  addPostOp(call, RAC_POST_RELU);
  check(call, 2);
  call = conv({2, 8, 9, 16}, 16, {{3, 3}, 1, 1, 1, 16});
  addBias(call);
  addPostOp(call, RAC_POST_HARD_SWISH);
  addPostOp(call, RAC_POST_MUL, Operand({16}));
  addPostOp(call, RAC_POST_MUL, Operand({2, 1, 1, 16}));
  check(call);
}

TEST(Conv, IntoPartOfALargerBuffer) {
  LibraryCall call = conv({1, 6, 6, 16}, 16, {{3, 3}, 1, 1, 1});
  call.result() = Operand({1, 6, 6, 16}, {6 * 6 * 40, 6 * 40, 40, 1});
  check(call);
}

TEST(Conv, UnevenPads) {
  LibraryCall call = conv({1, 8, 8, 4}, 8, {{3, 3}, 2});
  call.padsLow = {0, 1};
  call.padsHigh = {1, 0};
  call.result() = Operand({1, 4, 4, 8});
  check(call);
}

TEST(ConvTranspose, Plain) {
  check(conv({1, 5, 6, 8}, 16, {{2, 2}, 2}, true));
  check(conv({2, 5, 6, 8}, 4, {{3, 3}, 2, 1, 1}, true), 2);
  check(conv({1, 9, 8}, 4, {{4}, 2, 1, 1}, true));
  check(conv({1, 3, 4, 5, 8}, 4, {{3, 3, 3}, 1, 1, 1}, true));
}

TEST(ConvTranspose, GroupsDilationBias) {
  check(conv({1, 5, 6, 8}, 12, {{3, 3}, 2, 1, 1, 4}, true));
  check(conv({1, 5, 6, 8}, 12, {{3, 3}, 2, 2, 1, 1}, true));
  LibraryCall call = conv({1, 5, 6, 8}, 12, {{3, 3}, 2, 1, 1}, true);
  addBias(call);
  addPostOp(call, RAC_POST_SIGMOID);
  check(call);
}

TEST(ConvTranspose, OutputPadding) {
  LibraryCall call = conv({1, 5, 6, 8}, 4, {{3, 3}, 2, 1, 1}, true);
  call.padsHigh = {0, 0};
  call.result() = Operand({1, 10, 12, 4});
  check(call);
}

TEST(Library, RefusesWhatItCannot) {
  LibraryCall call = matmul(Operand({5, 7}), Operand({8, 9}), Operand({5, 9}));
  call.prepare();
  call.check(1, "library call 0: oneDNN");
  call = matmul(Operand({5, 7}), Operand({7, 9}), Operand({5, 9}));
  call.prepare();
  call.dtypes[0] = RAC_I64;
  call.check(1, "dtype is not one of oneDNN's");
  call.dtypes[0] = RAC_F32;
  addPostOp(call, 99);
  call.prepare();
  call.check(1, "post-op 0 (kind 99, operand -1)");
  call = conv({1, 3, 3, 3, 3, 3, 3}, 4, {{1, 1, 1, 1, 1}});
  call.prepare();
  call.check(1, "ranks are not a convolution's");
}

TEST(Library, NotInALoop) {
  TestModel model({}, {}, {}, [](RacContext *context) {
    auto body = [](RacContext *context, void *, int64_t, int64_t) {
      RacLibraryCall call = {};
      rac_library_call(context, &call, nullptr, nullptr);
    };
    rac_parallel_for(context, 2, 1, 0, body, nullptr);
  });
  TestContext context(model, 2);
  EXPECT_EQ(context.run({}, {}), RAC_FAILED);
  EXPECT_EQ(context.error(), "library call 0: within a parallel loop");
}

TEST(Library, ContextsAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      thread_local LibraryCall *current;
      TestModel model({}, {}, {}, [](RacContext *context) {
        rac_library_call(context, &current->call, current->data.data(),
                         current->shape.data());
      });
      TestContext context(model, 2);
      LibraryCall call = conv({1, 8, 9, 16}, 16, {{3, 3}, 1, 1, 1});
      call.prepare();
      current = &call;
      for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(context.run({}, {}), RAC_OK) << context.error();
        call.compare();
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

} // namespace
