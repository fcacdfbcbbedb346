//===- GpuScan.cpp - How threads of a GPU share running sums --------------===//

#include "rac/Cost/GpuScan.h"
#include "GpuModel.h"
#include "rac/Cost/InPlace.h"
#include "rac/Cost/Traffic.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace rac;

//===----------------------------------------------------------------------===//
// What rac-gpu-scans makes
//===----------------------------------------------------------------------===//

constexpr int64_t kWarp = 32;
/// Parts of rows that lie side by side: each still has whole lines of rows.
constexpr int64_t kMostParts = kBlockThreads / kWarp;

GpuScan GpuScan::choose(std::optional<int64_t> rows,
                        std::optional<int64_t> length, bool neighboursAreRows) {
  GpuScan scan;
  // Threads that a row's elements are enough for.
  int64_t most = kBlockThreads;
  if (length)
    most = std::clamp<int64_t>(
        llvm::PowerOf2Ceil(llvm::divideCeil(*length, kElements)), 1,
        kBlockThreads);
  if (neighboursAreRows) {
    scan.parts = std::min(most, kMostParts);
    while (scan.parts > 1 && rows &&
           *rows >= kManyBlocks * kBlockThreads * 2 / scan.parts)
      scan.parts /= 2;
    scan.rows = kBlockThreads / scan.parts;
    return scan;
  }
  scan.lanes = std::min(most, kWarp);
  scan.parts = most / scan.lanes;
  if (scan.parts == 1)
    scan.rows = kBlockThreads / scan.lanes;
  return scan;
}

int64_t GpuScan::segments(int64_t blocks, int64_t tiles) const {
  int64_t most = std::min(kManyBlocks / std::max<int64_t>(blocks, 1), tile());
  if (tiles <= kFewTiles || most < kLeastSegments)
    return 1;
  return llvm::divideCeil(tiles, llvm::divideCeil(tiles, most));
}

//===----------------------------------------------------------------------===//
// What that costs
//===----------------------------------------------------------------------===//

/// Instructions of a thread for each of its elements, as counted in PTX:
/// without those that lanes and parts take.
constexpr double kOfElement = 17, kOfDoubling = 4, kOfPart = 1;
/// Accesses to shared memory, and shuffles, which take as long, that follow
/// each other in a tile.
constexpr double kOfExchange = 2;

/// Whether neighbours in the first operand's memory are of different rows.
static bool readsAcross(const WorkNest &nest, ArrayRef<WorkTensor> tensors) {
  const WorkUse &use = nest.reads.front();
  ArrayRef<double> shape = tensors[use.tensor].shape;
  for (size_t dim = use.dims.size(); dim-- > 0;)
    if (shape[dim] > 1)
      return llvm::none_of(use.dims[dim], [&](const WorkUse::Term &term) {
        return nest.reductions.test(term.loop);
      });
  return false;
}

SmallVector<KernelCost, 2>
GpuCosting::scan(const WorkNest &nest, const WorkNest *results, PlanAttr plan) {
  double rows = 1, length = 1;
  for (unsigned loop = 0; loop < nest.sizes.size(); ++loop)
    (nest.reductions.test(loop) ? length : rows) *= nest.sizes[loop];
  GpuScan scan = GpuScan::choose(rows, length, readsAcross(nest, work.tensors));
  double blocks = std::ceil(rows / scan.rows),
         tiles = std::ceil(length / scan.tile());
  double segments = scan.segments(blocks, tiles);

  auto kernel = [&](bool writes, double count) {
    Work part;
    part.tensors = work.tensors;
    part.nests = {nest};
    if (!writes)
      part.nests.front().writes.clear();
    else if (results)
      part.nests.push_back(*results);
    Share share =
        this->share(blocks * count,
                    std::floor(room.warps * room.warpSize / scan.threads()));
    KernelCost cost = emptyCost(share);
    double utilization =
        std::min(1.0, share.resident * scan.threads() / vectorLanes());
    double instructions = kOfElement + kOfDoubling * std::log2(scan.lanes);
    if (scan.parts > 1)
      instructions += kOfPart * scan.parts;
    addScalarWork(nest, nest.iterations(), utilization, cost);
    addInstructions(instructions * nest.iterations(), utilization, cost);
    WorkTensor &input = part.tensors[nest.reads.front().tensor];
    Assumptions before = assumptions;
    if (writes && segments > 1) {
      // The kernel before has just read it.
      input.since = 0;
      before.cold = false;
    }
    const VectorShape access{8 * kGpuAccessBytes, kWarp, /*fillsSums=*/false};
    addTraffic(part, scheduleOf(part, plan.withTiles({}), access),
               share.resident,
               share.resident * scan.threads() * GpuScan::kElements *
                   input.elementBytes,
               before, cost);
    addOverheads(1, writes && segments > 1 ? 2 : 1, share, cost);
    double following = kOfExchange + std::log2(scan.lanes);
    if (levels.shared)
      cost.formula.overheads.push_back(
          {&coefficients.latency(*levels.shared),
           share.waves * std::ceil(tiles / segments) * following});
    return cost;
  };
  SmallVector<KernelCost, 2> costs;
  if (segments > 1)
    costs.push_back(kernel(/*writes=*/false, segments - 1));
  costs.push_back(kernel(/*writes=*/true, segments));
  return costs;
}
