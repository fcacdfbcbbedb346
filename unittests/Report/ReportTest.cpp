//===- ReportTest.cpp - What a report says, number by number --------------===//

#include "Reports.h"
#include "gtest/gtest.h"

using namespace rac;
namespace json = llvm::json;

namespace {

const json::Object &at(const json::Object &object, llvm::StringRef key) {
  const json::Object *found = object.getObject(key);
  EXPECT_TRUE(found) << key.str();
  return *found;
}

double num(const json::Object &object, llvm::StringRef key) {
  std::optional<double> value = object.getNumber(key);
  EXPECT_TRUE(value) << key.str();
  return value.value_or(-1);
}

bool isNull(const json::Object &object, llvm::StringRef key) {
  return object.get(key) && object.get(key)->getAsNull();
}

std::pair<double, double> range(const json::Object &object,
                                llvm::StringRef key) {
  const json::Array *pair = object.getArray(key);
  EXPECT_TRUE(pair && pair->size() == 2) << key.str();
  return {*(*pair)[0].getAsNumber(), *(*pair)[1].getAsNumber()};
}

using Pair = std::pair<double, double>;

struct ReportTest : testing::Test {
  void make(const Report &report) { value = toJson(report); }
  const json::Object &root() { return *value.getAsObject(); }
  const json::Object &group(size_t i) {
    return *(*root().getArray("groups"))[i].getAsObject();
  }
  json::Value value = nullptr;
};

TEST_F(ReportTest, TotalsAddUp) {
  make(report());
  const json::Object &totals = at(root(), "totals");
  EXPECT_DOUBLE_EQ(num(totals, "seconds"), 4);
  EXPECT_EQ(range(totals, "seconds_range"), Pair(1.5, 7));
  EXPECT_DOUBLE_EQ(num(totals, "joules"), 36e3);
  EXPECT_EQ(range(totals, "joules_range"), Pair(18e3, 72e3));
  EXPECT_DOUBLE_EQ(num(totals, "flops"), 2000);
  EXPECT_DOUBLE_EQ(num(at(totals, "bytes"), "DRAM"), 200);
  EXPECT_EQ(totals.getString("joules_origin"), "modelled");
}

TEST_F(ReportTest, GroupsHaveShares) {
  make(report());
  EXPECT_DOUBLE_EQ(num(group(1), "seconds_share"), 0.75);
  EXPECT_DOUBLE_EQ(num(group(1), "joules_share"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(num(group(0), "flops_per_byte"), 10);
  EXPECT_DOUBLE_EQ(num(group(1), "flops_per_s"), 1000.0 / 3);
}

TEST_F(ReportTest, ASumWithABoundInItIsABound) {
  Report told = report();
  told.groups[0].joulesOrigin = JoulesOrigin::tdp;
  make(told);
  EXPECT_EQ(at(root(), "totals").getString("joules_origin"), "tdp");
}

TEST_F(ReportTest, KernelsHaveTheirGroupsPrediction) {
  Report told = report();
  KernelReport kernel;
  kernel.name = "b_kernel";
  kernel.group = "b";
  kernel.chip = "sm_80";
  kernel.registers = 40;
  kernel.spillBytes = 0;
  told.kernels = {kernel, KernelReport()};
  make(told);
  const json::Array &kernels = *root().getArray("kernels");
  ASSERT_EQ(kernels.size(), 2u);
  const json::Object &first = *kernels[0].getAsObject();
  EXPECT_EQ(first.getString("chip"), "sm_80");
  EXPECT_EQ(num(first, "registers"), 40);
  EXPECT_EQ(num(first, "spill_bytes"), 0);
  EXPECT_TRUE(isNull(first, "shared_bytes"));
  EXPECT_EQ(num(first, "predicted_group_seconds"), 3);
  const json::Object &second = *kernels[1].getAsObject();
  EXPECT_TRUE(isNull(second, "group"));
  EXPECT_TRUE(isNull(second, "predicted_group_seconds"));
}

TEST_F(ReportTest, CarbonOfARunAThousandAndAYear) {
  Report told = report();
  told.runsPerDay = 2000;
  make(told);
  const json::Object &carbon = at(root(), "carbon");
  EXPECT_DOUBLE_EQ(num(at(carbon, "device_share"), "v"), 0.25);
  const json::Object &run = at(carbon, "per_run");
  // 36 kJ are 0.01 kWh, of 400 g each. 4 s are 4 / (4 * 365.25 * 86400) of the
  // lifetime, a quarter of 1461 kg.
  EXPECT_DOUBLE_EQ(num(run, "kwh"), 0.01);
  EXPECT_DOUBLE_EQ(num(run, "operational_g"), 4);
  EXPECT_EQ(range(run, "operational_g_range"), Pair(2, 8));
  EXPECT_DOUBLE_EQ(num(run, "embodied_g"), 1000.0 / 86400);
  EXPECT_DOUBLE_EQ(num(run, "total_g"), 4 + 1000.0 / 86400);
  EXPECT_DOUBLE_EQ(num(at(carbon, "per_thousand_runs"), "operational_g"), 4000);
  const json::Object &year = at(carbon, "per_year");
  EXPECT_DOUBLE_EQ(num(year, "runs"), 730500);
  EXPECT_DOUBLE_EQ(num(year, "operational_g"), 2922e3);
  EXPECT_DOUBLE_EQ(num(year, "kwh"), 7305);
  EXPECT_DOUBLE_EQ(num(at(root(), "totals"), "gco2e"), num(run, "total_g"));
}

TEST_F(ReportTest, WhatMakingTheDeviceEmittedMayBeUnknown) {
  Report told = report();
  told.device->embodied.kgCO2e = std::nullopt;
  make(told);
  const json::Object &run = at(at(root(), "carbon"), "per_run");
  EXPECT_TRUE(isNull(run, "embodied_g"));
  EXPECT_DOUBLE_EQ(num(run, "total_g"), 4);
  const json::Array &unknowns = *root().getArray("unknowns");
  ASSERT_EQ(unknowns.size(), 2u); // and the arena's size
  EXPECT_EQ(unknowns[0].getAsObject()->getString("what"),
            "device.embodied.kg_co2e");
}

TEST_F(ReportTest, WithoutJoulesThereIsNoCarbon) {
  Report told = report();
  told.groups[0].joules = std::nullopt;
  make(told);
  EXPECT_TRUE(isNull(at(root(), "totals"), "joules"));
  EXPECT_TRUE(isNull(at(root(), "totals"), "gco2e"));
  EXPECT_TRUE(isNull(at(at(root(), "carbon"), "per_year"), "total_g"));
  EXPECT_DOUBLE_EQ(num(at(root(), "totals"), "seconds"), 4);
  std::vector<std::string> what;
  for (const json::Value &unknown : *root().getArray("unknowns"))
    what.push_back(unknown.getAsObject()->getString("what")->str());
  EXPECT_EQ(what, (std::vector<std::string>{
                      "totals.joules", "totals.peak_bytes", "totals.gco2e"}));
}

TEST_F(ReportTest, RoofsAreOfTheCoresThatRun) {
  Report told = report();
  told.threads = 2;
  make(told);
  const json::Object &roofline = at(root(), "roofline");
  const json::Array &units = *roofline.getArray("units");
  ASSERT_EQ(units.size(), 2u);
  const json::Object &f32 = *units[0].getAsObject();
  const json::Object &bf16 = *units[1].getAsObject();
  EXPECT_EQ(f32.getString("precision"), "f32");
  EXPECT_DOUBLE_EQ(num(f32, "ops_per_s"), 2 * 8e9);
  EXPECT_DOUBLE_EQ(num(f32, "boost_ops_per_s"), 2 * 16e9);
  EXPECT_TRUE(isNull(bf16, "ops_per_s"));
  const json::Array &levels = *roofline.getArray("levels");
  EXPECT_TRUE(isNull(*levels[0].getAsObject(), "bytes_per_s"));
  // Two cores could read 12 B/s, the device no more than 10.
  EXPECT_DOUBLE_EQ(num(*levels[1].getAsObject(), "bytes_per_s"), 10);
}

TEST_F(ReportTest, TensorCoresMultiplyF32InThreeProducts) {
  Report told = report();
  told.device->kind = DeviceKind::gpu;
  told.threads = 4;
  ComputeUnit unit;
  unit.name = "tensor";
  unit.kind = UnitKind::tensor;
  unit.opsPerClock = {{DataType::tf32, number(12)}};
  told.device->units = {unit};
  make(told);
  const json::Array &units = *at(root(), "roofline").getArray("units");
  ASSERT_EQ(units.size(), 2u);
  EXPECT_DOUBLE_EQ(num(*units[0].getAsObject(), "ops_per_s"), 4 * 12e9);
  const json::Object &split = *units[1].getAsObject();
  EXPECT_EQ(split.getString("unit"), "tensor 3x");
  EXPECT_EQ(split.getString("precision"), "f32");
  EXPECT_DOUBLE_EQ(num(split, "ops_per_s"), 4 * 4e9);
}

TEST_F(ReportTest, MemoryIsToldStepByStep) {
  Report told = report();
  MemoryTimeline timeline;
  timeline.steps = {{"a", 64}, {"b", 0}};
  timeline.buffers = {{0, 1, 0, 100}, {1, 1, 128, 28}};
  timeline.arenaBytes = 156;
  told.memory = timeline;
  told.weightsBytes = 64;
  make(told);
  const json::Object &memory = at(root(), "memory");
  EXPECT_DOUBLE_EQ(num(memory, "arena_bytes"), 156);
  EXPECT_FALSE(memory.getBoolean("assumes_sizes").value_or(true));
  const json::Array &steps = *memory.getArray("steps");
  EXPECT_DOUBLE_EQ(num(*steps[0].getAsObject(), "live_bytes"), 100);
  EXPECT_DOUBLE_EQ(num(*steps[1].getAsObject(), "live_bytes"), 128);
  EXPECT_DOUBLE_EQ(num(*steps[0].getAsObject(), "weights_bytes"), 64);
}

} // namespace
