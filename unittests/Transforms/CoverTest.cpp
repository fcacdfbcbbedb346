//===- CoverTest.cpp - Covers against all covers --------------------------===//

#include "Search/Cover.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <functional>
#include <random>

using namespace rac;

namespace {

/// A graph of items in which each has a column of its own, and some columns of
/// several.
CoverProblem randomProblem(std::mt19937 &random, unsigned size) {
  CoverProblem problem;
  auto price = [&] {
    return Price{double(1 + random() % 20), double(1 + random() % 20)};
  };
  std::vector<std::vector<unsigned>> inputs(size);
  for (unsigned i = 0; i < size; ++i) {
    for (unsigned j = 0; i > 0 && j < 2; ++j) {
      unsigned input = random() % i;
      if (llvm::find(inputs[i], input) == inputs[i].end())
        inputs[i].push_back(input);
    }
    problem.items.push_back({int32_t(i), double(1 + random() % 9), true, 0});
  }
  for (auto &of : inputs)
    for (unsigned input : of)
      problem.items[input].wanted = random() % 4 == 0;
  for (unsigned i = 0; i < size; ++i)
    problem.items[i].usedUntil = size + random() % 2;
  for (unsigned i = 0; i < size; ++i)
    for (unsigned count = 0; count < 3; ++count) {
      // Grows by producers, which may be needed elsewhere too.
      Column column;
      column.root = i;
      column.members = {i};
      std::vector<unsigned> needs = inputs[i];
      for (unsigned grow = 0; grow < count && !needs.empty(); ++grow) {
        unsigned item = needs[random() % needs.size()];
        needs.erase(std::find(needs.begin(), needs.end(), item));
        column.members.push_back(item);
        for (unsigned input : inputs[item])
          if (llvm::find(needs, input) == needs.end() &&
              !llvm::is_contained(column.members, input))
            needs.push_back(input);
      }
      // A member may have come back as a need of a later one.
      llvm::erase_if(needs, [&](unsigned need) {
        return llvm::is_contained(column.members, need);
      });
      column.needs.assign(needs.begin(), needs.end());
      for (unsigned j = 0, e = 1 + random() % 2; j < e; ++j)
        column.options.push_back(
            {price(), {{int32_t(i), int32_t(i), double(random() % 5)}}});
      problem.columns.push_back(column);
    }
  return problem;
}

/// All covers, found without any cleverness: of each item that is needed, from
/// the last to the first, each column and option in turn.
void forAllCovers(const CoverProblem &problem,
                  const std::function<void(const Option &)> &visit) {
  std::function<void(int, std::vector<int32_t>, Option)> descend =
      [&](int item, std::vector<int32_t> until, Option sum) {
        if (item < 0) {
          for (size_t i = 0; i < until.size(); ++i)
            if (until[i] >= 0)
              sum.memory.push_back(
                  {problem.items[i].step, until[i], problem.items[i].bytes});
          visit(sum);
          return;
        }
        if (until[item] < 0)
          return descend(item - 1, until, sum);
        for (const Column &column : problem.columns) {
          if (column.root != unsigned(item))
            continue;
          std::vector<int32_t> needed = until;
          for (unsigned need : column.needs)
            needed[need] = std::max(needed[need], problem.items[item].step);
          for (const Option &option : column.options) {
            Option more = sum;
            more.price += option.price;
            more.memory.append(option.memory.begin(), option.memory.end());
            descend(item - 1, needed, more);
          }
        }
      };
  std::vector<int32_t> until;
  for (const CoverItem &item : problem.items)
    until.push_back(item.wanted ? item.usedUntil : -1);
  descend(problem.items.size() - 1, until, {});
}

bool noWorse(const Option &a, const Option &b, bool withMemory) {
  return a.price.seconds <= b.price.seconds &&
         a.price.joules <= b.price.joules &&
         (!withMemory || holdsNoMore(a.memory, b.memory));
}

/// Whether picks compute what is needed, once each.
void checkPicks(const CoverProblem &problem, const Cover &cover) {
  std::vector<int> rooted(problem.items.size());
  Price price;
  for (const Pick &pick : cover.picks) {
    const Column &column = problem.columns[pick.column];
    EXPECT_EQ(rooted[column.root]++, 0);
    price += column.options[pick.option].price;
  }
  EXPECT_EQ(price.seconds, cover.option.price.seconds);
  EXPECT_EQ(price.joules, cover.option.price.joules);
  for (const Pick &pick : cover.picks)
    for (unsigned need : problem.columns[pick.column].needs)
      EXPECT_EQ(rooted[need], 1);
  for (size_t i = 0; i < problem.items.size(); ++i)
    if (problem.items[i].wanted)
      EXPECT_EQ(rooted[i], 1);
}

void compareWithAll(bool withMemory, unsigned rounds) {
  std::mt19937 random(withMemory ? 7 : 6);
  for (unsigned round = 0; round < rounds; ++round) {
    CoverProblem problem = randomProblem(random, 2 + random() % 4);
    SearchLimits limits;
    limits.front = 100'000;
    CoverFront front = cover(problem, Goal(), withMemory, limits);
    ASSERT_FALSE(front.covers.empty());
    ASSERT_TRUE(front.complete);
    EXPECT_FALSE(front.floor);
    for (const Cover &cover : front.covers)
      checkPicks(problem, cover);
    std::vector<bool> reached(front.covers.size());
    forAllCovers(problem, [&](const Option &option) {
      bool covered = false;
      for (size_t i = 0; i < front.covers.size(); ++i) {
        const Option &point = front.covers[i].option;
        covered |= noWorse(point, option, withMemory);
        if (noWorse(option, point, withMemory) &&
            !noWorse(point, option, withMemory))
          ADD_FAILURE() << "a cover beats the front in round " << round;
        reached[i] = reached[i] || noWorse(option, point, withMemory);
      }
      EXPECT_TRUE(covered) << "round " << round;
    });
    for (bool exists : reached)
      EXPECT_TRUE(exists);
  }
}

TEST(Cover, FrontIsThatOfAllCovers) { compareWithAll(false, 200); }

TEST(Cover, FrontWithMemoryIsThatOfAllCovers) { compareWithAll(true, 60); }

/// Two users of a cheap producer: computed in each, nothing is kept; alone, it
/// is kept for both.
TEST(Cover, ComputesAgainWhereThatCostsLess) {
  CoverProblem problem;
  problem.items = {{0, 100, false, 0}, {1, 1, true, 9}, {2, 1, true, 9}};
  auto column = [&](unsigned root, llvm::ArrayRef<unsigned> members,
                    llvm::ArrayRef<unsigned> needs, double seconds) {
    Column column;
    column.root = root;
    column.members.assign(members.begin(), members.end());
    column.needs.assign(needs.begin(), needs.end());
    column.options = {{{seconds, 0}, {}}};
    problem.columns.push_back(column);
  };
  column(0, {0}, {}, 5);
  column(1, {1}, {0}, 3);
  column(2, {2}, {0}, 3);
  column(1, {0, 1}, {}, 4);
  column(2, {0, 2}, {}, 4);
  CoverFront front = cover(problem, Goal(), true, SearchLimits());
  ASSERT_EQ(front.covers.size(), 1u);
  EXPECT_EQ(front.covers[0].option.price.seconds, 8);
  EXPECT_EQ(front.covers[0].picks.size(), 2u);
  EXPECT_EQ(peakBytes(front.covers[0].option.memory), 2);
}

/// Where states or points are dropped, the floor is below every cover and what
/// is left is a cover.
TEST(Cover, StatesAFloorWhereItForgets) {
  std::mt19937 random(8);
  unsigned forgot = 0;
  for (unsigned round = 0; round < 100; ++round) {
    CoverProblem problem = randomProblem(random, 6);
    SearchLimits limits;
    limits.states = 1;
    limits.front = 2;
    CoverFront front = cover(problem, Goal(), false, limits);
    for (const Cover &cover : front.covers)
      checkPicks(problem, cover);
    if (!front.floor)
      continue;
    ++forgot;
    forAllCovers(problem, [&](const Option &option) {
      EXPECT_LE(front.floor->seconds, option.price.seconds * (1 + 1e-12));
      EXPECT_LE(front.floor->joules, option.price.joules * (1 + 1e-12));
    });
  }
  EXPECT_GT(forgot, 0u);
}

} // namespace
