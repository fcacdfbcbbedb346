//===- DeviceModel.cpp - Costs from loop nests and a device ---------------===//

#include "CpuModel.h"
#include "GpuModel.h"
#include "rac/Cost/CostModel.h"
#include "rac/Cost/InPlace.h"

using namespace mlir;
using namespace rac;

/// What computes nothing, of tensors without elements, takes no time; but a
/// product of no terms is a kernel on a GPU, which writes its zeros.
static bool takesNoTime(const WorkNest &nest, bool isGpu) {
  if (nest.iterations() > 0)
    return false;
  bool hasResults = true;
  for (auto [loop, size] : llvm::enumerate(nest.sizes))
    hasResults &= size > 0 || nest.reductions.test(loop);
  return !(isGpu && nest.isContraction() && hasResults);
}

/// What the candidate computes, on tensors as narrow as the precision has them.
Work DeviceModel::workIn(Type precision, const Candidate &candidate,
                         const AssumedSizes &sizes) const {
  Work work = analyzeWork(candidate, sizes);
  narrowWork(work, precision);
  const Device &device = coefficients.getDevice();
  bool isGpu = device.kind == DeviceKind::gpu;
  llvm::SmallBitVector inPlace =
      nestsInPlace(candidate, work.nests.size(), partAlignment(device));
  size_t place = 0;
  llvm::erase_if(work.nests, [&](const WorkNest &nest) {
    return inPlace[place++] || takesNoTime(nest, isGpu);
  });
  if (isGpu || candidate.ops.empty() || (inPlace.any() && work.nests.empty()))
    return work;
  Block *block = candidate.ops.front()->getBlock();
  if (auto group = dyn_cast_or_null<GroupOp>(block->getParentOp()))
    block = group->getBlock();
  if (!block)
    return work;
  std::unique_ptr<RunMemory> &run = runs[{block, &sizes}];
  if (!run)
    run = std::make_unique<RunMemory>(*block, sizes, coefficients.vectors(),
                                      threads);
  run->describe(candidate, work);
  work.runBytes = std::max(run->runBytes(), assumptions.modelBytes);
  // What was touched a run ago: a module may have more than this block.
  for (WorkTensor &tensor : work.tensors)
    if (tensor.since && tensor.isWeight &&
        *tensor.since >= run->runBytes() - tensor.bytes())
      tensor.since =
          std::max(*tensor.since, assumptions.modelBytes - tensor.bytes());
  return work;
}

std::vector<double>
DeviceModel::surroundings(const Candidate &candidate) const {
  std::vector<double> numbers;
  Work work = workIn(Float32Type::get(candidate.ops.front()->getContext()),
                     candidate, typical);
  // Types alone don't tell assumed sizes.
  if (work.isDynamic)
    for (const WorkTensor &tensor : work.tensors)
      llvm::append_range(numbers, tensor.shape);
  if (coefficients.getDevice().kind == DeviceKind::gpu)
    return numbers;
  for (const WorkTensor &tensor : work.tensors)
    llvm::append_range(numbers, std::initializer_list<double>{
                                    tensor.since.value_or(-1), tensor.meanwhile,
                                    double(tensor.makers),
                                    tensor.partsWithin.value_or(0),
                                    tensor.ownPlace.value_or(-1)});
  return numbers;
}

Estimate DeviceModel::estimateFor(const Candidate &candidate, PlanAttr plan,
                                  const AssumedSizes &sizes,
                                  Flows &flows) const {
  if (coefficients.getDevice().kind == DeviceKind::gpu)
    return GpuCosting(coefficients, assumptions,
                      workIn(plan.getPrecision(), candidate, sizes), blocks)
        .estimate(plan);
  return CpuCosting(coefficients, assumptions, plan, threads,
                    workIn(plan.getPrecision(), candidate, sizes),
                    flows[&sizes])
      .kernel()
      .estimate(coefficients, plan.getContext());
}

SmallVector<KernelCost, 4> DeviceModel::kernels(const Candidate &candidate,
                                                PlanAttr plan) const {
  Work work = workIn(plan.getPrecision(), candidate, typical);
  if (coefficients.getDevice().kind == DeviceKind::gpu)
    return GpuCosting(coefficients, assumptions, std::move(work), blocks)
        .kernels(plan);
  FlowCache flows;
  return {CpuCosting(coefficients, assumptions, plan, threads, std::move(work),
                     flows)
              .kernel()};
}

ArrayRef<GpuBlock> DeviceModel::bestBlocks(const Candidate &candidate,
                                           Type precision) const {
  if (coefficients.getDevice().kind != DeviceKind::gpu)
    return {};
  return GpuCosting(coefficients, assumptions,
                    workIn(precision, candidate, typical), blocks)
      .bestBlocks(dataTypeOf(precision).value_or(DataType::f32));
}

double DeviceModel::leastGain() const {
  const Device &device = coefficients.getDevice();
  // What two ways have in common is off alike in both. Of 42 products and
  // convolutions of rac-calibrate's networks, by the library and generated, on
  // one core of Emerald Rapids, the ratio of the times was predicted to 6 % in
  // the mean, where groups of all kinds were fitted to 20 %.
  constexpr double percent = 100, shareOfError = 0.25, unfitted = 0.05;
  double error = 0;
  for (const ComputeUnit &unit : device.units)
    for (const NumberByType *fitted :
         {&unit.libraryFraction, &unit.generatedFraction, &unit.vectorFraction})
      for (const auto &[type, number] : *fitted)
        if (number && number->mape)
          error = std::max(error, *number->mape / percent);
  return error > 0 ? shareOfError * error : unfitted;
}

TimeFormula DeviceModel::timeFormula(const Candidate &candidate,
                                     PlanAttr plan) const {
  FlowCache flows;
  return CpuCosting(coefficients, assumptions, plan, threads,
                    workIn(plan.getPrecision(), candidate, typical), flows)
      .formulate();
}

Estimate DeviceModel::estimate(const Candidate &candidate,
                               PlanAttr plan) const {
  return estimates(candidate, plan).front();
}

std::vector<Estimate> DeviceModel::estimates(const Candidate &candidate,
                                             ArrayRef<PlanAttr> plans) const {
  Flows flows;
  bool uncertain = isUncertain(candidate);
  std::vector<Estimate> all;
  for (PlanAttr plan : plans)
    all.push_back(uncertain ? estimateRange(candidate, plan, flows)
                            : estimateFor(candidate, plan, typical, flows));
  return all;
}

bool DeviceModel::isUncertain(const Candidate &candidate) const {
  Work work = analyzeWork(candidate, least);
  if (!work.isDynamic)
    return false;
  for (const WorkTensor &tensor : work.tensors)
    for (auto [dim, size] : llvm::enumerate(tensor.shape))
      if (most.size(tensor.value, dim) != size)
        return true;
  return false;
}

Estimate DeviceModel::estimateRange(const Candidate &candidate, PlanAttr plan,
                                    Flows &flows) const {
  // Costs grow with sizes.
  Estimate estimate = estimateFor(candidate, plan, typical, flows),
           low = estimateFor(candidate, plan, least, flows),
           high = estimateFor(candidate, plan, most, flows);
  auto widen = [](Interval &interval, const Interval &low,
                  const Interval &high) {
    interval.low = std::min(interval.low, low.low);
    interval.high = std::max(interval.high, high.high);
  };
  widen(estimate.seconds, low.seconds, high.seconds);
  if (estimate.joules && low.joules && high.joules)
    widen(*estimate.joules, *low.joules, *high.joules);
  return estimate;
}
