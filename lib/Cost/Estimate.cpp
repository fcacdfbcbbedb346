//===- Estimate.cpp - What a group is thought to cost ---------------------===//

#include "rac/Cost/Estimate.h"

using namespace mlir;
using namespace rac;

static void addEach(SmallVectorImpl<double> &sums, ArrayRef<double> more) {
  sums.resize(std::max(sums.size(), more.size()));
  for (auto [sum, value] : llvm::zip(sums, more))
    sum += value;
}

static CoefficientUse *findUse(MutableArrayRef<CoefficientUse> uses,
                               const Coefficient *coefficient) {
  for (CoefficientUse &use : uses)
    if (use.coefficient == coefficient)
      return &use;
  return nullptr;
}

/// The uses of both; where one doesn't use a coefficient, its time stays.
static SmallVector<CoefficientUse, 12> addUses(const Estimate &a,
                                               const Estimate &b) {
  SmallVector<CoefficientUse, 12> sum = a.coefficients;
  for (CoefficientUse &use : sum) {
    use.fewerSeconds += b.seconds.value;
    use.moreSeconds += b.seconds.value;
  }
  for (const CoefficientUse &use : b.coefficients)
    if (CoefficientUse *both = findUse(sum, use.coefficient)) {
      both->fewerSeconds += use.fewerSeconds - b.seconds.value;
      both->moreSeconds += use.moreSeconds - b.seconds.value;
    } else {
      sum.push_back({use.coefficient, a.seconds.value + use.fewerSeconds,
                     a.seconds.value + use.moreSeconds});
    }
  return sum;
}

Estimate &Estimate::operator+=(const Estimate &other) {
  coefficients = addUses(*this, other);
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
  addEach(breakdown.fillBytes, other.breakdown.fillBytes);
  return *this;
}

CostAttr Estimate::toAttr(MLIRContext *ctx) const {
  return CostAttr::get(ctx, seconds, joules, joulesOrigin, flops, bytes);
}

bool rac::undecided(const Estimate &a, const Estimate &b) {
  // By how much b takes more, with a the quicker one.
  if (b.seconds.value < a.seconds.value)
    return undecided(b, a);
  double difference = b.seconds.value - a.seconds.value, least = difference;
  auto shift = [&](const Coefficient *coefficient) {
    CoefficientUse inA{coefficient, a.seconds.value, a.seconds.value};
    CoefficientUse inB{coefficient, b.seconds.value, b.seconds.value};
    for (const CoefficientUse &use : a.coefficients)
      if (use.coefficient == coefficient)
        inA = use;
    for (const CoefficientUse &use : b.coefficients)
      if (use.coefficient == coefficient)
        inB = use;
    double shifted = std::min(inB.fewerSeconds - inA.fewerSeconds,
                              inB.moreSeconds - inA.moreSeconds);
    least += std::min(0.0, shifted - difference);
  };
  for (const CoefficientUse &use : a.coefficients)
    shift(use.coefficient);
  for (const CoefficientUse &use : b.coefficients)
    if (!llvm::any_of(a.coefficients, [&](const CoefficientUse &other) {
          return other.coefficient == use.coefficient;
        }))
      shift(use.coefficient);
  return least <= 0;
}
