//===- SetRoom.cpp - Room for a tensor in a cache's sets ------------------===//

#include "SetRoom.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace rac;

namespace {

/// How many lines other tensors have in a set, and how likely.
class Others {
public:
  explicit Others(double most)
      : ways(static_cast<size_t>(most)), likely(ways + 1, 0) {
    likely[0] = 1;
  }
  /// A tensor that has a line in the set, and how likely.
  void add(const Occupied &other, double share);
  /// Of the lines of `own`, those that have room beside the others.
  double roomFor(const Occupied &own) const;

private:
  double atMost(double lines) const {
    double sum = 0;
    for (size_t i = 0; i <= ways && i <= lines; ++i)
      sum += likely[i];
    return sum;
  }

  size_t ways;
  SmallVector<double, 17> likely;
};

} // namespace

void Others::add(const Occupied &other, double share) {
  auto least = static_cast<size_t>(std::min<double>(other.least(), ways + 1));
  SmallVector<double, 17> sum(ways + 1, 0);
  for (size_t i = 0; i <= ways; ++i) {
    sum[i] += likely[i] * (1 - share);
    if (i + least <= ways)
      sum[i + least] += likely[i] * share * (1 - other.fuller());
    if (i + least + 1 <= ways)
      sum[i + least + 1] += likely[i] * share * other.fuller();
  }
  likely = std::move(sum);
}

double Others::roomFor(const Occupied &own) const {
  double least = own.least(), each = own.lines / own.spread.sets,
         fuller = own.fuller() * (least + 1) / each, most = ways;
  return (1 - fuller) * atMost(most - least) +
         fuller * atMost(most - least - 1);
}

/// Where in their periods tensors begin and end to have sets, and how long all
/// of that is until it begins anew.
static SmallVector<double> partsOf(ArrayRef<Occupied> all, double &period) {
  auto whole = static_cast<int64_t>(1);
  for (const Occupied &one : all)
    if (one.isPlaced())
      whole = std::lcm(whole, static_cast<int64_t>(one.spread.period));
  period = static_cast<double>(whole);
  SmallVector<double> parts = {0, period};
  for (const Occupied &one : all)
    for (double at = 0; one.isPlaced() && at < period; at += one.spread.period)
      for (double end : {0.0, one.spread.width})
        parts.push_back(std::fmod(at + *one.first + end, period));
  llvm::sort(parts);
  parts.erase(llvm::unique(parts), parts.end());
  return parts;
}

/// The part of `own`'s lines that have room in their sets beside the others.
static double keptInSets(const Occupied &own, ArrayRef<Occupied> others,
                         const CacheShape &cache) {
  double most = own.least() + (own.fuller() > 0);
  for (const Occupied &other : others)
    most += other.least() + (other.fuller() > 0);
  if (own.lines <= 0 || most <= cache.ways)
    return 1;
  if (own.least() > cache.ways)
    return 0;
  SmallVector<Occupied, 4> all(others);
  all.push_back(own);
  double period = 1, kept = 0, sum = 0;
  SmallVector<double> parts = partsOf(all, period);
  for (auto [begin, end] : llvm::zip(parts, ArrayRef(parts).drop_front())) {
    double middle = (begin + end) / 2;
    if (own.isPlaced() && !own.has(middle))
      continue;
    Others beside(cache.ways);
    for (const Occupied &other : others)
      if (!other.isPlaced())
        beside.add(other, other.spread.sets / cache.sets());
      else if (other.has(middle))
        beside.add(other, other.density(cache.sets()));
    kept += (end - begin) * beside.roomFor(own);
    sum += end - begin;
  }
  return sum > 0 ? kept / sum : 0;
}

double rac::keptOf(unsigned t, unsigned tensors, const CacheShape &cache,
                   double share, function_ref<Occupied(unsigned)> of) {
  double lines = 0;
  SmallVector<Occupied, 4> others;
  Occupied own;
  for (unsigned u = 0; u < tensors; ++u) {
    Occupied part = of(u);
    part.lines *= share;
    lines += part.lines;
    if (u == t)
      own = part;
    else if (part.lines > 0)
      others.push_back(part);
  }
  if (cache.ways > 0)
    return keptInSets(own, others, cache);
  return lines * cache.line <= cache.bytes ? 1 : 0;
}
