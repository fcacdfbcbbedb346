//===- Kernel.cpp - The kernel of softmax(f(q k)) v -----------------------===//

#include "../Gemm/Stage.h"
#include "../Launch.h"
#include "WarpgroupKernel.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace rac;
using namespace rac::attention;
using gemm::Index;
using nvptx::Values;

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

bool rac::attention::readsBetween(const Attention &attention) {
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

/// For warps that multiply by themselves.
Kernel::Shape Kernel::chooseShape(const Attention &attention) {
  // Long vectors take the registers that more columns, or rows, would.
  constexpr int64_t few = 32, many = 64, shortVector = 64;
  bool isShort = std::max(attention.depth, attention.values) <= shortVector;
  // Halves have 128 rows of a block, so that keys and values are read as seldom
  // as they are multiplied fast.
  constexpr int64_t some = 4;
  bool half = attention.isHalf();
  int64_t groups = half && isShort && !readsBetween(attention) ? 2 : 1;
  return {half && groups == 1 ? 2 * some : some, groups,
          isShort || half ? many : few};
}

Kernel::Kernel(OpBuilder &builder, const Attention &attention)
    : Kernel(builder, attention, chooseShape(attention)) {}

Kernel::Kernel(OpBuilder &builder, const Attention &attention,
               const Shape &shape)
    : attention(attention),
      e{builder, linalg::LinalgOp(attention.output).getLoc()}, loc(e.loc),
      columnsOfTile(shape.columns), depth(attention.depth),
      values(attention.values), warps(shape.warps), groups(shape.groups),
      threads(shape.warps * kWarp) {
  depthPitch = depth + padding();
  valuePitch = values + padding();
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
    e.enter(e.less(rows[half], rowCount));
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

/// Finds the thread's rows, of which each block has some. Of a causal attention
/// those that take longest are the first.
void Kernel::findRows(gpu::LaunchOp launch, Index tiles) {
  thread = launch.getThreadIds().x;
  lane = e.value(e.rem(thread, e.number(kWarp)));
  quadRow = e.value(e.div(lane, e.number(4)));
  quadColumn = e.value(e.rem(lane, e.number(4)));
  warpRow = e.value(
      e.mul(e.div(thread, e.number(kWarp)), e.number(groups * kAtomRows)));
  Index block = launch.getBlockIds().x;
  outer =
      nvptx::delinearize(e.b, loc, e.value(e.div(block, tiles)), outerSizes);
  Index tile = e.rem(block, tiles);
  if (attention.causal)
    tile = e.sub(e.sub(tiles, e.number(1)), tile);
  firstRow = e.value(e.mul(tile, e.number(blockRows)));
  Value lastRow = e.value(e.sub(rowCount, e.number(1)));
  for (unsigned half = 0; half < lanesRows(); ++half) {
    rows.push_back(e.value(
        e.add(e.add(firstRow, e.add(warpRow, quadRow)), e.number(8 * half))));
    clampedRows.push_back(e.value(e.min(rows[half], lastRow)));
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

  findRows(launch, tiles);

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

void rac::attention::emitAttention(const Attention &attention,
                                   const gemm::TileLimits &limits,
                                   std::optional<WarpgroupTile> planned) {
  linalg::LinalgOp output = attention.output, last = attention.last();
  OpBuilder builder(last);
  if (std::optional<WarpgroupTile> tile =
          WarpgroupKernel::chooseTile(attention, limits, planned))
    WarpgroupKernel(builder, attention, *tile).create();
  else
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
