//===- Footprint.cpp - What some iterations touch of a tensor -------------===//

#include "rac/Cost/Footprint.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace rac;

namespace {

/// Along one dimension: so many positions, so many bytes apart.
struct Stride {
  double positions, apart;
};

/// What is touched of a tensor: a run of memory without a gap of a line, and
/// how it is repeated, from the innermost dimension outwards.
struct Runs {
  double run; ///< B from the first to the last element, less one
  SmallVector<Stride, 4> repeats;
  bool aligned = true; ///< all begin at the same place in a line

  Runs(const WorkTensor &tensor, const WorkUse &use, ArrayRef<double> extents,
       double line);
  double lines(double line, double elementBytes) const {
    // A run that may begin anywhere touches a line more, or a part of it.
    return aligned ? std::ceil(run / line) : (run - elementBytes) / line + 1;
  }
};

} // namespace

Runs::Runs(const WorkTensor &tensor, const WorkUse &use,
           ArrayRef<double> extents, double line)
    : run(tensor.elementBytes) {
  // Dimensions need not lie in memory in the order they have.
  SmallVector<size_t, 6> order =
      llvm::to_vector<6>(llvm::reverse(llvm::seq(use.dims.size())));
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::make_pair(tensor.strides[a], b) <
           std::make_pair(tensor.strides[b], a);
  });
  for (size_t i : order) {
    double span = 1, positions = 1;
    for (const WorkUse::Term &term : use.dims[i]) {
      span += term.step * (extents[term.loop] - 1);
      positions *= extents[term.loop];
    }
    span = std::min(span, tensor.shape[i]);
    positions = std::min(positions, span);
    if (positions <= 1)
      continue;
    double stride = tensor.strides[i] * tensor.elementBytes;
    double apart = stride * (span - 1) / (positions - 1);
    if (use.scattered.test(i)) {
      // Anywhere in the dimension.
      apart = stride * tensor.shape[i] / positions;
      span = tensor.shape[i];
    }
    if (repeats.empty() && apart - run < line) {
      run += stride * (span - 1);
      continue;
    }
    repeats.push_back({positions, apart});
    aligned &= std::fmod(use.scattered.test(i) ? stride : apart, line) == 0;
  }
}

double rac::footprint(const WorkTensor &tensor, const WorkUse &use,
                      ArrayRef<double> extents, double line) {
  Runs runs(tensor, use, extents, line);
  double lines = runs.lines(line, tensor.elementBytes);
  for (const Stride &stride : runs.repeats)
    lines *= stride.positions;
  return std::min(lines, std::ceil(tensor.bytes() / line)) * line;
}

Spread rac::spreadOf(const WorkTensor &tensor, const WorkUse &use,
                     ArrayRef<double> extents, const CacheShape &cache) {
  double sets = cache.sets();
  Spread spread;
  spread.sets = sets;
  if (use.scattered.any())
    return spread;
  Runs runs(tensor, use, extents, cache.line);
  double run = std::min(sets, runs.lines(cache.line, tensor.elementBytes));
  double covered = run;
  auto around = static_cast<int64_t>(sets * cache.line);
  int64_t period = around;
  for (const Stride &stride : runs.repeats) {
    // Repetitions come back to the first one's sets after as many.
    int64_t gcd = std::gcd(around, static_cast<int64_t>(stride.apart));
    auto step = static_cast<double>(gcd);
    period = std::gcd(period, gcd);
    double places = std::min(stride.positions, around / std::max(1.0, step));
    double free = std::max(1.0, step / cache.line);
    covered = places < stride.positions
                  ? std::min(sets, places * std::min(covered, free))
                  : std::min(sets, places * covered);
  }
  spread.sets = std::max(1.0, covered);
  double lines = static_cast<double>(period) / cache.line;
  if (runs.aligned && run < lines) {
    spread.period = lines;
    spread.width = run;
  }
  return spread;
}
