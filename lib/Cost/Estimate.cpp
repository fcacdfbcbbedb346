//===- Estimate.cpp - What a group is thought to cost ---------------------===//

#include "rac/Cost/Estimate.h"

using namespace mlir;
using namespace rac;

static void addEach(SmallVectorImpl<double> &sums, ArrayRef<double> more) {
  sums.resize(std::max(sums.size(), more.size()));
  for (auto [sum, value] : llvm::zip(sums, more))
    sum += value;
}

Estimate &Estimate::operator+=(const Estimate &other) {
  seconds += other.seconds;
  if (joules && other.joules)
    *joules += *other.joules;
  else
    joules.reset();
  // A sum with a bound in it is a bound.
  if (other.joulesOrigin == JoulesOrigin::tdp)
    joulesOrigin = JoulesOrigin::tdp;
  flops += other.flops;
  for (const LevelBytes &level : other.bytes) {
    auto *place = llvm::find_if(
        bytes, [&](const LevelBytes &l) { return l.level == level.level; });
    if (place == bytes.end())
      bytes.push_back(level);
    else
      place->bytes += level.bytes;
  }
  breakdown.computeSeconds += other.breakdown.computeSeconds;
  breakdown.overheadSeconds += other.breakdown.overheadSeconds;
  breakdown.opsJoules += other.breakdown.opsJoules;
  breakdown.staticJoules += other.breakdown.staticJoules;
  addEach(breakdown.transferSeconds, other.breakdown.transferSeconds);
  addEach(breakdown.bytesJoules, other.breakdown.bytesJoules);
  for (const Coefficient *coefficient : other.coefficients)
    if (!llvm::is_contained(coefficients, coefficient))
      coefficients.push_back(coefficient);
  return *this;
}

CostAttr Estimate::toAttr(MLIRContext *ctx) const {
  return CostAttr::get(ctx, seconds, joules, joulesOrigin, flops, bytes);
}

bool rac::undecided(const Estimate &a, const Estimate &b) {
  return a.seconds.low < b.seconds.high && b.seconds.low < a.seconds.high;
}
