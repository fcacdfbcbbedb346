//===- FitGroupsTest.cpp - A cost model's own times give it back ----------===//

#include "lib/Calibrate/FitGroups.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "rac/Cost/Config.h"
#include "rac/Cost/DeviceFile.h"
#include "llvm/Support/FormatVariadic.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace rac;

namespace {

/// Products by the library and elementwise ops in generated code.
std::string planOf(llvm::ArrayRef<std::array<int64_t, 3>> sizes) {
  std::string text;
  for (auto [m, n, k] : sizes) {
    std::string a = llvm::formatv("tensor<{0}x{1}xf32>", m, k),
                b = llvm::formatv("tensor<{0}x{1}xf32>", k, n),
                c = llvm::formatv("tensor<{0}x{1}xf32>", m, n);
    text += llvm::formatv(R"(
func.func @f{0}_{1}_{2}(%a: {3}, %b: {4}) -> {5} {{
  %0 = rac.group @product{0}_{1}_{2} ins(%a, %b : {3}, {4}) -> ({5}) plan <kind = library, precision = f32> {{
  ^bb0(%x: {3}, %y: {4}):
    %p = rac.matmul %x, %y : ({3}, {4}) -> {5}
    rac.yield %p : {5}
  }
  %1 = rac.group @square{0}_{1}_{2} ins(%0 : {5}) -> ({5}) plan <kind = generated, precision = f32> {{
  ^bb0(%x: {5}):
    %s = rac.mul %x, %x : ({5}, {5}) -> {5}
    rac.yield %s : {5}
  }
  return %1 : {5}
}
)",
                          m, n, k, a, b, c);
  }
  return text;
}

Number measured(double v) {
  return {v, Origin::measured, "test", 0.01, std::nullopt, std::nullopt};
}

Device deviceWith(double fraction, double halfN, double vector, double call,
                  double exponent, Origin how = Origin::measured) {
  Device device = llvm::cantFail(
      loadDevice(RAC_DESCRIPTIONS_DIR "/devices/epyc-zen4.json"));
  ComputeUnit &unit = device.units.front();
  unit.libraryFraction[DataType::f32] = measured(fraction);
  unit.libraryHalfM[DataType::f32] = measured(1);
  unit.libraryHalfN[DataType::f32] = measured(halfN);
  unit.libraryHalfK[DataType::f32] = measured(1);
  unit.vectorFraction[DataType::f32] = measured(vector);
  device.overheads.libraryCallSeconds = measured(call);
  device.overheads.libraryCallSeconds->how = how;
  device.overheads.launchSeconds = measured(1e-7);
  device.execution.overlapExponent = measured(exponent);
  return device;
}

/// Products of many sizes, with the times that a device's model has for them.
struct Samples {
  explicit Samples(const Device &truth, int64_t threads = 1) {
    context.loadDialect<RacDialect, func::FuncDialect>();
    std::vector<std::array<int64_t, 3>> sizes;
    for (int64_t m : {1, 7, 32, 200})
      for (int64_t n : {3, 16, 64, 500})
        for (int64_t k : {8, 64, 600})
          sizes.push_back({m, n, k});
    module = parseSourceString<ModuleOp>(planOf(sizes), &context);
    Unknowns unknowns;
    DeviceModel model(truth, {}, threads, unknowns);
    module->walk([&](GroupOp group) {
      GroupSample sample;
      sample.candidate = Candidate::of(group);
      sample.plan = group.getPlanAttr();
      sample.threads = threads;
      sample.seconds =
          model.estimate(sample.candidate, sample.plan).seconds.value;
      list.push_back(sample);
    });
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::vector<GroupSample> list;
};

TEST(FitGroups, TheModelsOwnTimesGiveItBack) {
  Device truth = deviceWith(0.8, 12, 0.5, 1e-6, 3);
  Samples all(truth);
  std::vector<GroupSample> &samples = all.list;
  ASSERT_EQ(samples.size(), 2 * 4 * 4 * 3u);

  GroupFit same = fitGroups(samples, truth);
  EXPECT_NEAR(same.before.mape, 0, 1e-9);
  EXPECT_NEAR(same.after.mape, 0, 1e-9);

  GroupFit fit =
      fitGroups(samples, deviceWith(0.3, 1, 1, 4e-6, 6, Origin::guess));
  EXPECT_GT(fit.before.mape, 20);
  EXPECT_LT(fit.after.mape, 2);
  std::map<std::string, double> values;
  for (const FittedCoefficient &coefficient : fit.coefficients) {
    values[coefficient.name] = coefficient.value;
    EXPECT_GT(coefficient.uncertainty, 0) << coefficient.name;
  }
  EXPECT_NEAR(values["overheads.library_call_s"] / 1e-6, 1, 0.1);
  EXPECT_NEAR(values["units.avx512.library_fraction.f32"] / 0.8, 1, 0.1);
}

// However the samples were disturbed, nothing is faster than alone, nor takes
// less time, and no bandwidth falls below half of it.
TEST(FitGroups, StaysWithinWhatWasMeasuredAlone) {
  Device measuredAlone = deviceWith(0.8, 12, 0.5, 1e-6, 3);
  measuredAlone.clocks.baseHz = measured(3e9);
  measuredAlone.clocks.boostHz = measured(3.3e9);
  for (MemoryLevel &level : measuredAlone.memory) {
    level.coreBytesPerSecond = level.peerBytesPerSecond = measured(2e10);
    level.deviceBytesPerSecond = measured(3e10);
  }
  for (double factor : {0.1, 10.0}) {
    Device disturbed = measuredAlone;
    ComputeUnit &unit = disturbed.units.front();
    unit.libraryFraction[DataType::f32] = measured(0.8 * factor);
    unit.vectorFraction[DataType::f32] = measured(0.5 * factor);
    disturbed.overheads.libraryCallSeconds = measured(1e-6 / factor);
    for (MemoryLevel &level : disturbed.memory) {
      level.coreBytesPerSecond = level.peerBytesPerSecond =
          measured(2e10 * factor);
      level.deviceBytesPerSecond = measured(3e10 * factor);
    }
    Samples samples(disturbed, 2);
    GroupFit fit = fitGroups(samples.list, measuredAlone);
    EXPECT_FALSE(fit.coefficients.empty());
    for (const auto &[name, value, uncertainty] : fit.coefficients) {
      llvm::StringRef key = name;
      if (key.contains("_fraction."))
        EXPECT_LE(value, 1.1 * (1 + 1e-9)) << name;
      if (key == "overheads.library_call_s")
        EXPECT_GE(value, 1e-6 / 1.01 * (1 - 1e-9)) << name;
      if (!key.starts_with("memory."))
        continue;
      bool ofAll = key.contains("device_");
      EXPECT_GE(value, (ofAll ? 2e10 : 1e10) * (1 - 1e-9)) << name;
      EXPECT_LE(value, (ofAll ? 3e10 : 2e10) * 1.01 * (1 + 1e-9)) << name;
    }
  }
}

// Groups that took hardly longer, as if a cache were half as fast, don't make
// it so: that much is noise.
TEST(FitGroups, BelievesABandwidthThatHardlyMatters) {
  Device alone = deviceWith(0.8, 12, 0.5, 1e-6, 3), halved = alone;
  alone.memory[1].coreBytesPerSecond = measured(1e11);
  halved.memory[1].coreBytesPerSecond = measured(5e10);
  Samples quiet(alone), disturbed(halved);
  std::vector<GroupSample> close;
  for (auto [sample, other] : llvm::zip_equal(quiet.list, disturbed.list))
    if (other.seconds > 1.00001 * sample.seconds &&
        other.seconds < 1.005 * sample.seconds)
      close.push_back(other);
  ASSERT_GT(close.size(), 10u);
  for (const auto &[name, value, uncertainty] :
       fitGroups(close, alone).coefficients)
    if (name == "memory.L2.core_bytes_per_s")
      EXPECT_NEAR(value / 1e11, 1, 0.02);
}

} // namespace
