//===- GpuSort.cpp - Costs of sorting on a GPU ----------------------------===//
//
// As lib/Lowering/RacToLinalg/Sort.cpp does it: ranks within groups, then runs
// are merged two by two.
//
//===----------------------------------------------------------------------===//

#include "GpuModel.h"

using namespace rac;

/// Keys that are ranked together, and instructions for each of them: a load, a
/// comparison and a sum of them (Sort.cpp; its PTX has 6 a key).
constexpr double kGroup = 256, kRankInstructions = 6;
/// Instructions of each step of an element's search, and beside the search.
constexpr double kSearchInstructions = 20, kMergeInstructions = 40;
/// Where in its row a key was, B.
constexpr double kPlaceBytes = 8;

KernelCost GpuCosting::sorting(const WorkNest &nest) {
  const WorkUse &keys = nest.reads.front();
  double rows = 1, length = 1;
  for (unsigned loop = 0; loop < nest.sizes.size(); ++loop) {
    if (nest.sorted.test(loop))
      length *= nest.sizes[loop];
    else if (keys.dependsOn(loop))
      rows *= nest.sizes[loop];
  }
  double elements = rows * length;
  // The last merge writes the result.
  double merges =
      std::max(0.0, std::ceil(std::log2(std::max(length, 1.0) / kGroup)) - 1);
  double blocks = std::ceil(elements / kBlockThreads);
  Share share = this->share(blocks, room.warps * room.warpSize / kBlockThreads);
  KernelCost cost = emptyCost(share);

  // A search goes on for as many steps as the run's length has bits.
  double steps = 0, width = kGroup;
  for (double merge = 0; merge < merges; ++merge, width *= 2)
    steps += std::log2(width);
  double instructions = std::min(length, kGroup) * kRankInstructions +
                        steps * kSearchInstructions +
                        merges * kMergeInstructions;
  double running = std::min(elements, share.resident * kBlockThreads);
  addInstructions(elements * instructions,
                  std::min(1.0, running / vectorLanes()), cost);

  double element = work.tensors[keys.tensor].elementBytes + kPlaceBytes;
  double pass = 2 * elements * element;
  double asked = running * element;
  addTransfer(levels.far, (1 + merges) * pass, asked, cost);
  // Two of each are held in turns.
  if (levels.far != levels.memory)
    addTransfer(levels.memory,
                pass > coefficients.levelBytes(levels.far) ? (1 + merges) * pass
                                                           : elements * element,
                asked, cost);
  addOverheads(1 + merges, 1, share, cost);
  cost.formula.overheads.push_back(
      {&coefficients.latency(levels.far), merges + steps});
  return cost;
}
