//===- TileEmitter.cpp - A linalg op's computation on registers -----------===//

#include "TileEmitter.h"
#include "BodyLoads.h"
#include "CombineRows.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

TileEmitter::TileEmitter(linalg::LinalgOp op, const LoopRoles &roles,
                         bool scalable, ArrayRef<Range> ranges, Value init,
                         const std::optional<Epilogue> &epilogue,
                         const Padding *padding)
    : op(op), roles(roles), scalable(scalable),
      lanes(op, roles, scalable, padding), ranges(ranges), init(init),
      epilogue(epilogue), padding(padding) {
  if (epilogue)
    after.emplace(epilogue->op, epilogue->roles, scalable);
}

Value TileEmitter::asValue(OpBuilder &builder, OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(builder, op.getLoc(), size);
}

/// What leaves others as they are: of sums -0.0, which zeros of either sign
/// stay the same with, so that LLVM need not add it.
static TypedAttr neutralOf(Operation *combiner) {
  if (isa<arith::AddFOp>(combiner))
    return FloatAttr::get(combiner->getResult(0).getType(), -0.0);
  return *arith::getNeutralElement(combiner);
}

Values TileEmitter::start(OpBuilder &builder, ArrayRef<Value> position,
                          const Tile &tile) {
  Location loc = op.getLoc();
  OpOperand *out = op.getDpsInitOperand(0);
  VectorType type = lanes.vectorOf(getElementTypeOrSelf(out->get().getType()));
  Value same;
  if (roles.horizontal) {
    TypedAttr neutral = neutralOf(findCombiner(op));
    same = arith::ConstantOp::create(builder, loc, type,
                                     DenseElementsAttr::get(type, neutral));
  } else if (init) {
    same = vector::BroadcastOp::create(builder, loc, type, init);
  }
  Values registers;
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t vector = 0; vector < tile.vectors; ++vector)
      registers.push_back(same ? same
                               : lanes.load(builder, *out, position, row,
                                            vector, tile.mask(vector)));
  return registers;
}

void TileEmitter::finish(OpBuilder &builder, ArrayRef<Value> position,
                         const Tile &tile, ValueRange registers) {
  if (roles.horizontal)
    return combineLanes(builder, position, tile, registers);
  if (epilogue)
    return after->computeInPlace(builder, epilogue->positionOf(position), tile,
                                 epilogue->operandNumber, registers);
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t vector = 0; vector < tile.vectors; ++vector)
      lanes.store(builder, registers[row * tile.vectors + vector], position,
                  row, vector, tile.mask(vector));
}

/// One row's lanes.
static Value combineRow(OpBuilder &builder, Location loc,
                        vector::CombiningKind kind, Value lanes,
                        arith::FastMathFlagsAttr flags) {
  auto liberties = flags ? flags.getValue() : arith::FastMathFlags::none;
  Type element = getElementTypeOrSelf(lanes.getType());
  if (kind != vector::CombiningKind::ADD || !isa<FloatType>(element))
    return vector::ReductionOp::create(builder, loc, kind, lanes, liberties);
  // Else it begins with 0.0, which is added.
  Value nothing =
      arith::ConstantOp::create(builder, loc, FloatAttr::get(element, -0.0));
  return vector::ReductionOp::create(builder, loc, kind, lanes, nothing,
                                     liberties);
}

/// What the combiner allows.
static arith::FastMathFlagsAttr libertiesOf(Operation *combiner) {
  auto floats = dyn_cast<arith::ArithFastMathInterface>(combiner);
  return floats ? floats.getFastMathFlagsAttr() : arith::FastMathFlagsAttr();
}

Value TileEmitter::combine(OpBuilder &builder, Value x, Value y) {
  return vector::makeArithReduction(builder, op.getLoc(), *roles.horizontal, x,
                                    y, libertiesOf(findCombiner(op)));
}

/// Two by two, which wait for each other less than one after the other.
Value TileEmitter::combineAll(OpBuilder &builder, ValueRange registers) {
  Values left(registers);
  while (left.size() > 1) {
    Values pairs;
    for (size_t i = 0; i + 1 < left.size(); i += 2)
      pairs.push_back(combine(builder, left[i + 1], left[i]));
    if (left.size() % 2 == 1)
      pairs.push_back(left.back());
    left = std::move(pairs);
  }
  return left.front();
}

void TileEmitter::combineLanes(OpBuilder &builder, ArrayRef<Value> position,
                               const Tile &tile, ValueRange registers) {
  Location loc = op.getLoc();
  arith::FastMathFlagsAttr flags = libertiesOf(findCombiner(op));
  Values sums;
  for (int64_t row = 0; row < tile.rows; ++row)
    sums.push_back(
        combineAll(builder, registers.slice(row * tile.vectors, tile.vectors)));
  OpOperand *out = op.getDpsInitOperand(0);
  auto finish = [&](int64_t row, Value sum) {
    Values address = lanes.address(builder, *out, position, row, 0);
    Value before =
        init ? init : memref::LoadOp::create(builder, loc, out->get(), address);
    sum = combine(builder, sum, before);
    if (epilogue)
      finishRow(builder, position, row, sum);
    else
      memref::StoreOp::create(builder, loc, sum, out->get(), address);
  };
  auto type = cast<VectorType>(sums.front().getType());
  int64_t together = 1;
  for (int64_t row = 0; row < tile.rows; row += together) {
    together = rowsTogether(type, tile.rows - row);
    if (together == 1) {
      finish(row,
             combineRow(builder, loc, *roles.horizontal, sums[row], flags));
      continue;
    }
    Value all =
        combineRows(builder, loc, ArrayRef(sums).slice(row, together),
                    [&](Value x, Value y) { return combine(builder, x, y); });
    for (int64_t i = 0; i < together; ++i)
      finish(row + i, vector::ExtractOp::create(builder, loc, all, i));
  }
}

/// The epilogue on the one number that a row has become.
void TileEmitter::finishRow(OpBuilder &builder, ArrayRef<Value> position,
                            int64_t row, Value sum) {
  linalg::LinalgOp reader = epilogue->op;
  Location loc = reader.getLoc();
  Values at = epilogue->positionOf(position);
  auto addressOf = [&](OpOperand &operand) {
    return after->address(builder, operand, at, row, 0);
  };
  IRMapping scalars;
  scalars.map(reader.getBlock()->getArgument(epilogue->operandNumber), sum);
  Value result = computeScalar(builder, reader, scalars, addressOf);
  OpOperand &out = *reader.getDpsInitOperand(0);
  memref::StoreOp::create(builder, loc, result, out.get(), addressOf(out));
}

Values TileEmitter::compute(OpBuilder &builder, ArrayRef<Value> position,
                            const Tile &tile, ValueRange registers) {
  unsigned number = op.getDpsInitOperand(0)->getOperandNumber();
  Values results = lanes.compute(builder, position, tile, number, registers);
  // Lanes that are not there must not count.
  if (Value mask = tile.mask(0); mask && roles.horizontal)
    for (auto [result, before] : llvm::zip_equal(results, registers))
      result =
          arith::SelectOp::create(builder, op.getLoc(), mask, result, before);
  return results;
}

/// Has LLVM leave a loop as it is.
static void keepLoop(scf::ForOp loop) {
  Builder builder(loop.getContext());
  auto off = LLVM::LoopUnrollAttr::get(
      builder.getContext(), /*disable=*/builder.getBoolAttr(true), /*count=*/{},
      /*runtimeDisable=*/{}, /*full=*/{}, /*followupUnrolled=*/{},
      /*followupRemainder=*/{}, /*followupAll=*/{});
  loop->setAttr("llvm.loop_annotation",
                LLVM::LoopAnnotationAttr::get(
                    builder.getContext(), /*disableNonforced=*/{},
                    /*vectorize=*/{}, /*interleave=*/{}, off,
                    /*unrollAndJam=*/{}, /*licm=*/{}, /*distribute=*/{},
                    /*pipeline=*/{}, /*peeled=*/{}, /*unswitch=*/{},
                    /*mustProgress=*/{}, /*isVectorized=*/{}, /*startLoc=*/{},
                    /*endLoc=*/{}, /*parallelAccesses=*/{}));
}

/// A loop that carries registers.
Values TileEmitter::loopOver(OpBuilder &builder, Value from, Value to,
                             int64_t step, ValueRange start, LoopBody body) {
  Location loc = op.getLoc();
  auto loop = scf::ForOp::create(
      builder, loc, from, to,
      arith::ConstantIndexOp::create(builder, loc, step), start);
  // A tile has all the registers: LLVM's unrolling would have those for
  // addresses spilled.
  if (roles.rowLoop && scalable)
    keepLoop(loop);
  OpBuilder inner = OpBuilder::atBlockBegin(loop.getBody());
  Values results =
      body(inner, loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(inner, loc, results);
  return Values(loop.getResults());
}

Values TileEmitter::reduce(OpBuilder &builder, Values position, unsigned next,
                           const Tile &tile, ValueRange registers) {
  auto iterators = op.getIteratorTypesArray();
  while (next < iterators.size() &&
         (iterators[next] != utils::IteratorType::reduction ||
          next == roles.vectorLoop))
    ++next;
  if (next == iterators.size())
    return roles.horizontal ? reduceLanes(builder, position, tile, registers)
                            : compute(builder, position, tile, registers);
  if (roles.dot && next == roles.dot->loop)
    return reduceTerms(builder, position, tile, registers);
  if (roles.byLane && next == roles.byLane->loop)
    return reduceByLane(builder, position, tile, registers);
  if (roles.factor && next == roles.factor->loop)
    return reduceBlock(builder, position, tile, registers);
  if (padding && tile.border && next == padding->rows->window)
    return reduceAtBorder(builder, position, tile, registers);
  if (padding)
    for (const PaddedDim &dim : padding->dims)
      if (next == dim.window && isClipped(dim, tile))
        return reduceInside(builder, position, dim, tile, registers);
  Value from = asValue(builder, ranges[next].offset);
  if (isConstantIntValue(ranges[next].size, 1)) {
    position[next] = from;
    return reduce(builder, position, next + 1, tile, registers);
  }
  Value to = asValue(builder, ranges[next].size);
  return loopOver(builder, from, to, 1, registers,
                  [&](OpBuilder &inner, Value at, ValueRange start) {
                    position[next] = at;
                    if (tile.later && tile.later->loop == next)
                      lanes.prefetchLater(inner, position, tile);
                    return reduce(inner, position, next + 1, tile, start);
                  });
}

/// Whole groups of terms.
Values TileEmitter::sumIntegers(OpBuilder &builder, const Values &position,
                                const Tile &tile) {
  const IntegerSum &integers = *roles.integers;
  const Range &range = ranges[integers.loop];
  Values at = position;
  Values sums = loopOver(builder, asValue(builder, range.offset),
                         asValue(builder, range.size), integers.terms,
                         lanes.startIntegers(builder, tile),
                         [&](OpBuilder &inner, Value term, ValueRange start) {
                           at[integers.loop] = term;
                           lanes.prefetch(inner, at, tile, integers.loop);
                           return lanes.computeIntegers(inner, at, tile, start);
                         });
  return lanes.finishIntegers(builder, position, tile, sums);
}

/// Sums from zero on, which are scaled once.
Values TileEmitter::reduceBlock(OpBuilder &builder, const Values &position,
                                const Tile &tile, ValueRange registers) {
  Location loc = op.getLoc();
  const BlockFactor &factor = *roles.factor;
  auto flags = arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;
  VectorType type = lanes.vectorOf(builder.getF32Type());
  auto sumFloats = [&] {
    Value zero =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    Values at = position;
    return loopOver(
        builder, asValue(builder, ranges[factor.loop].offset),
        asValue(builder, ranges[factor.loop].size), 1,
        Values(registers.size(), zero),
        [&](OpBuilder &inner, Value step, ValueRange start) {
          at[factor.loop] = step;
          lanes.prefetch(inner, at, tile, factor.loop);
          Values sums(start);
          for (Value term : factor.terms)
            for (auto [sum, value] :
                 llvm::zip_equal(sums, lanes.evaluate(inner, at, tile, term)))
              sum = arith::AddFOp::create(inner, loc, sum, value, flags);
          return sums;
        });
  };
  Values sums =
      roles.integers ? sumIntegers(builder, position, tile) : sumFloats();
  // The factor has no index in that loop.
  Values scales = lanes.evaluate(builder, position, tile, factor.factor);
  for (auto [scale, sum, before] : llvm::zip_equal(scales, sums, registers)) {
    Value scaled = arith::MulFOp::create(builder, loc, sum, scale, flags);
    scale = arith::AddFOp::create(builder, loc, before, scaled, flags);
  }
  return scales;
}

/// Whole groups of terms, then one at a time.
Values TileEmitter::reduceByLane(OpBuilder &builder, const Values &position,
                                 const Tile &tile, ValueRange registers) {
  Location loc = op.getLoc();
  unsigned loop = roles.byLane->loop;
  int64_t terms = roles.byLane->terms;
  Value first = asValue(builder, ranges[loop].offset),
        extent = asValue(builder, ranges[loop].size);
  Value rest = arith::RemUIOp::create(
      builder, loc, extent,
      arith::ConstantIndexOp::create(builder, loc, terms));
  Value whole = arith::SubIOp::create(builder, loc, extent, rest);
  Values at = position;
  Values sums = loopOver(builder, first, whole, terms, registers,
                         [&](OpBuilder &inner, Value term, ValueRange start) {
                           at[loop] = term;
                           return lanes.computeByLane(inner, at, tile, start);
                         });
  return loopOver(builder, whole, extent, 1, sums,
                  [&](OpBuilder &inner, Value term, ValueRange start) {
                    at[loop] = term;
                    return compute(inner, at, tile, start);
                  });
}

/// Partial sums of groups; the last group may not be whole.
Values TileEmitter::reduceTerms(OpBuilder &builder, const Values &position,
                                const Tile &tile, ValueRange registers) {
  Location loc = op.getLoc();
  const DotProduct &dot = *roles.dot;
  Value extent = asValue(builder, ranges[dot.loop].size);
  Value terms = arith::ConstantIndexOp::create(builder, loc, dot.terms),
        first = arith::ConstantIndexOp::create(builder, loc, 0);
  Value whole = arith::DivUIOp::create(builder, loc, extent, terms),
        groups = arith::CeilDivUIOp::create(builder, loc, extent, terms);
  AffineExpr begin = builder.getAffineDimExpr(0) * dot.terms;
  auto sum = [&](OpBuilder &inner, Value group, ValueRange registers,
                 bool partial) {
    Values at = position;
    at[dot.loop] = affine::AffineApplyOp::create(
        inner, loc, AffineMap::get(1, 0, begin), group);
    Value left;
    if (partial)
      left = arith::SubIOp::create(inner, loc, extent, at[dot.loop]);
    lanes.prefetchLater(inner, at, tile);
    return dot.blockRows > 1
               ? lanes.computeBlocks(inner, at, tile, registers, left)
               : lanes.computeDot(inner, at, tile, registers, left);
  };
  Values sums = loopOver(builder, first, whole, 1, registers,
                         [&](OpBuilder &inner, Value group, ValueRange start) {
                           return sum(inner, group, start, /*partial=*/false);
                         });
  if (auto known = getConstantIntValue(ranges[dot.loop].size);
      known && *known % dot.terms == 0)
    return sums;
  return loopOver(builder, whole, groups, 1, sums,
                  [&](OpBuilder &inner, Value group, ValueRange start) {
                    return sum(inner, group, start, /*partial=*/true);
                  });
}

/// Whole tiles of lanes first, then what is left, a vector at a time.
Values TileEmitter::reduceLanes(OpBuilder &builder, const Values &position,
                                const Tile &tile, ValueRange registers) {
  Location loc = op.getLoc();
  Value low = asValue(builder, ranges[roles.vectorLoop].offset),
        high = asValue(builder, ranges[roles.vectorLoop].size);
  Value step = lanes.lanes(builder, tile.vectors);
  Value extent = arith::SubIOp::create(builder, loc, high, low);
  Value rest = arith::RemUIOp::create(builder, loc, extent, step);
  Value whole = arith::SubIOp::create(builder, loc, high, rest);
  auto lanesFrom = [&](Value from, Value to, Value by, Tile part, bool masked,
                       ValueRange start) {
    auto loop = scf::ForOp::create(builder, loc, from, to, by, start);
    if (roles.isLongRow)
      keepLoop(loop);
    OpBuilder inner = OpBuilder::atBlockBegin(loop.getBody());
    Values at = position;
    at[roles.vectorLoop] = loop.getInductionVar();
    if (masked) {
      Value left = arith::SubIOp::create(inner, loc, to, at[roles.vectorLoop]);
      part.masks = {vector::CreateMaskOp::create(
          inner, loc, lanes.vectorOf(inner.getI1Type()), left)};
    }
    scf::YieldOp::create(inner, loc,
                         compute(inner, at, part, loop.getRegionIterArgs()));
    return Values(loop.getResults());
  };
  Values results = lanesFrom(low, whole, step, tile, false, registers);
  // The first vector of each row takes the rest.
  Values first;
  for (int64_t row = 0; row < tile.rows; ++row)
    first.push_back(results[row * tile.vectors]);
  first = lanesFrom(whole, high, lanes.lanes(builder, 1),
                    Tile{tile.rows, 1, {}}, true, first);
  for (int64_t row = 0; row < tile.rows; ++row)
    results[row * tile.vectors] = first[row];
  return results;
}

void TileEmitter::emitTile(OpBuilder &builder, ArrayRef<Value> position,
                           const Tile &tile) {
  Values registers = start(builder, position, tile);
  bool blocks = roles.dot && roles.dot->blockRows > 1;
  if (blocks)
    registers = lanes.toBlocks(builder, tile, registers);
  registers = reduce(builder, Values(position), 0, tile, registers);
  if (blocks)
    registers = lanes.fromBlocks(builder, tile, registers);
  finish(builder, position, tile, registers);
}
