//===- DeviceLookupTest.cpp - Names, machines, DLTI
//------------------------===//

#include "rac/Cost/DeviceLookup.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Parser/Parser.h"
#include "rac/Cost/Config.h"
#include "rac/Cost/DeviceSpec.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Testing/Support/SupportHelpers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace rac;
using llvm::toString;
using testing::HasSubstr;

namespace {

const std::vector<std::string> kNames = {
    "a100",         "a64fx",          "epyc-zen4",   "epyc-zen5",
    "generic-avx2", "generic-avx512", "h100",        "h200",
    "l4",           "neoverse-v1",    "neoverse-v2", "xeon-spr"};

Device named(llvm::StringRef name) {
  std::vector<std::string> notes;
  Device device = llvm::cantFail(findDevice(name, notes));
  EXPECT_TRUE(notes.empty()) << notes.front();
  return device;
}

std::vector<Device> all() {
  std::vector<Device> devices;
  for (const std::string &name : kNames)
    devices.push_back(named(name));
  return devices;
}

TEST(DeviceLookup, EveryDeviceHasItsFilesName) {
  for (const std::string &name : kNames)
    EXPECT_EQ(named(name).id, name);
}

TEST(DeviceLookup, FilesAndNames) {
  std::vector<std::string> notes;
  std::string file = RAC_DESCRIPTIONS_DIR "/devices/l4.json";
  EXPECT_EQ(llvm::cantFail(findDevice(file, notes)).id, "l4");
  EXPECT_THAT(toString(findDevice("l5", notes).takeError()),
              HasSubstr("there is no 'l5'"));
  EXPECT_THAT(toString(findDevice("l5.json", notes).takeError()),
              HasSubstr("l5.json: No such file"));
  EXPECT_EQ(llvm::cantFail(findSite("fra")).gramsPerKWh->v, 56.04);
  EXPECT_THAT(toString(findSite("xyz").takeError()), HasSubstr("world"));
}

Machine machineOf(const Device &device) {
  return {device.arch, device.chip, device.features, {}, 4};
}

TEST(DeviceLookup, AMachineIsItsOwnDevice) {
  std::vector<Device> devices = all();
  for (const Device &device : devices) {
    if (device.kind != DeviceKind::cpu)
      continue;
    std::string note;
    auto picked = pickDevice(machineOf(device), devices, note);
    ASSERT_TRUE(picked);
    EXPECT_EQ(picked->id, device.id);
    EXPECT_EQ(picked->topology.availableCores->v, 4);
    EXPECT_EQ(picked->topology.cores->v, device.topology.cores->v);
    EXPECT_THAT(note, HasSubstr("this is a " + device.chip));
  }
}

TEST(DeviceLookup, UnknownChipsGoByFeaturesThenCaches) {
  std::vector<Device> devices = all();
  std::string note;
  // All of generic-avx512 and no more.
  Machine machine = machineOf(named("generic-avx512"));
  machine.chip = "skylake-avx512";
  EXPECT_EQ(pickDevice(machine, devices, note)->id, "generic-avx512");
  EXPECT_THAT(note, HasSubstr("none describes a skylake-avx512; it has 5 of "
                              "the 5 features"));
  // AMX tells a Xeon.
  machine = machineOf(named("xeon-spr"));
  machine.chip = "graniterapids";
  machine.features.push_back("avx512cd");
  EXPECT_EQ(pickDevice(machine, devices, note)->id, "xeon-spr");
  // One without AVX-512 gets what it lacks least of.
  machine.features = {"avx", "avx2", "bmi2", "fma"};
  EXPECT_EQ(pickDevice(machine, devices, note)->id, "generic-avx2");
  // Two devices that differ by their caches.
  Device small = named("generic-avx512"), large = small;
  small.id = "small";
  large.id = "large";
  large.memory[1].sizeBytes->v = 2 << 20;
  machine.cacheBytes["L2"] = 2 << 20;
  EXPECT_EQ(pickDevice(machine, {small, large}, note)->id, "large");
  EXPECT_THAT(note, HasSubstr("L2 2048 KiB;"));
  machine.cacheBytes["L2"] = 1 << 20;
  EXPECT_EQ(pickDevice(machine, {small, large}, note)->id, "small");
  machine.arch = "riscv64";
  EXPECT_FALSE(pickDevice(machine, devices, note));
}

TEST(DeviceLookup, CoresThatAreAvailableAreNoMoreThanThereAre) {
  Machine machine = machineOf(named("epyc-zen4"));
  machine.cores = 192; // two threads a core
  std::string note;
  Device picked = *pickDevice(machine, all(), note);
  EXPECT_EQ(picked.topology.availableCores->v, 96);
  EXPECT_THAT(note, HasSubstr("96 of 96 cores may be used"));
}

void writeFile(const llvm::Twine &path, llvm::StringRef text) {
  llvm::sys::fs::create_directories(llvm::sys::path::parent_path(path.str()));
  std::error_code error;
  llvm::raw_fd_ostream(path.str(), error) << text;
  ASSERT_FALSE(error);
}

TEST(DeviceLookup, CachesAreReadFromSysfs) {
  llvm::unittest::TempDir root("rac-sysfs", /*Unique=*/true);
  auto cache = [&](int index, llvm::StringRef level, llvm::StringRef type,
                   llvm::StringRef size) {
    std::string folder =
        (root.path() + "/sys/devices/system/cpu/cpu0/cache/index" +
         llvm::Twine(index) + "/")
            .str();
    writeFile(folder + "level", level);
    writeFile(folder + "type", type);
    writeFile(folder + "size", size);
  };
  cache(0, "1\n", "Data\n", "48K\n");
  cache(1, "1\n", "Instruction\n", "32K\n");
  cache(2, "2\n", "Unified\n", "2M\n");
  cache(3, "3\n", "Unified\n", "nonsense\n");
  Machine machine = hostMachine(root.path());
  EXPECT_EQ(machine.cacheBytes, (std::map<std::string, int64_t>{
                                    {"L1d", 48 << 10}, {"L2", 2 << 20}}));
  EXPECT_GE(machine.cores, 1);
  EXPECT_FALSE(machine.chip.empty());
  EXPECT_TRUE(hostMachine(root.path("nothing")).cacheBytes.empty());
}

TEST(DeviceSpec, RoundTrip) {
  mlir::MLIRContext ctx;
  for (Device &device : all()) {
    auto spec = toDlti(device, &ctx);
    Device back = llvm::cantFail(fromDlti(spec));
    // Attributes are unique: the same means that nothing was lost.
    EXPECT_EQ(toDlti(back, &ctx), spec) << device.id;
    EXPECT_EQ(back.description, device.description);
    EXPECT_EQ(back.memory.size(), device.memory.size());
  }
}

TEST(DeviceSpec, RoundTripOfWhatFilesHaveNot) {
  mlir::MLIRContext ctx;
  Device device = named("epyc-zen4");
  device.power.idleWatts =
      Number{1.0 / 3, Origin::measured, "\"ä\"\n", 0.1, 0.5, 12.25};
  device.topology.availableCores = Number{1, Origin::measured, "x", 0, {}, {}};
  device.meters.clear();
  device.features.clear();
  device.units[0].picojoulesPerOp.clear();
  auto spec = toDlti(device, &ctx);
  Device back = llvm::cantFail(fromDlti(spec));
  EXPECT_EQ(toDlti(back, &ctx), spec);
  EXPECT_EQ(back.power.idleWatts->v, 1.0 / 3);
  EXPECT_EQ(back.power.idleWatts->src, "\"ä\"\n");
  EXPECT_EQ(*back.power.idleWatts->mape, 12.25);
  EXPECT_TRUE(back.meters.empty());
}

TEST(DeviceSpec, WhatIsNoDeviceIsRefused) {
  mlir::MLIRContext ctx;
  ctx.loadDialect<mlir::DLTIDialect>();
  auto problem = [&](llvm::StringRef attributes) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(
        ("module attributes {" + attributes + "} {}").str(), &ctx);
    EXPECT_TRUE(module);
    return toString(attachedDevice(*module).takeError());
  };
  EXPECT_THAT(problem(""), HasSubstr("the module has no device"));
  EXPECT_THAT(problem(R"(dlti.target_system_spec = #dlti.target_system_spec<
                 "CPU" = #dlti.target_device_spec<"size" = 4 : i32>>)"),
              HasSubstr("no device of schema rac-device/1"));
  EXPECT_THAT(problem(R"(dlti.target_system_spec = #dlti.target_system_spec<
                 "CPU" = #dlti.target_device_spec<"schema" = "rac-device/1",
                 "id" = "x", "description" = "x",
                 "kind" = 170141183460469231731687303715884105727 : i128>>)"),
              HasSubstr("the device \"CPU\": kind: must be one of cpu, gpu"));
  EXPECT_THAT(problem(R"(dlti.target_system_spec = #dlti.target_system_spec<
                 "CPU" = #dlti.target_device_spec<"schema" = "rac-device/1",
                 "id" = "\FF", "speed" = f32>>)"),
              HasSubstr("speed: there is no such key"));
}

TEST(DeviceSpec, UnknownsAreNoted) {
  mlir::MLIRContext ctx;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::ModuleOp::create(mlir::UnknownLoc::get(&ctx));
  Unknowns unknowns;
  noteUnknowns(*module, unknowns);
  EXPECT_TRUE((*module)->getAttrs().empty());
  EXPECT_EQ(unknowns.valueOr(std::nullopt, "a", 2, "because"), 2);
  EXPECT_EQ(unknowns.valueOr(std::nullopt, "a", 2, "because"), 2);
  EXPECT_EQ(unknowns.valueOr(Number{5, Origin::guess, "s", 0, {}, {}}, "b", 2,
                             "because"),
            5);
  noteUnknowns(*module, unknowns);
  Unknowns back = notedUnknowns(*module);
  ASSERT_EQ(back.list().size(), 1u);
  EXPECT_EQ(back.list()[0].what, "a");
  EXPECT_EQ(back.list()[0].instead, 2);
  EXPECT_EQ(back.list()[0].why, "because");
}

TEST(DataTypes, OfTypes) {
  mlir::MLIRContext ctx;
  mlir::Builder b(&ctx);
  EXPECT_EQ(dataTypeOf(b.getF32Type()), DataType::f32);
  EXPECT_EQ(dataTypeOf(b.getBF16Type()), DataType::bf16);
  EXPECT_EQ(dataTypeOf(mlir::Float8E4M3FNType::get(&ctx)), DataType::f8);
  EXPECT_EQ(dataTypeOf(b.getIntegerType(8, /*isSigned=*/false)), DataType::i8);
  EXPECT_EQ(dataTypeOf(b.getI1Type()), std::nullopt);
  EXPECT_EQ(dataTypeOf(b.getIndexType()), std::nullopt);
}

} // namespace
