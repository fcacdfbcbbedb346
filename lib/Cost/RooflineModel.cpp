//===- RooflineModel.cpp - Time by compute and bandwidth ------------------===//

#include "rac/Cost/CostModel.h"

using namespace mlir;
using namespace rac;

Cost RooflineModel::estimate(const Candidate &candidate, PlanAttr plan) const {
  Work work = analyzeWork(candidate, assumptions);
  bool library = plan.getKind() == KernelKind::library;
  int64_t used = plan.getThreads() > 0 ? plan.getThreads() : threads;
  used = std::max<int64_t>(1, used);

  double matmulRate = library ? device.libraryRate : device.generatedMatmulRate;
  double contractionRate =
      library ? device.libraryRate : device.generatedContractionRate;
  double compute =
      (work.matmul / matmulRate + work.contraction / contractionRate +
       work.elementwise / device.elementwiseRate) /
      used;
  double transfer = work.bytes / std::min(device.coreBandwidth * used,
                                          device.deviceBandwidth);
  double overhead = device.kernelOverhead +
                    (library ? device.libraryCallOverhead : 0) +
                    (used - 1) * device.forkJoinOverhead;

  Cost cost;
  cost.seconds = std::max(compute, transfer) + overhead;
  cost.joules = cost.seconds * used * device.coreWatts;
  cost.flops = work.matmul + work.contraction + work.elementwise;
  cost.bytes = work.bytes;
  return cost;
}
