//===- MinCutTest.cpp - Minimum cuts, against all cuts --------------------===//

#include "MinCut.h"
#include "gtest/gtest.h"
#include <random>

using namespace rac;

TEST(MinCut, CutsTheCheapestEdge) {
  MinCut cut;
  unsigned a = cut.addNode(), b = cut.addNode();
  cut.addEdge(MinCut::source, a, 5);
  cut.addEdge(a, b, 2);
  cut.addEdge(b, MinCut::sink, 7);
  EXPECT_EQ(cut.solve(), 2);
  EXPECT_FALSE(cut.onSinkSide(a));
  EXPECT_TRUE(cut.onSinkSide(b));
}

TEST(MinCut, OfEqualCutsTheOneNextToTheSink) {
  MinCut cut;
  unsigned a = cut.addNode();
  cut.addEdge(MinCut::source, a, 3);
  cut.addEdge(a, MinCut::sink, 3);
  EXPECT_EQ(cut.solve(), 3);
  EXPECT_FALSE(cut.onSinkSide(a));
}

TEST(MinCut, UnconnectedNodesStayWithTheSource) {
  MinCut cut;
  unsigned a = cut.addNode();
  EXPECT_EQ(cut.solve(), 0);
  EXPECT_FALSE(cut.onSinkSide(a));
}

TEST(MinCut, NoCutIsCheaper) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    constexpr unsigned count = 7;
    MinCut cut;
    for (unsigned i = 2; i < count; ++i)
      cut.addNode();
    struct Edge {
      unsigned from, to;
      int64_t weight;
    };
    std::vector<Edge> edges;
    for (int i = 0; i < 14; ++i) {
      Edge edge{unsigned(random() % count), unsigned(random() % count),
                int64_t(random() % 10)};
      if (edge.from == edge.to)
        continue;
      edges.push_back(edge);
      cut.addEdge(edge.from, edge.to, edge.weight);
    }
    auto weigh = [&](auto onSinkSide) {
      int64_t weight = 0;
      for (const Edge &edge : edges)
        if (!onSinkSide(edge.from) && onSinkSide(edge.to))
          weight += edge.weight;
      return weight;
    };
    int64_t best = MinCut::infinite;
    for (unsigned sides = 0; sides < (1u << count); ++sides) {
      auto side = [&](unsigned n) { return (sides >> n & 1) != 0; };
      if (!side(MinCut::source) && side(MinCut::sink))
        best = std::min(best, weigh(side));
    }
    EXPECT_EQ(cut.solve(), best);
    EXPECT_EQ(weigh([&](unsigned n) { return cut.onSinkSide(n); }), best);
  }
}
