//===- StatusTest.cpp - What kernels leave in a context's memory ----------===//

#include "CudaModel.h"

using namespace rac::test;
using ::testing::Each;

namespace {

//===----------------------------------------------------------------------===//
// Status
//===----------------------------------------------------------------------===//

void statusMain(RacContext *context) {
  int64_t n = rac_input_dim(context, 0, 0);
  launch(context, 1, 1,
         {number(rac_kernel_status(context)), number(rac_input(context, 0))});
  launch(context, 0, 1,
         {number(rac_output(context, 0, 1, &n)), number(rac_input(context, 0)),
          n});
}

/// A negative first number is a failure.
void statusKernel(const int64_t *params, const unsigned *, const unsigned *,
                  unsigned) {
  float first = *reinterpret_cast<const float *>(params[1]);
  if (first < 0)
    *reinterpret_cast<int32_t *>(params[0]) = int32_t(-first);
}

struct KernelStatus : CudaTest {
  PlusTwo model{statusMain};
  float xs[3] = {1, 2, 3}, ys[3] = {};
  TestTensor x{xs, {3}}, y{ys, {3}};

  KernelStatus() { model.addKernel("status", statusKernel); }
};

TEST_F(KernelStatus, BecomesAMessage) {
  TestContext context(model);
  for (int i = 0; i < 3; ++i) { // recorded, too
    xs[0] = -2;
    EXPECT_EQ(context.run({&x}, {&y}), RAC_FAILED);
    EXPECT_EQ(context.error(), "no such token");
    xs[0] = -1;
    EXPECT_EQ(context.run({&x}, {&y}), RAC_FAILED);
    EXPECT_EQ(context.error(), "index out of range");
    EXPECT_EQ(ys[0], i ? 2 : 0) << "nothing is written";
    xs[0] = 1;
    EXPECT_EQ(context.run({&x}, {&y}), RAC_OK);
  }
  xs[0] = -3;
  EXPECT_EQ(context.run({&x}, {&y}), RAC_FAILED);
  EXPECT_EQ(context.error(), "a kernel failed with status 3");
}

/// Makes an output as large as a kernel's number says, which comes before
/// that kernel's failure is told.
void statusReadMain(RacContext *context) {
  launch(context, 1, 1,
         {number(rac_kernel_status(context)), number(rac_input(context, 0))});
  auto *between = rac_heap(context, 4);
  launch(context, 0, 1, {number(between), number(rac_input(context, 0)), 1});
  float size = 0;
  rac_read(context, &size, between, sizeof(size));
  auto n = int64_t(size);
  rac_output(context, 0, 1, &n);
}

TEST_F(KernelStatus, IsLookedAtBeforeWhatWasComputedIs) {
  model.info.main = statusReadMain;
  TestContext context(model);
  for (int i = 0; i < 3; ++i) {
    xs[0] = -1;
    EXPECT_EQ(context.run({&x}, {&y}), RAC_FAILED);
    EXPECT_EQ(context.error(), "index out of range")
        << "not what comes of a size of 0";
    xs[0] = 2;
    EXPECT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
  }
}

TEST_F(KernelStatus, OfAnEarlierRunInTheCallersStream) {
  DeviceArray from({-1, 2, 3}), to({0, 0, 0});
  DeviceTensor dx(from.data(), {3}), dy(to.data(), {3});
  RacOptions options = makeOptions();
  options.stream = reinterpret_cast<void *>(1);
  RacContext *context = nullptr;
  ASSERT_EQ(rac_model_create(&model.info, &options, &context), RAC_OK);
  const DLTensor *inputs[] = {&dx}, *hostInputs[] = {&x};
  DLTensor *outputs[] = {&dy}, *hostOutputs[] = {&y};
  ASSERT_EQ(rac_model_run(context, inputs, 1, outputs, 1), RAC_OK);
  EXPECT_EQ(rac_model_run(context, hostInputs, 1, hostOutputs, 1), RAC_FAILED);
  EXPECT_EQ(std::string(rac_model_last_error(context)), "index out of range");
  EXPECT_EQ(rac_model_run(context, hostInputs, 1, hostOutputs, 1), RAC_OK);
  rac_model_destroy(context);
}

//===----------------------------------------------------------------------===//
// Counters
//===----------------------------------------------------------------------===//

using Counters = CudaTest;

/// Counts in as many counters as x has elements, from 0 on, and puts zeros back
/// unless the first one says no.
void countKernel(const int64_t *params, const unsigned *, const unsigned *,
                 unsigned) {
  auto *counters = reinterpret_cast<int32_t *>(params[0]);
  auto *y = reinterpret_cast<float *>(params[1]);
  auto *x = reinterpret_cast<const float *>(params[2]);
  for (int64_t i = 0; i < params[3]; ++i) {
    y[i] = float(counters[i]++);
    if (x[0] >= 0)
      counters[i] = 0;
  }
  if (params[3] > 0 && x[0] < 0)
    *reinterpret_cast<int32_t *>(params[4]) = 1;
}

TEST_F(Counters, AreZerosWhateverRanBefore) {
  PlusTwo model([](RacContext *context) {
    int64_t n = rac_input_dim(context, 0, 0);
    void *counters = rac_counters(context, n);
    launch(context, 1, 1,
           {number(counters), number(rac_output(context, 0, 1, &n)),
            number(rac_input(context, 0)), n,
            number(rac_kernel_status(context))});
  });
  model.addKernel("count", countKernel);
  TestContext context(model), other(model);
  std::vector<float> xs(5000), ys(5000);
  for (int64_t size : {3, 3, 5000, 3, 5000, 5000, 0, 5000}) {
    TestTensor x(xs.data(), {size}), y(ys.data(), {size});
    for (TestContext *runs : {&context, &other})
      for (float first : {1, -1, 1}) {
        xs[0] = first;
        ys.assign(5000, 7);
        EXPECT_EQ(runs->run({&x}, {&y}),
                  first < 0 && size ? RAC_FAILED : RAC_OK)
            << runs->error();
        if (first > 0 && size)
          EXPECT_THAT(std::vector<float>(ys.begin(), ys.begin() + size),
                      Each(0));
      }
  }
}

} // namespace
