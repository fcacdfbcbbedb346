//===- FrontTest.cpp - What nothing else is better than -------------------===//

#include "Search/Front.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

std::vector<unsigned> front(const std::vector<Option> &options,
                            bool withMemory) {
  llvm::SmallVector<const Option *> pointers;
  for (const Option &option : options)
    pointers.push_back(&option);
  auto indices = paretoFront(pointers, withMemory);
  return {indices.begin(), indices.end()};
}

TEST(Front, MemoryIsComparedStepByStep) {
  llvm::SmallVector<Held> early{{0, 1, 10}}, late{{1, 2, 10}}, both{{0, 2, 10}},
      two{{0, 0, 5}, {0, 1, 5}};
  EXPECT_TRUE(holdsNoMore(early, both));
  EXPECT_FALSE(holdsNoMore(both, early));
  EXPECT_FALSE(holdsNoMore(early, late));
  EXPECT_TRUE(holdsNoMore(two, early));
  EXPECT_FALSE(holdsNoMore(early, two)); // at step 1: 10 against 5
  EXPECT_TRUE(holdsNoMore({}, early));
}

TEST(Front, PeakIsTheMostAtOneStep) {
  EXPECT_EQ(peakBytes({}), 0);
  // 4 + 8 at step 2; at step 3 the first is gone.
  EXPECT_EQ(peakBytes({{0, 2, 4}, {2, 3, 8}, {3, 3, 1}}), 12);
}

TEST(Front, KeepsWhatNothingDominates) {
  std::vector<Option> options{
      {{2, 2}, {}}, {{1, 3}, {}}, {{3, 3}, {}}, {{2, 2}, {}}, {{3, 1}, {}}};
  EXPECT_EQ(front(options, false), (std::vector<unsigned>{1, 0, 4}));
}

TEST(Front, SlowerWithLessMemoryCountsOnlyWithMemory) {
  std::vector<Option> options{{{1, 1}, {{0, 0, 8}}}, {{2, 2}, {{0, 0, 4}}}};
  EXPECT_EQ(front(options, false), (std::vector<unsigned>{0}));
  EXPECT_EQ(front(options, true), (std::vector<unsigned>{0, 1}));
}

TEST(Front, OfEqualsTheOneThatHoldsLess) {
  std::vector<Option> options{{{1, 1}, {{0, 3, 8}}}, {{1, 1}, {{0, 0, 8}}}};
  EXPECT_EQ(front(options, false), (std::vector<unsigned>{1}));
}

TEST(Hull, LeavesOutWhatIsAboveTheLine) {
  // (2, 3) is above the line from (1, 3.5) to (4, 0); (3, 1) is below.
  Hull hull({{4, 0}, {2, 3}, {1, 3.5}, {3, 1}, {5, 2}});
  ASSERT_EQ(hull.getVertices().size(), 3u);
  EXPECT_EQ(hull.getVertices()[1].seconds, 3);
}

TEST(Hull, SumsAreByTheSlopeOfEdges) {
  // Edges (1, -4) and (1, -1), then (1, -2): steepest first.
  Hull sum = Hull({{0, 5}, {1, 1}, {2, 0}}) + Hull({{0, 2}, {1, 0}});
  ASSERT_EQ(sum.getVertices().size(), 4u);
  EXPECT_EQ(sum.getVertices()[0].joules, 7);
  EXPECT_EQ(sum.getVertices()[1].joules, 3);
  EXPECT_EQ(sum.getVertices()[2].joules, 1);
  EXPECT_EQ(sum.getVertices()[3].joules, 0);
}

TEST(Hull, BestWithinALimitLiesOnAnEdge) {
  Hull hull({{1, 8}, {3, 0}});
  Goal energy;
  energy.perSecond = 0;
  energy.perJoule = 1;
  EXPECT_EQ(hull.best(energy, {})->joules, 0);
  energy.maxSeconds = 2.5;
  // Moved by 1 s and 1 J: from (2, 9) to (4, 1), cut at 2.5.
  Price slope;
  std::optional<Price> best = hull.best(energy, {1, 1}, &slope);
  EXPECT_EQ(best->seconds, 2.5);
  EXPECT_EQ(best->joules, 7);
  // At that slope both ends cost the same.
  EXPECT_EQ(slope.seconds * 1 + slope.joules * 8,
            slope.seconds * 3 + slope.joules * 0);
  energy.maxSeconds = 1.5;
  EXPECT_FALSE(hull.best(energy, {1, 1}));
}

} // namespace
