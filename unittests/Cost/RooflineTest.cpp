//===- RooflineTest.cpp - Time and energy, worked by hand -----------------===//

#include "ParsedOps.h"
#include "rac/Cost/CostModel.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

/// A device of round numbers.
Device roundDevice() {
  Device device;
  device.libraryRate = 1e9;
  device.generatedMatmulRate = 1e8;
  device.elementwiseRate = 1e8;
  device.coreBandwidth = 1e9;
  device.deviceBandwidth = 3e9;
  device.kernelOverhead = 1e-6;
  device.libraryCallOverhead = 2e-6;
  device.forkJoinOverhead = 5e-6;
  device.coreWatts = 4;
  return device;
}

PlanAttr planOf(ParsedOps &p, KernelKind kind, int64_t threads = 0) {
  return PlanAttr::get(&p.context, kind, mlir::Float32Type::get(&p.context),
                       threads, {}, {});
}

Cost estimate(ParsedOps &p, KernelKind kind, int64_t threads = 0) {
  return RooflineModel(roundDevice(), Assumptions(), 1)
      .estimate(Candidate::of(p.ops), planOf(p, kind, threads));
}

/// 2 * 100^3 operations, 3 * 10^4 floats.
struct Matmul : ParsedOps {
  Matmul()
      : ParsedOps("(%a: tensor<100x100xf32>, %b: tensor<100x100xf32>) -> "
                  "tensor<100x100xf32>",
                  R"(%0 = rac.matmul %a, %b : (tensor<100x100xf32>,
                       tensor<100x100xf32>) -> tensor<100x100xf32>
                     return %0 : tensor<100x100xf32>)") {}
};

TEST(Roofline, ComputeBound) {
  Matmul p;
  Cost cost = estimate(p, KernelKind::library);
  EXPECT_DOUBLE_EQ(cost.seconds, 2e6 / 1e9 + 1e-6 + 2e-6);
  EXPECT_DOUBLE_EQ(cost.joules, cost.seconds * 4);
  EXPECT_DOUBLE_EQ(cost.flops, 2e6);
  EXPECT_DOUBLE_EQ(cost.bytes, 1.2e5);
}

TEST(Roofline, GeneratedHasItsOwnRateAndNoCall) {
  Matmul p;
  EXPECT_DOUBLE_EQ(estimate(p, KernelKind::generated).seconds,
                   2e6 / 1e8 + 1e-6);
}

TEST(Roofline, BandwidthBound) {
  ParsedOps p("(%x: tensor<10000xf32>) -> tensor<10000xf32>",
              R"(%0 = rac.neg %x : (tensor<10000xf32>) -> tensor<10000xf32>
                 return %0 : tensor<10000xf32>)");
  // 10^4 operations take 100 us, 8 * 10^4 bytes 80 us: compute bound. On two
  // threads both halve.
  EXPECT_DOUBLE_EQ(estimate(p, KernelKind::generated).seconds, 1e-4 + 1e-6);
  EXPECT_DOUBLE_EQ(estimate(p, KernelKind::generated, 2).seconds,
                   0.5e-4 + 1e-6 + 5e-6);
  // On four the memory's 3 GB/s bind: 8e4 / 3e9 = 26.7 us against 25 us.
  EXPECT_DOUBLE_EQ(estimate(p, KernelKind::generated, 4).seconds,
                   8e4 / 3e9 + 1e-6 + 3 * 5e-6);
}

TEST(Roofline, MoreThreadsTakeMorePower) {
  Matmul p;
  Cost one = estimate(p, KernelKind::library, 1);
  Cost two = estimate(p, KernelKind::library, 2);
  EXPECT_LT(two.seconds, one.seconds);
  EXPECT_GT(two.joules, one.joules);
}

TEST(Roofline, FusionSavesTraffic) {
  ParsedOps p("(%x: tensor<1000xf32>) -> tensor<1000xf32>",
              R"(%0 = rac.neg %x : (tensor<1000xf32>) -> tensor<1000xf32>
                 %1 = rac.abs %0 : (tensor<1000xf32>) -> tensor<1000xf32>
                 return %1 : tensor<1000xf32>)");
  RooflineModel model(roundDevice(), Assumptions(), 1);
  PlanAttr plan = planOf(p, KernelKind::generated);
  Cost apart = model.estimate(Candidate::of({p.ops[0]}), plan) +
               model.estimate(Candidate::of({p.ops[1]}), plan);
  Cost together = model.estimate(Candidate::of(p.ops), plan);
  EXPECT_LT(together.seconds, apart.seconds);
  EXPECT_DOUBLE_EQ(apart.bytes - together.bytes, 2 * 4000);
  EXPECT_DOUBLE_EQ(apart.flops, together.flops);
}

} // namespace
