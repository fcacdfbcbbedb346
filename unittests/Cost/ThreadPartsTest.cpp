//===- ThreadPartsTest.cpp - What cores have of what others made ----------===//

#include "RoundModel.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

// Half of what two threads have made, or of what two read, lies in the cache of
// another core.
TEST(DeviceModel, OtherCoresHaveWhatOthersMade) {
  ParsedOps p("(%x: tensor<32x32xf32>) -> tensor<32x32xf32>",
              R"(%0 = rac.neg %x : (tensor<32x32xf32>) -> tensor<32x32xf32>
                 %1 = rac.transpose %0, [1, 0] : (tensor<32x32xf32>) -> tensor<32x32xf32>
                 %2 = rac.neg %1 : (tensor<32x32xf32>) -> tensor<32x32xf32>
                 return %2 : tensor<32x32xf32>)");
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

// Threads that share the same rows again find their own; not so if rows and
// columns change places.
TEST(DeviceModel, CoresReadWhatTheyMade) {
  ParsedOps p("(%x: tensor<32x32xf32>) -> tensor<32x32xf32>",
              R"(%0 = rac.neg %x : (tensor<32x32xf32>) -> tensor<32x32xf32>
                 %1 = rac.relu %0 : (tensor<32x32xf32>) -> tensor<32x32xf32>
                 %2 = rac.transpose %1, [1, 0] : (tensor<32x32xf32>) -> tensor<32x32xf32>
                 return %2 : tensor<32x32xf32>)");
  auto fills = [&](unsigned op, int64_t threads) {
    Device device = roundDevice();
    Unknowns unknowns;
    DeviceModel model(device, Assumptions(), 2, unknowns);
    return model
        .estimate(Candidate::of({p.ops[op]}),
                  planOf(p, KernelKind::generated, threads))
        .breakdown.fillBytes.front();
  };
  // Half of what is read with one thread is in the other core's cache, and half
  // of what is read by columns, and of the place of a result that is the
  // caller's. Nobody else has the other's place.
  EXPECT_EQ(fills(1, 2), 0);
  EXPECT_EQ(fills(1, 1), 2048);
  EXPECT_EQ(fills(2, 2), 2 * 2048);
}

// What another core's cache has comes at a rate of its own.
TEST(DeviceModel, PeersHaveTheirOwnRate) {
  ParsedOps p("(%x: tensor<40x32xf32>) -> tensor<32x40xf32>",
              R"(%0 = rac.neg %x : (tensor<40x32xf32>) -> tensor<40x32xf32>
                 %1 = rac.transpose %0, [1, 0] : (tensor<40x32xf32>) -> tensor<32x40xf32>
                 %2 = rac.neg %1 : (tensor<32x40xf32>) -> tensor<32x40xf32>
                 return %2 : tensor<32x40xf32>)");
  auto seconds = [&](const Known &peers) {
    Device device = roundDevice();
    device.memory[0].peerBytesPerSecond = peers;
    Unknowns unknowns;
    DeviceModel model(device, Assumptions(), 2, unknowns);
    return model
        .estimate(Candidate::of({p.ops[1]}),
                  planOf(p, KernelKind::generated, 2))
        .breakdown.transferSeconds[1];
  };
  // Half of what is read, and half of the result's place, 2560 B each, to two
  // cores.
  EXPECT_DOUBLE_EQ(seconds(number(5e8)), 5120 / (2 * 5e8));
  // Unknown: as from memory.
  EXPECT_DOUBLE_EQ(seconds(std::nullopt), 5120 / (2 * 1e9));
}

// Threads share rows of a product with few weights, and columns of one with
// many: then each reads rows of which the other has made half, and finds its
// own heads, which are columns under another name.
TEST(DeviceModel, CoresMadeRowsOrColumnsOfProducts) {
  auto fills = [](int64_t terms, unsigned op) {
    std::string factor = llvm::formatv("tensor<16x{0}xf32>", terms),
                weights = llvm::formatv("tensor<{0}x256xf32>", terms);
    ParsedOps p(
        "(%x: " + factor + ", %w: " + weights +
            ") -> (tensor<16x256xf32>, tensor<4x16x64xf32>)",
        llvm::formatv(
            R"(%0 = rac.group @product_0 ins(%x, %w : {0}, {1}) -> (tensor<16x256xf32>)
            plan <kind = generated, precision = f32> {{
          ^bb0(%a: {0}, %b: {1}):
            %p = rac.matmul %a, %b : ({0}, {1}) -> tensor<16x256xf32>
            rac.yield %p : tensor<16x256xf32>
          }
          %1 = rac.neg %0 : (tensor<16x256xf32>) -> tensor<16x256xf32>
          %2 = rac.reshape %0 to [16, 4, 64] : (tensor<16x256xf32>) -> tensor<16x4x64xf32>
          %3 = rac.transpose %2, [1, 0, 2] : (tensor<16x4x64xf32>) -> tensor<4x16x64xf32>
          return %1, %3 : tensor<16x256xf32>, tensor<4x16x64xf32>)",
            factor, weights)
            .str());
    Device device = roundDevice();
    Unknowns unknowns;
    DeviceModel model(device, Assumptions(), 2, unknowns);
    return model
        .estimate(Candidate::of({p.ops[op]}),
                  planOf(p, KernelKind::generated, 2))
        .breakdown.fillBytes.front();
  };
  constexpr double tensor = 16 * 256 * 4, halfOfPlace = tensor / 2;
  constexpr int64_t few = 8, many = 256;
  constexpr unsigned rows = 0, heads = 2;
  EXPECT_EQ(fills(few, rows), halfOfPlace);
  EXPECT_EQ(fills(few, heads), halfOfPlace + tensor / 2);
  EXPECT_EQ(fills(many, rows), halfOfPlace + tensor / 2);
  EXPECT_EQ(fills(many, heads), halfOfPlace);
}

// A slice of 28 of 32 rows, a half of it for each core: one of them finds two
// rows of its 14 at the other's.
TEST(DeviceModel, CoresMadeMostOfASlice) {
  ParsedOps p("(%x: tensor<32x64xf32>) -> tensor<28x64xf32>",
              R"(%0 = rac.neg %x : (tensor<32x64xf32>) -> tensor<32x64xf32>
                 %1 = rac.transpose %0, [1, 0] : (tensor<32x64xf32>) -> tensor<64x32xf32>
                 %2 = rac.slice %0 [4, 0] [28, 64] [1, 1] : (tensor<32x64xf32>) -> tensor<28x64xf32>
                 %3 = rac.neg %2 : (tensor<28x64xf32>) -> tensor<28x64xf32>
                 return %3 : tensor<28x64xf32>)");
  Device device = roundDevice();
  Unknowns unknowns;
  DeviceModel model(device, Assumptions(), 2, unknowns);
  double result = 28 * 64 * 4;
  EXPECT_DOUBLE_EQ(model
                       .estimate(Candidate::of({p.ops[2], p.ops[3]}),
                                 planOf(p, KernelKind::generated, 2))
                       .breakdown.fillBytes.front(),
                   result / 2 + result * 2 / 28);
}

} // namespace
