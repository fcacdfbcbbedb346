//===- MinCut.cpp - Minimum cut of a small graph --------------------------===//
//
// Edmonds and Karp: shortest augmenting paths. Graphs here have tens of nodes.
//
//===----------------------------------------------------------------------===//

#include "MinCut.h"
#include <algorithm>

using namespace rac;

void MinCut::addEdge(unsigned from, unsigned to, int64_t capacity) {
  edges.push_back({to, first[from], capacity});
  first[from] = edges.size() - 1;
  edges.push_back({from, first[to], 0});
  first[to] = edges.size() - 1;
}

/// Sends what one shortest path can take; returns how much.
int64_t MinCut::augment() {
  llvm::SmallVector<int> via(first.size(), -1);
  llvm::SmallVector<unsigned> queue = {source};
  for (size_t i = 0; i < queue.size() && via[sink] < 0; ++i)
    for (int e = first[queue[i]]; e >= 0; e = edges[e].next) {
      unsigned to = edges[e].to;
      if (edges[e].left == 0 || to == source || via[to] >= 0)
        continue;
      via[to] = e;
      queue.push_back(to);
    }
  if (via[sink] < 0)
    return 0;
  int64_t amount = infinite;
  for (unsigned n = sink; n != source; n = edges[via[n] ^ 1].to)
    amount = std::min(amount, edges[via[n]].left);
  for (unsigned n = sink; n != source; n = edges[via[n] ^ 1].to) {
    edges[via[n]].left -= amount;
    edges[via[n] ^ 1].left += amount;
  }
  return amount;
}

int64_t MinCut::solve() {
  int64_t weight = 0;
  while (int64_t amount = augment())
    weight += amount;
  // The sink's side: whatever can still send to the sink.
  sinkSide.assign(first.size(), false);
  sinkSide[sink] = true;
  llvm::SmallVector<unsigned> queue = {sink};
  for (size_t i = 0; i < queue.size(); ++i)
    for (int e = first[queue[i]]; e >= 0; e = edges[e].next) {
      unsigned from = edges[e].to;
      if (edges[e ^ 1].left == 0 || sinkSide[from])
        continue;
      sinkSide[from] = true;
      queue.push_back(from);
    }
  return weight;
}
