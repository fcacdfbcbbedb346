//===- DeviceFileTest.cpp - What a device file may say --------------------===//

#include "rac/Cost/DeviceFile.h"
#include "rac/Cost/Config.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace rac;
using llvm::toString;
using testing::HasSubstr;
using testing::StartsWith;
namespace json = llvm::json;

namespace {

json::Value fileOf(llvm::StringRef id) {
  auto file = llvm::MemoryBuffer::getFile(RAC_DESCRIPTIONS_DIR "/devices/" +
                                          id + ".json");
  return llvm::cantFail(json::parse((*file)->getBuffer()));
}

/// What is wrong with it, or "".
std::string problemOf(const json::Value &value,
                      std::vector<std::string> *warnings = nullptr) {
  auto device =
      parseDevice(llvm::formatv("{0}", value).str(), "x.json", warnings);
  return device ? "" : toString(device.takeError());
}

/// The EPYC with one value replaced; `where` is a path of keys and indices.
std::string problemWith(llvm::ArrayRef<llvm::StringRef> where,
                        json::Value replacement,
                        std::vector<std::string> *warnings = nullptr) {
  json::Value root = fileOf("epyc-zen4");
  json::Value *at = &root;
  for (llvm::StringRef step : where) {
    size_t index;
    if (!step.getAsInteger(10, index))
      at = &(*at->getAsArray())[index];
    else
      at = &(*at->getAsObject())[step];
  }
  *at = std::move(replacement);
  return problemOf(root, warnings);
}

json::Value number(double v, double unc = 0) {
  return json::Object{
      {"v", v}, {"how", "guess"}, {"src", "test"}, {"unc", unc}};
}

TEST(DeviceFile, NumbersAreRead) {
  Device d = llvm::cantFail(
      loadDevice(RAC_DESCRIPTIONS_DIR "/devices/epyc-zen4.json"));
  EXPECT_EQ(d.id, "epyc-zen4");
  EXPECT_EQ(d.kind, DeviceKind::cpu);
  EXPECT_EQ(d.topology.cores->v, 96);
  EXPECT_FALSE(d.topology.gpu);
  EXPECT_FALSE(d.power.idleWatts);
  EXPECT_EQ(d.power.tdpWatts->v, 360);
  EXPECT_EQ(d.power.tdpWatts->how, Origin::datasheet);
  ASSERT_TRUE(d.level("L3"));
  EXPECT_EQ(d.level("L3")->scope, LevelScope::cluster);
  EXPECT_EQ(d.level("L3")->sizeBytes->v, 32 << 20);
  EXPECT_FALSE(d.level("L4"));
  EXPECT_EQ(d.mainMemory().deviceBytesPerSecond->v, 460.8e9);
  const ComputeUnit *unit = d.unit(UnitKind::simd);
  ASSERT_TRUE(unit);
  EXPECT_FALSE(d.unit(UnitKind::tensor));
  Known peak = d.peakOpsPerSecond(*unit, DataType::f32);
  EXPECT_DOUBLE_EQ(peak->v, 32 * 2.4e9);
  EXPECT_EQ(peak->how, Origin::derived);
  EXPECT_FALSE(d.peakOpsPerSecond(*unit, DataType::i4));
  EXPECT_EQ(unit->picojoulesPerOp.at(DataType::f32)->scope,
            EnergyScope::package);
}

TEST(DeviceFile, UncertaintiesMultiply) {
  Device d;
  d.clocks.baseHz = Number{2e9, Origin::guess, "a", 0.1, {}, {}};
  ComputeUnit unit;
  unit.opsPerClock[DataType::f32] = Number{4, Origin::guess, "b", 1, {}, {}};
  Known peak = d.peakOpsPerSecond(unit, DataType::f32);
  EXPECT_DOUBLE_EQ(peak->v, 8e9);
  EXPECT_DOUBLE_EQ(peak->unc, 1.1 * 2 - 1);
  EXPECT_DOUBLE_EQ(peak->low(), 8e9 / 2.2);
  EXPECT_DOUBLE_EQ(peak->high(), 8e9 * 2.2);
  unit.clockHz = Number{1e9, Origin::guess, "c", 0, {}, {}};
  EXPECT_DOUBLE_EQ(d.peakOpsPerSecond(unit, DataType::f32)->v, 4e9);
}

TEST(DeviceFile, OriginsAndFitsAreRead) {
  json::Value fitted = number(40);
  fitted.getAsObject()->try_emplace("r2", 0.99);
  fitted.getAsObject()->try_emplace("mape", 3.5);
  (*fitted.getAsObject())["how"] = "measured";
  json::Value root = fileOf("epyc-zen4");
  (*root.getAsObject()->getObject("power"))["idle_w"] = std::move(fitted);
  Device d =
      llvm::cantFail(parseDevice(llvm::formatv("{0}", root).str(), "x.json"));
  EXPECT_EQ(d.power.idleWatts->how, Origin::measured);
  EXPECT_EQ(*d.power.idleWatts->r2, 0.99);
  EXPECT_EQ(*d.power.idleWatts->mape, 3.5);
}

/// Does something with every object inside, keys sorted.
void forEachObject(json::Value &value,
                   llvm::function_ref<void(json::Object &)> action) {
  if (json::Object *object = value.getAsObject()) {
    action(*object);
    for (auto &[key, inner] : *object)
      forEachObject(inner, action);
  } else if (json::Array *array = value.getAsArray()) {
    for (json::Value &inner : *array)
      forEachObject(inner, action);
  }
}

/// Whether a key may go: fits are optional, as are data types.
bool mayLack(llvm::StringRef key) {
  return key == "r2" || key == "mape" || key.starts_with("f") ||
         key.starts_with("bf") || key.starts_with("tf") || key == "i8";
}

/// Each key of each object in turn is renamed and removed, and must be missed.
void missEachKey(llvm::StringRef id) {
  json::Value root = fileOf(id);
  unsigned tried = 0;
  forEachObject(root, [&](json::Object &object) {
    std::vector<std::string> keys;
    for (auto &[key, value] : object)
      if (!mayLack(key) || key == "features" || key == "fork_join_s")
        keys.push_back(key.str());
    for (const std::string &key : keys) {
      json::Value kept = object[key];
      object.erase(key);
      EXPECT_THAT(problemOf(root), HasSubstr(key + ": is missing"));
      object.try_emplace(key + "_", kept);
      EXPECT_THAT(problemOf(root),
                  HasSubstr(key + "_: there is no such key; did you mean '" +
                            key + "'?"));
      object.erase(key + "_");
      object[key] = json::Array{json::Array{}};
      EXPECT_THAT(problemOf(root), HasSubstr(key));
      object[key] = std::move(kept);
      ++tried;
    }
  });
  EXPECT_EQ(problemOf(root), "");
  EXPECT_GT(tried, 100u);
}

TEST(DeviceFile, EveryKeyOfACpuIsMissed) { missEachKey("a64fx"); }
TEST(DeviceFile, EveryKeyOfAGpuIsMissed) { missEachKey("a100"); }

TEST(DeviceFile, ProblemsNameFileKeyAndReason) {
  EXPECT_EQ(problemWith({"memory", "1", "size_bytes", "v"}, -3),
            "x.json: memory[1].size_bytes.v: must be a whole number of at "
            "least 1");
  EXPECT_EQ(problemWith({"topology", "cores", "v"}, 0),
            "x.json: topology.cores.v: must be a whole number of at least 1");
  EXPECT_EQ(problemWith({"topology", "cores", "v"}, 1.5),
            "x.json: topology.cores.v: must be a whole number of at least 1");
  EXPECT_EQ(problemWith({"clocks", "base_hz", "v"}, 0),
            "x.json: clocks.base_hz.v: must be positive");
  EXPECT_EQ(problemWith({"overheads", "launch_s", "v"}, -1e-9),
            "x.json: overheads.launch_s.v: must not be negative");
  EXPECT_EQ(problemWith({"clocks", "base_hz", "unc"}, -0.1),
            "x.json: clocks.base_hz.unc: must not be negative");
  EXPECT_EQ(problemWith({"clocks", "base_hz", "unc"}, "0.1"),
            "x.json: clocks.base_hz.unc: must be a finite number");
  EXPECT_EQ(problemWith({"clocks", "base_hz", "how"}, "measurd"),
            "x.json: clocks.base_hz.how: must be one of measured, datasheet, "
            "derived, guess, tdp; did you mean 'measured'?");
  EXPECT_EQ(problemWith({"clocks", "base_hz", "src"}, " "),
            "x.json: clocks.base_hz.src: must be a string that says something");
  EXPECT_EQ(problemWith({"clocks", "base_hz"}, 2.4e9),
            "x.json: clocks.base_hz: must be null or an object of v, how, src "
            "and unc");
  EXPECT_EQ(problemWith({"units", "0", "ops_per_clock", "f23"}, nullptr),
            "x.json: units[0].ops_per_clock.f23: is no data type; there are "
            "f64, f32, tf32, bf16, f16, f8, i32, i16, i8, i4");
  EXPECT_EQ(problemWith({"units", "0", "vector_lengths"}, json::Array{0}),
            "x.json: units[0].vector_lengths[0]: must be a whole number of at "
            "least 1");
  EXPECT_EQ(problemWith({"schema"}, "rac-device/2"),
            "x.json: schema: must be \"rac-device/1\"");
  EXPECT_EQ(problemWith({"topology"}, nullptr),
            "x.json: topology: must be an object");
  EXPECT_EQ(problemWith({"units", "0", "pj_per_op", "f32", "scope"}, "house"),
            "x.json: units[0].pj_per_op.f32.scope: must be one of circuit, "
            "path, package, board");
}

TEST(DeviceFile, WhatIsNoDeviceIsRefused) {
  EXPECT_EQ(problemOf(json::Array{}), "x.json: the whole: must be an object");
  auto broken = parseDevice("{\"schema\": ", "x.json");
  EXPECT_THAT(toString(broken.takeError()), StartsWith("x.json: "));
  auto infinite = parseDevice("{\"schema\": 1e999}", "x.json");
  EXPECT_THAT(toString(infinite.takeError()), StartsWith("x.json: "));
  EXPECT_THAT(toString(loadDevice("/nowhere/x.json").takeError()),
              StartsWith("/nowhere/x.json: "));
}

TEST(DeviceFile, ImpossibleTogether) {
  EXPECT_EQ(problemWith({"memory", "2", "size_bytes", "v"}, 1000),
            "x.json: memory[2].size_bytes: is less than that of L2, which is "
            "nearer");
  EXPECT_EQ(problemWith({"memory", "2", "scope"}, "device"), "");
  EXPECT_EQ(problemWith({"memory", "3", "scope"}, "core"),
            "x.json: memory[3].scope: fewer cores share it than the level "
            "before");
  EXPECT_EQ(problemWith({"memory", "3", "kind"}, "cache"),
            "x.json: memory: the last level must be of kind memory");
  EXPECT_EQ(problemWith({"memory", "0", "kind"}, "memory"),
            "x.json: memory[0].kind: only the last level is memory");
  EXPECT_EQ(problemWith({"memory", "1", "name"}, "L1d"),
            "x.json: memory[1]: another one is called 'L1d'");
  EXPECT_EQ(problemWith({"memory", "0", "sharers", "v"}, 2),
            "x.json: memory[0].sharers: a level of one core has one");
  EXPECT_EQ(problemWith({"memory", "3", "core_bytes_per_s", "v"}, 1e12),
            "x.json: memory[3].core_bytes_per_s: is more than "
            "memory[3].device_bytes_per_s");
  EXPECT_EQ(problemWith({"clocks", "boost_hz", "v"}, 1e9),
            "x.json: clocks.base_hz: is more than clocks.boost_hz");
  EXPECT_EQ(problemWith({"power", "idle_w"}, number(1000)),
            "x.json: power.idle_w: is more than power.tdp_w");
  EXPECT_EQ(problemWith({"topology", "available_cores"}, number(97)),
            "x.json: topology.available_cores: is more than topology.cores");
  EXPECT_EQ(problemWith({"topology", "cores"}, nullptr),
            "x.json: topology.cores: must be known");
  EXPECT_EQ(problemWith({"kind"}, "gpu"),
            "x.json: topology.gpu: a GPU has its limits here");
  EXPECT_EQ(problemWith({"units", "0", "scalable"}, true),
            "x.json: units[0].vector_lengths: scalable vectors need lengths to "
            "plan for");
  EXPECT_EQ(problemWith({"units", "0", "library_fraction", "i4"}, number(1)),
            "x.json: units[0].library_fraction.i4: is not among the types of "
            "ops_per_clock");
  EXPECT_EQ(problemWith({"units"}, json::Array{}),
            "x.json: units: a device has at least one");
}

TEST(DeviceFile, BandwidthThatGrowsOutwardIsOdd) {
  std::vector<std::string> warnings;
  EXPECT_EQ(problemWith({"memory", "2", "device_bytes_per_s"}, number(1e9),
                        &warnings),
            "");
  EXPECT_EQ(warnings,
            std::vector<std::string>{
                "DRAM is said to be faster than L3, which is nearer"});
}

TEST(DeviceFile, Sites) {
  Site site = llvm::cantFail(loadSite(RAC_DESCRIPTIONS_DIR "/sites/deu.json"));
  EXPECT_EQ(site.gramsPerKWh->v, 380.95);
  EXPECT_EQ(site.pue->v, 1);
  auto wrong = [](llvm::StringRef pue) {
    return toString(parseSite(llvm::formatv(R"({"schema": "rac-site/1",
      "id": "x", "description": "x", "g_per_kwh": null, "pue": {0}})",
                                            pue)
                                  .str(),
                              "x.json")
                        .takeError());
  };
  EXPECT_EQ(wrong(R"({"v": 0.9, "how": "guess", "src": "s", "unc": 0})"),
            "x.json: pue.v: must be at least 1");
}

} // namespace
