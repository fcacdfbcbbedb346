//===- Kernel.cpp - The kernel of softmax(f(q k)) v -----------------------===//

#include "../Gemm/Emit.h"
#include "../Gemm/Stage.h"
#include "../Launch.h"
#include "../Rows/Combiner.h"
#include "../Rows/LaneBody.h"
#include "Attention.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rac;
using namespace rac::attention;
using gemm::Emit;
using gemm::Index;
using nvptx::Values;

namespace {

constexpr int64_t kWarp = 32;
/// The rows and columns that tensor cores do at once; of a row a lane has two
/// halves of an atom.
constexpr int64_t kAtomRows = 16, kAtomColumns = 8;
/// And their depth.
constexpr int64_t kFloatDepth = 8, kHalfDepth = 16;
/// What a copy in the background moves at most. So much room is between lines
/// in shared memory too: lanes that load together, eight lines and four
/// neighbours or the other way round, then use different banks.
constexpr int64_t kCopyBytes = 16;

/// A product's tile: for each row of an atom that a lane has a part of (two,
/// eight apart), two neighbouring columns.
using Tile = Value; // vector<2x2xf32>

/// A value split in two numbers of tf32, which together are nearly as exact.
struct Split {
  Value high, low;
};

class Kernel {
public:
  Kernel(OpBuilder &builder, const Attention &attention);
  void create();

private:
  /// What goes from one tile of columns to the next: of each of a lane's rows
  /// the largest score and the sum, and the output's tiles.
  struct State {
    Values largest, sum;
    SmallVector<Tile> output; ///< of a group of rows after the other
    Values flat() const;
  };
  State stateFrom(ValueRange values) const;

  Value constant(float value) {
    return arith::ConstantOp::create(e.b, loc, e.b.getF32FloatAttr(value));
  }
  Values positionOf(linalg::LinalgOp op, ArrayRef<unsigned> loops, Value row,
                    Value column);
  void loadTile(linalg::LinalgOp op, OpOperand &operand, Values position,
                unsigned lineLoop, unsigned elementLoop, Value first, Value end,
                int64_t lines, int64_t elements, Value shared, Index stage);
  void loadColumns(Value first, Index stage);
  Split split(ArrayRef<Value> registers);
  Tile multiply(const Split &a, const Split &b, Tile sum);
  Value sharedAt(Value memory, int64_t pitch, Index line, Index element);
  /// Products of halves: a fragment is what the atom takes.
  Value loadFragment(Value memory, int64_t pitch, Index start, int64_t line,
                     int64_t element, bool linesFirst, bool transpose);
  std::pair<Value, Value> splitPair(Value fragments);
  Tile multiplyHalves(Value a, Value b, Tile sum);
  Value halfWeights(ArrayRef<Values> scores, int64_t group, int64_t tile);
  void loadQueries();
  SmallVector<Tile> computeHalfScores(Index stage);
  void addHalfProducts(State &state, ArrayRef<Values> weights, Index stage);
  /// Those of f32.
  SmallVector<Tile> computeScores(Index stage);
  void addProducts(State &state, ArrayRef<Values> weights, Index stage);
  Value exponential(Value x, Value less, Value scaledLess);
  Value loadBetween(linalg::LinalgOp op, OpOperand &operand, Values position,
                    unsigned half, int64_t number);
  Value finishScore(Value score, Value row, Value column, unsigned half,
                    int64_t number);
  void addTile(State &state, Value first, Index stage);
  Value overQuad(Value value, bool largest);
  void write(ValueRange pair, Value row, Value element);
  void store(const State &state);

  const Attention &attention;
  Emit e;
  Location loc;
  int64_t columnsOfTile, depth, values, depthPitch, valuePitch;
  int64_t warps;  ///< of a block, each with its own rows
  int64_t groups; ///< of 16 rows of a warp
  int64_t threads, blockRows;
  Values outerSizes;
  Value rowCount, columnCount;

  unsigned lanesRows() const { return 2 * groups; }
  int64_t columnTiles() const { return columnsOfTile / kAtomColumns; }
  int64_t valueTiles() const { return values / kAtomColumns; }
  int64_t padding() const { return kCopyBytes / bytes(); }
  int64_t bytes() const { return nvptx::bytesOf(attention.element); }

  // In the kernel:
  Values outer;
  Value thread, lane, quadRow, quadColumn; ///< the lane's place in an atom
  Value firstRow;                          ///< of the block
  Values rows, clampedRows;                ///< of the lane
  Value warpRow;                           ///< in the block
  Value sharedQ, sharedK, sharedV;
  SmallVector<Value> queries; ///< of halves: by group and step of the depth
  /// What was loaded for one tile of scores, by operand and place.
  llvm::DenseMap<std::pair<OpOperand *, int64_t>, Value> loaded;
};

} // namespace

Values Kernel::State::flat() const {
  Values all(largest);
  llvm::append_range(all, sum);
  llvm::append_range(all, output);
  return all;
}

Kernel::State Kernel::stateFrom(ValueRange values) const {
  unsigned count = lanesRows();
  return {Values(values.take_front(count)), Values(values.slice(count, count)),
          Values(values.drop_front(2 * count))};
}

/// Whether there is something to load for each score.
static bool readsBetween(const Attention &attention) {
  linalg::LinalgOp scores = attention.scores;
  llvm::SmallDenseSet<Value> own = {scores.getDpsInits()[0]};
  for (linalg::LinalgOp op : attention.between) {
    for (Value input : op.getDpsInputs())
      if (isa<MemRefType>(input.getType()) && !own.contains(input))
        return true;
    own.insert(op.getDpsInits()[0]);
  }
  return false;
}

Kernel::Kernel(OpBuilder &builder, const Attention &attention)
    : attention(attention),
      e{builder, linalg::LinalgOp(attention.output).getLoc()}, loc(e.loc),
      depth(attention.depth), values(attention.values) {
  depthPitch = depth + padding();
  valuePitch = values + padding();
  // Long vectors take the registers that more columns, or rows, would.
  constexpr int64_t few = 32, many = 64, shortVector = 64;
  bool isShort = std::max(depth, values) <= shortVector;
  columnsOfTile = isShort || attention.isHalf() ? many : few;
  // Halves have 128 rows of a block, so that keys and values are read as seldom
  // as they are multiplied fast.
  constexpr int64_t some = 4;
  groups = attention.isHalf() && isShort && !readsBetween(attention) ? 2 : 1;
  warps = attention.isHalf() && groups == 1 ? 2 * some : some;
  threads = warps * kWarp;
  blockRows = warps * groups * kAtomRows;
  linalg::LinalgOp scores = attention.scores;
  Values sizes;
  for (Range range : scores.createLoopRanges(builder, loc))
    sizes.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
  for (unsigned loop : attention.scoreLoops)
    outerSizes.push_back(sizes[loop]);
  columnCount = outerSizes.pop_back_val();
  rowCount = outerSizes.pop_back_val();
}

/// The position of a product's loops at a score.
Values Kernel::positionOf(linalg::LinalgOp op, ArrayRef<unsigned> loops,
                          Value row, Value column) {
  Values position(op.getNumLoops(), e.value(e.number(0)));
  for (auto [loop, index] : llvm::zip(loops, outer))
    position[loop] = index;
  position[loops.end()[-2]] = row;
  position[loops.back()] = column;
  return position;
}

//===----------------------------------------------------------------------===//
// From memory to shared memory
//===----------------------------------------------------------------------===//

Value Kernel::sharedAt(Value memory, int64_t pitch, Index line, Index element) {
  return e.value(e.add(e.mul(line, e.number(pitch)), element));
}

/// Starts to copy `lines` of an operand from `first` on, of which there are
/// `end`; beyond there are zeros.
void Kernel::loadTile(linalg::LinalgOp op, OpOperand &operand, Values position,
                      unsigned lineLoop, unsigned elementLoop, Value first,
                      Value end, int64_t lines, int64_t elements, Value shared,
                      Index stage) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  Value memory = operand.get();
  // Neighbouring threads load neighbours.
  nvptx::Multiples multiples;
  bool alongElements =
      nvptx::accessOf(memory, map, lineLoop) != nvptx::Access::contiguous;
  int64_t lanes = 1, most = kCopyBytes / bytes();
  if (nvptx::accessOf(memory, map, elementLoop) == nvptx::Access::contiguous &&
      nvptx::hasAlignedRows(memory, most, multiples) && multiples.empty())
    lanes = most;
  int64_t across = elements / lanes, count = lines * across;
  int64_t pitch = elements + padding();
  auto known = gemm::known(end);
  bool whole = known && *known % lines == 0;
  for (int64_t start = 0; start < count; start += threads) {
    OpBuilder::InsertionGuard restore(e.b);
    Index number = e.add(thread, e.number(start));
    if (start + threads > count) {
      auto guard = scf::IfOp::create(e.b, loc, e.less(number, e.number(count)),
                                     /*withElse=*/false);
      e.b.setInsertionPointToStart(guard.thenBlock());
    }
    Index line = alongElements ? e.div(number, e.number(across))
                               : e.rem(number, e.number(lines));
    Index element = e.mul(alongElements ? e.rem(number, e.number(across))
                                        : e.div(number, e.number(lines)),
                          e.number(lanes));
    Value at = e.value(e.add(first, line));
    Value exists = whole ? Value() : e.less(at, end);
    position[lineLoop] = e.select(exists, at, e.number(0));
    position[elementLoop] = e.value(element);
    Value to =
        e.value(e.add(stage, e.add(e.mul(line, e.number(pitch)), element)));
    if (lanes > 1) {
      Value filled =
          exists ? e.select(exists, e.number(lanes), e.number(0)) : Value();
      nvgpu::DeviceAsyncCopyOp::create(
          e.b, loc, nvgpu::DeviceAsyncTokenType::get(e.b.getContext()), shared,
          to, memory, nvptx::indicesOf(e.b, loc, map, position),
          e.b.getIndexAttr(lanes), filled, e.b.getUnitAttr());
      continue;
    }
    auto load = [&]() {
      return nvptx::loadLanes(e.b, loc, memory, map, position, elementLoop, 1)
          .front();
    };
    Value loaded;
    if (exists) {
      auto guard = scf::IfOp::create(e.b, loc, attention.element, exists,
                                     /*withElse=*/true);
      OpBuilder::InsertionGuard inside(e.b);
      e.b.setInsertionPointToStart(guard.thenBlock());
      scf::YieldOp::create(e.b, loc, load());
      e.b.setInsertionPointToStart(guard.elseBlock());
      scf::YieldOp::create(e.b, loc, e.zero(attention.element));
      loaded = guard.getResult(0);
    } else {
      loaded = load();
    }
    memref::StoreOp::create(e.b, loc, loaded, shared, to);
  }
}

/// Starts to copy the keys and values of the columns from `first` on, if there
/// are any, to one of two places.
void Kernel::loadColumns(Value first, Index stage) {
  OpBuilder::InsertionGuard restore(e.b);
  if (Value exists = e.less(first, columnCount)) {
    auto guard = scf::IfOp::create(e.b, loc, exists, /*withElse=*/false);
    e.b.setInsertionPointToStart(guard.thenBlock());
  }
  Value zero = e.value(e.number(0));
  linalg::LinalgOp scores = attention.scores, output = attention.output;
  loadTile(scores, *attention.k,
           positionOf(scores, attention.scoreLoops, zero, zero),
           attention.scoreLoops.back(), attention.depthLoop, first, columnCount,
           columnsOfTile, depth, sharedK,
           e.mul(stage, e.number(columnsOfTile * depthPitch)));
  // What a weight of zero is multiplied with beyond is no number of any kind.
  loadTile(output, *attention.v,
           positionOf(output, attention.outputLoops, zero, zero),
           attention.outputLoops.back(), attention.valueLoop, first,
           columnCount, columnsOfTile, values, sharedV,
           e.mul(stage, e.number(columnsOfTile * valuePitch)));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// tf32 has 13 bits less than f32; adding half of the last that it has rounds.
Split Kernel::split(ArrayRef<Value> registers) {
  Type i32 = e.b.getI32Type(), f32 = e.b.getF32Type();
  auto count = static_cast<int64_t>(registers.size());
  auto build = [&](ValueRange elements) -> Value {
    return vector::FromElementsOp::create(
        e.b, loc, VectorType::get({count, 1}, f32), elements);
  };
  Value half = arith::ConstantIntOp::create(e.b, loc, i32, 1 << 12);
  Value mask = arith::ConstantIntOp::create(e.b, loc, i32, -(1 << 13));
  Values high, low;
  for (Value x : registers) {
    Value bits = arith::BitcastOp::create(e.b, loc, i32, x);
    bits = arith::AddIOp::create(e.b, loc, bits, half);
    bits = arith::AndIOp::create(e.b, loc, bits, mask);
    high.push_back(arith::BitcastOp::create(e.b, loc, f32, bits));
    low.push_back(arith::SubFOp::create(e.b, loc, x, high.back()));
  }
  return {build(high), build(low)};
}

Tile Kernel::multiply(const Split &a, const Split &b, Tile sum) {
  auto mma = [&](Value x, Value y, Value z) -> Value {
    return nvgpu::MmaSyncOp::create(
        e.b, loc, x, y, z,
        ArrayRef<int64_t>{kAtomRows, kAtomColumns, kFloatDepth},
        /*tf32Enabled=*/true);
  };
  // The smallest first.
  sum = mma(a.low, b.high, sum);
  sum = mma(a.high, b.low, sum);
  return mma(a.high, b.high, sum);
}

/// The scores of the warp's rows and the columns in shared memory.
SmallVector<Tile> Kernel::computeScores(Index stage) {
  auto type = VectorType::get({2, 2}, e.b.getF32Type());
  SmallVector<Tile> tiles(columnTiles(), e.zero(type));
  Index stageLine = e.mul(stage, e.number(columnsOfTile));
  auto load = [&](Value memory, Index line, Index element) -> Value {
    return memref::LoadOp::create(e.b, loc, memory,
                                  sharedAt(memory, depthPitch, line, element));
  };
  for (int64_t k = 0; k < depth; k += kFloatDepth) {
    Values q;
    Index near = e.add(quadColumn, e.number(k)),
          far = e.add(quadColumn, e.number(k + 4));
    Index top = e.add(warpRow, quadRow), bottom = e.add(top, e.number(8));
    for (Index element : {near, far})
      for (Index line : {top, bottom})
        q.push_back(load(sharedQ, line, element));
    Split left = split(q);
    for (auto [i, tile] : llvm::enumerate(tiles)) {
      Index line = e.add(
          stageLine,
          e.add(quadRow, e.number(static_cast<int64_t>(i) * kAtomColumns)));
      tile = multiply(
          left, split({load(sharedK, line, near), load(sharedK, line, far)}),
          tile);
    }
  }
  return tiles;
}

//===----------------------------------------------------------------------===//
// Products of halves
//===----------------------------------------------------------------------===//

/// Four matrices of 8x8 from shared memory: lines `line` and eight later, and
/// elements `element` and eight later; the lines change first or the elements.
Value Kernel::loadFragment(Value memory, int64_t pitch, Index start,
                           int64_t line, int64_t element, bool linesFirst,
                           bool transpose) {
  constexpr int64_t size = 8;
  Index matrix = e.div(lane, e.number(size));
  Index often = e.mul(e.rem(matrix, e.number(2)), e.number(size)),
        seldom = e.mul(e.div(matrix, e.number(2)), e.number(size));
  Index own = e.add(
      e.mul(e.add(e.rem(lane, e.number(size)), linesFirst ? often : seldom),
            e.number(pitch)),
      linesFirst ? seldom : often);
  Value at =
      e.value(e.add(e.add(start, own), e.number(line * pitch + element)));
  return nvgpu::LdMatrixOp::create(e.b, loc,
                                   VectorType::get({4, 2}, attention.element),
                                   memory, at, transpose, /*numTiles=*/4);
}

/// The right factors of two neighbouring atoms.
std::pair<Value, Value> Kernel::splitPair(Value fragments) {
  auto slice = [&](int64_t first) -> Value {
    return vector::ExtractStridedSliceOp::create(
        e.b, loc, fragments, ArrayRef<int64_t>{first}, ArrayRef<int64_t>{2},
        ArrayRef<int64_t>{1});
  };
  return {slice(0), slice(2)};
}

Tile Kernel::multiplyHalves(Value a, Value b, Tile sum) {
  return nvgpu::MmaSyncOp::create(
      e.b, loc, a, b, sum,
      ArrayRef<int64_t>{kAtomRows, kAtomColumns, kHalfDepth});
}

void Kernel::loadQueries() {
  for (int64_t group = 0; group < groups; ++group)
    for (int64_t k = 0; k < depth; k += kHalfDepth)
      queries.push_back(loadFragment(
          sharedQ, depthPitch, e.mul(warpRow, e.number(depthPitch)),
          group * kAtomRows, k, /*linesFirst=*/true, /*transpose=*/false));
}

SmallVector<Tile> Kernel::computeHalfScores(Index stage) {
  auto type = VectorType::get({2, 2}, e.b.getF32Type());
  SmallVector<Tile> tiles(groups * columnTiles(), e.zero(type));
  Index start = e.mul(stage, e.number(columnsOfTile * depthPitch));
  int64_t steps = depth / kHalfDepth;
  for (int64_t step = 0; step < steps; ++step)
    for (int64_t j = 0; j < columnTiles(); j += 2) {
      auto [left, right] = splitPair(loadFragment(
          sharedK, depthPitch, start, j * kAtomColumns, step * kHalfDepth,
          /*linesFirst=*/false, /*transpose=*/false));
      for (int64_t group = 0; group < groups; ++group) {
        Value q = queries[group * steps + step];
        Tile *tile = &tiles[group * columnTiles() + j];
        tile[0] = multiplyHalves(q, left, tile[0]);
        tile[1] = multiplyHalves(q, right, tile[1]);
      }
    }
  return tiles;
}

/// The weights of two neighbouring tiles of columns, as a left factor: what a
/// lane has of the tiles is what it has of that.
Value Kernel::halfWeights(ArrayRef<Values> weights, int64_t group,
                          int64_t tile) {
  auto pair = VectorType::get(2, e.b.getF32Type()),
       narrow = VectorType::get(2, attention.element);
  Value factor = e.zero(VectorType::get({4, 2}, attention.element));
  for (int64_t part = 0; part < 4; ++part) {
    const Values &row = weights[2 * group + part % 2];
    Value wide = vector::FromElementsOp::create(
        e.b, loc, pair, ArrayRef(row).slice(2 * (tile + part / 2), 2));
    factor = vector::InsertOp::create(
        e.b, loc, arith::TruncFOp::create(e.b, loc, narrow, wide), factor,
        part);
  }
  return factor;
}

void Kernel::addHalfProducts(State &state, ArrayRef<Values> weights,
                             Index stage) {
  Index start = e.mul(stage, e.number(columnsOfTile * valuePitch));
  for (int64_t j = 0; j < columnTiles(); j += 2) {
    Values factors;
    for (int64_t group = 0; group < groups; ++group)
      factors.push_back(halfWeights(weights, group, j));
    for (int64_t n = 0; n < valueTiles(); n += 2) {
      auto [left, right] = splitPair(loadFragment(
          sharedV, valuePitch, start, j * kAtomColumns, n * kAtomColumns,
          /*linesFirst=*/true, /*transpose=*/true));
      for (int64_t group = 0; group < groups; ++group) {
        Tile *tile = &state.output[group * valueTiles() + n];
        tile[0] = multiplyHalves(factors[group], left, tile[0]);
        tile[1] = multiplyHalves(factors[group], right, tile[1]);
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// The softmax
//===----------------------------------------------------------------------===//

/// What an op in between reads for a score, the lane's `number`-th of a row.
Value Kernel::loadBetween(linalg::LinalgOp op, OpOperand &operand,
                          Values position, unsigned half, int64_t number) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  unsigned row = attention.rank() - 2, column = attention.rank() - 1;
  auto place = [&](int64_t of) -> Value & {
    return loaded[{&operand,
                   lanesRows() * of + (map.isFunctionOfDim(row) ? half : 0)}];
  };
  if (Value known = place(number))
    return known;
  // Two neighbours at once, where rows are whole pairs.
  constexpr int64_t pair = 2;
  nvptx::Multiples multiples;
  bool both = number % pair == 0 &&
              nvptx::accessOf(operand.get(), map, column) ==
                  nvptx::Access::contiguous &&
              nvptx::hasAlignedRows(operand.get(), pair, multiples) &&
              multiples.empty();
  if (both)
    position[column] =
        e.value(e.min(position[column], e.sub(columnCount, e.number(pair))));
  Values values = nvptx::loadLanes(e.b, loc, operand.get(), map, position,
                                   column, both ? pair : 1);
  for (auto [i, value] : llvm::enumerate(values))
    place(number + static_cast<int64_t>(i)) = value;
  return place(number);
}

/// What the ops in between make of a score, the lane's `number`-th of a row.
Value Kernel::finishScore(Value score, Value row, Value column, unsigned half,
                          int64_t number) {
  llvm::DenseMap<Value, Value> held; // by buffer
  linalg::LinalgOp scores = attention.scores;
  held[scores.getDpsInits()[0]] = score;
  for (linalg::LinalgOp op : attention.between) {
    Values position(outer), arguments;
    position.append({row, column});
    for (OpOperand &operand : op->getOpOperands()) {
      if (!op.payloadUsesValueFromOperand(&operand)) {
        arguments.push_back({});
      } else if (Value value = held.lookup(operand.get())) {
        arguments.push_back(value);
      } else {
        arguments.push_back(loadBetween(op, operand, position, half, number));
      }
    }
    score = nvptx::inlineBody(e.b, op, position, arguments).front();
    held[op.getDpsInits()[0]] = score;
  }
  if (!score.getType().isF32())
    score = arith::ExtFOp::create(e.b, loc, e.b.getF32Type(), score);
  return score;
}

/// The largest, or the sum, over the four lanes that have a row.
Value Kernel::overQuad(Value value, bool largest) {
  for (int64_t mask : {1, 2}) {
    Value other = nvptx::shuffleXor(e.b, loc, value, mask);
    value = largest
                ? arith::MaximumFOp::create(e.b, loc, value, other).getResult()
                : arith::AddFOp::create(e.b, loc, value, other).getResult();
  }
  return value;
}

/// e^(x - less). Where the result is rounded to a half anyway, by the
/// instruction for powers of two.
Value Kernel::exponential(Value x, Value less, Value scaledLess) {
  if (!attention.isHalf())
    return math::ExpOp::create(e.b, loc,
                               arith::SubFOp::create(e.b, loc, x, less));
  Value power = math::FmaOp::create(
      e.b, loc, x, constant(llvm::numbers::log2ef), scaledLess);
  return math::Exp2Op::create(e.b, loc, power, arith::FastMathFlags::afn);
}

/// Adds what the columns from `first` on give.
void Kernel::addTile(State &state, Value first, Index stage) {
  SmallVector<Tile> tiles =
      attention.isHalf() ? computeHalfScores(stage) : computeScores(stage);
  loaded.clear();
  auto known = gemm::known(columnCount);
  bool ragged = !known || *known % columnsOfTile != 0;
  Value lowest = constant(-std::numeric_limits<float>::infinity());
  Value last = e.value(e.sub(columnCount, e.number(1)));
  // scores[row of the lane][2 * tile + i]
  SmallVector<Values> scores(lanesRows());
  for (int64_t j = 0; j < columnTiles(); ++j)
    for (int64_t i : {0, 1}) {
      Value column = e.value(e.add(e.add(first, e.mul(quadColumn, e.number(2))),
                                   e.number(j * kAtomColumns + i)));
      Value exists = ragged ? e.less(column, columnCount) : Value();
      Value inside = ragged ? e.value(e.min(column, last)) : column;
      for (unsigned half = 0; half < lanesRows(); ++half) {
        Value score = vector::ExtractOp::create(
            e.b, loc, tiles[half / 2 * columnTiles() + j],
            ArrayRef<int64_t>{half % 2, i});
        score = finishScore(score, clampedRows[half], inside, half, 2 * j + i);
        if (exists)
          score = arith::SelectOp::create(e.b, loc, exists, score, lowest);
        scores[half].push_back(score);
      }
    }
  Values scale;
  for (unsigned half = 0; half < lanesRows(); ++half) {
    Value largest = scores[half].front();
    for (Value score : ArrayRef(scores[half]).drop_front())
      largest = arith::MaximumFOp::create(e.b, loc, largest, score);
    largest = arith::MaximumFOp::create(e.b, loc, state.largest[half],
                                        overQuad(largest, /*largest=*/true));
    // As long as all scores of a row are -inf, nothing is added: that they all
    // are shows in a sum of zero.
    Value none = arith::CmpFOp::create(e.b, loc, arith::CmpFPredicate::OEQ,
                                       largest, lowest);
    Value less = arith::SelectOp::create(e.b, loc, none, constant(0), largest);
    Value scaledLess =
        arith::MulFOp::create(e.b, loc, less, constant(-llvm::numbers::log2ef));
    scale.push_back(exponential(state.largest[half], less, scaledLess));
    state.largest[half] = largest;
    Value sum = arith::MulFOp::create(e.b, loc, state.sum[half], scale[half]);
    for (Value &score : scores[half]) {
      score = exponential(score, less, scaledLess);
      sum = arith::AddFOp::create(e.b, loc, sum, score);
    }
    state.sum[half] = sum;
  }
  auto type = VectorType::get({2, 2}, e.b.getF32Type());
  for (int64_t group = 0; group < groups; ++group) {
    Value top = scale[2 * group], bottom = scale[2 * group + 1];
    Value scales = vector::FromElementsOp::create(
        e.b, loc, type, ValueRange{top, top, bottom, bottom});
    for (int64_t n = 0; n < valueTiles(); ++n) {
      Tile &tile = state.output[group * valueTiles() + n];
      tile = arith::MulFOp::create(e.b, loc, tile, scales);
    }
  }
  if (attention.isHalf())
    addHalfProducts(state, scores, stage);
  else
    addProducts(state, scores, stage);
}

void Kernel::addProducts(State &state, ArrayRef<Values> weights, Index stage) {
  Index stageLine = e.mul(stage, e.number(columnsOfTile));
  // A lane has two neighbouring columns of a score's row, where a factor has
  // the columns t and t + 4: they are added up in that order, of both factors.
  for (int64_t j = 0; j < columnTiles(); ++j) {
    Split left = split({weights[0][2 * j], weights[1][2 * j],
                        weights[0][2 * j + 1], weights[1][2 * j + 1]});
    Index line = e.add(stageLine, e.add(e.mul(quadColumn, e.number(2)),
                                        e.number(j * kFloatDepth)));
    for (auto [n, tile] : llvm::enumerate(state.output)) {
      Index element =
          e.add(quadRow, e.number(static_cast<int64_t>(n) * kAtomColumns));
      Values right;
      for (int64_t next : {0, 1})
        right.push_back(memref::LoadOp::create(
            e.b, loc, sharedV,
            sharedAt(sharedV, valuePitch, e.add(line, e.number(next)),
                     element)));
      tile = multiply(left, split(right), tile);
    }
  }
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

/// Writes two neighbouring elements of the result, after the epilogue.
void Kernel::write(ValueRange pair, Value row, Value element) {
  linalg::LinalgOp output = attention.output, last = attention.last();
  Values position =
      positionOf(output, attention.outputLoops, row, e.value(e.number(0)));
  position[attention.valueLoop] = element;
  unsigned lane = attention.valueLoop;
  if (attention.epilogue) {
    AffineMap read = last.getMatchingIndexingMap(attention.epilogue);
    AffineMap made = output.getMatchingIndexingMap(output.getDpsInitOperand(0));
    Values at(last.getNumLoops());
    for (unsigned i : llvm::seq(made.getNumResults())) {
      at[read.getDimPosition(i)] = position[made.getDimPosition(i)];
      if (made.getDimPosition(i) == attention.valueLoop)
        lane = read.getDimPosition(i);
    }
    position = at;
  }
  auto lanesOf = [&](OpOperand &operand) {
    nvptx::Multiples multiples;
    AffineMap map = last.getMatchingIndexingMap(&operand);
    bool together = nvptx::accessOf(operand.get(), map, lane) !=
                        nvptx::Access::contiguous ||
                    (nvptx::hasAlignedRows(operand.get(), 2, multiples) &&
                     multiples.empty());
    return together ? 2 : 1;
  };
  Values results(pair);
  if (attention.epilogue) {
    SmallVector<Values> operands;
    for (OpOperand &operand : last->getOpOperands()) {
      Values &loaded = operands.emplace_back();
      if (&operand == attention.epilogue) {
        loaded = Values(pair);
      } else if (last.payloadUsesValueFromOperand(&operand)) {
        int64_t lanes = lanesOf(operand);
        for (int64_t i = 0; i < 2; i += lanes)
          llvm::append_range(
              loaded,
              nvptx::loadLanes(e.b, loc, operand.get(),
                               last.getMatchingIndexingMap(&operand),
                               nvptx::moved(e.b, loc, position, lane, i), lane,
                               lanes));
      }
    }
    for (int64_t i : {0, 1}) {
      Values arguments = llvm::map_to_vector(operands, [&](const Values &both) {
        return both.empty() ? Value() : both[i];
      });
      results[i] = nvptx::inlineBody(e.b, last,
                                     nvptx::moved(e.b, loc, position, lane, i),
                                     arguments)
                       .front();
    }
  }
  OpOperand *out = last.getDpsInitOperand(0);
  AffineMap map = last.getMatchingIndexingMap(out);
  int64_t lanes = lanesOf(*out);
  for (int64_t i = 0; i < 2; i += lanes)
    nvptx::storeLanes(e.b, loc, ValueRange(results).slice(i, lanes), out->get(),
                      map, nvptx::moved(e.b, loc, position, lane, i), lane);
}

void Kernel::store(const State &state) {
  for (unsigned half = 0; half < lanesRows(); ++half) {
    Value sum = overQuad(state.sum[half], /*largest=*/false);
    Value inverse = arith::DivFOp::create(e.b, loc, constant(1), sum);
    Value none; // whether all weights are 0
    // Without columns nothing is added up, and there is nothing wrong with it.
    auto known = gemm::known(columnCount);
    if (!known || *known == 0)
      none = arith::CmpIOp::create(e.b, loc, arith::CmpIPredicate::eq,
                                   columnCount, e.value(e.number(0)));
    if (attention.zeroForNaN) {
      Value noNumber = arith::CmpFOp::create(
          e.b, loc, arith::CmpFPredicate::UEQ, sum, constant(0));
      none = noNumber; // so is a sum of nothing
    }
    OpBuilder::InsertionGuard restore(e.b);
    if (Value exists = e.less(rows[half], rowCount)) {
      auto guard = scf::IfOp::create(e.b, loc, exists, /*withElse=*/false);
      e.b.setInsertionPointToStart(guard.thenBlock());
    }
    for (int64_t n = 0; n < valueTiles(); ++n) {
      Tile tile = state.output[half / 2 * valueTiles() + n];
      Values pair;
      for (int64_t i : {0, 1}) {
        Value element = arith::MulFOp::create(
            e.b, loc,
            vector::ExtractOp::create(e.b, loc, tile,
                                      ArrayRef<int64_t>{half % 2, i}),
            inverse);
        if (none)
          element =
              arith::SelectOp::create(e.b, loc, none, constant(0), element);
        pair.push_back(element);
      }
      write(pair, rows[half],
            e.value(e.add(e.mul(quadColumn, e.number(2)),
                          e.number(n * kAtomColumns))));
    }
  }
}

void Kernel::create() {
  Index tiles = e.ceilDiv(rowCount, e.number(blockRows));
  Index blocks = e.mul(nvptx::product(e.b, loc, outerSizes), tiles);
  constexpr int64_t stages = 2;
  int64_t sizeQ = blockRows * depthPitch,
          sizeK = stages * columnsOfTile * depthPitch,
          sizeV = stages * columnsOfTile * valuePitch;
  OpBuilder::InsertionGuard restore(e.b);
  gpu::LaunchOp launch =
      gemm::beginLaunch(e, blocks, threads, (sizeQ + sizeK + sizeV) * bytes());
  Type f32 = e.b.getF32Type();
  sharedQ = gemm::sharedView(e, attention.element, sizeQ, 0);
  sharedK = gemm::sharedView(e, attention.element, sizeK, sizeQ * bytes());
  sharedV =
      gemm::sharedView(e, attention.element, sizeV, (sizeQ + sizeK) * bytes());

  thread = launch.getThreadIds().x;
  lane = e.value(e.rem(thread, e.number(kWarp)));
  quadRow = e.value(e.div(lane, e.number(4)));
  quadColumn = e.value(e.rem(lane, e.number(4)));
  warpRow = e.value(
      e.mul(e.div(thread, e.number(kWarp)), e.number(groups * kAtomRows)));
  Index block = launch.getBlockIds().x;
  outer =
      nvptx::delinearize(e.b, loc, e.value(e.div(block, tiles)), outerSizes);
  firstRow = e.value(e.mul(e.rem(block, tiles), e.number(blockRows)));
  Value lastRow = e.value(e.sub(rowCount, e.number(1)));
  for (unsigned half = 0; half < lanesRows(); ++half) {
    rows.push_back(e.value(
        e.add(e.add(firstRow, e.add(warpRow, quadRow)), e.number(8 * half))));
    clampedRows.push_back(e.value(e.min(rows[half], lastRow)));
  }

  Value zero = e.value(e.number(0));
  linalg::LinalgOp scores = attention.scores;
  ArrayRef<unsigned> loops = attention.scoreLoops;
  loadTile(scores, *attention.q, positionOf(scores, loops, zero, zero),
           loops.end()[-2], attention.depthLoop, firstRow, rowCount, blockRows,
           depth, sharedQ, e.number(0));
  NVVM::CpAsyncCommitGroupOp::create(e.b, loc);
  loadColumns(zero, e.number(0));
  NVVM::CpAsyncCommitGroupOp::create(e.b, loc);
  if (attention.isHalf()) {
    // They stay in registers.
    NVVM::CpAsyncWaitGroupOp::create(e.b, loc, 1);
    gpu::BarrierOp::create(e.b, loc);
    loadQueries();
  }
  State start;
  start.largest.assign(lanesRows(),
                       constant(-std::numeric_limits<float>::infinity()));
  start.sum.assign(lanesRows(), constant(0));
  start.output.assign(groups * valueTiles(),
                      e.zero(VectorType::get({2, 2}, f32)));
  Values initial = start.flat();
  initial.push_back(zero);
  Value step = e.value(e.number(columnsOfTile));
  auto loop = scf::ForOp::create(e.b, loc, zero, columnCount, step, initial);
  {
    OpBuilder::InsertionGuard inside(e.b);
    e.b.setInsertionPointToStart(loop.getBody());
    Value first = loop.getInductionVar(),
          stage = loop.getRegionIterArgs().back();
    Value next = e.value(e.sub(e.number(1), stage));
    // The columns are there once all threads' copies are, and nobody still
    // reads those whose place the next are copied to.
    NVVM::CpAsyncWaitGroupOp::create(e.b, loc, 0);
    gpu::BarrierOp::create(e.b, loc);
    loadColumns(e.value(e.add(first, step)), next);
    NVVM::CpAsyncCommitGroupOp::create(e.b, loc);
    State state = stateFrom(ValueRange(loop.getRegionIterArgs()).drop_back());
    addTile(state, first, stage);
    Values results = state.flat();
    results.push_back(next);
    scf::YieldOp::create(e.b, loc, results);
  }
  store(stateFrom(loop.getResults().drop_back()));
}

void rac::attention::emitAttention(const Attention &attention) {
  linalg::LinalgOp output = attention.output, last = attention.last();
  OpBuilder builder(last);
  Kernel(builder, attention).create();
  SmallVector<linalg::LinalgOp> made = {attention.scores, attention.maximum,
                                        attention.exponentials, attention.sum,
                                        attention.weights};
  llvm::append_range(made, attention.between);
  llvm::SmallSetVector<Value, 8> buffers;
  for (linalg::LinalgOp op : made)
    buffers.insert(op.getDpsInits()[0]);
  if (attention.epilogue) {
    buffers.insert(output.getDpsInits()[0]);
    last->erase();
  }
  made.push_back(output);
  for (linalg::LinalgOp op : made)
    op->erase();
  for (linalg::FillOp fill : attention.fills)
    fill->erase();
  for (Value buffer : buffers)
    if (buffer.use_empty())
      buffer.getDefiningOp()->erase();
}
