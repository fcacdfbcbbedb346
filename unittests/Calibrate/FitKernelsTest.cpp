//===- FitKernelsTest.cpp - A GPU's own times and joules give it back -----===//

#include "lib/Calibrate/FitKernels.h"
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

Number measured(double v) {
  return {v, Origin::measured, "test", 0.01, std::nullopt, std::nullopt};
}

Device h200() {
  return llvm::cantFail(loadDevice(RAC_DESCRIPTIONS_DIR "/devices/h200.json"));
}

Device with(const Device &device, llvm::StringRef key, double value,
            std::optional<EnergyScope> scope = std::nullopt) {
  return llvm::cantFail(withNumber(device, key, measured(value), scope));
}

/// Products and squares of many sizes, a network each.
class Networks {
public:
  Networks() {
    context.loadDialect<RacDialect, func::FuncDialect>();
    for (int64_t m : {16, 100, 512, 2000})
      for (int64_t n : {48, 300, 1024, 3000})
        for (int64_t k : {64, 500, 2048})
          add(m, n, k);
  }
  /// With the times that a device's model gives.
  std::vector<SampledNetwork> on(const Device &device) {
    Unknowns unknowns;
    DeviceModel model(device, {}, 1, unknowns);
    std::vector<SampledNetwork> networks;
    for (OwningOpRef<ModuleOp> &module : modules) {
      SampledNetwork &network = networks.emplace_back();
      network.name = "n" + std::to_string(networks.size());
      network.isModel = networks.size() % 7 == 0;
      module->walk([&](GroupOp group) {
        SampledGroup sample{Candidate::of(group), group.getPlanAttr(), 0};
        for (const KernelCost &kernel :
             model.kernels(sample.candidate, sample.plan))
          sample.seconds += kernel.formula.seconds({});
        network.seconds += sample.seconds;
        network.groups.push_back(std::move(sample));
      });
    }
    return networks;
  }

private:
  void add(int64_t m, int64_t n, int64_t k) {
    std::string a = llvm::formatv("tensor<{0}x{1}xf32>", m, k),
                b = llvm::formatv("tensor<{0}x{1}xf32>", k, n),
                c = llvm::formatv("tensor<{0}x{1}xf32>", m, n);
    std::string text = llvm::formatv(R"(
func.func @f(%a: {0}, %b: {1}) -> {2} {{
  %0 = rac.group @product ins(%a, %b : {0}, {1}) -> ({2}) plan <kind = generated, precision = f32, tiles = [64, 64], reduction = [32], registers = [32, 32], warps = 4, stages = 4> {{
  ^bb0(%x: {0}, %y: {1}):
    %p = rac.matmul %x, %y : ({0}, {1}) -> {2}
    rac.yield %p : {2}
  }
  %1 = rac.group @square ins(%0 : {2}) -> ({2}) plan <kind = generated, precision = f32> {{
  ^bb0(%x: {2}):
    %s = rac.mul %x, %x : ({2}, {2}) -> {2}
    rac.yield %s : {2}
  }
  return %1 : {2}
}
)",
                                     a, b, c);
    modules.push_back(parseSourceString<ModuleOp>(text, &context));
  }
  MLIRContext context;
  std::vector<OwningOpRef<ModuleOp>> modules;
};

TEST(FitKernels, TheModelsOwnTimesGiveItBack) {
  Networks networks;
  Device base = h200();
  Device truth = with(base, "units.tensor.generated_fraction.tf32", 0.3);
  truth = with(truth, "overheads.launch_s", 2.2e-6);
  std::vector<SampledNetwork> samples = networks.on(truth);
  KernelFit fit = fitKernels(samples, base);
  ASSERT_EQ(fit.agreements.size(), 3u);
  EXPECT_EQ(fit.agreements[0].count + fit.agreements[1].count, 2 * 48u);
  EXPECT_EQ(fit.agreements[2].count, 48u / 7);
  EXPECT_GT(fit.agreements[0].before.mape, 15);
  for (const Agreement &agreement : fit.agreements)
    EXPECT_LT(agreement.after.mape, 5) << agreement.what;
  std::map<std::string, double> values;
  for (const FittedCoefficient &coefficient : fit.coefficients) {
    values[coefficient.name] = coefficient.value;
    EXPECT_GT(coefficient.uncertainty, 0) << coefficient.name;
  }
  // Each of these kernels is launched and waits for memory, so that only the
  // sum of both can be told.
  double waits = values.count("memory.DRAM.latency_s")
                     ? values["memory.DRAM.latency_s"]
                     : base.mainMemory().latencySeconds->v;
  EXPECT_NEAR((values["overheads.launch_s"] + waits) /
                  (2.2e-6 + base.mainMemory().latencySeconds->v),
              1, 0.15);
  EXPECT_NEAR(values["units.tensor.generated_fraction.tf32"] / 0.3, 1, 0.15);
}

TEST(FitKernels, NothingIsFittedToWholeModels) {
  Networks networks;
  Device base = h200();
  std::vector<SampledNetwork> samples = networks.on(base);
  for (SampledNetwork &network : samples)
    if (network.isModel)
      for (SampledGroup &group : network.groups)
        group.seconds *= 3;
  KernelFit fit = fitKernels(samples, base);
  EXPECT_LT(fit.agreements[0].after.mape, 0.1);
  EXPECT_NEAR(fit.agreements[1].after.mape, 100 * 2.0 / 3, 0.5);
}

/// A device whose operations and bytes take known energies.
Device withEnergies() {
  Device device = h200();
  auto pj = [&](llvm::StringRef key, double value) {
    device = with(device, key, value, EnergyScope::board);
  };
  pj("units.simt.pj_per_op.f32", 6);
  pj("units.tensor.pj_per_op.tf32", 0.9);
  pj("memory.shared.pj_per_byte", 4);
  pj("memory.L1.pj_per_byte", 5);
  pj("memory.L2.pj_per_byte", 20);
  pj("memory.DRAM.pj_per_byte", 60);
  device = with(device, "power.idle_w", 100);
  device = with(device, "power.device_static_w", 30);
  return with(device, "power.core_static_w", 0.25);
}

TEST(FitKernels, JoulesGiveTheEnergiesBack) {
  Networks networks;
  Device truth = withEnergies();
  std::vector<SampledNetwork> samples = networks.on(truth);
  Unknowns unknowns;
  DeviceModel model(truth, {}, 1, unknowns);
  std::vector<SampledWindow> windows;
  auto probe = [&](llvm::StringRef name, double watts, double cores,
                   std::map<std::string, double> ops = {},
                   std::map<std::string, double> bytes = {}) {
    windows.push_back({name.str(), 5, 5 * watts, "", 0, cores > 0, cores,
                       std::move(ops), std::move(bytes)});
  };
  constexpr double all = 132;
  double active = 130 + 0.25 * all;
  probe("idle", 100, 0);
  probe("held", active, all);
  probe("a quarter held", 130 + 0.25 * 33, 33);
  probe("multiply-adds", active + 6e-12 * 4e13, all, {{"simt.f32", 5 * 4e13}});
  probe("products", active + 0.9e-12 * 3e14, all, {{"tensor.tf32", 5 * 3e14}});
  probe("shared", active + 4e-12 * 2e13, all, {}, {{"shared", 5 * 2e13}});
  probe("L1", active + 5e-12 * 2e13, all, {}, {{"L1", 5 * 2e13}});
  probe("L2", active + 25e-12 * 5e12, all, {},
        {{"L1", 5 * 5e12}, {"L2", 5 * 5e12}});
  probe("DRAM", active + 85e-12 * 4e12, all, {},
        {{"L1", 5 * 4e12}, {"L2", 5 * 4e12}, {"DRAM", 5 * 4e12}});
  for (const SampledNetwork &network : samples) {
    double joules = 0;
    for (const SampledGroup &group : network.groups)
      joules += model.estimate(group.candidate, group.plan).joules->value;
    constexpr double runs = 1e5;
    windows.push_back({network.name,
                       network.seconds * runs,
                       joules * runs,
                       network.name,
                       runs,
                       true,
                       0,
                       {},
                       {}});
  }
  KernelEnergyFit fit = fitKernelEnergy(windows, samples, truth);
  EXPECT_LT(fit.windows.after.mape, 1e-3);
  EXPECT_EQ(fit.windows.count, windows.size());
  std::map<std::string, double> values;
  for (const KernelEnergyFit::Term &term : fit.terms)
    values[term.key] = term.term.value;
  EXPECT_NEAR(values["power.idle_w"], 100, 0.01);
  EXPECT_NEAR(values["power.device_static_w"], 30, 0.01);
  EXPECT_NEAR(values["power.core_static_w"], 0.25, 1e-4);
  EXPECT_NEAR(values["units.simt.pj_per_op.f32"], 6, 1e-3);
  EXPECT_NEAR(values["units.tensor.pj_per_op.tf32"], 0.9, 1e-3);
  EXPECT_NEAR(values["memory.shared.pj_per_byte"], 4, 1e-2);
  EXPECT_NEAR(values["memory.L2.pj_per_byte"], 20, 1e-2);
  EXPECT_NEAR(values["memory.DRAM.pj_per_byte"], 60, 1e-2);
}

TEST(FitKernels, ANumberIsPutWhereItsKeySays) {
  Device device = h200();
  Device changed = with(device, "memory.L2.latency_s", 3e-7);
  ASSERT_TRUE(changed.level("L2")->latencySeconds);
  EXPECT_EQ(changed.level("L2")->latencySeconds->v, 3e-7);
  EXPECT_EQ(changed.level("L2")->latencySeconds->how, Origin::measured);
  // Of a table by types a new one, too.
  changed = with(device, "units.simt.vector_fraction.f32", 0.7);
  EXPECT_EQ(changed.units.front().vectorFraction[DataType::f32]->v, 0.7);
  auto fails = [&](llvm::StringRef key) {
    auto result = withNumber(device, key, measured(1));
    EXPECT_FALSE(result) << key.str();
    return llvm::toString(result.takeError());
  };
  EXPECT_THAT(fails("memory.L7.latency_s"), testing::HasSubstr("has no"));
  EXPECT_THAT(fails("memory.L2.latency"), testing::HasSubstr("has no"));
  // What no device may have is refused as in a file.
  EXPECT_THAT(fails("units.simt.vector_fraction.f33"),
              testing::HasSubstr("f33"));
}

} // namespace
