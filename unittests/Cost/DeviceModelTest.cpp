//===- DeviceModelTest.cpp - Time and energy, worked by hand --------------===//

#include "ParsedOps.h"
#include "RoundDevice.h"
#include "rac/Cost/CostModel.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace rac;

namespace {

Assumptions cold() {
  Assumptions assumptions;
  assumptions.cold = true;
  return assumptions;
}

PlanAttr planOf(ParsedOps &p, KernelKind kind, int64_t threads = 0) {
  return PlanAttr::get(kind, mlir::Float32Type::get(&p.context), threads);
}

/// A model and what it needs to live.
struct Model {
  Device device;
  Unknowns unknowns;
  DeviceModel model;
  explicit Model(Device described = roundDevice(),
                 Assumptions assumptions = cold())
      : device(std::move(described)), model(device, assumptions, 1, unknowns) {}

  Estimate operator()(ParsedOps &p, KernelKind kind, int64_t threads = 0) {
    return model.estimate(Candidate::of(p.ops), planOf(p, kind, threads));
  }
};

/// 2 * 100^3 operations, 3 * 40000 B.
struct Matmul : ParsedOps {
  Matmul()
      : ParsedOps("(%a: tensor<100x100xf32>, %b: tensor<100x100xf32>) -> "
                  "tensor<100x100xf32>",
                  R"(%0 = rac.matmul %a, %b : (tensor<100x100xf32>,
                       tensor<100x100xf32>) -> tensor<100x100xf32>
                     return %0 : tensor<100x100xf32>)") {}
  static constexpr double flops = 2e6;
  /// The library fills 7 vectors of 16 lanes with 100 columns.
  static constexpr double lanes = 100.0 / 112;
  /// What 512 registers' floats leave to the cache: 2 * 100^3 / sqrt(512), and
  /// the result's write-back.
  static double registerBytes() { return 2e6 / std::sqrt(512.0) * 4 + 40000; }
  /// Read, or brought in to be written, and written back.
  static constexpr double memoryBytes = 3 * 40000 + 40000;
  /// What the cache gives that doesn't come from memory.
  static double cacheBytes() { return registerBytes() - 3 * 40000; }
};

struct Neg : ParsedOps {
  explicit Neg(int count)
      : ParsedOps("(%x: tensor<" + std::to_string(count) + "xf32>) -> tensor<" +
                      std::to_string(count) + "xf32>",
                  "%0 = rac.neg %x : (tensor<" + std::to_string(count) +
                      "xf32>) -> tensor<" + std::to_string(count) +
                      "xf32> return %0 : tensor<" + std::to_string(count) +
                      "xf32>") {}
};

//===----------------------------------------------------------------------===//
// Time
//===----------------------------------------------------------------------===//

TEST(DeviceModel, LibraryProduct) {
  Matmul p;
  Model model;
  Estimate cost = model(p, KernelKind::library);
  double compute = 2e6 / 1e9 / Matmul::lanes,
         cache = Matmul::cacheBytes() / 1e10,
         memory = Matmul::memoryBytes / 1e9;
  EXPECT_DOUBLE_EQ(cost.breakdown.computeSeconds, compute);
  EXPECT_DOUBLE_EQ(cost.breakdown.transferSeconds[0], cache);
  EXPECT_DOUBLE_EQ(cost.breakdown.transferSeconds[1], memory);
  EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds, 1e-6 + 2e-6);
  EXPECT_DOUBLE_EQ(cost.seconds.value, compute + cache + memory + 3e-6);
  EXPECT_TRUE(cost.seconds.isExact());
  EXPECT_DOUBLE_EQ(cost.flops, 2e6);
  ASSERT_EQ(cost.bytes.size(), 2u);
  EXPECT_EQ(cost.bytes[0].level, "L1d");
  EXPECT_DOUBLE_EQ(cost.bytes[0].bytes, Matmul::registerBytes());
  EXPECT_EQ(cost.memoryBytes(), Matmul::memoryBytes);
  EXPECT_TRUE(model.unknowns.list().empty());
}

/// (a^p + b^p)^(1/p)
double together(double a, double b, double p) {
  return std::pow(std::pow(a, p) + std::pow(b, p), 1 / p);
}

// What is far away is mostly waited for.
TEST(DeviceModel, OverlapTakesTheLongestMostly) {
  Matmul p;
  Device device = roundDevice();
  device.execution.overlapExponent = number(2);
  double compute = 2e6 / 1e9 / Matmul::lanes,
         cache = Matmul::cacheBytes() / 1e10,
         memory = Matmul::memoryBytes / 1e9;
  EXPECT_DOUBLE_EQ(Model(device)(p, KernelKind::library).seconds.value,
                   together(together(compute, cache, 2), memory, 1.5) + 3e-6);
}

TEST(DeviceModel, SmallSizesAttainLess) {
  Matmul p;
  Device device = roundDevice();
  device.units[0].libraryHalfM[DataType::f32] = number(100);
  device.units[0].libraryHalfN[DataType::f32] = number(25);
  device.units[0].libraryHalfK[DataType::f32] = number(50);
  EXPECT_DOUBLE_EQ(
      Model(device)(p, KernelKind::library).breakdown.computeSeconds,
      2e6 / 1e9 / Matmul::lanes * 2 * 1.25 * 1.5);
}

/// 8 channels of 4 x 4 pixels, windows of 3 x 3.
struct Conv : ParsedOps {
  explicit Conv(bool depthwise)
      : ParsedOps(std::string("(%x: tensor<1x6x6x8xf32>, %f: tensor<8x") +
                      (depthwise ? "1" : "8") +
                      "x3x3xf32>) -> tensor<1x4x4x8xf32>",
                  std::string("%0 = rac.conv %x, %f {strides = array<i64: 1, "
                              "1>, dilations = array<i64: 1, 1>, pads_low = "
                              "array<i64: 0, 0>, pads_high = array<i64: 0, "
                              "0>, groups = ") +
                      (depthwise ? "8" : "1") +
                      " : i64} : (tensor<1x6x6x8xf32>, tensor<8x" +
                      (depthwise ? "1" : "8") +
                      "x3x3xf32>) -> tensor<1x4x4x8xf32> return %0 : "
                      "tensor<1x4x4x8xf32>") {}
};

TEST(DeviceModel, ConvolutionsHaveTheirOwnRate) {
  Conv full(false), depthwise(true);
  EXPECT_DOUBLE_EQ(Model()(full, KernelKind::library).breakdown.computeSeconds,
                   2.0 * 128 * 72 / (2e8 * 4 * 0.5)); // 8 of 16 lanes
  EXPECT_DOUBLE_EQ(
      Model()(depthwise, KernelKind::library).breakdown.computeSeconds,
      2.0 * 128 * 9 / (2e8 * 0.25));
}

/// Windows of 3 x 3 that reach over the border of 64 x 64 pixels, the sizes of
/// dimensions that aren't known.
struct PaddedConv : ParsedOps {
  explicit PaddedConv(const std::string &size)
      : ParsedOps("(%x: tensor<1x" + size + "x" + size +
                      "x8xf32>, %f: tensor<8x1x3x3xf32>) -> tensor<1x" + size +
                      "x" + size + "x8xf32>",
                  "%0 = rac.conv %x, %f {strides = array<i64: 1, 1>, dilations "
                  "= array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high "
                  "= array<i64: 1, 1>, groups = 8 : i64} : (tensor<1x" +
                      size + "x" + size +
                      "x8xf32>, tensor<8x1x3x3xf32>) -> tensor<1x" + size +
                      "x" + size + "x8xf32> return %0 : tensor<1x" + size +
                      "x" + size + "x8xf32>") {}
};

TEST(DeviceModel, ImagesOfUnknownSizeAreCopiedIntoZeros) {
  PaddedConv known("64"), unknown("?");
  auto moved = [](ParsedOps &p, KernelKind kind) {
    return Model()(p, kind).breakdown.transferSeconds.back();
  };
  // The image, the result when it is brought in and when it leaves.
  double image = 64 * 64 * 8 * 4;
  double more = moved(unknown, KernelKind::generated) -
                moved(known, KernelKind::generated);
  double rate = 3 * image / moved(known, KernelKind::generated);
  EXPECT_GT(more * rate, image);
  EXPECT_DOUBLE_EQ(moved(unknown, KernelKind::library),
                   moved(known, KernelKind::library));
}

// A matrix unit that does ten times as much in bf16 is of no use to it.
TEST(DeviceModel, DepthwiseConvolutionsAreOfVectors) {
  Device device = roundDevice();
  ComputeUnit matrix;
  matrix.name = "tiles";
  matrix.kind = UnitKind::matrix;
  matrix.opsPerClock[DataType::bf16] = number(20);
  device.units.push_back(matrix);
  Conv full(false), depthwise(true);
  auto seconds = [](ParsedOps &p, const Device &device) {
    Model model(device);
    return model.model
        .estimate(Candidate::of(p.ops),
                  PlanAttr::get(KernelKind::library,
                                mlir::BFloat16Type::get(&p.context)))
        .breakdown.computeSeconds;
  };
  // 8 of 16 columns.
  EXPECT_DOUBLE_EQ(seconds(full, device), 2.0 * 128 * 72 / (2e9 * 0.5));
  EXPECT_DOUBLE_EQ(seconds(depthwise, device), 2.0 * 128 * 9 / (2e8 * 0.25));
  device.units[0].libraryDepthwiseFraction[DataType::bf16] = number(0.5);
  EXPECT_DOUBLE_EQ(seconds(depthwise, device), 2.0 * 128 * 9 / (2e8 * 0.5));
}

TEST(DeviceModel, GeneratedProductPaysForRaggedLanes) {
  Matmul p;
  Estimate cost = Model()(p, KernelKind::generated);
  // 100 columns fill 7 vectors of 16. Tiles of 6 rows and 4 vectors compute
  // without waiting: 12 clocks, 5 of loads.
  EXPECT_DOUBLE_EQ(cost.breakdown.computeSeconds,
                   2e6 / (2e8 * 0.5 * (100.0 / 112)));
  EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds, 1e-6);
}

/// A product with constants.
struct WeightedMatmul : ParsedOps {
  WeightedMatmul()
      : ParsedOps("(%a: tensor<100x100xf32>) -> tensor<100x96xf32>",
                  R"(%b = rac.constant dense_resource<b> : tensor<100x96xf32>
                     %0 = rac.matmul %a, %b : (tensor<100x100xf32>,
                       tensor<100x96xf32>) -> tensor<100x96xf32>
                     return %0 : tensor<100x96xf32>)") {}
};

// Sums of products of bf16 are an instruction where that is quicker than
// multiply-adds of f32, and for constants only, whose terms lie side by side.
TEST(DeviceModel, GeneratedProductsOf16Bits) {
  auto seconds = [](ParsedOps &p, double opsPerClock) {
    Device device = roundDevice();
    double f32 = device.units[0].opsPerClock[DataType::f32]->v;
    device.units[0].opsPerClock[DataType::bf16] = number(opsPerClock * f32);
    Model model(device);
    mlir::Operation *product = p.ops.back();
    return model.model
        .estimate(Candidate::of({product}),
                  PlanAttr::get(KernelKind::generated,
                                mlir::BFloat16Type::get(&p.context)))
        .breakdown.computeSeconds;
  };
  Matmul plain;
  WeightedMatmul weighted;
  EXPECT_DOUBLE_EQ(seconds(plain, 2), seconds(plain, 1));
  EXPECT_DOUBLE_EQ(seconds(weighted, 2), seconds(weighted, 1) / 2);
  EXPECT_DOUBLE_EQ(seconds(weighted, 0.5), seconds(weighted, 1));
}

// What a plan's precision left in f32 stays so, and is counted so.
TEST(DeviceModel, TypesThatWereCarriedOutCount) {
  auto memory = [](llvm::StringRef type) {
    ParsedOps p(
        ("(%x: tensor<16x100x" + type + ">) -> tensor<16x100xf32>").str(),
        type == "f32" ? std::string(
                            R"(%0 = rac.neg %x : (tensor<16x100xf32>) ->
                               tensor<16x100xf32>
                             return %0 : tensor<16x100xf32>)")
                      : std::string(
                            R"(%0 = rac.cast %x : (tensor<16x100xbf16>) ->
                               tensor<16x100xf32>
                             return %0 : tensor<16x100xf32>)"));
    return Model()
        .model
        .estimate(Candidate::of(p.ops),
                  PlanAttr::get(KernelKind::generated,
                                mlir::BFloat16Type::get(&p.context)))
        .memoryBytes();
  };
  // Read, brought in to be written, and written back: all of it narrow as
  // planned, and once it is carried out what is narrow by then.
  EXPECT_EQ(memory("f32"), 3 * 1600 * 2);
  EXPECT_EQ(memory("bf16"), 1600 * 2 + 2 * 1600 * 4);
}

TEST(DeviceModel, ElementwiseOnThreads) {
  Neg p(16000);
  // An operation takes what a multiply-add does. 64 KB read, brought in and
  // written back, all of them from and to memory.
  double compute = 2 * 16000 / 2e8, memory = 192e3;
  EXPECT_DOUBLE_EQ(Model()(p, KernelKind::generated).seconds.value,
                   compute + memory / 1e9 + 1e-6);
  // 250 iterations of 4 vectors, shared evenly.
  EXPECT_DOUBLE_EQ(Model()(p, KernelKind::generated, 2).seconds.value,
                   compute / 2 + memory / 2e9 + 1e-6 + 5e-6);
  // On four the memory's 3e9 B/s bind, and a thread has 63 iterations.
  double speedup = 250.0 / 63;
  EXPECT_DOUBLE_EQ(Model()(p, KernelKind::generated, 4).seconds.value,
                   compute / speedup + memory / 3e9 + 1e-6 + 3 * 5e-6);
}

// What a core has for itself adds up, and lines go back to it as well.
TEST(DeviceModel, OwnLevelsAddUp) {
  Device device = roundDevice();
  device.memory[0].sizeBytes = number(4096);
  MemoryLevel second = device.memory[0];
  second.name = "L2";
  second.sizeBytes = number(1 << 20);
  second.coreBytesPerSecond = number(4e9);
  device.memory.insert(device.memory.begin() + 1, second);
  device.execution.overlapExponent = number(2);
  ParsedOps p("(%x: tensor<16000xf32>) -> tensor<16000xf32>",
              R"(%0 = rac.neg %x : (tensor<16000xf32>) -> tensor<16000xf32>
                 %1 = rac.neg %0 : (tensor<16000xf32>) -> tensor<16000xf32>
                 return %1 : tensor<16000xf32>)");
  // All of a run stays in L2: 64 KB read, 64 KB brought in to be written and as
  // many that go back; nothing of it is found nearer.
  Estimate cost = Model(device, Assumptions())
                      .model.estimate(Candidate::of({p.ops[1]}),
                                      planOf(p, KernelKind::generated));
  double compute = 2 * 16000 / 2e8, own = 3 * 64e3 / 4e9;
  EXPECT_EQ(cost.breakdown.transferSeconds[0], 0);
  EXPECT_DOUBLE_EQ(cost.breakdown.transferSeconds[1], own);
  EXPECT_EQ(cost.breakdown.transferSeconds[2], 0);
  EXPECT_DOUBLE_EQ(cost.seconds.value, together(compute, own, 2) + 1e-6);
}

// Each sum waits four clocks for the one before: four vectors of them at once
// keep half of the two adders busy, one an eighth.
TEST(DeviceModel, FewSumsAreWaitedFor) {
  auto compute = [](int64_t columns) {
    std::string from = "tensor<100x" + std::to_string(columns) + "xf32>",
                to = "tensor<" + std::to_string(columns) + "xf32>";
    ParsedOps p("(%x: " + from + ") -> " + to,
                "%0 = rac.reduce sum %x axes [0] : (" + from + ") -> " + to +
                    " return %0 : " + to);
    return Model()(p, KernelKind::generated).breakdown.computeSeconds;
  };
  EXPECT_DOUBLE_EQ(compute(64), 2 * 6400 / 2e8 * 2);
  EXPECT_DOUBLE_EQ(compute(16), 2 * 1600 / 2e8 * 8);
}

// Square blocks take log2(16) shuffles a vector, three rows side by side two;
// what fits neither moves element by element.
TEST(DeviceModel, TranspositionsBySize) {
  auto compute = [](int64_t rows, int64_t columns) {
    auto type = [](int64_t a, int64_t b) {
      return "tensor<" + std::to_string(a) + "x" + std::to_string(b) + "xf32>";
    };
    std::string from = type(rows, columns), to = type(columns, rows);
    ParsedOps p("(%x: " + from + ") -> " + to,
                "%0 = rac.transpose %x, [1, 0] : (" + from + ") -> " + to +
                    " return %0 : " + to);
    return Model()(p, KernelKind::generated).breakdown.computeSeconds;
  };
  EXPECT_DOUBLE_EQ(compute(32, 64), 2 * (2 * 4 * 32 * 64) / 2e8);
  EXPECT_DOUBLE_EQ(compute(3, 64), 2 * (2 * 2 * 3 * 64) / 2e8);
  EXPECT_DOUBLE_EQ(compute(7, 64), 2 * (2 * 7 * 64) / (2e8 / 16));
}

// rac-copies-in-place leaves nothing of them.
TEST(DeviceModel, CopiesInPlaceCostNothing) {
  ParsedOps p(
      "(%x: tensor<4x1000xf32>) -> tensor<2x1000xf32>",
      R"(%0 = rac.slice %x [1, 0] [1, 1000] [1, 1] : (tensor<4x1000xf32>) -> tensor<1x1000xf32>
         %1 = rac.neg %0 : (tensor<1x1000xf32>) -> tensor<1x1000xf32>
         %2 = rac.exp %1 : (tensor<1x1000xf32>) -> tensor<1x1000xf32>
         %3 = rac.concat %1, %2 axis 0 : (tensor<1x1000xf32>, tensor<1x1000xf32>) -> tensor<2x1000xf32>
         return %3 : tensor<2x1000xf32>)");
  Model model(roundDevice(), Assumptions());
  auto seconds = [&](unsigned op) {
    return model.model
        .estimate(Candidate::of({p.ops[op]}), planOf(p, KernelKind::generated))
        .seconds.value;
  };
  EXPECT_DOUBLE_EQ(seconds(0), 1e-6);
  EXPECT_GT(seconds(1), 1e-6);
  EXPECT_DOUBLE_EQ(seconds(3), 1e-6);
}

// Half of what two threads have made, or of what two read, lies in the cache of
// another core.
TEST(DeviceModel, OtherCoresHaveWhatOthersMade) {
  ParsedOps p("(%x: tensor<1024xf32>) -> tensor<1024xf32>",
              R"(%0 = rac.softmax %x axis 0 : tensor<1024xf32>
                 %1 = rac.neg %0 : (tensor<1024xf32>) -> tensor<1024xf32>
                 %2 = rac.neg %1 : (tensor<1024xf32>) -> tensor<1024xf32>
                 return %2 : tensor<1024xf32>)");
  auto fills = [&](int64_t runThreads, int64_t threads) {
    Device device = roundDevice();
    Unknowns unknowns;
    DeviceModel model(device, Assumptions(), runThreads, unknowns);
    return model
        .estimate(Candidate::of({p.ops[1]}),
                  planOf(p, KernelKind::generated, threads))
        .breakdown.fillBytes.front();
  };
  // All of a run fits into the cache.
  EXPECT_EQ(fills(1, 1), 0);
  EXPECT_EQ(fills(2, 1), 2048);
  // Two threads also find half of the result's place elsewhere.
  EXPECT_EQ(fills(2, 2), 2 * 2048);
}

// 8 tiles of a row against 4 of two: each begins for 15 clocks of 10 ns.
TEST(DeviceModel, EachTileBegins) {
  ParsedOps p("(%x: tensor<8x64xf32>) -> tensor<8x64xf32>",
              R"(%0 = rac.neg %x : (tensor<8x64xf32>) -> tensor<8x64xf32>
                 return %0 : tensor<8x64xf32>)");
  Model model;
  auto seconds = [&](int64_t rows) {
    PlanAttr plan = planOf(p, KernelKind::generated).withTiles({rows, 0});
    return model.model.estimate(Candidate::of(p.ops), plan).seconds.value;
  };
  EXPECT_NEAR(seconds(1) - seconds(2), 4 * 15e-8, 1e-15);
}

TEST(DeviceModel, FusionSavesTraffic) {
  ParsedOps p("(%x: tensor<1600xf32>) -> tensor<1600xf32>",
              R"(%0 = rac.neg %x : (tensor<1600xf32>) -> tensor<1600xf32>
                 %1 = rac.abs %0 : (tensor<1600xf32>) -> tensor<1600xf32>
                 return %1 : tensor<1600xf32>)");
  Model model;
  PlanAttr plan = planOf(p, KernelKind::generated);
  Estimate apart = model.model.estimate(Candidate::of({p.ops[0]}), plan) +
                   model.model.estimate(Candidate::of({p.ops[1]}), plan);
  Estimate together = model.model.estimate(Candidate::of(p.ops), plan);
  EXPECT_LT(together.seconds.value, apart.seconds.value);
  EXPECT_DOUBLE_EQ(apart.memoryBytes() - together.memoryBytes(), 3 * 6400);
  EXPECT_DOUBLE_EQ(apart.flops, together.flops);
  EXPECT_DOUBLE_EQ(apart.breakdown.overheadSeconds, 2e-6);
}

TEST(DeviceModel, DynamicSizesGiveARange) {
  ParsedOps p("(%x: tensor<?x16xf32>) -> tensor<?x16xf32>",
              R"(%0 = rac.neg %x : (tensor<?x16xf32>) -> tensor<?x16xf32>
                 return %0 : tensor<?x16xf32>)");
  Assumptions range = cold();
  range.dimLow = 1;
  range.dim = 100;
  range.dimHigh = 1000;
  Estimate cost = Model(roundDevice(), range)(p, KernelKind::generated);
  // 16 elements a row: 2 * 16 operations at 2e8, 192 B at 1e9.
  double row = 32 / 2e8 + 192 / 1e9;
  EXPECT_DOUBLE_EQ(cost.seconds.low, row + 1e-6);
  EXPECT_DOUBLE_EQ(cost.seconds.value, 100 * row + 1e-6);
  EXPECT_DOUBLE_EQ(cost.seconds.high, 1000 * row + 1e-6);
}

//===----------------------------------------------------------------------===//
// Energy
//===----------------------------------------------------------------------===//

TEST(DeviceModel, TdpIsABound) {
  Matmul p;
  Estimate one = Model()(p, KernelKind::library, 1);
  ASSERT_TRUE(one.joules);
  EXPECT_EQ(one.joulesOrigin, JoulesOrigin::tdp);
  EXPECT_DOUBLE_EQ(one.joules->value, one.seconds.value * 16 / 4);
  Estimate two = Model()(p, KernelKind::library, 2);
  EXPECT_DOUBLE_EQ(two.joules->value, two.seconds.value * 16 / 2);
}

/// 100 pJ an operation, 10 and 1000 pJ a byte; 4 W idle, 8 W more at work, 3 W
/// more a core.
Device measuredDevice() {
  Device device = roundDevice();
  device.units[0].picojoulesPerOp[DataType::f32] = energy(100);
  device.memory[0].picojoulesPerByte = energy(10);
  device.memory[1].picojoulesPerByte = energy(1000);
  device.power.idleWatts = number(4);
  device.power.deviceStaticWatts = number(8);
  device.power.coreStaticWatts = number(3);
  return device;
}

TEST(DeviceModel, EnergyAddsUp) {
  Matmul p;
  Model model(measuredDevice());
  Estimate cost = model(p, KernelKind::library, 2);
  EXPECT_EQ(cost.joulesOrigin, JoulesOrigin::modelled);
  EXPECT_DOUBLE_EQ(cost.breakdown.opsJoules, 2e6 * 100e-12);
  EXPECT_DOUBLE_EQ(cost.breakdown.bytesJoules[0],
                   Matmul::registerBytes() * 10e-12);
  EXPECT_DOUBLE_EQ(cost.breakdown.bytesJoules[1],
                   Matmul::memoryBytes * 1000e-12);
  // Two of four cores: half of the device, and both cores.
  EXPECT_DOUBLE_EQ(cost.breakdown.staticJoules,
                   cost.seconds.value * (4 / 2.0 + 8 / 2.0 + 2 * 3));
  EXPECT_DOUBLE_EQ(cost.joules->value, cost.breakdown.opsJoules +
                                           cost.breakdown.bytesJoules[0] +
                                           cost.breakdown.bytesJoules[1] +
                                           cost.breakdown.staticJoules);
  EXPECT_TRUE(model.unknowns.list().empty());
}

TEST(DeviceModel, EnergiesOfTwoScopesDontAddUp) {
  Matmul p;
  Device device = measuredDevice();
  device.memory[1].picojoulesPerByte = energy(1000, EnergyScope::board);
  Model model(device);
  Estimate cost = model(p, KernelKind::library);
  EXPECT_EQ(cost.breakdown.bytesJoules[1], 0);
  ASSERT_EQ(model.unknowns.list().size(), 1u);
  EXPECT_EQ(model.unknowns.list()[0].what, "memory.DRAM.pj_per_byte");
}

TEST(DeviceModel, BoundsPerOpAreNoEnergyPerOp) {
  Matmul p;
  Device device = measuredDevice();
  device.units[0].picojoulesPerOp[DataType::f32] =
      energy(100, EnergyScope::package, Origin::tdp);
  EXPECT_EQ(Model(device)(p, KernelKind::library).joulesOrigin,
            JoulesOrigin::tdp);
}

//===----------------------------------------------------------------------===//
// What is not known, or not exactly
//===----------------------------------------------------------------------===//

TEST(DeviceModel, WhatIsUnknownIsStoodInForAndListed) {
  Matmul p;
  Device device = roundDevice();
  device.units[0].libraryFraction.clear();
  device.overheads.libraryCallSeconds = std::nullopt;
  device.power.tdpWatts = std::nullopt;
  device.memory[1].coreBytesPerSecond = std::nullopt;
  Model model(device);
  for (int times = 0; times < 2; ++times) {
    Estimate cost = model(p, KernelKind::library);
    EXPECT_DOUBLE_EQ(cost.breakdown.computeSeconds, 2e6 / 2e8 / Matmul::lanes);
    EXPECT_DOUBLE_EQ(cost.breakdown.transferSeconds[1],
                     Matmul::memoryBytes / (3e9 / 4));
    EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds, 1e-6);
    EXPECT_FALSE(cost.joules);
    EXPECT_FALSE((cost + cost).joules);
  }
  std::vector<std::string> what;
  for (const Unknowns::StandIn &standIn : model.unknowns.list())
    what.push_back(standIn.what);
  EXPECT_EQ(what, (std::vector<std::string>{"units.fpu.library_fraction.f32",
                                            "memory.DRAM.core_bytes_per_s",
                                            "overheads.library_call_s",
                                            "power.tdp_w"}));
}

TEST(DeviceModel, TypeWhoseRateIsUnknownCountsAsF32) {
  Device device = roundDevice();
  device.units[0].opsPerClock[DataType::bf16] = std::nullopt;
  Matmul p;
  Model model(device);
  model.model.estimate(Candidate::of(p.ops),
                       PlanAttr::get(KernelKind::library,
                                     mlir::BFloat16Type::get(&p.context), 1));
  ASSERT_FALSE(model.unknowns.list().empty());
  EXPECT_EQ(model.unknowns.list()[0].what, "units.fpu.ops_per_clock.bf16");
  EXPECT_EQ(model.unknowns.list()[0].instead, 2e8);
}

TEST(DeviceModel, UncertaintyGivesAnInterval) {
  Matmul p;
  Device device = roundDevice();
  device.units[0].libraryFraction[DataType::f32] = number(5, 1);
  device.overheads.launchSeconds = number(1e-6, 3);
  Estimate cost = Model(device)(p, KernelKind::library);
  double rest = Matmul::cacheBytes() / 1e10 + Matmul::memoryBytes / 1e9 + 2e-6;
  EXPECT_DOUBLE_EQ(cost.seconds.low,
                   2e6 / 2e9 / Matmul::lanes + rest + 1e-6 / 4);
  EXPECT_DOUBLE_EQ(cost.seconds.value, 2e6 / 1e9 / Matmul::lanes + rest + 1e-6);
  EXPECT_DOUBLE_EQ(cost.seconds.high,
                   2e6 / 0.5e9 / Matmul::lanes + rest + 4e-6);
}

TEST(DeviceModel, WhatBothRestOnDecidesNothing) {
  // Memory may have half the bandwidth, or twice: for both.
  Device device = roundDevice();
  device.memory[1].coreBytesPerSecond = number(1e9, 1);
  device.memory[1].deviceBytesPerSecond = std::nullopt;
  Neg small(16000), large(24000);
  Model model(device);
  Estimate a = model(small, KernelKind::generated),
           b = model(large, KernelKind::generated);
  EXPECT_GT(a.seconds.high, b.seconds.low);
  EXPECT_FALSE(undecided(a, b));
  EXPECT_FALSE(undecided(b, a));
}

TEST(DeviceModel, ChoiceThatFlipsIsUndecided) {
  Matmul p;
  Device device = roundDevice();
  // Generated code takes 22.4 ms, or between half and twice of that; the
  // library 10 to 11.
  device.units[0].libraryFraction[DataType::f32] = number(1);
  device.units[0].generatedFraction[DataType::f32] = number(0.5, 2);
  Model model(device);
  Estimate library = model(p, KernelKind::library),
           generated = model(p, KernelKind::generated);
  EXPECT_LT(library.seconds.value, generated.seconds.value);
  EXPECT_TRUE(undecided(library, generated));
  EXPECT_TRUE(undecided(generated, library));
  device.units[0].generatedFraction[DataType::f32] = number(0.5, 0.1);
  Model sure(device);
  EXPECT_FALSE(
      undecided(sure(p, KernelKind::library), sure(p, KernelKind::generated)));
}

TEST(DeviceModel, SumsKeepWhatTheyRestOn) {
  Device device = roundDevice();
  device.units[0].vectorFraction[DataType::f32] = number(1, 1);
  Neg p(16000);
  Model model(device);
  Estimate one = model(p, KernelKind::generated), two = one + one;
  ASSERT_EQ(two.coefficients.size(), one.coefficients.size());
  for (size_t i = 0; i < one.coefficients.size(); ++i) {
    EXPECT_EQ(two.coefficients[i].coefficient, one.coefficients[i].coefficient);
    EXPECT_DOUBLE_EQ(two.coefficients[i].moreSeconds,
                     2 * one.coefficients[i].moreSeconds);
  }
}

} // namespace
