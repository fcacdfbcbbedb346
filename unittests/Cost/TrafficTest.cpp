//===- TrafficTest.cpp - Bytes that cross a level, worked by hand ---------===//
//
// Lines are of 64 B, floats of 4 B, vectors of 16 floats, register tiles of
// 64 rows and more 14 rows of 2 vectors.
//
//===----------------------------------------------------------------------===//

#include "rac/Cost/Traffic.h"
#include "ParsedOps.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

struct Moving : ParsedOps {
  using ParsedOps::ParsedOps;

  Traffic generated(double cacheBytes, llvm::ArrayRef<int64_t> tiles = {},
                    Assumptions assumptions = cold()) {
    Work work = this->work();
    fuseNests(work, /*afterContractions=*/false);
    auto plan = PlanAttr::get(KernelKind::generated,
                              mlir::Float32Type::get(&context), 1, tiles);
    return generatedTraffic(work, scheduleOf(work, plan, {512, 32}),
                            {cacheBytes, 64}, assumptions);
  }
  static Assumptions cold() {
    Assumptions assumptions;
    assumptions.cold = true;
    return assumptions;
  }
};

//===----------------------------------------------------------------------===//
// Footprints
//===----------------------------------------------------------------------===//

struct Grid {
  WorkTensor tensor;
  WorkUse use;
  /// rows x columns floats, element (d0, d1).
  Grid(double rows, double columns) {
    tensor.shape = {rows, columns};
    tensor.strides = {columns, 1};
    tensor.elementBytes = 4;
    use.dims = {{{0, 1}}, {{1, 1}}};
    use.scattered.resize(2);
  }
  double lines(double rows, double columns) {
    return footprint(tensor, use, {rows, columns}, 64) / 64;
  }
};

TEST(Footprint, AlignedTile) {
  // Each of 16 rows is a line.
  EXPECT_EQ(Grid(64, 64).lines(16, 16), 16);
  // Less than a line is one.
  EXPECT_EQ(Grid(64, 64).lines(16, 4), 16);
}

TEST(Footprint, WholeRowsAreOneRun) {
  EXPECT_EQ(Grid(64, 64).lines(4, 64), 16);
}

TEST(Footprint, ColumnTakesALineEach) {
  EXPECT_EQ(Grid(64, 64).lines(64, 1), 64);
}

TEST(Footprint, ColumnOfShortRowsSharesLines) {
  // 64 rows of 16 B: 63 * 16 + 4 B in one run, which begins anywhere in a line.
  EXPECT_EQ(Grid(64, 4).lines(64, 1), 16);
}

TEST(Footprint, RowsThatBeginAnywhereTouchPartOfALineMore) {
  // Rows of 400 B, 40 B of each of 10: (40 - 4) / 64 + 1 lines on average.
  EXPECT_DOUBLE_EQ(Grid(100, 100).lines(10, 10), 10 * (36.0 / 64 + 1));
}

TEST(Footprint, NeverMoreThanTheTensor) {
  EXPECT_EQ(Grid(3, 5).lines(3, 5), 1);
}

TEST(Footprint, DimensionsLieInAnyOrder) {
  // Columns one after the other, as filters are laid out: 4 rows of 32 columns
  // are 32 runs of a line of their own, 32 rows of 4 columns 4 runs of two.
  Grid grid(64, 64);
  grid.tensor.strides = {1, 64};
  EXPECT_EQ(grid.lines(4, 32), 32);
  EXPECT_EQ(grid.lines(32, 4), 4 * 2);
}

TEST(Footprint, ConvolutionHasAHalo) {
  // 10 x 10 pixels of 64 B; 2 x 3 results of a 3 x 3 window need 4 x 5 pixels:
  // 4 runs of 5 lines.
  WorkTensor image;
  image.shape = {10, 10, 16};
  image.strides = {160, 16, 1};
  image.elementBytes = 4;
  WorkUse use; // loops h, w, kh, kw, c
  use.dims = {{{0, 1}, {2, 1}}, {{1, 1}, {3, 1}}, {{4, 1}}};
  use.scattered.resize(3);
  EXPECT_EQ(footprint(image, use, {2, 3, 3, 3, 16}, 64), 4 * 5 * 64);
  // With stride 2 they need 5 x 7.
  use.dims[0][0].step = use.dims[1][0].step = 2;
  EXPECT_EQ(footprint(image, use, {2, 3, 3, 3, 16}, 64), 5 * 7 * 64);
}

TEST(Footprint, StrideLeavesLinesOut) {
  // A 1x1 window with stride 2: every second pixel, a line each.
  WorkTensor image;
  image.shape = {64, 16};
  image.strides = {16, 1};
  image.elementBytes = 4;
  WorkUse use;
  use.dims = {{{0, 2}}, {{1, 1}}};
  use.scattered.resize(2);
  // The gap is a line: no run.
  EXPECT_EQ(footprint(image, use, {8, 16}, 64), 8 * 64);
}

TEST(Footprint, GatheredRowsLieApart) {
  WorkTensor table;
  table.shape = {1000, 16};
  table.strides = {16, 1};
  table.elementBytes = 4;
  WorkUse use;
  use.dims = {{{0, 1}}, {{1, 1}}};
  use.scattered.resize(2);
  use.scattered.set(0);
  EXPECT_EQ(footprint(table, use, {3, 16}, 64), 3 * 64);
}

//===----------------------------------------------------------------------===//
// Sets: 64 of 8 lines of 64 B
//===----------------------------------------------------------------------===//

double setsOfColumn(double rowFloats, double rows, double columns = 1) {
  Grid grid(1000, rowFloats);
  return spreadOf(grid.tensor, grid.use, {rows, columns}, {32768, 64, true, 8})
      .sets;
}

TEST(Sets, RowsAPowerOfTwoApartMeet) {
  // 4096 B are once around.
  EXPECT_EQ(setsOfColumn(1024, 100), 1);
  EXPECT_EQ(setsOfColumn(512, 100), 2);
  EXPECT_EQ(setsOfColumn(16, 100), 64);
  // 48 lines: every 16th set.
  EXPECT_EQ(setsOfColumn(768, 100), 4);
}

TEST(Sets, AnOddDistanceTakesAll) {
  EXPECT_EQ(setsOfColumn(1024 + 16, 100), 64);
  EXPECT_EQ(setsOfColumn(1024 + 16, 10), 10);
}

TEST(Sets, EachRowCoversItsOwn) {
  // Rows of three lines, all from the same set on.
  EXPECT_EQ(setsOfColumn(1024, 100, 48), 3);
  EXPECT_EQ(setsOfColumn(512, 100, 48), 6);
}

TEST(Sets, RowsLieInPartOfEachPeriod) {
  Grid grid(1000, 768);
  Spread spread =
      spreadOf(grid.tensor, grid.use, {100, 32}, {32768, 64, true, 8});
  // Two lines of each 16 sets.
  EXPECT_EQ(spread.sets, 8);
  EXPECT_EQ(spread.period, 16);
  EXPECT_EQ(spread.width, 2);
  // Whole rows lie anywhere.
  EXPECT_EQ(
      spreadOf(grid.tensor, grid.use, {100, 768}, {32768, 64, true, 8}).period,
      0);
}

//===----------------------------------------------------------------------===//
// Matrix products of 64 x 64 x 64: each matrix has 16 KiB
//===----------------------------------------------------------------------===//

struct Matmul : Moving {
  Matmul()
      : Moving("(%a: tensor<64x64xf32>, %b: tensor<64x64xf32>) -> "
               "tensor<64x64xf32>",
               R"(%0 = rac.matmul %a, %b : (tensor<64x64xf32>,
                    tensor<64x64xf32>) -> tensor<64x64xf32>
                  return %0 : tensor<64x64xf32>)") {}
};

TEST(Traffic, MatmulInACacheThatHoldsAll) {
  Traffic traffic = Matmul().generated(kInfinite);
  EXPECT_EQ(traffic.fills, 3 * 16384);
  EXPECT_EQ(traffic.writeBacks, 16384);
}

TEST(Traffic, MatmulWhoseLeftMatrixStays) {
  // Between two touches of a row of A are A, all of the 32 columns of B that it
  // was multiplied with and of those that it will be, and 32 columns of C: 40
  // KiB.
  EXPECT_EQ(Matmul().generated(40960).fills, 3 * 16384);
  EXPECT_EQ(Matmul().generated(32768).fills, (2 + 1 + 1) * 16384);
}

TEST(Traffic, MatmulWhoseLeftMatrixDoesNotStay) {
  // 32 columns of B (8 KiB) stay for all rows, 14 of which go past them with
  // their results (5.25 KiB); A comes in again for the other 32.
  Traffic traffic = Matmul().generated(16384);
  EXPECT_EQ(traffic.fills, (2 + 1 + 1) * 16384);
  EXPECT_EQ(traffic.writeBacks, 16384);
}

TEST(Traffic, TilesOfRowsDontHelp) {
  // 16 rows a tile: B once in each of four, and A for each half of that.
  Traffic traffic = Matmul().generated(16384, {16, 64});
  EXPECT_EQ(traffic.fills, (2 + 4 + 1) * 16384);
}

TEST(Traffic, TilesOfColumnsKeepAPanelOfB) {
  // 16 columns of B (4 KiB) stay for all rows; A comes in for each of four.
  Traffic traffic = Matmul().generated(16384, {64, 16});
  EXPECT_EQ(traffic.fills, (4 + 1 + 1) * 16384);
}

TEST(Traffic, ColumnsDriveEachOtherOutOfTheirSets) {
  // 64 sets of 4 lines. 32 columns of B are 2 of each 4 lines, 4 in each of 32
  // sets: no other line has room there. 14 rows of A have 56 of the 64 sets,
  // their results 28 of B's 32, so that B stays in an eighth of an eighth from
  // one of five blocks of rows to the next. A doesn't stay beside B at all.
  Matmul p;
  Work work = p.work();
  auto plan = PlanAttr::get(KernelKind::generated,
                            mlir::Float32Type::get(&p.context), 1);
  Schedule schedule = scheduleOf(work, plan, {512, 32});
  EXPECT_DOUBLE_EQ(
      generatedTraffic(work, schedule, {16384, 64, true, 4}, Moving::cold())
          .fills,
      16384 * (2 + (1.0 / 64 + 5 * 63.0 / 64) + 1));
}

TEST(Traffic, BlocksOfTheReductionUpdateTheResult) {
  Matmul p;
  Work work = p.work();
  auto plan = PlanAttr::get(&p.context, KernelKind::generated,
                            mlir::Float32Type::get(&p.context), 1,
                            /*tiles=*/{}, /*reduction=*/{32}, /*order=*/{},
                            /*registers=*/{}, /*warps=*/0,
                            /*stages=*/0, /*split=*/0, {});
  Traffic traffic = generatedTraffic(work, scheduleOf(work, plan, {512, 32}),
                                     {16384, 64}, Moving::cold());
  // 32 columns of half of B (4 KiB) stay for all rows. A's halves (8 KiB) don't
  // stay beside these and half of C (8 KiB): twice each; C is read and written
  // twice.
  EXPECT_EQ(traffic.fills, (2 + 1 + 2) * 16384);
  EXPECT_EQ(traffic.writeBacks, 2 * 16384);
}

TEST(Traffic, LibraryBlocksForTheCache) {
  Matmul p;
  Work work = p.work();
  // 1024 floats fit: 2 * 64^3 / 32 elements.
  EXPECT_EQ(libraryTraffic(work, {4096, 64}, Moving::cold()).fills,
            2.0 * 64 * 64 * 64 / 32 * 4);
  EXPECT_EQ(libraryTraffic(work, {kInfinite, 64}, Moving::cold()).fills,
            3 * 16384);
}

//===----------------------------------------------------------------------===//
// Other ops
//===----------------------------------------------------------------------===//

TEST(Traffic, ConvolutionsTilesShareAHalo) {
  // 34 x 34 pixels of 64 B, a filter of 9 KiB, 64 KiB of results. A tile of 8
  // rows needs 10 rows of the input.
  Moving p(ConvText("1x34x34x16xf32", "16x16x3x3xf32", "1x32x32x16xf32"));
  EXPECT_EQ(p.generated(kInfinite, {1, 8, 32, 16}).fills,
            34 * 34 * 64 + 9216 + 65536);
  // A tile's 46 KiB don't stay in 40. The filter does, of which each pixel
  // takes all; the two rows of ten that neighbours share are a fifth of that
  // apart, and stay. Of its 16 KiB of results, which are filled first, there is
  // room for the first 24 of 30.25 KiB that come beside them. Not so in 8 KiB.
  EXPECT_DOUBLE_EQ(p.generated(40960, {1, 8, 32, 16}).fills,
                   34 * 34 * 64 + 9216 + 65536 +
                       4 * 16384 * (1 - 24576.0 / 30976));
  EXPECT_EQ(p.generated(8192, {1, 8, 32, 16}).writeBacks, 2 * 65536);
  EXPECT_GE(p.generated(8192, {1, 8, 32, 16}).fills,
            4 * (10 * 34 * 64 + 9216) + 65536);
}

TEST(Traffic, FusedChainMovesItsEnds) {
  Moving p("(%x: tensor<128x128xf32>) -> tensor<128x128xf32>",
           R"(%0 = rac.neg %x : (tensor<128x128xf32>) -> tensor<128x128xf32>
              %1 = rac.exp %0 : (tensor<128x128xf32>) -> tensor<128x128xf32>
              return %1 : tensor<128x128xf32>)");
  Traffic traffic = p.generated(4096);
  EXPECT_EQ(traffic.fills, 2 * 65536);
  EXPECT_EQ(traffic.writeBacks, 65536);
}

TEST(Traffic, ReductionWritesLittle) {
  Moving p(
      "(%x: tensor<64x256xf32>) -> tensor<64xf32>",
      R"(%0 = rac.reduce sum %x axes [1] : (tensor<64x256xf32>) -> tensor<64xf32>
              return %0 : tensor<64xf32>)");
  Traffic traffic = p.generated(4096);
  EXPECT_EQ(traffic.fills, 65536 + 256);
  EXPECT_EQ(traffic.writeBacks, 256);
}

TEST(Traffic, ReductionOfNothingMovesItsResult) {
  Moving p(
      "(%x: tensor<0x3xf32>) -> tensor<f32>",
      R"(%0 = rac.reduce max %x axes [0, 1] : (tensor<0x3xf32>) -> tensor<f32>
              return %0 : tensor<f32>)");
  Traffic traffic = p.generated(4096);
  // A line of it.
  EXPECT_EQ(traffic.fills, 64);
  EXPECT_EQ(traffic.writeBacks, 64);
  auto plan =
      PlanAttr::get(KernelKind::generated, mlir::Float32Type::get(&p.context));
  Work work = p.work();
  EXPECT_EQ(registerTraffic(work, scheduleOf(work, plan, {512, 32})), 0);
}

// The padded copy is made of zeros and the image, and read window by window:
// where all fits, each of its lines comes in once.
TEST(Traffic, WhatFitsComesInOnce) {
  Moving p(ConvText("1x6x6x8xf32", "8x8x3x3xf32", "1x6x6x8xf32", /*pad=*/1));
  Work work = p.work();
  padImages(work);
  auto plan = PlanAttr::get(KernelKind::generated,
                            mlir::Float32Type::get(&p.context), 1);
  Traffic traffic = generatedTraffic(work, scheduleOf(work, plan, {512, 32}),
                                     {1 << 20, 64}, Moving::cold());
  double image = 6 * 6 * 8 * 4, padded = 8 * 8 * 8 * 4, filter = 8 * 8 * 9 * 4;
  EXPECT_EQ(traffic.fills, image + padded + filter + image);
}

TEST(Traffic, SoftmaxByRowsIsOnePass) {
  Moving p("(%x: tensor<64x256xf32>) -> tensor<64x256xf32>",
           R"(%0 = rac.softmax %x axis 1 : tensor<64x256xf32>
              return %0 : tensor<64x256xf32>)");
  // A row of 1 KiB, its exponentials, which have the same place for all rows,
  // and its result stay while its four passes run.
  Traffic rows = p.generated(4096, {1, 0});
  EXPECT_EQ(rows.fills, 2 * 65536 + 1024);
  EXPECT_EQ(rows.writeBacks, 65536 + 1024);
  // Without tiles each pass reads what it needs, and two write.
  Traffic whole = p.generated(4096);
  EXPECT_EQ(whole.fills, (1 + 2 + 1 + 2) * 65536);
  EXPECT_EQ(whole.writeBacks, 2 * 65536);
}

TEST(Traffic, TransposeMovesBlocks) {
  Moving p(
      "(%x: tensor<64x64xf32>) -> tensor<64x64xf32>",
      R"(%0 = rac.transpose %x, [1, 0] : (tensor<64x64xf32>) -> tensor<64x64xf32>
              return %0 : tensor<64x64xf32>)");
  EXPECT_EQ(p.generated(kInfinite).fills, 2 * 16384);
}

TEST(Traffic, GatherBringsInWhatItPicks) {
  Moving p("(%x: tensor<1000x16xf32>, %i: tensor<32xi64>) -> tensor<32x16xf32>",
           R"(%0 = rac.gather %x, %i axis 0 : (tensor<1000x16xf32>,
                tensor<32xi64>) -> tensor<32x16xf32>
              return %0 : tensor<32x16xf32>)");
  EXPECT_EQ(p.generated(1024).fills, 32 * 64 + 32 * 8 + 32 * 64);
}

//===----------------------------------------------------------------------===//
// What is there already
//===----------------------------------------------------------------------===//

TEST(Traffic, WhatWasJustComputedIsThere) {
  Moving p("(%x: tensor<16x16xf32>) -> tensor<16x16xf32>",
           R"(%0 = rac.neg %x : (tensor<16x16xf32>) -> tensor<16x16xf32>
              return %0 : tensor<16x16xf32>)");
  EXPECT_EQ(p.generated(4096, {}, {}).total(), 0);
  EXPECT_EQ(p.generated(1024, {}, {}).total(), 3 * 1024);
}

TEST(Traffic, WeightsAreThereIfTheModelFits) {
  Moving p("(%a: tensor<16x16xf32>) -> tensor<16x16xf32>",
           R"(%w = rac.constant dense<1.0> : tensor<16x16xf32>
              %0 = rac.matmul %a, %w : (tensor<16x16xf32>,
                tensor<16x16xf32>) -> tensor<16x16xf32>
              return %0 : tensor<16x16xf32>)");
  Assumptions small, large;
  small.modelBytes = 4096;
  large.modelBytes = 1e6;
  EXPECT_EQ(p.generated(8192, {}, small).total(), 0);
  EXPECT_EQ(p.generated(8192, {}, large).total(), 1024);
}

// A tile of 4 pixels in a row has windows of 3 that reach over 6 pixels, of 12
// that they read in all; each of a filter's numbers serves all 4.
TEST(Traffic, NeighboursWindowsShareWhatTheyLoad) {
  ParsedOps p("(%x: tensor<1x6x6x16xf32>) -> tensor<1x4x4x16xf32>",
              R"(%w = rac.constant dense_resource<w> : tensor<16x1x3x3xf32>
                 %0 = rac.conv %x, %w {strides = array<i64: 1, 1>,
                   dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
                   pads_high = array<i64: 0, 0>, groups = 16 : i64} :
                   (tensor<1x6x6x16xf32>, tensor<16x1x3x3xf32>) ->
                   tensor<1x4x4x16xf32>
                 return %0 : tensor<1x4x4x16xf32>)");
  Work work = analyzeWork(Candidate::of({p.ops.back()}), 1);
  layOutFilters(work);
  auto plan =
      PlanAttr::get(KernelKind::generated, mlir::Float32Type::get(&p.context));
  double products = 4 * 4 * 9 * 16;
  EXPECT_DOUBLE_EQ(registerTraffic(work, scheduleOf(work, plan, {512, 32})),
                   4 * (products / 2 + products / 4 + products / 9));
}

TEST(Traffic, RegistersShareWhatTheyLoad) {
  Matmul p;
  Work work = p.work();
  auto plan =
      PlanAttr::get(KernelKind::generated, mlir::Float32Type::get(&p.context));
  // A tile of 14 rows and 32 columns loads each of A once for 32 columns, each
  // of B once for 14 rows; C is written once.
  double products = 64.0 * 64 * 64;
  EXPECT_DOUBLE_EQ(registerTraffic(work, scheduleOf(work, plan, {512, 32})),
                   4 * (products / 32 + products / 14 + 64 * 64));
}

TEST(Traffic, WhatFollowsAProductLoadsOnceAResult) {
  ParsedOps p("(%a: tensor<64x64xf32>, %b: tensor<64x64xf32>, %c: "
              "tensor<64x64xf32>) -> tensor<64x64xf32>",
              R"(%0 = rac.matmul %a, %b : (tensor<64x64xf32>,
                   tensor<64x64xf32>) -> tensor<64x64xf32>
                 %1 = rac.add %0, %c : (tensor<64x64xf32>,
                   tensor<64x64xf32>) -> tensor<64x64xf32>
                 return %1 : tensor<64x64xf32>)");
  Work work = p.work();
  fuseNests(work, /*afterContractions=*/true);
  auto plan =
      PlanAttr::get(KernelKind::generated, mlir::Float32Type::get(&p.context));
  double products = 64.0 * 64 * 64;
  EXPECT_DOUBLE_EQ(registerTraffic(work, scheduleOf(work, plan, {512, 32})),
                   4 * (products / 32 + products / 14 + 2 * 64 * 64));
}

//===----------------------------------------------------------------------===//
// Blocks, and what comes before the tiles
//===----------------------------------------------------------------------===//

struct Blocked : ParsedOps {
  Blocked()
      : ParsedOps("(%a: tensor<96x256xf32>, %b: tensor<256x128xf32>) -> "
                  "tensor<96x128xf32>",
                  R"(%0 = rac.matmul %a, %b : (tensor<96x256xf32>,
                       tensor<256x128xf32>) -> tensor<96x128xf32>
                     return %0 : tensor<96x128xf32>)") {}
  Schedule schedule(llvm::ArrayRef<int64_t> tiles,
                    llvm::ArrayRef<int64_t> reduction,
                    llvm::ArrayRef<int64_t> order) {
    auto plan = PlanAttr::get(&context, KernelKind::generated,
                              mlir::Float32Type::get(&context), 1, tiles,
                              reduction, order, {6, 4}, 0, 0, 0, CostAttr());
    return scheduleOf(work(), plan, {512, 32});
  }
};

TEST(Blocks, OrderSaysWhatIsInsideOfTheReduction) {
  Blocked p;
  constexpr unsigned n = 1, k = 2;
  // Rows, terms, columns: threads share two blocks of rows; in each, for each
  // of four blocks of terms, two of columns.
  Schedule inside = p.schedule({48, 64}, {64}, {0, 2, 1});
  EXPECT_EQ(inside.tileTrips, (llvm::SmallVector<double, 4>{2}));
  EXPECT_EQ(inside.parallelTrips(p.work()), 2);
  const auto &levels = inside.nests[0].levels;
  EXPECT_EQ(levels[0].loop, k);
  EXPECT_EQ(levels[0].trips, 4);
  EXPECT_EQ(levels[0].step, 64);
  EXPECT_EQ(levels[1].loop, n);
  EXPECT_EQ(levels[1].trips, 2);
  EXPECT_EQ(levels[1].step, 64);
  // The other way round both are shared, columns first if the order says so.
  Schedule outside = p.schedule({48, 32}, {64}, {1, 0, 2});
  EXPECT_EQ(outside.tileTrips, (llvm::SmallVector<double, 4>{4, 2}));
  EXPECT_EQ(outside.parallelTrips(p.work()), 8);
  EXPECT_EQ(outside.nests[0].levels[0].loop, k);
  // A reduction around all of it runs in order.
  EXPECT_EQ(p.schedule({}, {64}, {}).parallelTrips(p.work()), 1);
}

TEST(Blocks, TheThreadWithTheMostTilesTakesLongest) {
  Blocked p;
  auto speedup = [&](llvm::ArrayRef<int64_t> tiles, double threads) {
    return p.schedule(tiles, {}, {}).speedup(p.work(), threads);
  };
  // 96 rows: 48 and 48, or 64 and 32.
  EXPECT_DOUBLE_EQ(speedup({48, 0}, 2), 2);
  EXPECT_DOUBLE_EQ(speedup({64, 0}, 2), 96.0 / 64);
  // Two of 28 and one of 28 and 12 on two threads; each alone on four.
  EXPECT_DOUBLE_EQ(speedup({28, 0}, 2), 96.0 / 56);
  EXPECT_DOUBLE_EQ(speedup({28, 0}, 4), 96.0 / 28);
  EXPECT_DOUBLE_EQ(speedup({28, 0}, 1), 1);
  // Of 8 rows x 4 columns of tiles, three threads have 11, 11 and 10.
  EXPECT_DOUBLE_EQ(speedup({12, 32}, 3), 32.0 / 11);
}

TEST(Blocks, SumsGoToMemoryBetweenThem) {
  Blocked p;
  Work work = p.work();
  // Once stored, or four times stored and loaded.
  EXPECT_DOUBLE_EQ(registerTraffic(work, p.schedule({}, {64}, {})) -
                       registerTraffic(work, p.schedule({}, {}, {})),
                   4.0 * 96 * 128 * (2 * 4 - 1));
}

TEST(Blocks, APaddedCopyIsMadeOnceBeforeTheTiles) {
  ParsedOps p("(%x: tensor<1x16x16x64xf32>, %f: tensor<64x1x3x3xf32>) -> "
              "tensor<1x16x16x64xf32>",
              "%0 = rac.conv %x, %f {strides = array<i64: 1, 1>, dilations = "
              "array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = "
              "array<i64: 1, 1>, groups = 64 : i64} : "
              "(tensor<1x16x16x64xf32>, tensor<64x1x3x3xf32>) -> "
              "tensor<1x16x16x64xf32>\n"
              "return %0 : tensor<1x16x16x64xf32>");
  Work work = p.work();
  padImages(work);
  auto plan =
      PlanAttr::get(KernelKind::generated, mlir::Float32Type::get(&p.context),
                    1, {1, 2, 0, 0});
  Schedule schedule = scheduleOf(work, plan, {512, 32});
  ASSERT_EQ(schedule.nests.size(), 3u);
  EXPECT_EQ(schedule.tiles(), 8);
  // Zeros, what is copied into them, and the windows, two lines at a time.
  EXPECT_TRUE(schedule.nests[0].isBefore && schedule.nests[1].isBefore);
  EXPECT_EQ(schedule.iterations(schedule.nests[0]), 18 * 18 * 64);
  EXPECT_EQ(schedule.iterations(schedule.nests[1]), 16 * 16 * 64);
  EXPECT_FALSE(schedule.nests[2].isBefore);
  EXPECT_EQ(schedule.iterations(schedule.nests[2]), 16 * 16 * 64 * 9);
  // With room for all of it: the image, the filter, and what is written.
  double image = 16 * 16 * 64, padded = 18 * 18 * 64;
  EXPECT_EQ(
      generatedTraffic(work, schedule, {kInfinite, 64}, Moving::cold()).fills,
      4 * (image + 64 * 9 + padded + image));
}

} // namespace
