//===- DeviceModelTest.cpp - Time, worked by hand -------------------------===//

#include "RoundModel.h"
#include "rac/Cost/InPlace.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

TEST(DeviceModel, LibraryProduct) {
  Matmul p;
  Model model;
  Estimate cost = model(p, KernelKind::library);
  double compute = 2e6 / 1e9 / Matmul::lanes + Matmul::repacking,
         cache = Matmul::cacheBytes() / 1e10,
         memory = Matmul::memoryFills / 1e9;
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
  double compute = 2e6 / 1e9 / Matmul::lanes + Matmul::repacking,
         cache = Matmul::cacheBytes() / 1e10,
         memory = Matmul::memoryFills / 1e9;
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
      2e6 / 1e9 / Matmul::lanes * 2 * 1.25 * 1.5 + Matmul::repacking);
}

/// 8 channels of 4 x 4 pixels, windows of 3 x 3.
struct Conv : ParsedOps {
  explicit Conv(bool depthwise)
      : ParsedOps(ConvText("1x6x6x8xf32",
                           depthwise ? "8x1x3x3xf32" : "8x8x3x3xf32",
                           "1x4x4x8xf32", /*pad=*/0, depthwise ? 8 : 1)) {}
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
      : ParsedOps(ConvText(imageOf(size), "8x1x3x3xf32", imageOf(size),
                           /*pad=*/1, /*groups=*/8)) {}
  static std::string imageOf(const std::string &size) {
    return "1x" + size + "x" + size + "x8xf32";
  }
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

/// With a matrix unit that does ten times as much in bf16.
Device deviceWithTiles() {
  Device device = roundDevice();
  ComputeUnit matrix;
  matrix.name = "tiles";
  matrix.kind = UnitKind::matrix;
  matrix.opsPerClock[DataType::bf16] = number(20);
  device.units.push_back(matrix);
  return device;
}

/// Of computing in bf16 by the library.
double librarySeconds(ParsedOps &p, const Device &device) {
  Model model(device);
  return model.model
      .estimate(Candidate::of(p.ops),
                PlanAttr::get(KernelKind::library,
                              mlir::BFloat16Type::get(&p.context)))
      .breakdown.computeSeconds;
}

// A matrix unit is of no use to it.
TEST(DeviceModel, DepthwiseConvolutionsAreOfVectors) {
  Device device = deviceWithTiles();
  Conv full(false), depthwise(true);
  // 8 of 16 columns.
  EXPECT_DOUBLE_EQ(librarySeconds(full, device), 2.0 * 128 * 72 / (2e9 * 0.5));
  EXPECT_DOUBLE_EQ(librarySeconds(depthwise, device),
                   2.0 * 128 * 9 / (2e8 * 0.25));
  device.units[0].libraryDepthwiseFraction[DataType::bf16] = number(0.5);
  EXPECT_DOUBLE_EQ(librarySeconds(depthwise, device),
                   2.0 * 128 * 9 / (2e8 * 0.5));
}

// Of a tile's 32 terms a window's tap of 8 channels fills a quarter, and half
// of its columns.
TEST(DeviceModel, TapsFillTiles) {
  Device device = deviceWithTiles();
  device.units.back().vectorBits = number(8192);
  Conv conv(false);
  Matmul product; // 100 terms of 128, 100 columns of 112
  // An element laid out, and a sum that waits for the last 4 terms: 0.4 clocks.
  double narrow = 0.4 * 100 * 100 * 1e-8, tail = narrow;
  EXPECT_DOUBLE_EQ(librarySeconds(conv, device),
                   2.0 * 128 * 72 / (2e9 * 0.5 * 0.25));
  EXPECT_DOUBLE_EQ(librarySeconds(product, device),
                   2e6 / (2e9 * (100.0 / 112) * (100.0 / 128)) + narrow + tail);
  // Tiles of 4 terms are filled up.
  device.units.back().vectorBits = number(128);
  EXPECT_DOUBLE_EQ(librarySeconds(product, device),
                   2e6 / (2e9 * (100.0 / 112)) + narrow);
  device.units.back().vectorBits = number(8192);
  // A row of 7 taps of an image lies side by side: 21 of 32 terms.
  ParsedOps image(ConvText("1x16x16x3xf32", "8x3x7x7xf32", "1x10x10x8xf32",
                           /*pad=*/0, /*groups=*/1));
  EXPECT_DOUBLE_EQ(librarySeconds(image, device),
                   2.0 * 800 * 147 / (2e9 * 0.5 * (21.0 / 32)));
}

// Bytes that are multiplied four at once are still widened by other code.
TEST(DeviceModel, OtherCodeGainsNothingFromProductsOfBytes) {
  Device device = roundDevice();
  device.units[0].opsPerClock[DataType::i8] = number(8);
  Conv depthwise(true);
  auto seconds = [&](mlir::Type type) {
    Model model(device);
    return model.model
        .estimate(Candidate::of(depthwise.ops),
                  PlanAttr::get(KernelKind::generated, type))
        .breakdown.computeSeconds;
  };
  EXPECT_DOUBLE_EQ(seconds(mlir::IntegerType::get(&depthwise.context, 8)),
                   seconds(mlir::Float32Type::get(&depthwise.context)));
}

TEST(DeviceModel, GeneratedProductPaysForRaggedLanes) {
  Matmul p;
  Estimate cost = Model()(p, KernelKind::generated);
  // 100 columns fill 7 vectors of 16. Tiles of 6 rows and 4 vectors compute
  // without waiting: 12 clocks, 5 of loads. Each of them begins for 20 clocks
  // of 10 ns, and stores 24 vectors.
  double tiles = 100 * 100 / (6 * 4 * 16.0);
  EXPECT_DOUBLE_EQ(cost.breakdown.computeSeconds,
                   2e6 / (2e8 * 0.5 * (100.0 / 112)) +
                       tiles * (20 + 24) * 1e-8);
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
  // But for the tiles of 6 rows and 4 vectors of 32 numbers of 16 bits, which
  // begin and store.
  double begin = 100 * 96 / (6 * 4 * 32.0) * (20 + 24) * 1e-8;
  EXPECT_DOUBLE_EQ(seconds(weighted, 2) - begin,
                   (seconds(weighted, 1) - begin) / 2);
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
  // An operation takes what a multiply-add does. 64 KB read and brought in,
  // all of them from memory.
  double compute = 2 * 16000 / 2e8, memory = 128e3;
  EXPECT_DOUBLE_EQ(Model()(p, KernelKind::generated).seconds.value,
                   compute + memory / 1e9 + 1e-6);
  // 250 iterations of 4 vectors, shared evenly.
  EXPECT_DOUBLE_EQ(Model()(p, KernelKind::generated, 2).seconds.value,
                   compute / 2 + memory / 2e9 + 1e-6 + 5e-6);
  // On four the memory's 3e9 B/s bind, of which 64 KB that go back take their
  // part, and a thread has 63 iterations.
  double speedup = 250.0 / 63;
  EXPECT_DOUBLE_EQ(Model()(p, KernelKind::generated, 4).seconds.value,
                   compute / speedup + (memory + 64e3) / 3e9 + 1e-6 + 3 * 5e-6);
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

TEST(DeviceModel, AHeapIsComparedWithAndRepaired) {
  ParsedOps p("(%x: tensor<3x1024xf32>, %k: index) -> tensor<3x7xf32>",
              "%0, %1 = rac.top_k %x, %k axis 1 : (tensor<3x1024xf32>) -> "
              "(tensor<3x7xf32>, tensor<3x7xi64>) return %0 : tensor<3x7xf32>");
  Model model;
  Estimate cost = model.model.estimate(Candidate::of({p.ops.front()}),
                                       planOf(p, KernelKind::generated));
  // In random order element i is better than 7 of those before by 7 / i; three
  // levels, of 10 ns a clock.
  double better = 7 * (1 + std::log(1024.0 / 7));
  EXPECT_NEAR(cost.breakdown.computeSeconds,
              3 * (2 * 1024 + 11 * (better + 7) * 3) * 1e-8, 1e-12);
}

// Four digits of each key, and so often the 256 values that one may have;
// beside that 16 clocks for what is written.
TEST(DeviceModel, AWholeRowIsSortedByDigits) {
  ParsedOps p("(%x: tensor<3x1024xf32>, %k: index) -> tensor<3x1024xf32>",
              "%0, %1 = rac.top_k %x, %k axis 1 : (tensor<3x1024xf32>) -> "
              "(tensor<3x1024xf32>, tensor<3x1024xi64>) "
              "return %0 : tensor<3x1024xf32>");
  Model model;
  Estimate cost = model.model.estimate(Candidate::of({p.ops.front()}),
                                       planOf(p, KernelKind::generated));
  EXPECT_NEAR(cost.breakdown.computeSeconds,
              (3 * (1024 * (4 + 4 * 4) + 4 * 110) + 16) * 1e-8, 1e-12);
}

// Weights of 8 bits become floats in the product's loop, two operations each,
// once for all rows of a tile; their scales are read once a block.
TEST(DeviceModel, RowsShareWidenedWeights) {
  auto compute = [](const std::string &rows) {
    ParsedOps p("(%x: tensor<" + rows + "x64xf32>) -> tensor<" + rows +
                    "x32xf32>",
                R"(%w = rac.constant dense<1> : tensor<64x32xi8>
                   %s = rac.constant dense<1.0> : tensor<2x32xf32>
                   %0 = rac.dequantize_weights %w, %s {blocks = array<i64: 32, 1>} :
                     (tensor<64x32xi8>, tensor<2x32xf32>) -> tensor<64x32xf32>
                   %1 = rac.matmul %x, %0 : (tensor<)" +
                    rows + "x64xf32>, tensor<64x32xf32>) -> tensor<" + rows +
                    "x32xf32> return %1 : tensor<" + rows + "x32xf32>");
    Candidate candidate = Candidate::of(p.ops);
    Work work = analyzeWork(candidate, 64);
    fuseNests(work, /*afterContractions=*/true);
    EXPECT_EQ(work.nests.size(), 1u);
    EXPECT_EQ(work.nests.front().terms(), 2);
    return Model()
        .model.estimate(candidate, planOf(p, KernelKind::generated))
        .breakdown.computeSeconds;
  };
  // Four rows multiply while one would wait for its two sums; they only store
  // six vectors more, a clock each.
  EXPECT_NEAR(compute("4") - compute("1"), 6e-8, 1e-12);
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

// What others make is written there; the slice, 500 columns of 4 B in 32 lines,
// is read and written.
TEST(DeviceModel, OnlySlicesAreCopiedIntoPlace) {
  ParsedOps p(
      "(%x: tensor<1x1000xf32>, %y: tensor<1x500xf32>) -> tensor<2x500xf32>",
      R"(%0 = rac.slice %x [0, 500] [1, 500] [1, 1] : (tensor<1x1000xf32>) -> tensor<1x500xf32>
         %1 = rac.exp %y : (tensor<1x500xf32>) -> tensor<1x500xf32>
         %2 = rac.concat %0, %1 axis 0 : (tensor<1x500xf32>, tensor<1x500xf32>) -> tensor<2x500xf32>
         return %2 : tensor<2x500xf32>)");
  Candidate both = Candidate::of({p.ops[0], p.ops[2]});
  llvm::SmallBitVector inPlace = nestsInPlace(both, 3, 1);
  EXPECT_FALSE(inPlace[0]);
  EXPECT_FALSE(inPlace[1]);
  EXPECT_TRUE(inPlace[2]);
  Breakdown breakdown =
      Model().model.estimate(both, planOf(p, KernelKind::generated)).breakdown;
  EXPECT_DOUBLE_EQ(breakdown.transferSeconds[1], 2 * 32 * 64 / 1e9);
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

// Tiles of several rows, side by side or a page apart: of a page they come in
// one burst, which takes 1.07 times as long for two, 1.15 for more, from
// memory. The lanes of all are added up together.
TEST(DeviceModel, RowsOfAPageComeInOneBurst) {
  ParsedOps p("(%x: tensor<4x4x256xf32>) -> tensor<4x4x256xf32>",
              R"(%0 = rac.softmax %x axis 2 : tensor<4x4x256xf32>
                 return %0 : tensor<4x4x256xf32>)");
  Model model;
  auto breakdown = [&](llvm::ArrayRef<int64_t> tiles) {
    PlanAttr plan = planOf(p, KernelKind::generated).withTiles(tiles);
    return model.model.estimate(Candidate::of(p.ops), plan).breakdown;
  };
  Breakdown one = breakdown({1, 1, 0}), apart = breakdown({2, 1, 0}),
            sideBySide = breakdown({1, 2, 0}), four = breakdown({1, 4, 0});
  // Input and result, and the exponentials of a tile.
  double all = 2 * 16384, row = 1024;
  EXPECT_DOUBLE_EQ(one.transferSeconds[1], (all + row) / 1e9);
  EXPECT_DOUBLE_EQ(apart.transferSeconds[1], (all + 2 * row) / 1e9);
  EXPECT_DOUBLE_EQ(sideBySide.transferSeconds[1], 1.07 * (all + 2 * row) / 1e9);
  EXPECT_DOUBLE_EQ(four.transferSeconds[1], 1.15 * (all + 4 * row) / 1e9);
  EXPECT_DOUBLE_EQ(apart.computeSeconds, sideBySide.computeSeconds);
  EXPECT_LT(apart.computeSeconds, one.computeSeconds);
}

// Tiles of one panel of 32 columns have the weights of the next fetched: all
// but the first of 3. Where vectors are scalable none are, and weights come
// while the first 14 of 56 rows are multiplied: for their part of what comes,
// three quarters pass after that.
TEST(DeviceModel, WeightsComeAheadOrWithTheFirstRows) {
  ParsedOps p("(%x: tensor<56x16xf32>) -> tensor<56x96xf32>",
              R"(%w = rac.constant dense_resource<w> : tensor<16x96xf32>
         %0 = rac.matmul %x, %w : (tensor<56x16xf32>, tensor<16x96xf32>) -> tensor<56x96xf32>
         return %0 : tensor<56x96xf32>)");
  auto formulaOf = [&](Model model, KernelKind kind) {
    return model.model.timeFormula(Candidate::of({p.ops.back()}),
                                   planOf(p, kind));
  };
  Device scalable = roundDevice();
  scalable.units.front().scalable = true;
  double w = 16 * 96, all = 56 * 16 + w + 56 * 96;

  TimeFormula fixed = formulaOf(Model(), KernelKind::generated);
  EXPECT_DOUBLE_EQ(fixed.transfers.back().ahead, 2.0 / 3 * w / all);
  EXPECT_EQ(fixed.afterWaits, 0);
  TimeFormula waits = formulaOf(Model(scalable), KernelKind::generated);
  EXPECT_EQ(waits.transfers.back().ahead, 0);
  EXPECT_DOUBLE_EQ(waits.afterWaits, 0.75 * w / all);
  TimeFormula library = formulaOf(Model(), KernelKind::library);
  EXPECT_EQ(library.transfers.back().ahead, 0);
  EXPECT_EQ(library.afterWaits, 0);
}

// What is fetched ahead hides behind computing, what is waited for does not.
TEST(TimeFormula, WhatIsFetchedAheadOverlaps) {
  Coefficient rate{"rate", 1}, most{"overlap", 1e9};
  TimeFormula formula;
  formula.overlap = &most;
  TimeFormula::Compute compute;
  compute.ops = 10;
  formula.computes.push_back(compute);
  TimeFormula::Transfer transfer;
  transfer.kind = TimeFormula::Transfer::isWaitedFor;
  transfer.bytes = 8;
  transfer.core = &rate;
  auto seconds = [&](double ahead) {
    transfer.ahead = ahead;
    formula.transfers.assign({transfer});
    return formula.seconds({});
  };
  EXPECT_DOUBLE_EQ(seconds(1), 10);
  EXPECT_DOUBLE_EQ(seconds(0),
                   std::pow(std::pow(10, 1.5) + std::pow(8, 1.5), 1 / 1.5));
  EXPECT_DOUBLE_EQ(seconds(0.5),
                   std::pow(std::pow(10, 1.5) + std::pow(4, 1.5), 1 / 1.5));
}

// 512 operations on two a clock, and 8 tiles that begin, beside each other.
TEST(DeviceModel, OtherTilesHideThatOneBegins) {
  ParsedOps p("(%x: tensor<8x64xf32>) -> tensor<8x64xf32>",
              R"(%0 = rac.neg %x : (tensor<8x64xf32>) -> tensor<8x64xf32>
                 return %0 : tensor<8x64xf32>)");
  Device device = roundDevice();
  device.execution.overlapExponent = number(1.5);
  PlanAttr plan = planOf(p, KernelKind::generated).withTiles({1, 0});
  Estimate cost =
      Model(device, Assumptions()).model.estimate(Candidate::of(p.ops), plan);
  double compute = 2 * 512 / 2e8, begin = 8 * 15e-8;
  auto [near, far] = std::pair(cost.breakdown.transferSeconds[0],
                               cost.breakdown.transferSeconds[1]);
  EXPECT_DOUBLE_EQ(cost.breakdown.computeSeconds, compute + begin);
  double inside = together(together(compute, begin, 1.5), near, 1.5);
  EXPECT_NEAR(cost.seconds.value, together(inside, far, 1.5) + 1e-6, 1e-15);
}

// With the terms in the lanes, four of 4 x 32 results take three pairs of two
// shuffles, one a clock, and an addition, two a clock, and two steps of one of
// each, however many terms there are.
TEST(DeviceModel, LanesOfSumsAreAddedUp) {
  auto compute = [](int64_t terms) {
    std::string k = std::to_string(terms);
    ParsedOps p("(%x: tensor<4x" + k + "xf32>, %w: tensor<32x" + k +
                    "xf32>) -> tensor<4x32xf32>",
                "%0 = rac.transpose %w, [1, 0] : (tensor<32x" + k +
                    "xf32>) -> tensor<" + k + "x32xf32>" +
                    " %1 = rac.matmul %x, %0 : (tensor<4x" + k +
                    "xf32>, tensor<" + k + "x32xf32>) -> tensor<4x32xf32>" +
                    " return %1 : tensor<4x32xf32>");
    return Model()(p, KernelKind::generated).breakdown.computeSeconds;
  };
  EXPECT_NEAR(2 * compute(256) - compute(512),
              2 * (3 * 5 + 2 * 3) / 4.0 * (4 * 32) / 2e8, 1e-12);
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
  // 16 elements a row: 2 * 16 operations at 2e8, 128 B at 1e9.
  double row = 32 / 2e8 + 128 / 1e9;
  EXPECT_DOUBLE_EQ(cost.seconds.low, row + 1e-6);
  EXPECT_DOUBLE_EQ(cost.seconds.value, 100 * row + 1e-6);
  EXPECT_DOUBLE_EQ(cost.seconds.high, 1000 * row + 1e-6);
}

} // namespace
