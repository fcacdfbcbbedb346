//===- AssignTest.cpp - Assignments against all assignments ---------------===//

#include "rac/Precision/Assign.h"
#include "gtest/gtest.h"
#include <functional>
#include <random>

using namespace rac;

namespace {

AssignProblem randomProblem(std::mt19937 &random, unsigned size) {
  AssignProblem problem;
  for (unsigned i = 0; i < size; ++i) {
    AssignNode &node = problem.nodes.emplace_back();
    node.options.push_back({double(10 + random() % 20), 0});
    for (unsigned j = random() % 3; j > 0; --j)
      node.options.push_back(
          {double(random() % 20), double(1 + random() % 10)});
  }
  for (unsigned to = 1; to < size; ++to)
    for (unsigned count = random() % 3; count > 0; --count) {
      AssignEdge edge{unsigned(random() % to), to, {}};
      size_t pairs = problem.nodes[edge.from].options.size() *
                     problem.nodes[to].options.size();
      for (size_t i = 0; i < pairs; ++i)
        edge.costs.push_back(double(random() % 6));
      problem.edges.push_back(edge);
    }
  problem.budget = random() % 30;
  return problem;
}

struct Sums {
  double cost = 0, error = 0;
};

Sums sumsOf(const AssignProblem &problem, llvm::ArrayRef<unsigned> picks) {
  Sums sums;
  for (size_t i = 0; i < picks.size(); ++i) {
    sums.cost += problem.nodes[i].options[picks[i]].cost;
    sums.error += problem.nodes[i].options[picks[i]].error;
  }
  for (const AssignEdge &edge : problem.edges)
    sums.cost +=
        edge.costs[picks[edge.from] * problem.nodes[edge.to].options.size() +
                   picks[edge.to]];
  return sums;
}

/// The least cost within the budget, by trying all; infinite if there is none.
double leastCost(const AssignProblem &problem) {
  double least = Assignment::kNoBudget;
  std::vector<unsigned> picks;
  std::function<void()> go = [&] {
    if (picks.size() == problem.nodes.size()) {
      Sums sums = sumsOf(problem, picks);
      if (sums.error <= problem.budget)
        least = std::min(least, sums.cost);
      return;
    }
    size_t count = problem.nodes[picks.size()].options.size();
    for (unsigned option = 0; option < count; ++option) {
      picks.push_back(option);
      go();
      picks.pop_back();
    }
  };
  go();
  return least;
}

TEST(Assign, IsTheBestOfAll) {
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    AssignProblem problem = randomProblem(random, 1 + random() % 8);
    Assignment found = assign(problem);
    ASSERT_TRUE(found.found);
    Sums sums = sumsOf(problem, found.picks);
    EXPECT_TRUE(found.exact);
    EXPECT_DOUBLE_EQ(found.cost, sums.cost);
    EXPECT_DOUBLE_EQ(found.error, sums.error);
    EXPECT_LE(found.error, problem.budget);
    EXPECT_DOUBLE_EQ(found.cost, leastCost(problem));
    EXPECT_DOUBLE_EQ(found.bound, found.cost);
  }
}

TEST(Assign, SaysByHowMuchItMayHaveMissedTheBest) {
  std::mt19937 random(2);
  int missed = 0;
  for (int i = 0; i < 500; ++i) {
    AssignProblem problem = randomProblem(random, 4 + random() % 5);
    AssignLimits few;
    few.front = 1 + random() % 3;
    few.states = 1 + random() % 4;
    Assignment found = assign(problem, few);
    ASSERT_TRUE(found.found);
    double least = leastCost(problem);
    EXPECT_LE(found.error, problem.budget);
    EXPECT_LE(found.bound, least + 1e-9);
    EXPECT_GE(found.cost, least - 1e-9);
    missed += found.cost > least;
    if (found.exact) {
      EXPECT_DOUBLE_EQ(found.cost, least);
    }
  }
  // Or this test would show nothing.
  EXPECT_GT(missed, 0);
}

TEST(Assign, TakesTheCheapestWithoutABudget) {
  std::mt19937 random(3);
  for (int i = 0; i < 100; ++i) {
    AssignProblem problem = randomProblem(random, 1 + random() % 7);
    problem.budget = Assignment::kNoBudget;
    EXPECT_DOUBLE_EQ(assign(problem).cost, leastCost(problem));
    AssignLimits few{2, 3};
    Assignment found = assign(problem, few);
    EXPECT_LE(found.bound, leastCost(problem) + 1e-9);
  }
}

TEST(Assign, SaysWhenNothingKeepsTheBudget) {
  AssignProblem problem;
  problem.nodes.push_back({{{1, 2}, {2, 1}}});
  problem.budget = 0.5;
  EXPECT_FALSE(assign(problem).found);
  problem.budget = 1;
  EXPECT_EQ(assign(problem).picks, std::vector<unsigned>{1});
}

TEST(Assign, OfNothingIsNothing) {
  Assignment found = assign({});
  EXPECT_TRUE(found.found);
  EXPECT_EQ(found.cost, 0);
}

/// As many groups as models have, in a chain with branches: the gap is small.
TEST(Assign, ScalesToModels) {
  std::mt19937 random(4);
  std::uniform_real_distribution<double> uniform(0, 1);
  AssignProblem problem;
  for (unsigned i = 0; i < 160; ++i) {
    double cost = uniform(random), error = uniform(random);
    problem.nodes.push_back(
        {{{cost, 0}, {cost * 0.6, error * 0.01}, {cost * 0.3, error * 0.3}}});
    if (i > 0)
      problem.edges.push_back({i - 1, i, std::vector<double>(9, 0.01)});
    if (i > 3 && i % 4 == 0)
      problem.edges.push_back({i - 3, i, std::vector<double>(9, 0.01)});
  }
  problem.budget = 5;
  Assignment found = assign(problem);
  ASSERT_TRUE(found.found);
  EXPECT_LE(found.error, problem.budget);
  EXPECT_LE(found.bound, found.cost);
  EXPECT_GT(found.bound, found.cost * 0.99);
}

} // namespace
