//===- SplitSums.cpp - Sums that several threads add up -------------------===//

#include "rac/Cost/Work.h"
#include <cmath>

using namespace mlir;
using namespace rac;

/// A nest that adds up, and the loop that is cut: its first reduction longer
/// than 1, of which there are so many equal parts.
static std::optional<std::pair<unsigned, unsigned>> findSum(const Work &work,
                                                            int64_t parts) {
  for (auto [number, nest] : llvm::enumerate(work.nests)) {
    if (nest.isContraction() || nest.writes.size() != 1)
      continue;
    for (unsigned loop : nest.reductions.set_bits())
      if (nest.sizes[loop] > 1) {
        if (std::fmod(nest.sizes[loop], parts) == 0)
          return std::make_pair(unsigned(number), loop);
        break;
      }
  }
  return std::nullopt;
}

void rac::splitSums(Work &work, int64_t parts) {
  auto found = findSum(work, parts);
  if (!found)
    return;
  auto [number, loop] = *found;
  WorkNest sums = work.nests[number];
  double size = sums.sizes[loop] / double(parts);
  // A tensor of all parts' sums.
  WorkUse result = sums.writes.front(), part = result;
  const WorkTensor &whole = work.tensors[result.tensor];
  WorkTensor partial;
  partial.elementBytes = whole.elementBytes;
  SmallVector<double, 4> shape = {double(parts)};
  llvm::append_range(shape, whole.shape);
  partial.reshape(shape);
  part.tensor = work.tensors.size();
  work.tensors.push_back(partial);

  WorkNest last = sums;
  auto cut = static_cast<unsigned>(sums.sizes.size());
  sums.sizes[loop] = size;
  sums.sizes.push_back(double(parts));
  sums.reductions.resize(cut + 1);
  for (WorkUse &read : sums.reads)
    for (auto &terms : read.dims)
      for (size_t i = 0, e = terms.size(); i < e; ++i)
        if (terms[i].loop == loop)
          terms.push_back({cut, terms[i].step * size});
  part.dims.insert(part.dims.begin(), {{cut, 1}});
  part.scattered.resize(part.dims.size());
  sums.writes.front() = part;

  for (unsigned other : last.reductions.set_bits())
    last.sizes[other] = other == loop ? double(parts) : 1;
  part.dims.front() = {{loop, 1}};
  last.reads.assign(1, part);
  last.operations = 1;
  last.functions = last.moreTerms = last.dividing = 0;
  work.nests[number] = std::move(sums);
  work.nests.insert(work.nests.begin() + number + 1, std::move(last));
}
