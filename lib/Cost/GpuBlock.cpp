//===- GpuBlock.cpp - Blocks of a contraction on a GPU --------------------===//

#include "rac/Cost/GpuBlock.h"
#include <cmath>

using namespace mlir;
using namespace rac;

/// Rows and columns of an instruction of the tensor cores, m16n8kX, and B of
/// the terms that it adds up for each: mma.sync in PTX, for all types but f64.
constexpr int64_t kAtomRows = 16, kAtomColumns = 8, kAtomBytes = 32;
constexpr int64_t kLanes = 32; ///< of a warp

//===----------------------------------------------------------------------===//
// What a block takes, and what there is
//===----------------------------------------------------------------------===//

/// B that a tile of an operand takes in shared memory, its lines apart so that
/// the lanes of a warp use different banks; along the terms or across,
/// whichever takes more.
static double tileBytes(double outer, double depth, double elementBytes) {
  constexpr double narrow = 16, wide = 32; // B between lines
  double gap = elementBytes == 4 ? wide : narrow;
  return std::max(outer * (depth * elementBytes + narrow),
                  depth * (outer * elementBytes + gap));
}

constexpr int64_t kStepBytes = 128;

/// Bytes of the types that warp groups multiply; 0: they don't.
static int64_t warpgroupBytes(const TensorForm &form) {
  switch (form.type) {
  case DataType::f8:
  case DataType::i8:
    return 1;
  case DataType::bf16:
  case DataType::f16:
    return 2;
  case DataType::tf32:
    return 4;
  default:
    return 0;
  }
}

/// Whether a step's sums are added outside of the tensor cores. In warp groups
/// they take twice as many registers then.
static bool sumsApart(const TensorForm &form) {
  return form.type == DataType::f8 || form.passes > 1;
}

static int64_t mostWarpgroupColumns(const TensorForm &form) {
  return sumsApart(form) ? 128 : 256;
}

bool rac::fitsWarpgroups(const GpuBlock &block, const TensorForm &form) {
  constexpr int64_t groupRows = 64;
  return block.depth * warpgroupBytes(form) == kStepBytes &&
         block.rows % groupRows == 0 && block.warpRows == kAtomRows &&
         block.warpColumns == block.columns && block.columns % 64 == 0 &&
         block.columns <= mostWarpgroupColumns(form) && block.slices == 1 &&
         block.stages == 4 && (block.split == 1 || block.workers == 0);
}

const ComputeUnit *rac::warpgroupUnit(const Device &device) {
  for (const ComputeUnit &unit : device.units)
    if (unit.kind == UnitKind::tensor && unit.name == "warpgroup")
      return &unit;
  return nullptr;
}

GpuNeeds rac::needsOf(const GpuBlock &block, double elementBytes,
                      const TensorForm &form) {
  constexpr double registerBytes = 4, sumBytes = 4;
  // Addresses, counters and what the epilogue reads.
  constexpr double others = 48;
  GpuNeeds needs;
  needs.warps = block.warps();
  double sums = double(block.warpRows) * block.warpColumns / kLanes;
  // Operands of one instruction for each row and column, in as many parts as
  // are multiplied.
  double operands = double(block.warpRows + block.warpColumns) * kAtomBytes /
                    kLanes / registerBytes * form.parts();
  needs.registers = std::ceil((sums + operands + others) / 8) * 8;
  // The result passes through it on its way to memory.
  constexpr double gap = 8;
  double rows = block.rows, columns = block.columns;
  double result = block.slices * sumBytes *
                  std::max(rows * (columns + gap), columns * (rows + gap));
  if (block.warpgroups) {
    // Lines have no gaps. Of tf32 threads give factors in parts: registers hold
    // left ones, of a step, and shared memory right ones, of two steps. Others
    // are taken from memory as they are.
    constexpr double aligned = 1024, ofStep = 16, copies = 2;
    double kept = sumsApart(form) ? 2 : 1;
    double given = form.type == DataType::tf32 ? form.parts() : 0;
    needs.registers =
        std::ceil((kept * sums + given * ofStep + others) / 8) * 8;
    needs.sharedBytes = std::max(
        result, (block.stages * (rows + columns) + copies * given * columns) *
                        kStepBytes +
                    aligned);
    return needs;
  }
  double operandBytes = tileBytes(rows, block.depth, elementBytes) +
                        tileBytes(columns, block.depth, elementBytes);
  needs.sharedBytes = std::max(result, block.stages * operandBytes);
  return needs;
}

GpuRoom::GpuRoom(const Device &device) {
  GpuLimits none;
  const GpuLimits &limits = device.topology.gpu ? *device.topology.gpu : none;
  auto known = [](const Known &number, double least) {
    return number ? number->v : least;
  };
  warpSize = known(limits.warpSize, kLanes);
  warps = known(limits.warpsPerCore, 48);
  blocks = known(limits.blocksPerCore, 16);
  threadsPerBlock = known(limits.threadsPerBlock, 1024);
  registers = known(limits.registersPerCore, 65536);
  registersPerThread = known(limits.registersPerThread, 255);
  sharedBytesPerBlock = known(limits.sharedBytesPerBlock, 99 * 1024);
  sharedBytes = sharedBytesPerBlock;
  for (const MemoryLevel &level : device.memory)
    if (level.kind == LevelKind::software)
      sharedBytes = known(level.sizeBytes, sharedBytesPerBlock);
}

double rac::residentBlocks(const GpuNeeds &needs, const GpuRoom &room) {
  // What the system keeps of shared memory for each block: CUDA C++ Programming
  // Guide, compute capabilities 8.x and 9.0.
  constexpr double reserved = 1024;
  double threads = needs.warps * room.warpSize;
  if (needs.registers > room.registersPerThread ||
      needs.sharedBytes > room.sharedBytesPerBlock ||
      threads > room.threadsPerBlock)
    return 0;
  double fit =
      std::min({room.blocks, std::floor(room.warps / needs.warps),
                std::floor(room.sharedBytes / (needs.sharedBytes + reserved))});
  if (needs.registers > 0)
    fit =
        std::min(fit, std::floor(room.registers / (needs.registers * threads)));
  return fit;
}

//===----------------------------------------------------------------------===//
// What there is to choose from
//===----------------------------------------------------------------------===//

std::optional<TensorForm> rac::tensorForm(DataType type) {
  switch (type) {
  case DataType::f32:
    return TensorForm{DataType::tf32, 3};
  case DataType::tf32:
  case DataType::bf16:
  case DataType::f16:
  case DataType::f8:
  case DataType::i8:
    return TensorForm{type, 1};
  default:
    return std::nullopt;
  }
}

namespace {

/// Lists blocks that rac-gpu-contractions makes.
class Menu {
public:
  Menu(const ContractionShape &shape, double elementBytes,
       const TensorForm &form, const Device &device)
      : shape(shape), elementBytes(elementBytes), form(form), room(device),
        cores(device.topology.cores->v) {
    if (device.topology.gpu && device.topology.gpu->blocksPerCluster)
      mostOfCluster = device.topology.gpu->blocksPerCluster->v;
    const ComputeUnit *groups = warpgroupUnit(device);
    hasWarpgroups = groups && groups->opsPerClock.count(form.type) &&
                    warpgroupBytes(form) == elementBytes;
  }
  SmallVector<GpuBlock> list();

private:
  void addWarps(GpuBlock block);
  void addStages(GpuBlock block);
  void addShared(GpuBlock block);
  void addParted(GpuBlock block);
  void addWorkers(GpuBlock block, double tiles, double steps);
  void addClusters(GpuBlock block);
  void addWarpgroups();
  /// Whether half of it would do.
  static bool isTooLarge(double tile, double size, double least) {
    return tile > least && tile / 2 >= size;
  }

  const ContractionShape &shape;
  double elementBytes;
  TensorForm form;
  GpuRoom room;
  double cores, mostOfCluster = 1;
  bool hasWarpgroups;
  SmallVector<GpuBlock> blocks;
};

} // namespace

void Menu::addStages(GpuBlock block) {
  double steps = std::ceil(shape.k / block.depth);
  for (int64_t stages : {2, 4}) {
    block.stages = stages;
    // More stages than steps hold nothing.
    if (stages > std::max(2.0, steps + 1) ||
        residentBlocks(needsOf(block, elementBytes, form), room) < 1)
      break;
    addShared(block);
  }
}

/// A tile a block, and sums that several share; of warp groups also in
/// clusters.
void Menu::addShared(GpuBlock block) {
  double tiles = shape.batch * std::ceil(shape.m / block.rows) *
                 std::ceil(shape.n / block.columns);
  double steps = std::ceil(shape.k / block.depth);
  for (int64_t split : {1, 2, 4, 8, 16}) {
    // Parts are worth adding up only where multiprocessors had nothing to do.
    if (split > 1 && (tiles * split > 2 * cores || steps < 2 * split))
      break;
    block.split = split;
    addParted(block);
  }
  block.split = 1;
  addWorkers(block, tiles, steps);
}

/// Parts are added up by a second kernel, or by who ends last.
void Menu::addParted(GpuBlock block) {
  auto add = [&](const GpuBlock &block) {
    blocks.push_back(block);
    if (block.warpgroups && block.workers == 0)
      addClusters(block);
  };
  add(block);
  block.inLaunch = block.hasParts();
  if (block.inLaunch)
    add(block);
}

/// As many blocks as run at once, where whole tiles would leave a part of the
/// last wave without any.
void Menu::addWorkers(GpuBlock block, double tiles, double steps) {
  constexpr double ragged = 1.1;
  double places =
      cores * residentBlocks(needsOf(block, elementBytes, form), room);
  double waves = tiles / places;
  if (waves < 0.5 || std::ceil(waves) < ragged * waves || steps < 2)
    return;
  block.workers = static_cast<int64_t>(places);
  addParted(block);
}

/// Two blocks that bring operands to each other, of a tile each. Larger
/// clusters wait until they have been measured: of 4096 x 4096 x 4096 in bf16
/// eight blocks are predicted to take 0.91 of the time of two, by a rate of the
/// cache that makes those without a cluster a third slower than they were
/// (H200). Those of an image's windows each copy their own.
void Menu::addClusters(GpuBlock block) {
  constexpr int64_t pair = 2;
  if (mostOfCluster < pair || shape.isConv)
    return;
  if (shape.m > block.rows) {
    block.clusterRows = pair;
    blocks.push_back(block);
    block.clusterRows = 1;
  }
  if (shape.n > block.columns) {
    block.clusterColumns = pair;
    blocks.push_back(block);
  }
}

void Menu::addWarps(GpuBlock block) {
  constexpr int64_t mostWarps = 8;
  // Half of a thread's registers, or a quarter where operands or sums take two
  // each.
  const int64_t mostSums = sumsApart(form) ? 64 : 128;
  for (int64_t down : {1, 2, 4})
    for (int64_t across : {1, 2, 4})
      for (int64_t slices : {1, 2, 4}) {
        if (block.rows % (down * kAtomRows) != 0 ||
            block.columns % (across * kAtomColumns) != 0 ||
            block.depth * elementBytes < slices * kAtomBytes)
          continue;
        block.warpRows = block.rows / down;
        block.warpColumns = block.columns / across;
        block.slices = slices;
        if (block.warps() <= mostWarps &&
            block.warpRows * block.warpColumns / kLanes <= mostSums)
          addStages(block);
      }
}

void Menu::addWarpgroups() {
  // Operands come 16 bytes at once, or not at all.
  double together = 16 / elementBytes;
  bool alongTerms = elementBytes == 1; // both operands
  if (!hasWarpgroups || std::fmod(shape.k, together) != 0 ||
      (!alongTerms && std::fmod(shape.n, together) != 0))
    return;
  GpuBlock block;
  block.depth = kStepBytes / elementBytes;
  block.stages = 4;
  block.warpRows = kAtomRows;
  block.warpgroups = true;
  for (int64_t rows : {128, 64})
    for (int64_t columns : {256, 128, 64}) {
      if (columns > mostWarpgroupColumns(form))
        continue;
      block.rows = rows;
      block.columns = block.warpColumns = columns;
      if (residentBlocks(needsOf(block, elementBytes, form), room) < 1)
        continue;
      addShared(block);
    }
}

SmallVector<GpuBlock> Menu::list() {
  addWarpgroups();
  GpuBlock block;
  block.depth = kStepBytes / elementBytes;
  for (int64_t rows : {128, 64, 32, 16, 256})
    for (int64_t columns : {128, 64, 32, 16, 256, 8}) {
      if (isTooLarge(rows, shape.m, kAtomRows) ||
          isTooLarge(columns, shape.n, kAtomColumns))
        continue;
      block.rows = rows;
      block.columns = columns;
      addWarps(block);
    }
  return std::move(blocks);
}

SmallVector<GpuBlock> rac::gpuBlocks(const ContractionShape &shape,
                                     double elementBytes,
                                     const TensorForm &form,
                                     const Device &device) {
  return Menu(shape, elementBytes, form, device).list();
}

//===----------------------------------------------------------------------===//
// In a plan
//===----------------------------------------------------------------------===//

std::optional<GpuBlock> rac::blockOf(PlanAttr plan) {
  SmallVector<int64_t> tiles;
  for (int64_t tile : plan.getTiles())
    if (tile != 0)
      tiles.push_back(tile);
  ArrayRef<int64_t> warpTile = plan.getRegisters();
  if (plan.getWarps() == 0 || tiles.size() < 2 || warpTile.size() != 2 ||
      plan.getReduction().size() != 1)
    return std::nullopt;
  GpuBlock block;
  block.columns = tiles.pop_back_val();
  block.rows = tiles.pop_back_val();
  block.depth = plan.getReduction()[0];
  block.warpRows = warpTile[0];
  block.warpColumns = warpTile[1];
  int64_t tilesOfWarps = block.down() * block.across();
  if (block.depth == 0 || tilesOfWarps == 0 ||
      plan.getWarps() % tilesOfWarps != 0)
    return std::nullopt;
  block.slices = plan.getWarps() / tilesOfWarps;
  if (plan.getStages() > 0)
    block.stages = plan.getStages();
  block.split = std::max<int64_t>(1, plan.getSplit());
  block.workers = plan.getThreads();
  block.inLaunch = plan.getInLaunch();
  if (ArrayRef<int64_t> cluster = plan.getCluster(); !cluster.empty()) {
    block.clusterRows = cluster[0];
    block.clusterColumns = cluster[1];
  }
  return block;
}

PlanAttr rac::withBlock(PlanAttr plan, const GpuBlock &block, int64_t rank) {
  SmallVector<int64_t> tiles(rank, 0), cluster;
  if (block.cluster() > 1)
    cluster = {block.clusterRows, block.clusterColumns};
  tiles[rank - 2] = block.rows;
  tiles[rank - 1] = block.columns;
  return PlanAttr::get(plan.getContext(), plan.getKind(), plan.getPrecision(),
                       /*threads=*/block.workers, tiles, {block.depth},
                       /*order=*/{}, {block.warpRows, block.warpColumns},
                       block.warps(), block.stages,
                       block.split > 1 ? block.split : 0, block.inLaunch,
                       cluster, CostAttr(), plan.getActivation(),
                       plan.getWeights(), plan.getWeightGroup());
}

PlanAttr rac::planOf(const GpuBlock &block, Type precision, int64_t rank) {
  return withBlock(PlanAttr::get(KernelKind::generated, precision), block,
                   rank);
}
