//===- ErrorMetricTest.cpp - Errors worked out by hand --------------------===//

#include "rac/Precision/ErrorMetric.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace rac;

namespace {

HostArray array(std::vector<float> values, std::vector<int64_t> shape) {
  HostArray array{RAC_F32, std::move(shape), {}};
  const char *bytes = reinterpret_cast<const char *>(values.data());
  array.bytes.assign(bytes, bytes + values.size() * sizeof(float));
  return array;
}

double errorOf(ErrorMetric metric, std::vector<float> wanted,
               std::vector<float> got, const std::vector<int64_t> &shape) {
  ErrorMeter meter(metric);
  HostArray a = array(std::move(wanted), shape),
            b = array(std::move(got), shape);
  meter.add(0, a.view(), b.view());
  return meter.error();
}

constexpr ErrorMetric kAll[] = {ErrorMetric::relativeL2, ErrorMetric::cosine,
                                ErrorMetric::maxAbs, ErrorMetric::top1};

TEST(ErrorMetric, ByHand) {
  EXPECT_DOUBLE_EQ(errorOf(ErrorMetric::relativeL2, {3, 4}, {3, 4.5f}, {2}),
                   0.1);
  EXPECT_DOUBLE_EQ(errorOf(ErrorMetric::cosine, {1, 0}, {1, 1}, {2}),
                   1 - 1 / std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(errorOf(ErrorMetric::maxAbs, {1, 2, 3}, {1, 2.5f, 2}, {3}),
                   1);
  EXPECT_DOUBLE_EQ(errorOf(ErrorMetric::top1, {1, 2, 3, 0, 5, 4, 9, 1},
                           {1, 3, 2, 4, 5, 4, 9, 1}, {4, 2}),
                   0.25);
}

TEST(ErrorMetric, OfTheSameIsNothing) {
  float nan = std::nanf(""), infinity = INFINITY;
  for (ErrorMetric metric : kAll) {
    EXPECT_EQ(errorOf(metric, {1, nan, infinity}, {1, nan, infinity}, {3}), 0);
    EXPECT_EQ(errorOf(metric, {0, 0}, {0, 0}, {2}), 0);
    EXPECT_EQ(errorOf(metric, {}, {}, {0}), 0);
  }
}

TEST(ErrorMetric, OfWhatIsNoNumberIsInfinite) {
  float nan = std::nanf("");
  for (ErrorMetric metric :
       {ErrorMetric::relativeL2, ErrorMetric::cosine, ErrorMetric::maxAbs}) {
    EXPECT_EQ(errorOf(metric, {1, 2}, {1, nan}, {2}), INFINITY);
    EXPECT_EQ(errorOf(metric, {1, INFINITY}, {1, 2}, {2}), INFINITY);
  }
  EXPECT_EQ(errorOf(ErrorMetric::relativeL2, {0}, {1}, {1}), INFINITY);
}

TEST(ErrorMetric, TakesSamplesTogetherAndTheWorstOutput) {
  ErrorMeter meter(ErrorMetric::relativeL2);
  HostArray big = array({10, 0}, {2}), bigOff = array({10, 1}, {2}),
            small = array({0, 0}, {2}), none = array({1}, {1});
  meter.add(0, big.view(), bigOff.view());
  meter.add(0, small.view(), small.view());
  meter.add(1, none.view(), none.view());
  EXPECT_DOUBLE_EQ(meter.error(), 0.1);
  HostArray other = array({1, 2}, {2});
  meter.add(1, none.view(), other.view());
  EXPECT_EQ(meter.error(), INFINITY);
}

TEST(ErrorMetric, Composes) {
  for (ErrorMetric metric : kAll)
    EXPECT_DOUBLE_EQ(fromComposable(metric, composable(metric, 0.25)), 0.25);
  EXPECT_DOUBLE_EQ(composable(ErrorMetric::relativeL2, 0.5), 0.25);
  EXPECT_EQ(parseErrorMetric("rel-l2"), ErrorMetric::relativeL2);
  EXPECT_EQ(parseErrorMetric("l3"), std::nullopt);
}

TEST(Arrays, ElementsOfAllTypes) {
  int64_t wide = -5;
  uint16_t bf16 = 0xc0a0, f16 = 0xc500; // -5 both
  uint8_t byte = 250;
  EXPECT_EQ((ArrayView{RAC_I64, {}, &wide}.at(0)), -5);
  EXPECT_EQ((ArrayView{RAC_BF16, {}, &bf16}.at(0)), -5);
  EXPECT_EQ((ArrayView{RAC_F16, {}, &f16}.at(0)), -5);
  EXPECT_EQ((ArrayView{RAC_U8, {}, &byte}.at(0)), 250);
  EXPECT_EQ((ArrayView{RAC_I8, {}, &byte}.at(0)), -6);
}

} // namespace
