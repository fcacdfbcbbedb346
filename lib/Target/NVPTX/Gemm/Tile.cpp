//===- Tile.cpp - How large the tiles of a product are --------------------===//

#include "Tile.h"
#include "Stage.h"
#include "Warpgroup.h"
#include "rac/Cost/Device.h"
#include "rac/Cost/DeviceSpec.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rac;
using namespace rac::gemm;

TileLimits rac::gemm::limitsOf(ModuleOp module, StringRef chip) {
  // Without a device: an A100's multiprocessors, and what every chip from sm_80
  // on lets a block have (CUDA C++ Programming Guide, technical specifications
  // per compute capability: sm_86 and sm_89 have least); an H100's for its
  // chip.
  TileLimits limits{108, 99 << 10, /*warpgroups=*/false};
  if (hasWarpgroups(chip))
    limits = {132, 227 << 10, /*warpgroups=*/true};
  llvm::Expected<Device> device = attachedDevice(module);
  if (!device) {
    llvm::consumeError(device.takeError());
    return limits;
  }
  if (device->topology.cores)
    limits.processors = device->topology.cores->v;
  if (device->topology.gpu && device->topology.gpu->sharedBytesPerBlock)
    limits.sharedBytes = device->topology.gpu->sharedBytesPerBlock->v;
  return limits;
}

int64_t rac::gemm::pitchOf(int64_t inner, bool depthInner,
                           int64_t elementBytes) {
  bool wide = elementBytes == 8 || (elementBytes == 4 && !depthInner);
  return inner + (wide ? 32 : 16) / elementBytes;
}

int64_t rac::gemm::sharedBytes(const Tile &tile, int64_t elementBytes,
                               int64_t accumulatorBytes) {
  auto operand = [&](int64_t outer) {
    return std::max(outer * pitchOf(tile.depth, true, elementBytes),
                    tile.depth * pitchOf(outer, false, elementBytes)) *
           elementBytes;
  };
  int64_t operands = tile.stages * (operand(tile.rows) + operand(tile.columns));
  int64_t result =
      Stage::bytes(tile.rows, tile.columns, tile.slices, accumulatorBytes);
  if (!tile.warpgroups)
    return std::max(operands, result);
  return barriersAt(tile, accumulatorBytes) + barrierBytes(tile);
}

int64_t rac::gemm::barrierBytes(const Tile &tile) {
  return tile.stages * kBarrierBytes * (tile.cluster() > 1 ? 2 : 1);
}

int64_t rac::gemm::barriersAt(const Tile &tile, int64_t accumulatorBytes) {
  return llvm::alignTo<kBarrierBytes>(std::max(
      Warpgroups::bytes(tile),
      Stage::bytes(tile.rows, tile.columns, tile.slices, accumulatorBytes)));
}

namespace {

/// Of one multiprocessor, for each clock. Peak rates are those of sm_80 and
/// sm_90 (CUDA C++ Programming Guide, throughput of instructions), of which
/// mma.sync and fused multiply-adds with operands in shared memory reach so
/// much; they only rank tiles, so one table does for all.
struct Rates {
  static double products(Unit unit, bool warpgroups) {
    if (warpgroups) {
      // A line of 128 B takes as long of each type, tf32 that of f32 thrice.
      constexpr double ofHalf = 1700;
      if (unit == Unit::Half)
        return ofHalf;
      return unit == Unit::TF32     ? ofHalf / 2
             : unit == Unit::TF32x3 ? ofHalf / 6
                                    : 2 * ofHalf;
    }
    switch (unit) {
    case Unit::Scalar:
      return 64;
    case Unit::F64:
      return 64;
    case Unit::TF32:
      return 600;
    case Unit::TF32x3:
      return 200;
    case Unit::Half:
      return 1200;
    case Unit::Byte:
    case Unit::Float8:
      return 2400;
    }
    llvm_unreachable("not a unit");
  }
  static constexpr double sharedBytes = 128, globalBytes = 48;
  /// Clocks from one tile of the operands to the next, until a copy arrives,
  /// and of a block besides, where nothing else keeps a multiprocessor busy.
  static constexpr double step = 200, copy = 800, block = 2500;
  /// Clocks for another kernel that sums up what blocks have.
  static constexpr double sumKernel = 4000;
  static constexpr int64_t threads = 2048, registers = 65536,
                           sharedMemory = 160 << 10;
};

/// What a dimension that only the run knows is taken as: about a sequence's
/// length, or an image's pixels in a deep layer.
constexpr int64_t kAssumed = 256;

class Chooser {
public:
  Chooser(const TileProblem &problem, const TileLimits &limits,
          const Atom &atom)
      : rows(problem.rows.value_or(kAssumed)),
        columns(problem.columns.value_or(kAssumed)),
        depth(problem.depth.value_or(kAssumed)),
        batch(problem.batch.value_or(1)), problem(problem), limits(limits),
        atom(atom) {}

  Tile choose();

private:
  bool fits(const Tile &tile) const;
  double clocks(const Tile &tile) const;

  int64_t rows, columns, depth, batch;
  const TileProblem &problem;
  const TileLimits &limits;
  const Atom &atom;
};

} // namespace

/// Whether warps' tiles are whole atoms, and shared memory holds the block's.
static bool isPossible(const Tile &tile, const TileProblem &problem,
                       const TileLimits &limits, const Atom &atom) {
  int64_t warpRows = tile.rows / tile.warpRows,
          warpColumns = tile.columns / tile.warpColumns,
          warpDepth = tile.depth / tile.slices;
  if (warpRows % atom.m != 0 || warpColumns % atom.n != 0 || warpRows == 0 ||
      warpColumns == 0 || warpDepth == 0 || warpDepth % atom.k != 0)
    return false;
  auto isPower = [](int64_t x) { return llvm::isPowerOf2_64(x); };
  return isPower(tile.rows) && isPower(tile.columns) && isPower(tile.depth) &&
         isPower(tile.threads()) && tile.stages >= 2 && tile.splits >= 1 &&
         (tile.workers == 0 || tile.splits == 1) &&
         sharedBytes(tile, problem.elementBytes, problem.accumulatorBytes) <=
             limits.sharedBytes;
}

std::optional<Tile> rac::gemm::plannedTile(const GpuBlock &block,
                                           const TileProblem &problem,
                                           const TileLimits &limits,
                                           const Atom &atom) {
  Tile tile{block.rows,     block.columns, block.depth,  block.down(),
            block.across(), block.slices,  block.stages, block.split,
            block.workers,  block.inLaunch};
  std::optional<DataType> type =
      atom.unit == Unit::TF32 ? DataType::tf32 : dataTypeOf(atom.input);
  tile.clusterRows = block.clusterRows;
  tile.clusterColumns = block.clusterColumns;
  tile.warpgroups = limits.warpgroups && problem.aligned && type &&
                    atom.inGroups() &&
                    fitsWarpgroups(block, *tensorForm(*type));
  if (tile.warpgroups) {
    tile.parts = atom.parts();
    return sharedBytes(tile, problem.elementBytes, problem.accumulatorBytes) <=
                   limits.sharedBytes
               ? std::optional(tile)
               : std::nullopt;
  }
  if (tile.cluster() > 1 || !isPossible(tile, problem, limits, atom))
    return std::nullopt;
  return tile;
}

bool Chooser::fits(const Tile &tile) const {
  if (!isPossible(tile, problem, limits, atom))
    return false;
  int64_t warpRows = tile.rows / tile.warpRows,
          warpColumns = tile.columns / tile.warpColumns;
  // A thread has 255 registers: half for sums, or a quarter where operands or
  // sums take two each.
  int64_t sums = warpRows * warpColumns / kWarp *
                 llvm::divideCeil(problem.accumulatorBytes, 4);
  int64_t most =
      atom.sumsApart() || atom.unit == Unit::Scalar || atom.unit == Unit::F64
          ? 64
          : 128;
  return sums <= most && tile.threads() <= 256;
}

double Chooser::clocks(const Tile &tile) const {
  int64_t bytes = problem.elementBytes;
  int64_t blocks = llvm::divideCeil(rows, tile.rows) *
                   llvm::divideCeil(columns, tile.columns) * batch *
                   tile.splits;
  double steps =
      llvm::divideCeil(llvm::divideCeil(depth, tile.depth), tile.splits);
  double fromShared = 0;
  // Tensor cores that read shared memory themselves read each tile once.
  if (!tile.warpgroups) {
    int64_t warps = tile.warps() / tile.slices,
            parts = tile.rows / tile.warpRows + tile.columns / tile.warpColumns;
    fromShared =
        double(warps * parts) * tile.depth * bytes / Rates::sharedBytes;
  }
  double perStep = std::max(
      {double(tile.rows * tile.columns * tile.depth) /
           Rates::products(atom.unit, tile.warpgroups),
       fromShared,
       (tile.rows + tile.columns) * tile.depth * bytes / Rates::globalBytes});
  // One warp has a fraction of a multiprocessor's units.
  double alone =
      std::max(perStep * std::max(1.0, 4.0 / tile.warps()), Rates::step);
  alone = std::max(alone, Rates::copy / (tile.stages - 1));
  int64_t shared = sharedBytes(tile, bytes, problem.accumulatorBytes);
  int64_t together = std::max<int64_t>(
      1,
      std::min({Rates::sharedMemory / shared, Rates::threads / tile.threads(),
                Rates::registers / (tile.threads() * 168)}));
  int64_t each = llvm::divideCeil(blocks, limits.processors);
  double busy = each * steps * perStep;
  double waiting = llvm::divideCeil(each, together) * (steps * alone);
  double result = std::max(busy, waiting) + Rates::block;
  if (tile.splits > 1)
    result += Rates::sumKernel + 2.0 * tile.splits * rows * columns * batch *
                                     problem.accumulatorBytes /
                                     (Rates::globalBytes * limits.processors);
  return result;
}

Tile Chooser::choose() {
  int64_t tileDepth = std::max<int64_t>(128 / problem.elementBytes, atom.k);
  std::optional<Tile> best;
  double least = 0;
  for (int64_t tileRows : {128, 64, 32, 16, 256, 8})
    for (int64_t tileColumns : {128, 64, 32, 16, 256, 8})
      for (int64_t warpRows : {1, 2, 4})
        for (int64_t warpColumns : {1, 2, 4})
          for (int64_t slices : {1, 2, 4})
            for (int64_t stages : {4, 2})
              for (int64_t splits : {1, 2, 4, 8, 16}) {
                Tile tile{tileRows,    tileColumns, tileDepth, warpRows,
                          warpColumns, slices,      stages,    splits};
                if (!fits(tile) || (splits > 1 && splits * tileDepth > depth))
                  continue;
                double cost = clocks(tile);
                if (!best || cost < least) {
                  best = tile;
                  least = cost;
                }
              }
  if (atom.inGroups() && problem.aligned && limits.warpgroups)
    for (int64_t tileColumns : {256, 128, 64})
      for (int64_t tileRows : {128, 64}) {
        // Sums that are apart take twice as many registers.
        if (atom.sumsApart() && tileColumns > 128)
          continue;
        Tile tile{tileRows,
                  tileColumns,
                  kSwizzledLine / problem.elementBytes,
                  tileRows / kGroupRows * kGroupWarps,
                  /*warpColumns=*/1,
                  /*slices=*/1,
                  /*stages=*/4,
                  /*splits=*/1,
                  /*workers=*/0,
                  /*inLaunch=*/false,
                  /*warpgroups=*/true,
                  atom.parts()};
        if (sharedBytes(tile, problem.elementBytes, problem.accumulatorBytes) >
            limits.sharedBytes)
          continue;
        double cost = clocks(tile);
        if (cost < least) {
          best = tile;
          least = cost;
        }
      }
  return *best;
}

Tile rac::gemm::chooseGpuTile(const TileProblem &problem,
                              const TileLimits &limits, const Atom &atom) {
  return Chooser(problem, limits, atom).choose();
}
