//===- Kernel.cpp - The kernel of softmax(f(q k)) v -----------------------===//

#include "../Gemm/Emit.h"
#include "../Gemm/Stage.h"
#include "../Launch.h"
#include "../Rows/Combiner.h"
#include "../Rows/LaneBody.h"
#include "Attention.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace rac;
using namespace rac::attention;
using gemm::Emit;
using gemm::Index;
using nvptx::Values;

namespace {

constexpr int64_t kWarp = 32;
constexpr int64_t kWarps = 4; ///< of a block, each with its own rows
constexpr int64_t kThreads = kWarps * kWarp;
/// The products that tensor cores do at once: rows, columns, depth.
constexpr int64_t kAtomRows = 16, kAtomColumns = 8, kAtomDepth = 8;
constexpr int64_t kRows = kWarps * kAtomRows; ///< of a block
/// Elements beyond a line in shared memory: lanes that load together, eight
/// lines and four neighbours or the other way round, then use different banks.
constexpr int64_t kPadding = 4;

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
  /// What goes from one tile of columns to the next: of both rows of a lane the
  /// largest score and the sum, and the output's tiles.
  struct State {
    Value largest[2], sum[2];
    SmallVector<Tile> output;
    Values flat() const;
    static State from(ValueRange values);
  };

  Value constant(float value) {
    return arith::ConstantOp::create(e.b, loc, e.b.getF32FloatAttr(value));
  }
  Values positionOf(linalg::LinalgOp op, ArrayRef<unsigned> loops, Value row,
                    Value column);
  void loadTile(linalg::LinalgOp op, OpOperand &operand, Values position,
                unsigned lineLoop, unsigned elementLoop, Value first, Value end,
                int64_t lines, int64_t elements, Value shared, bool zeros);
  Split split(ArrayRef<Value> registers);
  Tile multiply(const Split &a, const Split &b, Tile sum);
  Value sharedAt(Value memory, int64_t pitch, Index line, Index element);
  SmallVector<Tile> computeScores();
  Value finishScore(Value score, Value row, Value column, unsigned half,
                    int64_t number);
  void addTile(State &state, Value first);
  Value overQuad(Value value, bool largest);
  void write(ValueRange pair, Value row, Value element);
  void store(const State &state);

  const Attention &attention;
  Emit e;
  Location loc;
  int64_t columnsOfTile, depth, values, depthPitch, valuePitch;
  Values outerSizes;
  Value rowCount, columnCount;

  // In the kernel:
  Values outer;
  Value thread, lane, quadRow, quadColumn; ///< the lane's place in an atom
  Value firstRow;                          ///< of the block
  Value rows[2], clampedRows[2];           ///< of the lane
  Value warpRow;                           ///< in the block
  Value sharedQ, sharedK, sharedV;
  /// What was loaded for one tile of scores, by operand and place.
  llvm::DenseMap<std::pair<OpOperand *, int64_t>, Value> loaded;
};

} // namespace

Values Kernel::State::flat() const {
  Values all = {largest[0], largest[1], sum[0], sum[1]};
  llvm::append_range(all, output);
  return all;
}

Kernel::State Kernel::State::from(ValueRange values) {
  State state{{values[0], values[1]}, {values[2], values[3]}, {}};
  llvm::append_range(state.output, values.drop_front(4));
  return state;
}

Kernel::Kernel(OpBuilder &builder, const Attention &attention)
    : attention(attention),
      e{builder, linalg::LinalgOp(attention.output).getLoc()}, loc(e.loc),
      depth(attention.depth), values(attention.values),
      depthPitch(depth + kPadding), valuePitch(values + kPadding) {
  // Long vectors take the registers that more columns would.
  constexpr int64_t few = 32, many = 64, shortVector = 64;
  columnsOfTile = std::max(depth, values) <= shortVector ? many : few;
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

/// Copies `lines` of an operand from `first` on, of which there are `end`;
/// beyond, the last one again, or zeros.
void Kernel::loadTile(linalg::LinalgOp op, OpOperand &operand, Values position,
                      unsigned lineLoop, unsigned elementLoop, Value first,
                      Value end, int64_t lines, int64_t elements, Value shared,
                      bool zeros) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  // Neighbouring threads load neighbours.
  nvptx::Multiples multiples;
  bool alongElements = nvptx::accessOf(operand.get(), map, lineLoop) !=
                       nvptx::Access::contiguous;
  int64_t lanes = 1;
  constexpr int64_t most = 4;
  if (nvptx::accessOf(operand.get(), map, elementLoop) ==
          nvptx::Access::contiguous &&
      nvptx::hasAlignedRows(operand.get(), most, multiples) &&
      multiples.empty())
    lanes = most;
  int64_t across = elements / lanes, count = lines * across;
  int64_t pitch = elements + kPadding;
  Value last = e.value(e.sub(end, e.number(1)));
  for (int64_t start = 0; start < count; start += kThreads) {
    OpBuilder::InsertionGuard restore(e.b);
    Index number = e.add(thread, e.number(start));
    if (start + kThreads > count) {
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
    Value exists = e.less(at, end);
    position[lineLoop] = e.value(e.min(at, last));
    position[elementLoop] = e.value(element);
    Values loaded = nvptx::loadLanes(e.b, loc, operand.get(), map, position,
                                     elementLoop, lanes);
    if (zeros)
      for (Value &value : loaded)
        value = arith::SelectOp::create(e.b, loc, exists, value, constant(0));
    Value to = sharedAt(shared, pitch, line, element);
    if (lanes == 1) {
      memref::StoreOp::create(e.b, loc, loaded[0], shared, to);
      continue;
    }
    Value vector = vector::FromElementsOp::create(
        e.b, loc, VectorType::get(lanes, e.b.getF32Type()), loaded);
    vector::StoreOp::create(e.b, loc, vector, shared, to, /*nontemporal=*/false,
                            llvm::MaybeAlign(16));
  }
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
        ArrayRef<int64_t>{kAtomRows, kAtomColumns, kAtomDepth},
        /*tf32Enabled=*/true);
  };
  // The smallest first.
  sum = mma(a.low, b.high, sum);
  sum = mma(a.high, b.low, sum);
  return mma(a.high, b.high, sum);
}

/// The scores of the warp's rows and the columns in shared memory.
SmallVector<Tile> Kernel::computeScores() {
  auto type = VectorType::get({2, 2}, e.b.getF32Type());
  SmallVector<Tile> tiles(columnsOfTile / kAtomColumns, e.zero(type));
  auto load = [&](Value memory, Index line, Index element) -> Value {
    return memref::LoadOp::create(e.b, loc, memory,
                                  sharedAt(memory, depthPitch, line, element));
  };
  for (int64_t k = 0; k < depth; k += kAtomDepth) {
    Values q;
    Index near = e.add(quadColumn, e.number(k)),
          far = e.add(quadColumn, e.number(k + 4));
    Index top = e.add(warpRow, quadRow), bottom = e.add(top, e.number(8));
    for (Index element : {near, far})
      for (Index line : {top, bottom})
        q.push_back(load(sharedQ, line, element));
    Split left = split(q);
    for (auto [i, tile] : llvm::enumerate(tiles)) {
      Index line =
          e.add(quadRow, e.number(static_cast<int64_t>(i) * kAtomColumns));
      tile = multiply(
          left, split({load(sharedK, line, near), load(sharedK, line, far)}),
          tile);
    }
  }
  return tiles;
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
    unsigned rowLoop = attention.rank() - 2;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!op.payloadUsesValueFromOperand(&operand)) {
        arguments.push_back({});
      } else if (Value value = held.lookup(operand.get())) {
        arguments.push_back(value);
      } else {
        AffineMap map = op.getMatchingIndexingMap(&operand);
        bool ofRow = map.isFunctionOfDim(rowLoop);
        Value &known = loaded[{&operand, 2 * number + (ofRow ? half : 0)}];
        if (!known)
          known = nvptx::loadLanes(e.b, loc, operand.get(), map, position,
                                   std::nullopt, 1)
                      .front();
        arguments.push_back(known);
      }
    }
    score = nvptx::inlineBody(e.b, op, position, arguments).front();
    held[op.getDpsInits()[0]] = score;
  }
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

/// Adds what the columns from `first` on give.
void Kernel::addTile(State &state, Value first) {
  SmallVector<Tile> tiles = computeScores();
  loaded.clear();
  auto known = gemm::known(columnCount);
  bool ragged = !known || *known % columnsOfTile != 0;
  Value lowest = constant(-std::numeric_limits<float>::infinity());
  Value last = e.value(e.sub(columnCount, e.number(1)));
  // scores[half][2 * tile + i]
  Values scores[2];
  for (auto [j, tile] : llvm::enumerate(tiles))
    for (int64_t i : {0, 1}) {
      auto number = 2 * static_cast<int64_t>(j) + i;
      Value column =
          e.value(e.add(e.add(first, e.mul(quadColumn, e.number(2))),
                        e.number(static_cast<int64_t>(j) * kAtomColumns + i)));
      Value exists = ragged ? e.less(column, columnCount) : Value();
      Value inside = ragged ? e.value(e.min(column, last)) : column;
      for (unsigned half : {0, 1}) {
        Value score = vector::ExtractOp::create(e.b, loc, tile,
                                                ArrayRef<int64_t>{half, i});
        score = finishScore(score, clampedRows[half], inside, half, number);
        if (exists)
          score = arith::SelectOp::create(e.b, loc, exists, score, lowest);
        scores[half].push_back(score);
      }
    }
  Value scale[2];
  for (unsigned half : {0, 1}) {
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
    auto exponential = [&](Value x) -> Value {
      return math::ExpOp::create(e.b, loc,
                                 arith::SubFOp::create(e.b, loc, x, less));
    };
    scale[half] = exponential(state.largest[half]);
    state.largest[half] = largest;
    Value sum = arith::MulFOp::create(e.b, loc, state.sum[half], scale[half]);
    for (Value &score : scores[half]) {
      score = exponential(score);
      sum = arith::AddFOp::create(e.b, loc, sum, score);
    }
    state.sum[half] = sum;
  }
  auto type = VectorType::get({2, 2}, e.b.getF32Type());
  Value scales = vector::FromElementsOp::create(
      e.b, loc, type, ValueRange{scale[0], scale[0], scale[1], scale[1]});
  for (Tile &tile : state.output)
    tile = arith::MulFOp::create(e.b, loc, tile, scales);
  // A lane has two neighbouring columns of a score's row, where a factor has
  // the columns t and t + 4: they are added up in that order, of both factors.
  for (size_t j = 0; j < tiles.size(); ++j) {
    Split left = split({scores[0][2 * j], scores[1][2 * j],
                        scores[0][2 * j + 1], scores[1][2 * j + 1]});
    Index line = e.add(e.mul(quadColumn, e.number(2)),
                       e.number(static_cast<int64_t>(j) * kAtomDepth));
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
  for (unsigned half : {0, 1}) {
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
    for (auto [n, tile] : llvm::enumerate(state.output)) {
      Values pair;
      for (int64_t i : {0, 1}) {
        Value element = arith::MulFOp::create(
            e.b, loc,
            vector::ExtractOp::create(e.b, loc, tile,
                                      ArrayRef<int64_t>{half, i}),
            inverse);
        if (none)
          element =
              arith::SelectOp::create(e.b, loc, none, constant(0), element);
        pair.push_back(element);
      }
      write(pair, rows[half],
            e.value(e.add(e.mul(quadColumn, e.number(2)),
                          e.number(static_cast<int64_t>(n) * kAtomColumns))));
    }
  }
}

void Kernel::create() {
  Index tiles = e.ceilDiv(rowCount, e.number(kRows));
  Index blocks = e.mul(nvptx::product(e.b, loc, outerSizes), tiles);
  int64_t sizeQ = kRows * depthPitch, sizeK = columnsOfTile * depthPitch,
          sizeV = columnsOfTile * valuePitch;
  constexpr int64_t bytes = 4;
  OpBuilder::InsertionGuard restore(e.b);
  gpu::LaunchOp launch =
      gemm::beginLaunch(e, blocks, kThreads, (sizeQ + sizeK + sizeV) * bytes);
  Type f32 = e.b.getF32Type();
  sharedQ = gemm::sharedView(e, f32, sizeQ, 0);
  sharedK = gemm::sharedView(e, f32, sizeK, sizeQ * bytes);
  sharedV = gemm::sharedView(e, f32, sizeV, (sizeQ + sizeK) * bytes);

  thread = launch.getThreadIds().x;
  lane = e.value(e.rem(thread, e.number(kWarp)));
  quadRow = e.value(e.div(lane, e.number(4)));
  quadColumn = e.value(e.rem(lane, e.number(4)));
  warpRow = e.value(e.mul(e.div(thread, e.number(kWarp)), e.number(kAtomRows)));
  Index block = launch.getBlockIds().x;
  outer =
      nvptx::delinearize(e.b, loc, e.value(e.div(block, tiles)), outerSizes);
  firstRow = e.value(e.mul(e.rem(block, tiles), e.number(kRows)));
  Value lastRow = e.value(e.sub(rowCount, e.number(1)));
  for (unsigned half : {0, 1}) {
    rows[half] = e.value(
        e.add(e.add(firstRow, e.add(warpRow, quadRow)), e.number(8 * half)));
    clampedRows[half] = e.value(e.min(rows[half], lastRow));
  }

  Value zero = e.value(e.number(0));
  linalg::LinalgOp scores = attention.scores, output = attention.output;
  ArrayRef<unsigned> loops = attention.scoreLoops;
  Values position = positionOf(scores, loops, zero, zero);
  loadTile(scores, *attention.q, position, loops.end()[-2], attention.depthLoop,
           firstRow, rowCount, kRows, depth, sharedQ,
           /*zeros=*/false);
  State start;
  for (unsigned half : {0, 1}) {
    start.largest[half] = constant(-std::numeric_limits<float>::infinity());
    start.sum[half] = constant(0);
  }
  start.output.assign(values / kAtomColumns,
                      e.zero(VectorType::get({2, 2}, f32)));
  auto loop =
      scf::ForOp::create(e.b, loc, zero, columnCount,
                         e.value(e.number(columnsOfTile)), start.flat());
  {
    OpBuilder::InsertionGuard inside(e.b);
    e.b.setInsertionPointToStart(loop.getBody());
    Value first = loop.getInductionVar();
    loadTile(scores, *attention.k, position, loops.back(), attention.depthLoop,
             first, columnCount, columnsOfTile, depth, sharedK,
             /*zeros=*/false);
    // What a weight of zero is multiplied with there is no number of any kind.
    loadTile(output, *attention.v,
             positionOf(output, attention.outputLoops, zero, zero),
             attention.outputLoops.back(), attention.valueLoop, first,
             columnCount, columnsOfTile, values, sharedV, /*zeros=*/true);
    gpu::BarrierOp::create(e.b, loc);
    State state = State::from(loop.getRegionIterArgs());
    addTile(state, first);
    gpu::BarrierOp::create(e.b, loc);
    scf::YieldOp::create(e.b, loc, state.flat());
  }
  store(State::from(loop.getResults()));
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
