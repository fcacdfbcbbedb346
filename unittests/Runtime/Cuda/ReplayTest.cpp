//===- ReplayTest.cpp - Runs that repeat an earlier one -------------------===//

#include "CudaModel.h"

using namespace rac::test;

namespace {

int mainCalls;
void countedMain(RacContext *context) {
  ++mainCalls;
  plusTwoMain(context);
}

struct Replay : CudaTest {
  PlusTwo model{countedMain};
  std::vector<float> xs = std::vector<float>(100000, 1), ys = xs;

  Replay() { mainCalls = 0; }

  /// Runs on `size` numbers from host to host.
  void runHere(TestContext &context, int64_t size, bool lend = false) {
    TestTensor x(xs.data(), {size}), y(ys.data(), {size});
    DLTensor lent = {};
    ys[size - 1] = 0;
    ASSERT_EQ(context.run({&x}, {lend ? &lent : &y}), RAC_OK)
        << context.error();
    EXPECT_EQ((lend ? static_cast<float *>(lent.data) : ys.data())[size - 1],
              3);
  }
  int recorded() { return cuda.calls["cuGraphInstantiateWithFlags"]; }
  int replayed() { return cuda.calls["cuGraphLaunch"]; }
};

TEST_F(Replay, FromTheSecondRunOn) {
  TestContext context(model);
  for (int i = 0; i < 5; ++i)
    runHere(context, 10);
  EXPECT_EQ(mainCalls, 2);
  EXPECT_EQ(recorded(), 1);
  EXPECT_EQ(replayed(), 4);
  EXPECT_EQ(cuda.calls["cuLaunchKernel"], 4);
}

TEST_F(Replay, WhereResultsGoOnTheHostIsNoDifference) {
  TestContext context(model);
  for (int i = 0; i < 6; ++i)
    runHere(context, 10, /*lend=*/i % 2);
  EXPECT_EQ(mainCalls, 2);
}

TEST_F(Replay, SwitchedOff) {
  RacOptions options = makeOptions();
  options.graphs = RAC_GRAPHS_NONE;
  RacContext *context = nullptr;
  ASSERT_EQ(rac_model_create(&model.info, &options, &context), RAC_OK);
  TestTensor x(xs.data(), {5}), y(ys.data(), {5});
  const DLTensor *inputs[] = {&x};
  DLTensor *outputs[] = {&y};
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(rac_model_run(context, inputs, 1, outputs, 1), RAC_OK);
  EXPECT_EQ(mainCalls, 3);
  EXPECT_EQ(cuda.calls["cuStreamBeginCapture_v2"], 0);
  rac_model_destroy(context);
}

TEST_F(Replay, EachShapeIsAKind) {
  TestContext context(model);
  runHere(context, 100); // the largest first: nothing has to grow
  for (int i = 0; i < 4; ++i)
    for (int64_t size : {100, 50, 20})
      runHere(context, size);
  EXPECT_EQ(mainCalls, 6);
  EXPECT_EQ(recorded(), 3);
}

TEST_F(Replay, EachAddressOnTheDeviceIsAKind) {
  TestContext context(model);
  DeviceArray a({1, 2}), b({3, 4}), c({0, 0}), d({0, 0});
  for (int i = 0; i < 4; ++i)
    for (DeviceArray *from : {&a, &b})
      for (DeviceArray *to : {&c, &d}) {
        DeviceTensor x(from->data(), {2}), y(to->data(), {2});
        to->data()[0] = 0;
        ASSERT_EQ(context.run({&x}, {&y}), RAC_OK);
        EXPECT_EQ(to->data()[0], from->data()[0] + 2);
      }
  EXPECT_EQ(mainCalls, 8);
  EXPECT_EQ(recorded(), 4);
}

TEST_F(Replay, WhatGrowsMakesRecordingsVoid) {
  TestContext context(model);
  for (int64_t size : {10, 20000, 10, 60000, 10})
    for (int i = 0; i < 3; ++i)
      runHere(context, size);
  // Of 10: noted, recorded; of each larger size as well, and 10 anew.
  EXPECT_EQ(recorded(), 5);
  EXPECT_EQ(cuda.executables, 3 - 1) << "20000 has not run since";
}

TEST_F(Replay, EightKindsAreKept) {
  TestContext context(model);
  runHere(context, 1000);
  for (int round = 0; round < 3; ++round)
    for (int64_t size = 1; size <= 8; ++size)
      runHere(context, size);
  EXPECT_EQ(mainCalls, 1 + 2 * 8);
  EXPECT_EQ(cuda.executables, 8);
  for (int i = 0; i < 2; ++i)
    runHere(context, 9); // instead of 1, the one that ran longest ago
  EXPECT_EQ(cuda.executables, 8);
  mainCalls = 0;
  for (int64_t size = 2; size <= 9; ++size)
    runHere(context, size);
  EXPECT_EQ(mainCalls, 0);
  runHere(context, 1);
  EXPECT_EQ(mainCalls, 1);
}

TEST_F(Replay, FailingToRecordIsNoFailure) {
  for (const char *name : {"cuStreamBeginCapture_v2", "cuStreamEndCapture",
                           "cuGraphInstantiateWithFlags"}) {
    cuda.failures = {{name, {0, 900}}};
    TestContext context(model);
    mainCalls = 0;
    for (int i = 0; i < 4; ++i)
      runHere(context, 10);
    EXPECT_GE(mainCalls, 4) << name;
    EXPECT_EQ(replayed(), 0);
    cuda.failures.clear();
    // The fake's stream is left as it is when EndCapture fails.
  }
}

bool readsNow;
TEST_F(Replay, ReadingComesUpWhileRecording) {
  model.info.main = [](RacContext *context) {
    ++mainCalls;
    float value = 0;
    if (readsNow)
      rac_read(context, &value, rac_input(context, 0), sizeof(value));
    plusTwoMain(context);
  };
  TestContext context(model);
  readsNow = false;
  runHere(context, 10);
  readsNow = true;
  for (int i = 0; i < 3; ++i)
    runHere(context, 10);
  EXPECT_EQ(mainCalls, 5) << "once more, to record, in vain";
  EXPECT_EQ(replayed(), 0);
}

TEST_F(Replay, TemporaryMemoryStaysWhereItIs) {
  model.info.main = [](RacContext *context) {
    ++mainCalls;
    int64_t n = rac_input_dim(context, 0, 0);
    void *between[] = {rac_heap(context, n * 4), rac_scratch(context, n * 4)};
    launch(context, 0, 1,
           {number(between[0]), number(rac_input(context, 0)), n});
    launch(context, 0, 1, {number(between[1]), number(between[0]), n});
    launch(context, 0, 1, {number(between[0]), number(between[1]), n});
    launch(context, 0, 1,
           {number(rac_output(context, 0, 1, &n)), number(between[1]), n});
  };
  TestContext context(model);
  std::vector<float> xs(90000, 1), ys(90000);
  for (int64_t size : {10, 90000, 10, 90000, 10}) {
    TestTensor x(xs.data(), {size}), y(ys.data(), {size});
    for (int i = 0; i < 3; ++i) {
      ys[size - 1] = 0;
      ASSERT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
      EXPECT_EQ(ys[size - 1], 4);
    }
  }
  EXPECT_GT(replayed(), 6);
}

} // namespace
