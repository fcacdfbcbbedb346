//===- Schedules.cpp - Ways to run some ops as one kernel -----------------===//

#include "Schedules.h"
#include "Blockings.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rac;

using Tiles = SmallVector<int64_t>;

/// Adds the dimensions along which `op` combines elements before something else
/// in the group uses them: these must be whole in every tile.
static void addWholeDims(Operation *op,
                         llvm::SmallSetVector<int64_t, 4> &dims) {
  llvm::TypeSwitch<Operation *>(op)
      .Case<SoftmaxOp>(
          [&](SoftmaxOp softmax) { dims.insert(softmax.getAxis()); })
      .Case<NormalizeOp>([&](NormalizeOp normalize) {
        for (int64_t i = normalize.getAxis(),
                     e = normalize.getInput().getType().getRank();
             i < e; ++i)
          dims.insert(i);
      })
      .Case<ReduceOp>([&](ReduceOp reduce) {
        dims.insert(reduce.getAxes().begin(), reduce.getAxes().end());
      });
}

/// Of a chain of products: some rows of the last one's result, with all that
/// they need of what comes before.
static Tiles chainTiles(MatmulOp last, Operation *root, int64_t rows) {
  int64_t rank = last.getResult().getType().getRank();
  Tiles tiles(rank, 1);
  tiles[rank - 2] = rows;
  tiles[rank - 1] = 0;
  if (auto transpose = dyn_cast<TransposeOp>(root))
    return applyPermutation(tiles, transpose.getPermutation());
  return tiles;
}

/// Of a chain of convolutions: some rows of the image, all of its columns and
/// channels.
static Tiles imageTiles(ConvOp last, int64_t rows) {
  Tiles tiles(last.getResult().getType().getRank(), 0);
  tiles[0] = 1;
  tiles[1] = rows;
  return tiles;
}

/// Rows of what is combined, one at a time, so that what passes between the
/// group's ops stays in the first-level cache; empty if that gains nothing.
static Tiles rowTiles(ArrayRef<Operation *> ops, int64_t innerTile) {
  auto type = cast<RankedTensorType>(ops.back()->getResult(0).getType());
  llvm::SmallSetVector<int64_t, 4> whole;
  for (Operation *op : ops) {
    size_t before = whole.size();
    addWholeDims(op, whole);
    // Dimensions of what is combined are those of the result only if the
    // ranks agree.
    if (whole.size() != before &&
        cast<RankedTensorType>(op->getOperand(0).getType()).getRank() !=
            type.getRank())
      return {};
  }
  int64_t last = type.getRank() - 1;
  if (whole.empty() || static_cast<int64_t>(whole.size()) == type.getRank())
    return {};
  Tiles tiles(type.getRank(), 1);
  for (int64_t dim : whole)
    tiles[dim] = 0;
  if (!whole.contains(last))
    tiles[last] = innerTile;
  return tiles;
}

/// The most rows, of at most `most` and more than half of them, that cut a
/// dimension without a smaller tile at the end: with one, all tiles have sizes
/// that only the run knows, and what passes between their ops is asked for anew
/// in each.
static std::optional<int64_t> evenRows(int64_t size, int64_t most) {
  for (int64_t rows = most; size > 0 && 2 * rows > most; --rows)
    if (size % rows == 0)
      return rows;
  return std::nullopt;
}

SmallVector<Tiles> rac::tileChoices(ArrayRef<Operation *> ops,
                                    TileChoices usual) {
  if (ops.empty() || ops.back()->getNumResults() != 1)
    return {{}};
  SmallVector<MatmulOp> products;
  for (Operation *op : ops)
    if (auto matmul = dyn_cast<MatmulOp>(op))
      products.push_back(matmul);
  SmallVector<Tiles> choices;
  auto add = [&](Tiles tiles) {
    if (!llvm::is_contained(choices, tiles))
      choices.push_back(std::move(tiles));
  };
  if (products.size() > 1) {
    for (int64_t rows : {usual.chainRows, usual.chainRows / 4,
                         usual.chainRows / 2, usual.chainRows * 2})
      add(chainTiles(products.back(), ops.back(), rows));
    return choices;
  }
  if (llvm::count_if(ops, llvm::IsaPred<ConvOp>) > 1) {
    auto last =
        cast<ConvOp>(*llvm::find_if(llvm::reverse(ops), llvm::IsaPred<ConvOp>));
    int64_t height = last.getResult().getType().getDimSize(1);
    for (int64_t rows : {4, 1, 2, 8, 16})
      add(imageTiles(last, evenRows(height, rows).value_or(rows)));
    return choices;
  }
  for (int64_t inner : {usual.innerTile, usual.innerTile / 4,
                        usual.innerTile / 2, usual.innerTile * 4})
    add(rowTiles(ops, inner));
  return choices;
}

/// Sizes that `dim` of the result can be cut into, and are no more than half of
/// it.
static bool isWorthCutting(RankedTensorType type, int64_t dim, int64_t size) {
  return type.isDynamicDim(dim) || type.getDimSize(dim) >= 2 * size;
}

/// The innermost dimension but the last, unless that is cut itself, of which
/// tiles may have several rows, and whose rows are at least so many bytes
/// apart.
static std::optional<int64_t>
rowDim(RankedTensorType type, ArrayRef<int64_t> tiles, int64_t leastBytes = 0) {
  double bytes = type.getElementTypeBitWidth() / 8; // may be more than 64 bits
  for (int64_t dim = tiles.size(); dim-- > 0;) {
    if (tiles[dim] == 1 && type.getDimSize(dim) != 1 && bytes >= leastBytes)
      return dim;
    if (leastBytes == 0)
      continue;
    if (type.isDynamicDim(dim))
      return std::nullopt;
    bytes *= type.getDimSize(dim);
  }
  return std::nullopt;
}

static bool cutsAnything(RankedTensorType type, ArrayRef<int64_t> tiles) {
  return llvm::any_of(llvm::zip_equal(type.getShape(), tiles), [](auto dim) {
    auto [size, tile] = dim;
    return tile != 0 && (ShapedType::isDynamic(size) || tile < size);
  });
}

/// Of a chain of products: all rows of one matrix after the other, or some of
/// them.
static SmallVector<Tiles> chainTilesOfCores(ArrayRef<Operation *> ops) {
  auto last = cast<MatmulOp>(
      *llvm::find_if(llvm::reverse(ops), llvm::IsaPred<MatmulOp>));
  auto type = last.getResult().getType();
  int64_t size = type.getDimSize(type.getRank() - 2),
          usual = TileChoices().chainRows;
  SmallVector<int64_t> counts = {0};
  for (int64_t rows : {usual, usual / 4, usual / 2, usual * 2})
    if (ShapedType::isDynamic(size) || rows < size)
      counts.push_back(evenRows(size, rows).value_or(rows));
  SmallVector<Tiles> choices;
  for (int64_t rows : counts)
    choices.push_back(chainTiles(last, ops.back(), rows));
  return choices;
}

/// B of the result in a tile.
static int64_t bytesOf(RankedTensorType type, ArrayRef<int64_t> tiles) {
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  for (auto [size, tile] : llvm::zip_equal(type.getShape(), tiles))
    bytes *= tile == 0 ? size : tile;
  return bytes;
}

namespace {

/// Rows of a tile.
struct RowCounts {
  int64_t apart;
  int64_t beside; ///< of each of these, in a row
};

} // namespace

/// How many rows at a time are worth a look, the usual first. Four rows'
/// lanes are added up together. Of normalisations two pairs are the quickest in
/// the second cache, and four a page apart from the last one (docs/Cost.md).
static SmallVector<RowCounts> rowCounts(bool isSoftmax, bool hasPages) {
  if (isSoftmax)
    return {{8, 1}, {4, 1}, {2, 1}};
  if (hasPages)
    return {{2, 2}, {4, 1}, {2, 1}};
  return {{4, 1}, {2, 1}};
}

/// Adds several rows at a time of what goes over them again, which hide each
/// other's latencies (of softmaxes of 32 columns on Emerald Rapids, eight take
/// 24 % less than two). They are the default of normalisations, and of
/// softmaxes whose rows are pages apart: these are each fetched ahead
/// (docs/Cost.md), and better than one wherever they come from.
static void addSeveralRows(ArrayRef<Operation *> ops, RankedTensorType type,
                           SmallVector<Tiles> &choices) {
  // Of softmaxes and normalisations of 96 to 1024 columns, in the second cache
  // and the last, as many as take so much took 12 and 5 % less than one in the
  // mean (docs/Planner.md).
  constexpr int64_t mostBytes = 8192;
  const Tiles one = choices.front();
  std::optional<int64_t> far, near = rowDim(type, one);
  if (one.back() == 0)
    far = rowDim(type, one, kPageBytes);
  if (!near)
    return;
  int64_t dim = far.value_or(*near);
  bool isSoftmax = llvm::any_of(ops, llvm::IsaPred<SoftmaxOp>),
       hasUsual = false;
  for (auto [apart, beside] : rowCounts(isSoftmax, far.has_value())) {
    Tiles rows = one;
    std::optional<int64_t> even = evenRows(type.getDimSize(dim), apart);
    if (!even || (!far && !isWorthCutting(type, dim, *even)))
      continue;
    rows[dim] = *even;
    if (beside > 1) {
      even = evenRows(type.getDimSize(*near), beside);
      if (*near == dim || !even || !isWorthCutting(type, *near, *even))
        continue;
      rows[*near] = *even;
    }
    // Of rows apart, those between are other tiles.
    if (!cutsAnything(type, rows))
      continue;
    bool isUsual =
        (far || !isSoftmax) && !hasUsual && bytesOf(type, rows) <= mostBytes;
    choices.insert(isUsual ? choices.begin() : choices.end(), rows);
    hasUsual |= isUsual;
  }
}

SmallVector<Tiles> rac::tilesOfCores(ArrayRef<Operation *> ops) {
  SmallVector<Tiles> choices = tileChoices(ops);
  if (ops.empty() || ops.back()->getNumResults() != 1)
    return choices;
  if (llvm::count_if(ops, llvm::IsaPred<MatmulOp, ConvOp>) > 1) {
    if (llvm::count_if(ops, llvm::IsaPred<MatmulOp>) > 1)
      choices = chainTilesOfCores(ops);
    // Each op can have loops of its own, which more threads may share.
    auto type = cast<RankedTensorType>(ops.back()->getResult(0).getType());
    llvm::erase_if(choices, [&](const Tiles &tiles) {
      return !cutsAnything(type, tiles);
    });
    choices.push_back({});
    return choices;
  }
  if (llvm::any_of(ops, llvm::IsaPred<MatmulOp>))
    return choices;
  auto type = cast<RankedTensorType>(ops.back()->getResult(0).getType());
  auto add = [&](Tiles tiles) {
    if (!llvm::is_contained(choices, tiles))
      choices.push_back(std::move(tiles));
  };
  Tiles rows = choices.front();
  // Nothing passes from row to row of a sum: no tiles are its default (of ten
  // on Emerald Rapids, these were within two percent of the best in nine).
  bool readsRowsAgain =
      llvm::any_of(ops, llvm::IsaPred<SoftmaxOp, NormalizeOp>);
  if (!readsRowsAgain && !rows.empty())
    choices.insert(choices.begin(), Tiles());
  else
    add({});
  if (readsRowsAgain && !rows.empty()) {
    addSeveralRows(ops, type, choices);
    return choices;
  }
  // What passes between ops stays near; a single op has nothing that passes.
  if (!rows.empty() || ops.size() < 2 || type.getRank() < 2)
    return choices;
  rows.assign(type.getRank(), 1);
  rows.back() = 0;
  if (std::optional<int64_t> dim = rowDim(type, rows))
    for (int64_t count : {8, 32})
      if (isWorthCutting(type, *dim, count)) {
        rows[*dim] = count;
        add(rows);
      }
  return choices;
}

int64_t rac::usableThreads(const Device &device, int64_t asked) {
  if (asked > 0)
    return asked;
  const Known &cores = device.topology.availableCores
                           ? device.topology.availableCores
                           : device.topology.cores;
  return cores ? std::max<int64_t>(1, cores->v) : 1;
}

SmallVector<int64_t> rac::threadChoices(int64_t threads) {
  // 0: as many as the context has.
  SmallVector<int64_t> choices = {0};
  for (int64_t some = 1; some < threads; some *= 2)
    choices.push_back(some);
  return choices;
}

/// Into how many parts a sum over rows may be cut, which threads share: of what
/// lies side by side each has some columns otherwise, and reads what others
/// have made; 0: there is no such sum.
static int64_t partsOfSum(ArrayRef<Operation *> ops) {
  // Few, as all of them are added up by one thread in the end.
  constexpr int64_t mostParts = 16;
  ReduceOp sum;
  for (Operation *op : ops)
    if (auto reduce = dyn_cast<ReduceOp>(op); reduce && !sum)
      sum = reduce;
    else if (!isa<ElementwiseOpInterface>(op))
      return 0;
  if (!sum || sum.getAxes().empty())
    return 0;
  RankedTensorType type = sum.getInput().getType();
  int64_t rows = type.getDimSize(sum.getAxes().front());
  // Upstream cuts sums only where the number of results is known.
  if (sum.getAxes().back() == type.getRank() - 1 ||
      ShapedType::isDynamic(rows) || !sum.getType().hasStaticShape())
    return 0;
  for (int64_t parts = std::min(rows, mostParts); parts > 1; --parts)
    if (rows % parts == 0)
      return parts;
  return 0;
}

SmallVector<PlanAttr>
rac::schedules(ArrayRef<Operation *> ops, KernelKind kind, Type precision,
               int64_t threads, const std::optional<VectorShape> &vectors) {
  SmallVector<int64_t> counts = threadChoices(threads);
  SmallVector<PlanAttr> plans;
  auto add = [&](const Blocking &blocking) {
    for (int64_t count : counts)
      plans.push_back(PlanAttr::get(
          precision.getContext(), kind, precision, count, blocking.tiles,
          blocking.reduction, blocking.order, blocking.registers, /*warps=*/0,
          /*stages=*/0, /*split=*/0, CostAttr()));
  };
  if (kind == KernelKind::library) {
    add({});
    return plans;
  }
  for (const Tiles &tiles : tilesOfCores(ops))
    add({tiles, {}, {}, {}});
  if (vectors)
    for (const Blocking &blocking : blockings(ops, *vectors))
      add(blocking);
  if (int64_t parts = partsOfSum(ops))
    for (int64_t count : counts)
      if (count != 1 && threads > 1)
        plans.push_back(PlanAttr::get(
            precision.getContext(), kind, precision, count, /*tiles=*/{},
            /*reduction=*/{}, /*order=*/{}, /*registers=*/{}, /*warps=*/0,
            /*stages=*/0, parts, CostAttr()));
  return plans;
}

SmallVector<PlanAttr> rac::gpuSchedules(ArrayRef<Operation *> ops,
                                        Type precision,
                                        ArrayRef<GpuBlock> blocks) {
  SmallVector<PlanAttr> plans;
  auto type = cast<RankedTensorType>(ops.back()->getResult(0).getType());
  for (const GpuBlock &block : blocks)
    plans.push_back(planOf(block, precision, type.getRank()));
  if (!plans.empty())
    return plans;
  // Other reductions than those that go over rows more than once have kernels
  // that share out what is reduced, too.
  SmallVector<Tiles> choices = {{}};
  if (llvm::any_of(ops, llvm::IsaPred<SoftmaxOp, NormalizeOp>))
    choices = tileChoices(ops);
  for (const Tiles &choice : choices)
    plans.push_back(PlanAttr::get(KernelKind::generated, precision,
                                  /*threads=*/0, choice));
  return plans;
}
