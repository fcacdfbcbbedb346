//===- GpuModel.h - Costs of a group's kernels on a GPU ---------*- C++ -*-===//

#ifndef RAC_LIB_COST_GPUMODEL_H
#define RAC_LIB_COST_GPUMODEL_H

#include "rac/Cost/GpuBlock.h"
#include "rac/Cost/KernelCost.h"
#include "rac/Cost/Schedule.h"

namespace rac {

/// A multiprocessor hands out instructions to the warps of four parts of it,
/// each with tensor cores of its own: all GPUs from compute capability 7.0 on.
constexpr double kSchedulers = 4;
/// Of a block of kernels that aren't products (lib/Target/NVPTX/Launch.h).
constexpr int64_t kBlockThreads = 256;

/// One candidate on a GPU, its unknown dimensions assumed: as many kernels as
/// lowering makes of it, one after the other.
class GpuCosting {
public:
  GpuCosting(Coefficients &coefficients, const Assumptions &assumptions,
             Work work, GpuBlockCache &known);

  /// Its kernels, in their order.
  llvm::SmallVector<KernelCost, 4> kernels(PlanAttr plan);
  Estimate estimate(PlanAttr plan);
  /// For the candidate's only contraction that tensor cores multiply, or its
  /// attention: the quickest blocks, best first, and those that take less
  /// energy; none if there is no such one.
  llvm::ArrayRef<GpuBlock> bestBlocks(DataType type);

private:
  struct Levels {
    std::optional<size_t> shared, near; ///< of one multiprocessor
    size_t far, memory;                 ///< the cache of all, the main memory
  };
  /// What blocks side by side do to the time.
  struct Share {
    double blocks = 1;   ///< in all
    double resident = 1; ///< of a multiprocessor, at once
    double waves = 1;    ///< until all have run
    double speedup = 1;  ///< in multiprocessors that are always at work
  };
  Share share(double blocks, double resident) const;
  /// Of clusters of so many blocks, which are in one group of multiprocessors:
  /// where these have no place for a whole one, some stay without.
  Share share(double blocks, double resident, int64_t cluster);
  Share shareOn(double places, double blocks, double resident) const;
  /// Of nothing so far, in such blocks.
  KernelCost emptyCost(const Share &share) const;

  llvm::ArrayRef<GpuBlock> bestBlocks(const WorkNest &nest, DataType type);
  bool isTensor(const WorkNest &nest, DataType type) const;
  /// Whether neighbours in the factor's memory are terms of one sum.
  bool liesAlongTerms(const WorkUse &factor, const WorkUse &result) const;
  /// A contraction on tensor cores.
  KernelCost contraction(const WorkNest &nest, DataType type,
                         const GpuBlock &block);
  /// A nest whose iterations are threads.
  KernelCost threads(const WorkNest &nest, PlanAttr plan);
  /// Bringing what a nest goes over in order, as lowering does it.
  KernelCost sorting(const WorkNest &nest);
  /// Running sums, of all elements of rows; a nest that leaves them where data
  /// says (null: it does itself) is in the last kernel.
  llvm::SmallVector<KernelCost, 2> scan(const WorkNest &nest,
                                        const WorkNest *results, PlanAttr plan);
  /// Two products and a softmax in between as one kernel, of warp groups with a
  /// block that is for them; none if the nests are anything else.
  std::optional<KernelCost> attention(DataType type,
                                      std::optional<GpuBlock> block);
  /// The blocks of warp groups that it may have, the quickest first.
  llvm::ArrayRef<GpuBlock> attentionBlocks(DataType type);
  /// All nests, a tile a block.
  KernelCost tiles(PlanAttr plan);

  void addScalarWork(const WorkNest &nest, double iterations,
                     double utilization, KernelCost &cost);
  void addTransfer(size_t level, double bytes, double inFlight,
                   KernelCost &cost);
  /// What goes through each level, with so much on its way, B.
  void addTraffic(const Work &part, const Schedule &schedule, double sharers,
                  double asked, const Assumptions &before, KernelCost &cost);
  double vectorLanes() const;
  /// Instructions of threads that are no arithmetic of the op's own.
  void addInstructions(double count, double utilization, KernelCost &cost);
  /// `waits`: for first data, with nothing to do meanwhile.
  void addOverheads(double launches, double waits, const Share &share,
                    KernelCost &cost);

  Coefficients &coefficients;
  const Assumptions &assumptions;
  Work work;
  GpuBlockCache &known;
  Levels levels;
  GpuRoom room;
  double cores;
};

} // namespace rac

#endif // RAC_LIB_COST_GPUMODEL_H
