//===- PackTest.cpp - Weights in the library's layout ---------------------===//

#include "LibraryCall.h"

using namespace rac::test;

namespace {

void checkPacked(LibraryCall call, int threads = 1) {
  call.prepare();
  ASSERT_EQ(call.pack(), RAC_OK) << call.format.message;
  call.check(threads);
}

TEST(Pack, Matmul) {
  checkPacked(
      matmul(Operand({64, 100}), Operand({100, 70}), Operand({64, 70})));
  checkPacked(matmul(Operand({3, 5, 7}), Operand({7, 9}), Operand({3, 5, 9})));
  checkPacked(
      matmul(Operand({3, 5, 7}), Operand({1, 1, 7, 9}), Operand({3, 5, 9})));
  checkPacked(
      matmul(Operand({3, 5, 7}), Operand({3, 7, 9}), Operand({3, 5, 9})));
}

TEST(Pack, MatmulTransposed) {
  checkPacked(matmul(Operand({64, 100}), Operand({100, 70}, {1, 100}),
                     Operand({64, 70})));
}

TEST(Pack, Conv) {
  checkPacked(conv({2, 8, 9, 32}, 64, {{3, 3}, 2, 1, 1}), 2);
  checkPacked(conv({1, 20, 20, 3}, 16, {{7, 7}, 2, 1, 3}));
  checkPacked(conv({1, 12, 12, 32}, 32, {{3, 3}, 2, 1, 1, 32}));
  checkPacked(conv({1, 12, 12, 32}, 64, {{3, 3}, 1, 1, 1, 4}));
  checkPacked(conv({1, 30, 5}, 8, {{3}, 2, 1, 1}));
  checkPacked(conv({1, 5, 6, 8}, 16, {{2, 2}, 2}, true));
  checkPacked(conv({1, 5, 6, 8}, 12, {{3, 3}, 2, 1, 1, 4}, true));
}

TEST(Pack, GoodForOtherShapes) {
  LibraryCall call =
      matmul(Operand({64, 100}), Operand({100, 70}), Operand({64, 70}));
  call.prepare();
  ASSERT_EQ(call.pack(), RAC_OK);
  for (int64_t rows : {1, 3, 1000}) {
    LibraryCall other = call;
    other.operands[0] = Operand({rows, 100});
    other.result() = Operand({rows, 70});
    other.prepare();
    other.data[1] = call.data[1];
    other.call.packed = call.call.packed;
    other.call.weights_dims = call.call.weights_dims;
    other.check();
  }
  // A batch that can't be walked as one dimension.
  LibraryCall other = call;
  other.operands[0] = Operand({2, 5, 100}, {1000, 120, 1});
  other.result() = Operand({2, 5, 70});
  other.prepare();
  other.data[1] = call.data[1];
  other.call.packed = call.call.packed;
  other.call.weights_dims = call.call.weights_dims;
  other.check(2);
}

/// For more pixels oneDNN blocks channels by another number (on some machines):
/// the weights change from one packed layout into another.
TEST(Pack, ConvGoodForOtherShapes) {
  for (auto [in, out] : {std::pair{192, 384}, {384, 384}, {70, 90}}) {
    LibraryCall call = conv({1, 2, 2, in}, out, {{1, 1}, 1, 1, 0});
    call.prepare();
    ASSERT_EQ(call.pack(), RAC_OK) << call.format.message;
    for (int64_t side : {1, 10, 33}) {
      LibraryCall other = conv({1, side, side, in}, out, {{1, 1}, 1, 1, 0});
      other.operands[1] = call.operands[1];
      other.prepare();
      other.data[1] = call.data[1];
      other.call.packed = call.call.packed;
      other.call.packed_size = call.call.packed_size;
      other.call.weights_rank = call.call.weights_rank;
      other.call.weights_dims = call.call.weights_dims;
      other.call.weights_dtype = call.call.weights_dtype;
      other.check();
    }
  }
}

/// Two calls at one site: what is kept of one's weights is not the other's.
/// Packed for one thread, run on two, where oneDNN takes another layout (on
/// some machines).
TEST(Pack, SharedSiteOnOtherThreads) {
  static LibraryCall calls[2];
  for (LibraryCall &call : calls) {
    call = conv({1, 1, 1, 960}, 240, {{1, 1}, 1, 1, 0});
    call.prepare();
    ASSERT_EQ(call.pack(), RAC_OK) << call.format.message;
  }
  TestModel model({}, {}, {}, [](RacContext *context) {
    for (LibraryCall &call : calls)
      rac_library_call(context, &call.call, call.data.data(),
                       call.shape.data());
  });
  TestContext context(model, 2);
  for (int round = 0; round < 2; ++round) {
    for (LibraryCall &call : calls)
      std::fill(call.result().data.begin(), call.result().data.end(), -1000);
    ASSERT_EQ(context.run({}, {}), RAC_OK) << context.error();
    for (LibraryCall &call : calls)
      call.compare();
  }
}

TEST(Pack, ForThreads) {
  LibraryCall call = conv({1, 1, 1, 960}, 240, {{1, 1}, 1, 1, 0});
  call.prepare();
  ASSERT_EQ(call.pack(2), RAC_OK) << call.format.message;
  for (int threads : {1, 2, 3})
    call.check(threads);
}

TEST(Pack, RefusesAnotherFormat) {
  LibraryCall call =
      matmul(Operand({64, 100}), Operand({100, 70}), Operand({64, 70}));
  call.prepare();
  ASSERT_EQ(call.pack(), RAC_OK);
  call.format.blob[0] = 'X';
  call.check(1, "packed layout is not one of this version");
  call.format.blob[0] = 'R';
  memcpy(call.format.blob + 4, "warp", 5);
  call.check(1, "packed as warp, which this oneDNN does not know");
}

TEST(Pack, RefusesWhatCannotBeCalled) {
  LibraryCall call = matmul(Operand({5, 7}), Operand({8, 9}), Operand({5, 9}));
  call.prepare();
  EXPECT_EQ(call.pack(), RAC_UNSUPPORTED);
  EXPECT_NE(std::string(call.format.message).find("does not support"),
            std::string::npos)
      << call.format.message;
}

} // namespace
