//===- MinCut.h - Minimum cut of a small graph ------------------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_MINCUT_H
#define RAC_LIB_TRANSFORMS_MINCUT_H

#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace rac {

/// Splits nodes between a source's and a sink's side so that the edges from the
/// former to the latter weigh least.
class MinCut {
public:
  static constexpr unsigned source = 0, sink = 1;
  static constexpr int64_t infinite = int64_t(1) << 60;

  MinCut() : first(2, -1) {}
  unsigned addNode() {
    first.push_back(-1);
    return first.size() - 1;
  }
  void addEdge(unsigned from, unsigned to, int64_t capacity);

  /// Computes the cut, which of all least ones has the smallest sink side;
  /// returns its weight.
  int64_t solve();
  bool onSinkSide(unsigned node) const { return sinkSide[node]; }

private:
  struct Edge {
    unsigned to;
    int next;
    int64_t left;
  };
  int64_t augment();

  llvm::SmallVector<int> first;
  llvm::SmallVector<Edge> edges; // edge i ^ 1 is edge i backwards
  llvm::SmallVector<bool> sinkSide;
};

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_MINCUT_H
