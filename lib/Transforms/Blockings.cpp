//===- Blockings.cpp - How a contraction's loops may be cut ---------------===//
//
// The loops of a matrix product: blocks of rows and columns of the result,
// which threads share, blocks of the terms of a sum, and a tile of registers
// inside of all of them. Goto and van de Geijn, "Anatomy of high-performance
// matrix multiplication" (ACM TOMS, 2008), says what each is for.
//
//===----------------------------------------------------------------------===//

#include "Blockings.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace rac;

namespace {

using Sizes = SmallVector<int64_t>;

/// What blocks of a matrix' rows are a multiple of: the rows of several tiles
/// of registers (2, 4, 6, 8, 12).
constexpr int64_t kRowStep = 24;
/// The same of columns: four vectors of the widest registers.
constexpr int64_t kColumnStep = 64;
/// And of terms: what an instruction sums at once (of bytes).
constexpr int64_t kTermStep = 4;

/// A contraction as lowering sees it: dimensions of its result, and its loops
/// that reduce.
struct Nest {
  int64_t rank = 0;
  /// Dimensions that are cut one by one around the others, if others are.
  SmallVector<int64_t> batch;
  int64_t rows = 0, columns = 0;       ///< dimensions
  int64_t numRows = 0, numColumns = 0; ///< elements of these
  int64_t rowStep = 1;       ///< what blocks of rows are a multiple of
  int64_t numReductions = 1; ///< the last of them over the terms
  int64_t numTerms = 0;
};

} // namespace

static Nest loopsOf(MatmulOp matmul) {
  auto type = matmul.getResult().getType();
  Nest loops;
  loops.rank = type.getRank();
  loops.rows = loops.rank - 2;
  loops.columns = loops.rank - 1;
  for (int64_t dim = 0; dim < loops.rows; ++dim)
    loops.batch.push_back(dim);
  loops.numRows = type.getDimSize(loops.rows);
  loops.numColumns = type.getDimSize(loops.columns);
  loops.rowStep = kRowStep;
  loops.numTerms = matmul.getLhs().getType().getShape().back();
  return loops;
}

/// Its rows are those of the image, with all pixels of each; of a line, pixels.
static Nest loopsOf(ConvOp conv) {
  auto type = conv.getResult().getType();
  ArrayRef<int64_t> filter = conv.getFilter().getType().getShape();
  Nest loops;
  loops.rank = type.getRank();
  loops.rows = 1;
  loops.columns = loops.rank - 1;
  loops.batch = {0};
  loops.rowStep = loops.rank == 3 ? kRowStep : 1;
  loops.numRows = type.getDimSize(1);
  loops.numColumns = type.getDimSize(loops.columns);
  loops.numReductions += llvm::count_if(filter.drop_front(2),
                                        [](int64_t size) { return size != 1; });
  loops.numTerms = filter[1];
  return loops;
}

/// The one contraction of the group, whose result elementwise ops of its shape
/// take on from each other.
static std::optional<Nest> findLoops(ArrayRef<Operation *> ops) {
  Operation *main = nullptr;
  for (Operation *op : ops) {
    if (isa<MatmulOp, ConvOp>(op)) {
      if (main)
        return std::nullopt;
      main = op;
    } else if (!main || !isa<ElementwiseOpInterface>(op) ||
               cast<RankedTensorType>(op->getResult(0).getType()).getShape() !=
                   cast<RankedTensorType>(main->getResult(0).getType())
                       .getShape()) {
      return std::nullopt;
    }
  }
  if (auto matmul = dyn_cast_or_null<MatmulOp>(main))
    return matmul.getResult().getType().getRank() < 2
               ? std::nullopt
               : std::optional(loopsOf(matmul));
  auto conv = dyn_cast_or_null<ConvOp>(main);
  if (!conv || conv.getGroups() != 1 ||
      conv.getResult().getType().getRank() < 3)
    return std::nullopt;
  return loopsOf(conv);
}

/// Sizes to cut a dimension by, no more than half of it: 0, not at all, and of
/// each of `wanted` the nearest below that leaves no smaller block at the end,
/// if there is one of half the size.
static Sizes cuts(int64_t size, int64_t step, ArrayRef<int64_t> wanted) {
  Sizes sizes = {0};
  for (int64_t most : wanted) {
    most *= step;
    if (!ShapedType::isDynamic(size) && size < 2 * most)
      continue;
    int64_t best = most;
    for (int64_t less = most; !ShapedType::isDynamic(size) && 2 * less > most;
         less -= step)
      if (size % less == 0) {
        best = less;
        break;
      }
    if (!llvm::is_contained(sizes, best))
      sizes.push_back(best);
  }
  return sizes;
}

/// Orders of the loops over blocks of rows, columns and terms, as entries of a
/// plan's order: threads share the first.
static SmallVector<Sizes> orders(bool rows, bool columns, bool terms) {
  if (rows && columns && terms)
    return {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {1, 2, 0}};
  if (rows && columns)
    return {{0, 1, 2}, {1, 0, 2}};
  return {{0, 1, 2}};
}

namespace {

class Lister {
public:
  Lister(const Nest &loops, const VectorShape &vectors)
      : loops(loops), vectors(vectors) {}
  SmallVector<Blocking> list();

private:
  /// Tiles of registers, rows and vectors, that fill the registers.
  SmallVector<Sizes> registerTiles() const;
  void add(int64_t rows, int64_t columns, int64_t terms,
           ArrayRef<int64_t> order, Sizes registers);

  Nest loops;
  VectorShape vectors;
  SmallVector<Blocking> found;
};

} // namespace

SmallVector<Sizes> Lister::registerTiles() const {
  SmallVector<Sizes> tiles = {{}};
  if (loops.numRows == 1)
    return tiles;
  constexpr int64_t widest = 4, mostRows = 14; // as lowering's own
  for (int64_t width = 1; width <= widest; ++width) {
    // Beside the tile: a row of vectors, and what they are multiplied with.
    int64_t rows = std::min(mostRows, (vectors.registers - width - 1) / width);
    if (rows > 1)
      tiles.push_back({rows, width});
  }
  return tiles;
}

void Lister::add(int64_t rows, int64_t columns, int64_t terms,
                 ArrayRef<int64_t> order, Sizes registers) {
  Blocking blocking;
  blocking.registers = std::move(registers);
  if (rows || columns) {
    blocking.tiles.assign(loops.rank, 0);
    for (int64_t dim : loops.batch)
      blocking.tiles[dim] = 1;
    blocking.tiles[loops.rows] = rows;
    blocking.tiles[loops.columns] = columns;
  }
  if (terms) {
    blocking.reduction.assign(loops.numReductions, 0);
    blocking.reduction.back() = terms;
  }
  if (order != ArrayRef<int64_t>{0, 1, 2}) {
    Sizes numbers = {loops.rows, loops.columns,
                     loops.rank + loops.numReductions - 1};
    blocking.order = loops.batch;
    for (int64_t entry : order)
      if (entry < 2 || terms)
        blocking.order.push_back(numbers[entry]);
    // Loops that aren't cut, wherever.
    auto all =
        static_cast<int64_t>(blocking.tiles.size() + blocking.reduction.size());
    for (int64_t number = 0; number < all; ++number)
      if (!llvm::is_contained(blocking.order, number))
        blocking.order.push_back(number);
  }
  found.push_back(std::move(blocking));
}

SmallVector<Blocking> Lister::list() {
  SmallVector<Sizes> tiles = registerTiles();
  Sizes rowCuts = cuts(loops.numRows, loops.rowStep, {2, 8}),
        columnCuts = cuts(loops.numColumns, kColumnStep, {2, 8}),
        termCuts = cuts(loops.numTerms, kTermStep, {32, 128});
  for (int64_t rows : rowCuts)
    for (int64_t columns : columnCuts)
      for (int64_t terms : termCuts) {
        // A loop that runs in order, and none that threads can share.
        if (terms && !rows && !columns)
          continue;
        for (ArrayRef<int64_t> order : orders(rows, columns, terms))
          for (const Sizes &registers : tiles) {
            bool none = !rows && !columns && !terms && registers.empty();
            // Panels of weights are as wide as the tile, and no block of
            // columns may cut one.
            if (none || (columns && !registers.empty() &&
                         kColumnStep % registers[1] != 0))
              continue;
            add(rows, columns, terms, order, registers);
          }
      }
  return std::move(found);
}

SmallVector<Blocking> rac::blockings(ArrayRef<Operation *> ops,
                                     const VectorShape &vectors) {
  std::optional<Nest> loops = findLoops(ops);
  if (!loops || loops->numRows == 0 || loops->numColumns == 0 ||
      loops->numTerms == 0)
    return {};
  return Lister(*loops, vectors).list();
}
