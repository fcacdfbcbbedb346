//===- Transposition.cpp - Nests that write in another order --------------===//

#include "Transposition.h"
#include "rac/Lowering/RegisterTile.h"
#include <cmath>

using namespace mlir;
using namespace rac;

/// Elements that a use moves on by with each iteration of `loop`; none if that
/// isn't the same everywhere.
static std::optional<double> strideOf(const WorkTensor &tensor,
                                      const WorkUse &use, unsigned loop) {
  double stride = 0;
  for (auto [i, terms] : llvm::enumerate(use.dims))
    for (const WorkUse::Term &term : terms)
      if (term.loop == loop) {
        if (use.scattered.test(i))
          return std::nullopt;
        stride += term.step * tensor.strides[i];
      }
  return stride;
}

bool rac::isContiguous(const WorkTensor &tensor, const WorkUse &use,
                       unsigned loop) {
  return strideOf(tensor, use, loop) == 1.0;
}

bool rac::isLane(const Work &work, const WorkUse &use, unsigned loop) {
  return !use.dependsOn(loop) ||
         isContiguous(work.tensors[use.tensor], use, loop);
}

/// A loop along which alone `use` is contiguous.
static std::optional<unsigned>
contiguousLoop(const Work &work, const WorkNest &nest, const WorkUse &use) {
  for (unsigned loop = 0; loop < nest.sizes.size(); ++loop)
    if (nest.sizes[loop] != 1 && use.dependsOn(loop) &&
        isContiguous(work.tensors[use.tensor], use, loop))
      return loop;
  return std::nullopt;
}

/// The loop along which all that lies across `writeLoop` is contiguous.
static std::optional<unsigned>
sourceLoop(const Work &work, const WorkNest &nest, unsigned writeLoop) {
  std::optional<unsigned> loop;
  unsigned across = 0;
  for (const WorkUse &read : nest.reads) {
    if (read.scattered.any())
      return std::nullopt;
    if (isLane(work, read, writeLoop))
      continue;
    auto own = contiguousLoop(work, nest, read);
    if (!own || (loop && *loop != *own))
      return std::nullopt;
    loop = own;
    ++across;
  }
  // What is computed is so along the source, or else along the result.
  bool first = loop && llvm::all_of(nest.reads, [&](const WorkUse &read) {
                 return isLane(work, read, *loop);
               });
  return first || across == 1 ? loop : std::nullopt;
}

/// Iterations of `loop` and of those around it that rac-collapse-loops makes
/// one with it: they go on where it ends, in all that is read and written.
static double lengthOfRun(const Work &work, const WorkNest &nest, unsigned loop,
                          ArrayRef<double> extents) {
  double length = extents[loop];
  for (unsigned outer = loop;
       outer-- > 0 && extents[outer + 1] == nest.sizes[outer + 1];) {
    auto goesOn = [&](const WorkUse &use) {
      const WorkTensor &tensor = work.tensors[use.tensor];
      auto steps = strideOf(tensor, use, outer),
           inner = strideOf(tensor, use, outer + 1);
      return steps && inner && *steps == *inner * nest.sizes[outer + 1];
    };
    if (!llvm::all_of(nest.reads, goesOn) || !llvm::all_of(nest.writes, goesOn))
      break;
    length *= extents[outer];
  }
  return length;
}

void rac::matchTransposition(const Work &work, const WorkNest &nest,
                             const VectorShape &target,
                             NestSchedule &schedule) {
  if (nest.multiplyAdds > 0 || nest.reductions.any() ||
      nest.writes.size() != 1 || schedule.lanes < 2)
    return;
  const WorkUse &result = nest.writes[0];
  auto write = contiguousLoop(work, nest, result);
  auto read = write ? sourceLoop(work, nest, *write) : std::nullopt;
  if (!read)
    return;
  ArrayRef<double> extents = schedule.extents.back();
  double length = lengthOfRun(work, nest, *read, extents),
         rows = lengthOfRun(work, nest, *write, extents);
  auto widest = int64_t(double(target.bits) / schedule.lanes);
  double block = lanesOfBlock(target.bits, target.registers, widest);
  bool isBlock = length >= block && rows >= block;
  if (!isBlock && (length < schedule.lanes || rows > kMostSideBySide))
    return;
  schedule.isBlock = isBlock;
  schedule.vectorLoop = isBlock ? write : read;
  schedule.rowLoop = isBlock ? read : write;
  schedule.rows = isBlock ? block : rows;
  if (isBlock)
    schedule.lanes = block;
  // Blocks at the end do again what those before them have done, where they
  // don't read what that may have written (CopyEmitter::mayOverlap).
  bool overlap = nest.reads.size() == 1;
  auto inBlocks = [&](double extent, double step) {
    double blocks = extent / step;
    return (overlap ? std::ceil(blocks) : std::floor(blocks)) / blocks;
  };
  schedule.wholeBlocks =
      inBlocks(length, schedule.lanes) * (isBlock ? inBlocks(rows, block) : 1);
  // Each step of a block's halves the distance of two rows. A vector of few
  // rows takes one of each but the first. Ports 1 and 5 shuffle 256 bits, of
  // 512 port 5 alone (uops.info: VPUNPCKLWD on Ice Lake and Golden Cove).
  double shuffles = isBlock ? std::log2(block) : rows - 1;
  constexpr double halfVector = 256;
  double moved = 8 * work.tensors[result.tensor].elementBytes;
  for (const WorkUse &use : nest.reads)
    if (use.dependsOn(*write))
      moved = std::min(moved, 8 * work.tensors[use.tensor].elementBytes);
  schedule.shuffleClocks =
      shuffles * (schedule.lanes * moved > halfVector ? 1 : 0.5);
}
