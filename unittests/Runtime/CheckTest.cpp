//===- CheckTest.cpp - Tensors that do not fit are refused ----------------===//

#include "TestModel.h"

#include <gmock/gmock.h>

using namespace rac::test;
using ::testing::HasSubstr;

namespace {

/// y[batch, 3] = 2 x[batch, 3]; z[] = k[] (an i64 scalar).
void doubleMain(RacContext *context) {
  int64_t sizes[] = {rac_input_dim(context, 0, 0), 3};
  auto *x = static_cast<const float *>(rac_input(context, 0));
  auto *y = static_cast<float *>(rac_output(context, 0, 2, sizes));
  for (int64_t i = 0; i < sizes[0] * 3; ++i)
    y[i] = 2 * x[i];
  *static_cast<int64_t *>(rac_output(context, 1, 0, nullptr)) =
      *static_cast<const int64_t *>(rac_input(context, 1));
}

struct Check : testing::Test {
  TestModel model{{{"x", RAC_F32, {-1, 3}}, {"k", RAC_I64, {}}},
                  {{"y", RAC_F32, {-1, 3}}, {"z", RAC_I64, {}}},
                  {"batch"},
                  doubleMain};
  TestContext context{model};
  float xs[6] = {1, 2, 3, 4, 5, 6}, ys[6] = {};
  int64_t ks[1] = {7}, zs[1] = {};
  TestTensor x{xs, {2, 3}}, y{ys, {2, 3}};
  TestTensor k{ks, {}, RAC_I64}, z{zs, {}, RAC_I64};

  int run() { return context.run({&x, &k}, {&y, &z}); }
  void refuses(const char *message) {
    EXPECT_EQ(run(), RAC_INVALID_ARGUMENT);
    EXPECT_THAT(context.error(), HasSubstr(message));
    EXPECT_EQ(ys[0], 0) << "nothing is written";
  }
};

TEST_F(Check, Accepts) {
  ASSERT_EQ(run(), RAC_OK) << context.error();
  EXPECT_EQ(ys[5], 12);
  EXPECT_EQ(zs[0], 7);
}

TEST_F(Check, Count) {
  EXPECT_EQ(context.run({&x}, {&y, &z}), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(context.error(), "the model has 2 inputs, not 1");
  EXPECT_EQ(context.run({&x, &k}, {}), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(context.error(), "the model has 2 outputs, not 0");
}

TEST_F(Check, NullArrays) {
  DLTensor *outputs[] = {&y, &z};
  EXPECT_EQ(rac_model_run(context.context, nullptr, 2, outputs, 2),
            RAC_INVALID_ARGUMENT);
  EXPECT_EQ(context.error(), "the array of inputs is a null pointer");
  const DLTensor *inputs[] = {&x, &k};
  EXPECT_EQ(rac_model_run(context.context, inputs, 2, nullptr, 2),
            RAC_INVALID_ARGUMENT);
  EXPECT_EQ(context.error(), "the array of outputs is a null pointer");
}

TEST_F(Check, NullTensor) {
  EXPECT_EQ(context.run({nullptr, &k}, {&y, &z}), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(context.error(), "input 'x': is a null pointer");
  EXPECT_EQ(context.run({&x, &k}, {&y, nullptr}), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(context.error(), "output 'z': is a null pointer");
}

TEST_F(Check, NullContext) {
  EXPECT_EQ(rac_model_run(nullptr, nullptr, 0, nullptr, 0),
            RAC_INVALID_ARGUMENT);
  EXPECT_STREQ(rac_model_last_error(nullptr), "the context is a null pointer");
  rac_model_destroy(nullptr);
}

TEST_F(Check, NullShape) {
  x.shape = nullptr;
  refuses("input 'x': its shape is a null pointer");
}

TEST_F(Check, NullData) {
  x.data = nullptr;
  refuses("input 'x': its data is a null pointer");
}

TEST_F(Check, Rank) {
  x.ndim = 1;
  refuses("input 'x': must have 2 dimensions, [batch, 3], has 1");
}

TEST_F(Check, HugeRank) {
  x.ndim = -1;
  refuses("has -1");
}

TEST_F(Check, StaticSize) {
  x.sizes[1] = 4;
  refuses("input 'x': must be of shape [batch, 3], is [2, 4]");
}

TEST_F(Check, NegativeSize) {
  x.sizes[0] = -2;
  refuses("input 'x': the size of dimension 0 is negative: -2");
}

TEST_F(Check, TooLarge) {
  x.sizes[0] = INT64_MAX / 2;
  refuses("input 'x': shape [4611686018427387903, 3] is too large");
}

TEST_F(Check, Symbol) {
  y.sizes[0] = 1;
  refuses("output 'y' of shape [1, 3]: dimension 0 is 'batch', which is 2 "
          "elsewhere");
}

TEST_F(Check, Dtype) {
  x.dtype = {kDLFloat, 64, 1};
  refuses("input 'x': must be f32, is f64");
  x.dtype = {77, 13, 2};
  refuses("input 'x': must be f32, is DLPack type 77, 13 bits, 2 lanes");
}

TEST_F(Check, OutputDtype) {
  y.dtype = {kDLInt, 32, 1};
  refuses("output 'y': must be f32, is i32");
}

TEST_F(Check, Device) {
  x.device.device_type = kDLCUDA;
  refuses("input 'x': must be in CPU memory, is on DLPack device type 2");
}

TEST_F(Check, Strides) {
  int64_t transposed[] = {1, 2};
  x.strides = transposed;
  refuses("input 'x': must be contiguous (row-major), has shape [2, 3] and "
          "strides [1, 2]");
}

TEST_F(Check, StridesOfOneRow) {
  int64_t strides[] = {1000, 1}; // of a size of 1, the stride means nothing
  x.strides = strides;
  x.sizes[0] = y.sizes[0] = 1;
  EXPECT_EQ(run(), RAC_OK) << context.error();
}

TEST_F(Check, Unaligned) {
  x.byte_offset = 2;
  refuses("input 'x': its data must be aligned to 4 bytes, as f32 is");
}

TEST_F(Check, ByteOffset) {
  x.byte_offset = 12;
  x.sizes[0] = y.sizes[0] = 1;
  ASSERT_EQ(run(), RAC_OK);
  EXPECT_EQ(ys[0], 8);
}

TEST_F(Check, OverlapWithInput) {
  y.data = xs;
  refuses("output 'y': its memory overlaps that of input 'x'");
}

TEST_F(Check, OverlapWithOutput) {
  z.data = ys + 4;
  refuses("output 'z': its memory overlaps that of output 'y'");
}

TEST_F(Check, Empty) {
  x.data = nullptr; // there is nothing to point to
  x.sizes[0] = 0;
  y.data = nullptr;
  ASSERT_EQ(run(), RAC_OK) << context.error();
  EXPECT_EQ(y.shape[0], 0);
  EXPECT_NE(y.data, nullptr);
}

TEST_F(Check, ErrorsBelongToTheirContext) {
  TestContext other{model};
  x.ndim = 3;
  EXPECT_EQ(run(), RAC_INVALID_ARGUMENT);
  EXPECT_NE(context.error(), "");
  EXPECT_EQ(other.error(), "");
}

} // namespace
