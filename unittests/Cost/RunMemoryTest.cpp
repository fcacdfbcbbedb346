//===- RunMemoryTest.cpp - What was touched since, worked by hand ---------===//

#include "rac/Cost/RunMemory.h"
#include "ParsedOps.h"
#include "rac/Cost/Traffic.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace rac;

namespace {

/// 1 KB in and out of each op.
constexpr double kTensor = 16 * 16 * 4;

struct Described {
  ParsedOps &ops;
  RunMemory run;
  explicit Described(ParsedOps &ops)
      : ops(ops), run(*ops.ops.front()->getBlock(), 64, {512, 32}, 1) {}
  /// Of each tensor of some ops, inputs and results in the order of use.
  std::vector<double> since(const std::vector<unsigned> &numbers) {
    std::vector<double> values;
    for (LastTouch last : touches(numbers))
      values.push_back(last.since);
    return values;
  }
  std::vector<double> meanwhile(const std::vector<unsigned> &numbers) {
    std::vector<double> values;
    for (LastTouch last : touches(numbers))
      values.push_back(last.meanwhile);
    return values;
  }

private:
  std::vector<LastTouch> touches(const std::vector<unsigned> &numbers) {
    llvm::SmallVector<mlir::Operation *> some;
    for (unsigned number : numbers)
      some.push_back(ops.ops[number]);
    Candidate candidate = Candidate::of(some);
    Work work = analyzeWork(candidate, 64);
    run.describe(candidate, work);
    std::vector<LastTouch> values;
    for (const WorkTensor &tensor : work.tensors)
      values.push_back({tensor.since.value_or(-1), tensor.meanwhile});
    return values;
  }
};

TEST(RunMemory, WhatLiesBetweenTwoTouches) {
  ParsedOps p(
      "(%x: tensor<16x16xf32>) -> tensor<16x16xf32>",
      R"(%0 = rac.transpose %x, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
                 %1 = rac.transpose %0, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
                 %2 = rac.transpose %1, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
                 %3 = rac.matmul %2, %0 : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
                 return %3 : tensor<16x16xf32>)");
  Described d(p);
  // The input and four results.
  EXPECT_EQ(d.run.runBytes(), 5 * kTensor);
  // The caller's memory was last touched a run ago.
  EXPECT_EQ(d.since({0})[0], 4 * kTensor);
  EXPECT_EQ(d.since({3})[2], 4 * kTensor);
  // %2 was just written; between the second op, which read %0, and the last
  // one, the third has written.
  EXPECT_EQ(d.since({3})[0], 0);
  EXPECT_EQ(d.since({3})[1], kTensor);
  // All three are in memory at once, so that each has a place that nobody had
  // in this run.
  EXPECT_EQ(d.since({1})[1], 4 * kTensor);
  // What the candidate does itself doesn't count.
  EXPECT_EQ(d.since({2, 3})[0], 0);
}

TEST(RunMemory, ResultsTakePlacesThatAreFree) {
  ParsedOps p(
      "(%x: tensor<16x16xf32>) -> tensor<16x16xf32>",
      R"(%0 = rac.transpose %x, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
                 %1 = rac.transpose %0, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
                 %2 = rac.transpose %1, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
                 %3 = rac.transpose %2, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
                 %4 = rac.transpose %3, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
                 return %4 : tensor<16x16xf32>)");
  Described d(p);
  // %2 is where %0 was, which the second op was the last to read; %3 where %1
  // was.
  EXPECT_EQ(d.since({2})[1], 0);
  EXPECT_EQ(d.since({3})[1], 0);
}

TEST(RunMemory, WhatPassesOnIsInNoMemory) {
  ParsedOps p(
      "(%x: tensor<16x16xf32>) -> tensor<16x16xf32>",
      R"(%0 = rac.transpose %x, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
                 %1 = rac.matmul %0, %0 : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
                 %2 = rac.relu %1 : (tensor<16x16xf32>) -> tensor<16x16xf32>
                 %3 = rac.matmul %2, %0 : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
                 return %3 : tensor<16x16xf32>)");
  Described d(p);
  // The product is in registers as relu comes.
  EXPECT_EQ(d.run.runBytes(), 4 * kTensor);
  EXPECT_EQ(d.since({3})[1], kTensor);
}

// Who made a tensor, or read it last, touched others meanwhile.
TEST(RunMemory, WhatItsMakerTouched) {
  ParsedOps p(
      "(%x: tensor<16x16xf32>) -> tensor<16x16xf32>",
      R"(%0 = rac.transpose %x, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
         %1 = rac.matmul %0, %x : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
         %2 = rac.relu %1 : (tensor<16x16xf32>) -> tensor<16x16xf32>
         %3 = rac.transpose %2, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
         %4 = rac.transpose %3, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
         return %4 : tensor<16x16xf32>)");
  Described d(p);
  // The product's two factors; relu is part of it.
  EXPECT_EQ(d.meanwhile({3})[0], 2 * kTensor);
  EXPECT_EQ(d.meanwhile({4})[0], kTensor);
  // Nobody before it.
  EXPECT_EQ(d.meanwhile({0})[0], 0);
}

// A result of half the bytes lies in the middle of what two threads have had a
// half of each, so that it is all theirs; a larger place was half the other's.
TEST(RunMemory, PlacesOfTheSameThreads) {
  ParsedOps p(
      "(%x: tensor<128x1024xf32>) -> tensor<64x1024xf32>",
      R"(%0 = rac.relu %x : (tensor<128x1024xf32>) -> tensor<128x1024xf32>
         %1 = rac.slice %0 [0, 0] [64, 1024] [1, 1] : (tensor<128x1024xf32>) -> tensor<64x1024xf32>
         %2 = rac.softmax %1 axis 1 : tensor<64x1024xf32>
         %3 = rac.softmax %2 axis 1 : tensor<64x1024xf32>
         %4 = rac.softmax %3 axis 1 : tensor<64x1024xf32>
         return %4 : tensor<64x1024xf32>)");
  RunMemory run(*p.ops.front()->getBlock(), 64, {512, 32}, 2);
  auto ownPlace = [&](unsigned number) {
    Candidate candidate = Candidate::of({p.ops[number]});
    Work work = analyzeWork(candidate, 64);
    run.describe(candidate, work);
    for (const WorkTensor &tensor : work.tensors)
      if (tensor.isOutput)
        return tensor.ownPlace;
    return std::optional<double>();
  };
  EXPECT_EQ(ownPlace(2), 1);
  // The caller's.
  EXPECT_EQ(ownPlace(4), std::nullopt);
}

// A part of an input is read where it is, and only that part.
TEST(RunMemory, PartsOfInputs) {
  ParsedOps p(
      "(%x: tensor<2x16x16xf32>) -> tensor<16x16xf32>",
      R"(%0 = rac.slice %x [1, 0, 0] [1, 16, 16] [1, 1, 1] : (tensor<2x16x16xf32>) -> tensor<1x16x16xf32>
         %1 = rac.reshape %0 to [16, 16] : (tensor<1x16x16xf32>) -> tensor<16x16xf32>
         %2 = rac.transpose %1, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
         return %2 : tensor<16x16xf32>)");
  Described d(p);
  EXPECT_EQ(d.run.runBytes(), 2 * kTensor);
  EXPECT_EQ(d.since({2})[0], kTensor);
}

// What is put together where it lies has the memory of its parts.
TEST(RunMemory, PartsThatArePutTogether) {
  ParsedOps p(
      "(%x: tensor<1x16x16xf32>) -> tensor<2x16x16xf32>",
      R"(%0 = rac.transpose %x, [0, 2, 1] : (tensor<1x16x16xf32>) -> tensor<1x16x16xf32>
         %1 = rac.transpose %0, [0, 2, 1] : (tensor<1x16x16xf32>) -> tensor<1x16x16xf32>
         %2 = rac.transpose %1, [0, 2, 1] : (tensor<1x16x16xf32>) -> tensor<1x16x16xf32>
         %3 = rac.transpose %2, [0, 2, 1] : (tensor<1x16x16xf32>) -> tensor<1x16x16xf32>
         %4 = rac.reshape %3 to [1, 16, 16] : (tensor<1x16x16xf32>) -> tensor<1x16x16xf32>
         %5 = rac.concat %1, %4 axis 0 : (tensor<1x16x16xf32>, tensor<1x16x16xf32>) -> tensor<2x16x16xf32>
         return %5 : tensor<2x16x16xf32>)");
  Described d(p);
  // The input and the results of four ops; nothing is copied.
  EXPECT_EQ(d.run.runBytes(), 5 * kTensor);
  // Both parts are the caller's memory, and nobody else has their places: a run
  // ago they were touched last.
  EXPECT_EQ(d.since({1})[1], 4 * kTensor);
  EXPECT_EQ(d.since({3})[1], 4 * kTensor);
}

// What a result is applied to in passing is when its op runs.
TEST(RunMemory, ProductsRunWithWhatFollows) {
  ParsedOps p(
      "(%x: tensor<16x16xf32>) -> tensor<16x16xf32>",
      R"(%0 = rac.transpose %x, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
         %1 = rac.matmul %x, %x : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
         %2 = rac.transpose %0, [1, 0] : (tensor<16x16xf32>) -> tensor<16x16xf32>
         %3 = rac.add %1, %0 : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
         %4 = rac.matmul %2, %3 : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
         return %4 : tensor<16x16xf32>)");
  Described d(p);
  // %0 was read by the third op, just before the product with its sum.
  EXPECT_EQ(d.since({1, 3})[2], 0);
  // Between %2 and the last op are the product's factor and the sum.
  EXPECT_EQ(d.since({4})[0], 2 * kTensor);
}

TEST(HeldSince, OldestOfASetGoesFirst) {
  CacheShape cache;
  cache.bytes = 200;
  // exp(-n) (1 + n + n^2 / 2 + n^3 / 6), n = 4 ways of what came / 200 B: half
  // of the other 100 B that are touched beside it, 1.
  EXPECT_NEAR(heldSince({0}, 100, 200, cache), 98.101, 1e-3);
  // The same beside it when it was touched before.
  EXPECT_NEAR(heldSince({0, 100}, 100, 100, cache), 98.101, 1e-3);
  // 150 B between, and half of 200: 5.
  EXPECT_NEAR(heldSince({150}, 100, 300, cache), 26.503, 1e-3);
  // Of a walk around twice what fits a fifth stays.
  EXPECT_NEAR(heldSince({0}, 400, 400, cache), 400 * 0.2032, 0.04);
  // All that a run touches fits.
  EXPECT_EQ(heldSince({100, 0, 200}, 100, 100, cache), 100);
  // Of a run of 400 B, 0.7968 of the 100 B between were not there: 1.5936.
  EXPECT_NEAR(heldSince({100, 0, 400}, 100, 100, cache), 92.206, 1e-2);
  cache.bytes = std::numeric_limits<double>::infinity();
  EXPECT_EQ(heldSince({150}, 100, 300, cache), 100);
}

TEST(HeldWithin, OldestGoesFirst) {
  double cache = 200;
  // All of it fits.
  EXPECT_EQ(heldWithin({0}, 100, 200, cache), 100);
  EXPECT_EQ(heldWithin({50}, 100, 150, cache), 100);
  // After half of the tensor, half of the other 200 B are there as well.
  EXPECT_EQ(heldWithin({0}, 100, 300, cache), 50);
  // 150 others and 100 of its own don't fit.
  EXPECT_EQ(heldWithin({150}, 100, 300, cache), 0);
  // Whoever made it touched 150 B meanwhile: all of them after the beginning,
  // none after the end, where the other 50 are there.
  EXPECT_EQ(heldWithin({0, 150}, 100, 150, cache), 50);
  EXPECT_EQ(heldWithin({0, 150}, 100, 300, cache), 0);
  cache = std::numeric_limits<double>::infinity();
  EXPECT_EQ(heldWithin({150}, 100, 300, cache), 100);
}

TEST(HeldSince, AnyGoesFirst) {
  CacheShape cache;
  cache.bytes = 200;
  cache.isShared = true;
  EXPECT_EQ(heldSince({0}, 100, 300, cache), 100);
  // Around twice what fits a fifth stays: k = exp(-2 (1 - k)).
  double kept = heldSince({300}, 100, 100, cache) / 100;
  EXPECT_NEAR(kept, 0.2032, 1e-4);
  EXPECT_NEAR(kept, std::exp(-2 * (1 - kept)), 1e-9);
}

} // namespace
