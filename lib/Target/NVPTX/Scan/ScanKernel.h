//===- ScanKernel.h - Threads that share a running sum ----------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_SCAN_SCANKERNEL_H
#define RAC_LIB_TARGET_NVPTX_SCAN_SCANKERNEL_H

#include "../Gemm/Emit.h"
#include "../Rows/Combiner.h"
#include "ScanLoop.h"
#include "rac/Cost/GpuScan.h"

namespace rac::nvptx {

/// The kernel of a loop that carries a running sum. Threads of a block take a
/// tile of a row's elements at a time: each combines its own, lanes of a warp
/// theirs by shuffles, warps theirs through shared memory; then all know what
/// comes before each element, and what to carry to the next tile. Where rows
/// are few and long, blocks have a segment of a row each, and a kernel before
/// finds what each segment comes to.
class ScanKernel {
public:
  explicit ScanKernel(ScanLoop scan);
  /// Makes the kernels in place of the loop; gives how many.
  int64_t create();

private:
  using Index = gemm::Index;
  using Emit = gemm::Emit;

  /// An element of a thread: whether there is one, and what is computed of it.
  struct Element {
    mlir::Value exists;
    mlir::IRMapping values;
  };

  void chooseSegments(Emit &host);
  mlir::gpu::LaunchOp launch(Emit &host, Index segments);
  void createTotals(Emit &host);
  void createScan(Emit &host);

  // In a kernel:
  void enter(mlir::gpu::LaunchOp launch, Emit &e);
  Index elementNumber(Emit &e, int64_t element);
  llvm::SmallVector<Element> elementsOf(Emit &e, mlir::Value tile);
  mlir::Value loadStart(Emit &e);
  mlir::Value merge(Emit &e, mlir::Value x, mlir::Value y);
  mlir::Value neutral(Emit &e);
  Values scanLanes(Emit &e, const Values &terms, mlir::Value &total);
  mlir::Value exchange(Emit &e, mlir::Value own, mlir::Value round,
                       mlir::Value &total);
  void runIteration(Emit &e, Element &element, mlir::Value before);

  ScanLoop scan;
  mlir::Location loc;
  Combiner combiner;
  GpuScan shape;
  Values lowers, trips, steps;    ///< of the loops over rows
  Index rowCount, length, blocks; ///< rows, a row's elements, blocks of rows
  Index segments, segmentTiles;   ///< of a row; of a segment
  mlir::Value totals;             ///< of each segment and row

  // Of the kernel that is being made:
  mlir::gpu::LaunchOp kernel;
  mlir::IRMapping outside;
  Index segment, part, row, lane;
  Index rowNumber;
  mlir::Value isRow, shared;
};

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_SCAN_SCANKERNEL_H
