//===- WarpgroupKernel.cpp - The kernel where four warps multiply ---------===//

#include "WarpgroupKernel.h"
#include "../Gemm/Stage.h"
#include "../Launch.h"
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
using namespace rac::gemm;
using nvptx::Values;

/// Elements of 16 bits that a line has.
constexpr int64_t kLineElements = kSwizzledLine / 2;

// A lane has, of each eight columns, two neighbours in two rows eight apart.
static unsigned rowOf(size_t number) { return number / 2 % 2; }
static int64_t columnOfNumber(int64_t number) {
  return number / 4 * kAtomColumns + number % 2;
}

/// A vector has so many lines, each in a block of its own.
int64_t WarpgroupKernel::lineBlocks(int64_t elements) {
  return llvm::divideCeil(elements, kLineElements);
}

int64_t WarpgroupKernel::sharedBytes(const Attention &attention,
                                     const WarpgroupTile &tile) {
  int64_t query = lineBlocks(attention.depth) * kSwizzledLine,
          value = lineBlocks(attention.values) * kSwizzledLine;
  return tile.rows * query + tile.stages * tile.columns * (query + value) +
         kSwizzledTile;
}

/// Registers of a thread: two rows' scores, weights and sums, and what
/// addresses and the like take.
static int64_t registersOf(const Attention &attention,
                           const WarpgroupTile &tile) {
  constexpr int64_t others = 56;
  return tile.columns / 2 + tile.columns / 4 + attention.values / 2 + others;
}

/// Those that a thread has, if a multiprocessor is to run so many blocks.
static int64_t registersFor(int64_t threads, int64_t blocks) {
  constexpr int64_t all = 65536, most = 255, step = 8;
  return std::min(most, all / (threads * blocks) / step * step);
}

/// Blocks that a multiprocessor is to run at once: two where they nearly fit.
/// What masks a causal attention takes more.
static int64_t blocksTogether(const Attention &attention,
                              const WarpgroupTile &tile, int64_t threads,
                              int64_t sharedBytes) {
  constexpr int64_t slack = 8, shared = 227 << 10;
  return !attention.causal && 2 * sharedBytes <= shared &&
                 registersOf(attention, tile) <=
                     registersFor(threads, 2) + slack
             ? 2
             : 1;
}

/// Whether a vector's elements are next to each other, from a multiple of 16
/// bytes on.
static bool isAligned(linalg::LinalgOp op, OpOperand *operand, unsigned loop) {
  nvptx::Multiples multiples;
  return nvptx::accessOf(operand->get(), op.getMatchingIndexingMap(operand),
                         loop) == nvptx::Access::contiguous &&
         nvptx::hasAlignedRows(operand->get(), kCopyBytes / 2, multiples) &&
         multiples.empty();
}

std::optional<WarpgroupTile>
WarpgroupKernel::chooseTile(const Attention &attention,
                            const TileLimits &limits,
                            std::optional<WarpgroupTile> planned) {
  // What is read for each score takes the registers that it would need.
  if (!limits.warpgroups || !attention.isHalf() || readsBetween(attention) ||
      !isAligned(attention.scores, attention.q, attention.depthLoop) ||
      !isAligned(attention.scores, attention.k, attention.depthLoop) ||
      !isAligned(attention.output, attention.v, attention.valueLoop))
    return std::nullopt;
  auto isPossible = [&](const WarpgroupTile &tile) {
    constexpr int64_t mostGroups = 3, mostColumns = 256;
    return tile.rows > 0 && tile.rows % kGroupRows == 0 &&
           tile.rows <= mostGroups * kGroupRows && tile.columns > 0 &&
           tile.columns % kGroupDepth == 0 && tile.columns <= mostColumns &&
           tile.stages >= 2 &&
           registersOf(attention, tile) <=
               registersFor(tile.rows / kAtomRows * rac::attention::kWarp, 1) &&
           sharedBytes(attention, tile) <= limits.sharedBytes;
  };
  if (planned && isPossible(*planned))
    return planned;
  linalg::LinalgOp scores = attention.scores;
  int64_t rows = scores.getStaticLoopRanges()[attention.scoreLoops.end()[-2]];
  bool isFew = !ShapedType::isDynamic(rows) && rows <= kGroupRows;
  for (int64_t columns : {128, 64})
    for (int64_t stages : {3, 2}) {
      WarpgroupTile tile{isFew ? kGroupRows : 2 * kGroupRows, columns, stages};
      if (isPossible(tile))
        return tile;
    }
  return std::nullopt;
}

WarpgroupKernel::WarpgroupKernel(OpBuilder &builder, const Attention &attention,
                                 const WarpgroupTile &tile)
    : Kernel(builder, attention,
             {tile.rows / kAtomRows, /*groups=*/1, tile.columns}),
      tile(tile), queryBytes(tile.rows * lineBlocks(depth) * kSwizzledLine),
      keyBytes(tile.columns * lineBlocks(depth) * kSwizzledLine),
      valueBytes(tile.columns * lineBlocks(values) * kSwizzledLine) {}

Values WarpgroupKernel::State::flat() const {
  Values all(largest);
  llvm::append_range(all, sum);
  llvm::append_range(all, factors);
  llvm::append_range(all, output);
  llvm::append_range(all, weights);
  return all;
}

WarpgroupKernel::State WarpgroupKernel::stateFrom(ValueRange flat) const {
  int64_t rows = lanesRows();
  State state;
  auto take = [&](int64_t size) {
    Values part(flat.take_front(size));
    flat = flat.drop_front(size);
    return part;
  };
  state.largest = take(rows);
  state.sum = take(rows);
  state.factors = take(rows);
  state.output = take(values / 2);
  state.weights = take(flat.size());
  return state;
}

//===----------------------------------------------------------------------===//
// To shared memory
//===----------------------------------------------------------------------===//

/// Queries, then keys, then values, from where descriptors can begin.
void WarpgroupKernel::layOut() {
  int64_t bytes = sharedBytes(attention, tile);
  Value memory = sharedView(e, e.b.getI8Type(), bytes, 0);
  Value begin = memref::ExtractAlignedPointerAsIndexOp::create(
      e.b, loc, e.b.getIndexType(), memory);
  Value over =
      arith::AndIOp::create(e.b, loc, e.value(e.sub(e.number(0), begin)),
                            e.value(e.number(kSwizzledTile - 1)));
  auto type =
      MemRefType::get({(bytes - kSwizzledTile) / 2}, attention.element,
                      MemRefLayoutAttrInterface(),
                      cast<MemRefType>(memory.getType()).getMemorySpace());
  shared = memref::ViewOp::create(e.b, loc, type, memory, over, ValueRange());
  sharedBegin = e.add(begin, over);
}

/// Starts to copy `lines` vectors of an operand from `first` on, of which there
/// are `end` (null: enough); beyond there are zeros. `start`: where to, in
/// elements.
void WarpgroupKernel::copyTile(linalg::LinalgOp op, OpOperand &operand,
                               Values position, unsigned lineLoop,
                               unsigned elementLoop, Index first, Value end,
                               int64_t lines, int64_t elements, Index start) {
  constexpr int64_t part = kCopyBytes / 2, order = 8, perLine = kLineElements;
  int64_t across = elements / part, total = lines * across;
  // Where a thread's parts are all at the same place of their lines, what that
  // costs is computed once.
  bool samePlace = threads % (across * order) == 0;
  Index threadLine = e.div(thread, e.number(across)),
        threadPart = e.rem(thread, e.number(across));
  for (int64_t from = 0; from < total; from += threads) {
    OpBuilder::InsertionGuard restore(e.b);
    Index number = e.add(thread, e.number(from));
    if (from + threads > total) {
      e.enter(e.less(number, e.number(total)));
    }
    Index line = samePlace ? e.add(threadLine, e.number(from / across))
                           : e.div(number, e.number(across));
    Index own = samePlace ? threadPart : e.rem(number, e.number(across));
    Index ordered =
        e.exclusiveOr(e.rem(own, e.number(order)),
                      e.rem(samePlace ? threadLine : line, e.number(order)));
    Index block = e.mul(e.div(own, e.number(order)), e.number(lines * perLine));
    Index place = e.add(block, e.mul(ordered, e.number(part)));
    Index to = e.add(e.add(place, start), e.mul(line, e.number(perLine)));
    // The constant last, where it becomes a part of the instruction.
    Value at = e.value(
        samePlace ? e.add(e.add(first, threadLine), e.number(from / across))
                  : e.add(first, line));
    Value exists = end ? e.less(at, end) : Value();
    position[lineLoop] = e.select(exists, at, e.number(0));
    position[elementLoop] = e.value(e.mul(own, e.number(part)));
    Value filled =
        exists ? e.select(exists, e.number(part), e.number(0)) : Value();
    AffineMap map = op.getMatchingIndexingMap(&operand);
    nvgpu::DeviceAsyncCopyOp::create(
        e.b, loc, nvgpu::DeviceAsyncTokenType::get(e.b.getContext()), shared,
        e.value(to), operand.get(), nvptx::indicesOf(e.b, loc, map, position),
        e.b.getIndexAttr(part), filled, e.b.getUnitAttr());
  }
}

void WarpgroupKernel::copyQueries() {
  Value zero = e.value(e.number(0));
  auto known = gemm::known(rowCount);
  Value end = known && *known % blockRows == 0 ? Value() : rowCount;
  copyTile(attention.scores, *attention.q,
           positionOf(attention.scores, attention.scoreLoops, zero, zero),
           attention.scoreLoops.end()[-2], attention.depthLoop, firstRow, end,
           blockRows, depth, e.number(0));
}

/// The first column of a tile: they are counted from the last on.
Index WarpgroupKernel::columnOf(Index number) {
  return e.mul(e.sub(e.sub(count, e.number(1)), number),
               e.number(columnsOfTile));
}

/// Starts to copy a tile's keys, if there is such a tile. `last`: columns may
/// end in it.
void WarpgroupKernel::copyKeys(Index number, bool last) {
  OpBuilder::InsertionGuard restore(e.b);
  if (!last)
    e.enter(e.less(number, count));
  Value zero = e.value(e.number(0));
  Index stage = e.rem(number, e.number(tile.stages));
  copyTile(
      attention.scores, *attention.k,
      positionOf(attention.scores, attention.scoreLoops, zero, zero),
      attention.scoreLoops.back(), attention.depthLoop, columnOf(number),
      last ? columnCount : Value(), columnsOfTile, depth,
      e.add(e.number(queryBytes / 2), e.mul(stage, e.number(keyBytes / 2))));
}

/// The same of its values. What a weight of zero is multiplied with beyond the
/// end is no number of any kind.
void WarpgroupKernel::copyValues(Index number, bool last) {
  OpBuilder::InsertionGuard restore(e.b);
  if (!last)
    e.enter(e.less(number, count));
  Value zero = e.value(e.number(0));
  Index stage = e.rem(number, e.number(tile.stages));
  copyTile(attention.output, *attention.v,
           positionOf(attention.output, attention.outputLoops, zero, zero),
           attention.outputLoops.back(), attention.valueLoop, columnOf(number),
           last ? columnCount : Value(), columnsOfTile, values,
           e.add(e.number((queryBytes + tile.stages * keyBytes) / 2),
                 e.mul(stage, e.number(valueBytes / 2))));
}

/// Waits until all threads' copies are there, for tensor cores too, but for the
/// last groups of them; and for all threads to be done with what was before.
void WarpgroupKernel::awaitCopies(int64_t groupsLeft) {
  NVVM::CpAsyncWaitGroupOp::create(e.b, loc, groupsLeft);
  NVVM::FenceProxyOp::create(
      e.b, loc, NVVM::ProxyKind::async_shared,
      NVVM::SharedSpaceAttr::get(e.b.getContext(),
                                 NVVM::SharedSpace::shared_cta));
  gpu::BarrierOp::create(e.b, loc);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Of what is `bytes` from the start of shared memory.
Value WarpgroupKernel::descriptorOf(Index bytes, int64_t leading) {
  Value address = arith::IndexCastUIOp::create(
      e.b, loc, e.b.getI64Type(), e.value(e.add(sharedBegin, bytes)));
  return matrixDescriptor(e, address, leading);
}

/// Starts to multiply the queries with a tile's keys.
Value WarpgroupKernel::multiplyScores(Index number) {
  GroupProduct product{attention.element, columnsOfTile};
  Index stage = e.rem(number, e.number(tile.stages));
  Value keys = descriptorOf(
      e.add(e.number(queryBytes), e.mul(stage, e.number(keyBytes))),
      kDescriptorUnit);
  Value sums = noSums(e, product);
  for (int64_t k = 0; k < depth; k += kGroupDepth) {
    auto along = [&](Value descriptor, int64_t lines) {
      int64_t block = k / kLineElements, place = k % kLineElements;
      return movedDescriptor(e, descriptor,
                             block * lines * kSwizzledLine + 2 * place);
    };
    sums = multiplyGroup(e, product, along(queryDescriptor, blockRows),
                         along(keys, columnsOfTile), sums, /*add=*/k > 0);
  }
  NVVM::WgmmaGroupSyncAlignedOp::create(e.b, loc);
  return sums;
}

/// Waits until the output is there.
void WarpgroupKernel::awaitProducts(State &state) {
  NVVM::WgmmaWaitGroupSyncOp::create(e.b, loc, 0);
  state.output = holdRegisters(e, state.output);
}

/// Scales the output and starts to add a tile's values to it, with the weights.
/// `before`: starts other products.
Value WarpgroupKernel::multiplyValues(State &state, Index number,
                                      llvm::function_ref<void()> before) {
  Values registers;
  for (auto [i, sum] : llvm::enumerate(state.output))
    registers.push_back(
        arith::MulFOp::create(e.b, loc, sum, state.factors[rowOf(i)]));
  llvm::append_range(registers, pack(state.weights));
  registers = holdRegisters(e, registers);
  NVVM::WgmmaFenceAlignedOp::create(e.b, loc);
  before();

  GroupProduct product{attention.element, values, /*rowsInLines=*/false,
                       /*columnsInLines=*/true};
  Index stage = e.rem(number, e.number(tile.stages));
  Value factor =
      descriptorOf(e.add(e.number(queryBytes + tile.stages * keyBytes),
                         e.mul(stage, e.number(valueBytes))),
                   columnsOfTile * kSwizzledLine);
  ArrayRef<Value> weights = ArrayRef(registers).drop_front(values / 2);
  Value sums = structureOf(e, ArrayRef(registers).take_front(values / 2));
  constexpr int64_t four = 4; // of a lane, for 16 columns
  for (int64_t k = 0; k < columnsOfTile; k += kGroupDepth)
    sums =
        multiplyGroup(e, product, weights.slice(k / kGroupDepth * four, four),
                      movedDescriptor(e, factor, k * kSwizzledLine), sums);
  NVVM::WgmmaGroupSyncAlignedOp::create(e.b, loc);
  return sums;
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// What comes in between the products, and -inf where a row has no column.
/// `isMasked`: there may be such.
void WarpgroupKernel::finishScores(Values &scores, Index first, bool isMasked) {
  Index own = e.add(first, e.mul(quadColumn, e.number(2)));
  if (!attention.scale) {
    loaded.clear();
    Value last = e.value(e.sub(columnCount, e.number(1)));
    for (auto [i, score] : llvm::enumerate(scores)) {
      Index column = e.add(own, e.number(columnOfNumber(i)));
      Value inside = e.value(isMasked ? e.min(column, last) : column);
      score = finishScore(score, clampedRows[rowOf(i)], inside, rowOf(i), i);
    }
  }
  if (!isMasked)
    return;
  // So many columns from the lane's first on are there for a row.
  Values ends;
  for (unsigned half = 0; half < lanesRows(); ++half) {
    Index end = columnCount;
    if (attention.causal)
      end = e.min(end, e.add(rows[half], e.number(1)));
    ends.push_back(arith::IndexCastOp::create(e.b, loc, e.b.getI32Type(),
                                              e.value(e.sub(end, own))));
  }
  Value lowest = constant(-std::numeric_limits<float>::infinity());
  for (auto [i, score] : llvm::enumerate(scores)) {
    Value number = arith::ConstantIntOp::create(e.b, loc, e.b.getI32Type(),
                                                columnOfNumber(i));
    Value exists = arith::CmpIOp::create(e.b, loc, arith::CmpIPredicate::slt,
                                         number, ends[rowOf(i)]);
    score = arith::SelectOp::create(e.b, loc, exists, score, lowest);
  }
}

/// Combines them in two chains, which take turns.
static Value reduce(ArrayRef<Value> all,
                    llvm::function_ref<Value(Value, Value)> combine) {
  Values chains(all.take_front(2));
  for (auto [i, value] : llvm::enumerate(all.drop_front(2)))
    chains[i % 2] = combine(chains[i % 2], value);
  return combine(chains[0], chains[1]);
}

/// Makes weights of a tile's scores, of which none is divided by the sum yet.
void WarpgroupKernel::addSoftmax(State &state, Values scores, bool isFirst) {
  // Scores are scaled as exponents of 2 are computed.
  double scale = attention.scale.value_or(1) * llvm::numbers::log2e;
  Value lowest = constant(-std::numeric_limits<float>::infinity());
  for (unsigned half = 0; half < lanesRows(); ++half) {
    Values own;
    for (auto [i, score] : llvm::enumerate(scores))
      if (rowOf(i) == half)
        own.push_back(score);
    Value largest = reduce(own, [&](Value x, Value y) -> Value {
      return arith::MaximumFOp::create(e.b, loc, x, y);
    });
    largest = overQuad(largest, /*largest=*/true);
    if (!isFirst)
      largest =
          arith::MaximumFOp::create(e.b, loc, state.largest[half], largest);
    // As long as all scores of a row are -inf, nothing is added: that they all
    // are shows in a sum of zero.
    Value none = arith::CmpFOp::create(e.b, loc, arith::CmpFPredicate::OEQ,
                                       largest, lowest);
    Value less = arith::SelectOp::create(e.b, loc, none, constant(0), largest);
    less = arith::MulFOp::create(e.b, loc, less,
                                 constant(static_cast<float>(-scale)));
    auto exponential = [&](Value x) -> Value {
      Value power = math::FmaOp::create(
          e.b, loc, x, constant(static_cast<float>(scale)), less);
      return math::Exp2Op::create(e.b, loc, power, arith::FastMathFlags::afn);
    };
    state.factors[half] =
        isFirst ? constant(1) : exponential(state.largest[half]);
    state.largest[half] = largest;
    Values weights;
    for (auto [i, score] : llvm::enumerate(scores))
      if (rowOf(i) == half) {
        score = exponential(score);
        weights.push_back(score);
      }
    Value sum = reduce(weights, [&](Value x, Value y) -> Value {
      return arith::AddFOp::create(e.b, loc, x, y);
    });
    if (!isFirst)
      sum = math::FmaOp::create(e.b, loc, state.sum[half], state.factors[half],
                                sum);
    state.sum[half] = sum;
  }
  state.weights = scores;
}

/// As a left factor: what a lane has of a tile's weights is what it has of
/// that.
Values WarpgroupKernel::pack(ValueRange weights) {
  auto pair = VectorType::get(2, e.b.getF32Type()),
       narrow = VectorType::get(2, attention.element),
       word = VectorType::get(1, e.b.getI32Type());
  Values packed;
  for (size_t i = 0; i < weights.size(); i += 2) {
    Value wide =
        vector::FromElementsOp::create(e.b, loc, pair, weights.slice(i, 2));
    Value bits = vector::BitCastOp::create(
        e.b, loc, word, arith::TruncFOp::create(e.b, loc, narrow, wide));
    packed.push_back(vector::ExtractOp::create(e.b, loc, bits, 0));
  }
  return packed;
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

/// Starts all copies that come before the first tile, and computes its weights.
WarpgroupKernel::State WarpgroupKernel::begin() {
  copyQueries();
  copyKeys(e.number(0), /*last=*/true);
  NVVM::CpAsyncCommitGroupOp::create(e.b, loc);
  for (int64_t i = 0; i + 1 < tile.stages; ++i) {
    copyValues(e.number(i), /*last=*/i == 0);
    copyKeys(e.number(i + 1), /*last=*/false);
    NVVM::CpAsyncCommitGroupOp::create(e.b, loc);
  }
  awaitCopies(tile.stages - 1);
  NVVM::WgmmaFenceAlignedOp::create(e.b, loc);
  Value sums = multiplyScores(e.number(0));
  NVVM::WgmmaWaitGroupSyncOp::create(e.b, loc, 0);
  Values scores = holdRegisters(e, elementsOf(e, sums));
  auto known = gemm::known(columnCount);
  bool isRagged = !known || *known == 0 || *known % columnsOfTile != 0;
  finishScores(scores, columnOf(e.number(0)), isRagged || attention.causal);
  State state;
  for (Values *ofRows : {&state.largest, &state.sum, &state.factors})
    ofRows->resize(lanesRows());
  addSoftmax(state, scores, /*isFirst=*/true);
  state.output.assign(values / 2, constant(0));
  return state;
}

/// Adds up the values of the tile before, while it makes weights of the scores
/// of this one, which isn't the first. It doesn't wait for the output: PTX's
/// compiler would do so before it has made the weights.
WarpgroupKernel::State WarpgroupKernel::next(State state, Index number,
                                             bool isMasked) {
  awaitProducts(state);
  awaitCopies(tile.stages - 2);
  Value scoreSums;
  Value outputSums = multiplyValues(state, e.sub(number, e.number(1)), [&] {
    scoreSums = multiplyScores(number);
  });
  // To where the tile before this one was, and the values before those.
  copyValues(e.add(number, e.number(tile.stages - 2)), /*last=*/false);
  copyKeys(e.add(number, e.number(tile.stages - 1)), /*last=*/false);
  NVVM::CpAsyncCommitGroupOp::create(e.b, loc);
  state.output = elementsOf(e, outputSums);

  NVVM::WgmmaWaitGroupSyncOp::create(e.b, loc, 1);
  Values scores = holdRegisters(e, elementsOf(e, scoreSums));
  finishScores(scores, columnOf(number), isMasked);
  addSoftmax(state, scores, /*isFirst=*/false);
  return state;
}

WarpgroupKernel::State WarpgroupKernel::repeat(const State &state, Index from,
                                               Index to, bool isMasked) {
  auto loop = scf::ForOp::create(e.b, loc, e.value(from), e.value(to),
                                 e.value(e.number(1)), state.flat());
  OpBuilder::InsertionGuard inside(e.b);
  e.b.setInsertionPointToStart(loop.getBody());
  State results = next(stateFrom(loop.getRegionIterArgs()),
                       loop.getInductionVar(), isMasked);
  scf::YieldOp::create(e.b, loc, results.flat());
  return stateFrom(loop.getResults());
}

/// Adds up the last values and writes the rows.
void WarpgroupKernel::finish(State state) {
  awaitProducts(state);
  awaitCopies(0);
  Value sums = multiplyValues(state, e.sub(count, e.number(1)), [] {});
  NVVM::WgmmaWaitGroupSyncOp::create(e.b, loc, 0);
  Values output = holdRegisters(e, elementsOf(e, sums));
  Kernel::State result{state.largest, state.sum, {}};
  auto type = VectorType::get({2, 2}, e.b.getF32Type());
  for (size_t i = 0; i < output.size(); i += 4)
    result.output.push_back(vector::FromElementsOp::create(
        e.b, loc, type, ArrayRef(output).slice(i, 4)));
  store(result);
}

void WarpgroupKernel::create() {
  Index tiles = e.ceilDiv(rowCount, e.number(blockRows));
  Index blocks = e.mul(nvptx::product(e.b, loc, outerSizes), tiles);
  OpBuilder::InsertionGuard restore(e.b);
  int64_t bytes = sharedBytes(attention, tile);
  gpu::LaunchOp launch = beginLaunch(e, blocks, threads, bytes);
  if (int64_t together = blocksTogether(attention, tile, threads, bytes);
      together > 1)
    launch->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    e.b.getI32IntegerAttr(together));
  layOut();
  findRows(launch, tiles);
  // From the warp's first thread: so PTX's compiler knows that it is the same
  // of all, and needs no registers of each for what depends on it.
  Value group = arith::IndexCastUIOp::create(
      e.b, loc, e.b.getI32Type(),
      e.value(e.div(thread, e.number(kGroupWarps * kWarp))));
  group = gpu::ShuffleOp::create(e.b, loc, group, /*offset=*/0, kWarp,
                                 gpu::ShuffleMode::IDX)
              .getShuffleResult();
  group = arith::IndexCastUIOp::create(e.b, loc, e.b.getIndexType(), group);
  queryDescriptor = descriptorOf(
      e.mul(group, e.number(kGroupRows * kSwizzledLine)), kDescriptorUnit);

  // Tiles that no row of the block has a column in are left out, and those
  // where all rows have all columns are the last.
  auto atLeastOne = [&](Index number) -> Index {
    if (auto known = gemm::known(number))
      return e.number(std::max<int64_t>(*known, 1));
    return arith::MaxUIOp::create(e.b, loc, e.value(number),
                                  e.value(e.number(1)))
        .getResult();
  };
  Index end = columnCount, size = e.number(columnsOfTile);
  if (attention.causal)
    end = e.min(end, e.add(firstRow, e.number(blockRows)));
  count = atLeastOne(e.ceilDiv(end, size));
  Index unmasked = e.number(1);
  State state = begin();
  if (attention.causal) {
    Index whole = e.div(e.min(e.add(firstRow, e.number(1)), columnCount), size);
    unmasked = e.sub(count, e.min(whole, e.sub(count, e.number(1))));
    state = repeat(state, e.number(1), unmasked, /*isMasked=*/true);
  }
  state = repeat(state, unmasked, count, /*isMasked=*/false);
  finish(state);
}
