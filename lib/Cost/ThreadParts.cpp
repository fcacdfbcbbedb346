//===- ThreadParts.cpp - Which thread touches what of a tensor ------------===//

#include "rac/Cost/ThreadParts.h"

using namespace mlir;
using namespace rac;

/// Of two dimensions, of which each core has an equal part, in order, and the
/// shorter begins or ends with the longer: how much of the shorter one's parts
/// is the same core's of the longer one.
static double sharedParts(double longer, double shorter, double cores) {
  double sum = 0;
  for (double core = 0; core < cores; ++core)
    sum += std::max(0.0, (core + 1) * shorter / cores - core * longer / cores);
  return sum / shorter;
}

std::optional<double> rac::partsMade(const Work &work, const Schedule &schedule,
                                     unsigned tensor) {
  // Of several nests that write parts of it the largest counts.
  std::optional<double> within;
  double most = -1;
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule.nests))
    for (const WorkUse &write : nest.writes) {
      if (write.tensor != tensor || nest.iterations() <= most)
        continue;
      most = nest.iterations();
      within = std::nullopt;
      double before = 1;
      for (auto [dim, terms] : llvm::enumerate(write.dims)) {
        if (loops.sharedLoop && !write.scattered.test(dim) &&
            terms.size() == 1 && terms[0].loop == *loops.sharedLoop)
          within = before;
        before *= work.tensors[tensor].shape[dim];
      }
    }
  return within;
}

/// The dimension that is longer than 1 and has so many positions before it.
static std::optional<unsigned> dimWithin(const WorkTensor &tensor,
                                         double within) {
  double before = 1;
  for (auto [dim, size] : llvm::enumerate(tensor.shape)) {
    if (size > 1 && before == within)
      return dim;
    before *= size;
  }
  return std::nullopt;
}

std::optional<double> rac::ownPart(const Work &work, const Schedule &schedule,
                                   unsigned number, double threads) {
  const WorkTensor &tensor = work.tensors[number];
  std::optional<unsigned> dim = tensor.partsWithin
                                    ? dimWithin(tensor, *tensor.partsWithin)
                                    : std::nullopt;
  if (!dim)
    return std::nullopt;
  double made = tensor.shape[*dim], least = 1;
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule.nests))
    for (const WorkUse &read : nest.reads) {
      if (read.tensor != number)
        continue;
      if (!loops.sharedLoop || read.scattered.test(*dim))
        return std::nullopt;
      double size = 0, halo = 0;
      for (const WorkUse::Term &term : read.dims[*dim])
        if (term.loop == *loops.sharedLoop)
          size = std::min(made, term.step * nest.sizes[term.loop]);
        else
          halo += term.step * (nest.sizes[term.loop] - 1);
      if (size <= 0)
        return std::nullopt;
      // Of a window's halo a neighbour has made half.
      double own =
          sharedParts(made, size, threads) - halo * (threads - 1) / made;
      least = std::min(least, std::max(0.0, own));
    }
  return least;
}

bool rac::readByEach(const Work &work, const Schedule &schedule,
                     unsigned tensor) {
  bool isRead = false;
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule.nests)) {
    for (const WorkUse &write : nest.writes)
      if (write.tensor == tensor)
        return false;
    for (const WorkUse &read : nest.reads)
      if (read.tensor == tensor) {
        if (!loops.sharedLoop || read.dependsOn(*loops.sharedLoop))
          return false;
        isRead = true;
      }
  }
  return isRead;
}
