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
                  double exponent) {
  Device device = llvm::cantFail(
      loadDevice(RAC_DESCRIPTIONS_DIR "/devices/epyc-zen4.json"));
  ComputeUnit &unit = device.units.front();
  unit.libraryFraction[DataType::f32] = measured(fraction);
  unit.libraryHalfM[DataType::f32] = measured(1);
  unit.libraryHalfN[DataType::f32] = measured(halfN);
  unit.libraryHalfK[DataType::f32] = measured(1);
  unit.vectorFraction[DataType::f32] = measured(vector);
  device.overheads.libraryCallSeconds = measured(call);
  device.overheads.launchSeconds = measured(1e-7);
  device.execution.overlapExponent = measured(exponent);
  return device;
}

TEST(FitGroups, TheModelsOwnTimesGiveItBack) {
  MLIRContext context;
  context.loadDialect<RacDialect, func::FuncDialect>();
  std::vector<std::array<int64_t, 3>> sizes;
  for (int64_t m : {1, 7, 32, 200})
    for (int64_t n : {3, 16, 64, 500})
      for (int64_t k : {8, 64, 600})
        sizes.push_back({m, n, k});
  auto module = parseSourceString<ModuleOp>(planOf(sizes), &context);
  ASSERT_TRUE(module);

  Device truth = deviceWith(0.8, 12, 0.5, 1e-6, 3);
  Unknowns unknowns;
  DeviceModel model(truth, {}, 1, unknowns);
  std::vector<GroupSample> samples;
  module->walk([&](GroupOp group) {
    GroupSample sample;
    sample.candidate = Candidate::of(group);
    sample.plan = group.getPlanAttr();
    sample.seconds =
        model.estimate(sample.candidate, sample.plan).seconds.value;
    samples.push_back(sample);
  });
  ASSERT_EQ(samples.size(), 2 * sizes.size());

  GroupFit same = fitGroups(samples, truth);
  EXPECT_NEAR(same.before.mape, 0, 1e-9);
  EXPECT_NEAR(same.after.mape, 0, 1e-9);

  GroupFit fit = fitGroups(samples, deviceWith(0.3, 1, 1, 4e-6, 6));
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

} // namespace
