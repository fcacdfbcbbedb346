//===- ChoiceTest.cpp - The best choice against all choices ---------------===//

#include "Search/Choice.h"
#include "gtest/gtest.h"
#include <random>

using namespace rac;

namespace {

constexpr double none = Goal::none;

/// Whole numbers, so that sums are exact.
ChoiceProblem randomProblem(std::mt19937 &random, unsigned slots,
                            unsigned options) {
  auto upTo = [&](unsigned most) { return double(random() % (most + 1)); };
  ChoiceProblem problem;
  problem.always.push_back({0, int32_t(slots), upTo(20)});
  for (unsigned i = 0; i < slots; ++i) {
    Slot slot;
    for (unsigned j = 0, e = 1 + random() % options; j < e; ++j) {
      Option option{{1 + upTo(40), 1 + upTo(40)}, {}};
      for (unsigned k = random() % 3; k > 0; --k)
        option.memory.push_back(
            {int32_t(i), int32_t(i + random() % 3), upTo(30)});
      slot.options.push_back(option);
    }
    problem.slots.push_back(slot);
  }
  return problem;
}

struct Totals {
  Price price;
  double bytes;
};

Totals totalsOf(const ChoiceProblem &problem, llvm::ArrayRef<unsigned> picks) {
  Totals totals{};
  std::vector<Held> held = problem.always;
  for (size_t i = 0; i < picks.size(); ++i) {
    const Option &option = problem.slots[i].options[picks[i]];
    totals.price += option.price;
    held.insert(held.end(), option.memory.begin(), option.memory.end());
  }
  totals.bytes = peakBytes(held);
  return totals;
}

template <typename Visit>
void forAllChoices(const ChoiceProblem &problem, Visit visit) {
  std::vector<unsigned> picks(problem.slots.size());
  while (true) {
    visit(totalsOf(problem, picks));
    size_t i = 0;
    while (i < picks.size() && ++picks[i] == problem.slots[i].options.size())
      picks[i++] = 0;
    if (i == picks.size())
      return;
  }
}

bool within(const Totals &totals, const Goal &goal) {
  return totals.price.seconds <= goal.maxSeconds &&
         totals.bytes <= goal.maxBytes;
}

double bestOfAll(const ChoiceProblem &problem, const Goal &goal) {
  double best = none;
  forAllChoices(problem, [&](const Totals &totals) {
    if (within(totals, goal))
      best = std::min(best, goal.score(totals.price));
  });
  return best;
}

Goal goalOf(unsigned kind) {
  Goal goal;
  goal.perSecond = kind == 1 ? 0 : kind == 3 ? 0.25 : 1;
  goal.perJoule = kind == 0 ? 0 : 1;
  goal.product = kind == 2;
  return goal;
}

/// Latency, energy, their product, a mix; without limits, with one, with both.
TEST(Choice, IsTheBestOfAllOnRandomProblems) {
  std::mt19937 random(1);
  for (unsigned round = 0; round < 1200; ++round) {
    ChoiceProblem problem = randomProblem(random, 1 + random() % 6, 5);
    Goal goal = goalOf(round % 4);
    if (round / 4 % 2)
      goal.maxSeconds = 20 + random() % 100;
    if (round / 8 % 2)
      goal.maxBytes = 20 + random() % 80;
    Choice choice = choose(problem, goal, SearchLimits());
    double best = bestOfAll(problem, goal);
    EXPECT_TRUE(choice.exact);
    ASSERT_EQ(choice.found, best != none) << "round " << round;
    if (best == none)
      continue;
    EXPECT_EQ(choice.score, best) << "round " << round;
    EXPECT_EQ(choice.bound, best);
    Totals totals = totalsOf(problem, choice.picks);
    EXPECT_TRUE(within(totals, goal));
    EXPECT_EQ(choice.bytes, totals.bytes);
    EXPECT_EQ(choice.price.joules, totals.price.joules);
  }
}

TEST(Choice, LeastMemoryIsTheLeastOfAll) {
  std::mt19937 random(2);
  for (unsigned round = 0; round < 300; ++round) {
    ChoiceProblem problem = randomProblem(random, 1 + random() % 6, 4);
    double least = none;
    forAllChoices(problem, [&](const Totals &totals) {
      least = std::min(least, totals.bytes);
    });
    Choice choice = chooseLeastMemory(problem, SearchLimits());
    EXPECT_TRUE(choice.exact);
    EXPECT_EQ(choice.bytes, least) << "round " << round;
  }
}

/// With a limit on nodes the bound is below the optimum, and the choice, if
/// there is one, keeps the limits.
TEST(Choice, StatesABoundWhereItGivesUp) {
  std::mt19937 random(3);
  unsigned gaveUp = 0;
  for (unsigned round = 0; round < 300; ++round) {
    ChoiceProblem problem = randomProblem(random, 6, 5);
    Goal goal = goalOf(round % 4);
    goal.maxSeconds = 60 + random() % 80;
    SearchLimits limits;
    limits.nodes = 12;
    Choice choice = choose(problem, goal, limits);
    double best = bestOfAll(problem, goal);
    EXPECT_LE(choice.bound, best * (1 + 1e-12));
    if (choice.found) {
      EXPECT_GE(choice.score, best);
      EXPECT_TRUE(within(totalsOf(problem, choice.picks), goal));
    }
    gaveUp += !choice.exact;
  }
  EXPECT_GT(gaveUp, 0u);
}

/// What a slot doesn't list lowers the bound, down to its floor.
TEST(Choice, FloorsLowerTheBound) {
  ChoiceProblem problem;
  problem.slots.resize(2);
  problem.slots[0].options = {{{4, 4}, {}}};
  problem.slots[1].options = {{{6, 6}, {}}};
  problem.slots[1].complete = false;
  problem.slots[1].floor = Price{5, 1};
  Choice choice = choose(problem, Goal(), SearchLimits());
  EXPECT_FALSE(choice.exact);
  EXPECT_EQ(choice.score, 10);
  EXPECT_EQ(choice.bound, 9);
}

TEST(Choice, OfNothingIsNothing) {
  ChoiceProblem problem;
  problem.always = {{0, 0, 7}};
  Choice choice = choose(problem, Goal(), SearchLimits());
  EXPECT_TRUE(choice.exact && choice.found);
  EXPECT_EQ(choice.score, 0);
  EXPECT_EQ(choice.bytes, 7);
}

/// A thousand slots, far more than can be tried: the hull's bound is close.
TEST(Choice, IsCloseToItsBoundOnLargeProblems) {
  std::mt19937 random(4);
  ChoiceProblem problem = randomProblem(random, 1000, 8);
  Goal goal = goalOf(1);
  goal.maxSeconds = 1.3 * choose(problem, goalOf(0), SearchLimits()).score;
  SearchLimits limits;
  limits.nodes = 20'000;
  Choice choice = choose(problem, goal, limits);
  ASSERT_TRUE(choice.found);
  EXPECT_LE(choice.price.seconds, goal.maxSeconds);
  EXPECT_LE(choice.score, choice.bound * 1.001);
}

TEST(ChoiceFront, PointsAreOnTheFrontOfAll) {
  std::mt19937 random(5);
  for (unsigned round = 0; round < 60; ++round) {
    ChoiceProblem problem = randomProblem(random, 1 + random() % 5, 4);
    std::vector<Choice> front = chooseFront(problem, 100, 200, SearchLimits());
    ASSERT_FALSE(front.empty());
    double fastest = none, frugal = none, smallest = none;
    forAllChoices(problem, [&](const Totals &totals) {
      fastest = std::min(fastest, totals.price.seconds);
      frugal = std::min(frugal, totals.price.joules);
      smallest = std::min(smallest, totals.bytes);
      for (const Choice &choice : front) {
        bool noWorse = totals.price.seconds <= choice.price.seconds &&
                       totals.price.joules <= choice.price.joules &&
                       totals.bytes <= choice.bytes;
        bool better = totals.price.seconds < choice.price.seconds ||
                      totals.price.joules < choice.price.joules ||
                      totals.bytes < choice.bytes;
        EXPECT_FALSE(noWorse && better) << "round " << round;
      }
    });
    double seconds = none, joules = none, bytes = none;
    for (const Choice &choice : front) {
      seconds = std::min(seconds, choice.price.seconds);
      joules = std::min(joules, choice.price.joules);
      bytes = std::min(bytes, choice.bytes);
    }
    EXPECT_EQ(seconds, fastest);
    EXPECT_EQ(joules, frugal);
    EXPECT_EQ(bytes, smallest);
  }
}

} // namespace
