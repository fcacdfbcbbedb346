//===- Combiner.cpp - How threads put their parts together ----------------===//

#include "Combiner.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "rac/Lowering/Reductions.h"

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

//===----------------------------------------------------------------------===//
// Recognising
//===----------------------------------------------------------------------===//

/// Whether an op combines in any order, from a neutral element on.
static bool combinesFreely(Operation *op) {
  return op && !needsOrder(op) && linalg::getCombinerOpKind(op) &&
         arith::getNeutralElement(op);
}

/// Whether `value` is the index of the only loop that `op` reduces over.
static bool isReducedIndex(linalg::LinalgOp op, Value value) {
  while (auto cast = value.getDefiningOp<arith::IndexCastOp>())
    value = cast.getIn();
  auto index = value.getDefiningOp<linalg::IndexOp>();
  return index && op.getNumReductionLoops() == 1 &&
         linalg::isReductionIterator(
             op.getIteratorTypesArray()[index.getDim()]);
}

/// What of the body computes `condition` from `candidate` and `best`; none if
/// it depends on anything else there.
static std::optional<SmallVector<Operation *>>
findDecision(Block *body, Value condition, Value candidate, Value best) {
  llvm::SetVector<Operation *> found;
  SmallVector<Value> open = {condition};
  while (!open.empty()) {
    Value value = open.pop_back_val();
    if (value == candidate || value == best)
      continue;
    Operation *op = value.getDefiningOp();
    if (value.getParentBlock() != body)
      continue;
    if (!op || isa<linalg::IndexOp>(op) || op->getNumRegions() > 0)
      return std::nullopt;
    if (found.insert(op))
      llvm::append_range(open, op->getOperands());
  }
  SmallVector<Operation *> ordered;
  for (Operation &op : *body)
    if (found.contains(&op))
      ordered.push_back(&op);
  return ordered;
}

std::optional<Combiner> Combiner::find(linalg::LinalgOp op) {
  Combiner combiner;
  for (unsigned result : llvm::seq(op.getNumDpsInits())) {
    Operation *one = findCombiner(op, result);
    if (!combinesFreely(one))
      break;
    combiner.combiners.push_back(one);
  }
  if (combiner.combiners.size() == static_cast<size_t>(op.getNumDpsInits()))
    return combiner;

  combiner.combiners.clear();
  if (op.getNumDpsInits() != 2)
    return std::nullopt;
  Operation *yield = op.getBlock()->getTerminator();
  auto outs = op.getRegionOutputArgs();
  for (unsigned value : {0, 1}) {
    auto best = yield->getOperand(value).getDefiningOp<arith::SelectOp>();
    auto at = yield->getOperand(1 - value).getDefiningOp<arith::SelectOp>();
    if (!best || !at || best.getCondition() != at.getCondition() ||
        best.getFalseValue() != outs[value] ||
        at.getFalseValue() != outs[1 - value] ||
        !isReducedIndex(op, at.getTrueValue()))
      continue;
    auto decision = findDecision(op.getBlock(), best.getCondition(),
                                 best.getTrueValue(), outs[value]);
    if (!decision || decision->empty())
      continue;
    combiner.wins = *decision;
    combiner.condition = best.getCondition();
    combiner.candidate = best.getTrueValue();
    combiner.best = outs[value];
    combiner.valueResult = value;
    combiner.indexResult = 1 - value;
    return combiner;
  }
  return std::nullopt;
}

std::optional<Combiner> Combiner::find(Operation *combiner) {
  if (!combinesFreely(combiner))
    return std::nullopt;
  Combiner found;
  found.combiners.push_back(combiner);
  return found;
}

//===----------------------------------------------------------------------===//
// Combining
//===----------------------------------------------------------------------===//

Values Combiner::neutral(OpBuilder &builder, Location loc,
                         ValueRange start) const {
  if (findsIndex())
    return Values(start);
  return llvm::map_to_vector(combiners, [&](Operation *combiner) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     *arith::getNeutralElement(combiner));
  });
}

bool Combiner::isNeutral(ValueRange start) const {
  if (findsIndex())
    return true; // all parts began there
  return llvm::all_of(llvm::zip_equal(combiners, start), [](auto pair) {
    auto [combiner, value] = pair;
    Attribute constant;
    if (!matchPattern(value, m_Constant(&constant)))
      return false;
    // 0 is the start of a sum, -0 what is neutral.
    if (auto number = dyn_cast<FloatAttr>(constant))
      if (isa<arith::AddFOp>(combiner) && number.getValue().isZero())
        return true;
    return constant == *arith::getNeutralElement(combiner);
  });
}

Values Combiner::merge(OpBuilder &builder, Location loc, ValueRange x,
                       ValueRange y) const {
  if (!findsIndex()) {
    Values merged;
    for (auto [combiner, a, b] : llvm::zip_equal(combiners, x, y)) {
      OperationState state(loc, combiner->getName(), {a, b}, {a.getType()},
                           combiner->getAttrs());
      merged.push_back(builder.create(state)->getResult(0));
    }
    return merged;
  }
  // Whichever comes first stays where the loop would have let it.
  Value inOrder = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                        x[indexResult], y[indexResult]);
  Values first(2), second(2), merged(2);
  for (unsigned i : {0, 1}) {
    first[i] = arith::SelectOp::create(builder, loc, inOrder, x[i], y[i]);
    second[i] = arith::SelectOp::create(builder, loc, inOrder, y[i], x[i]);
  }
  IRMapping mapping;
  mapping.map(candidate, second[valueResult]);
  mapping.map(best, first[valueResult]);
  for (Operation *inner : wins)
    builder.clone(*inner, mapping);
  Value won = mapping.lookupOrDefault(condition);
  for (unsigned i : {0, 1})
    merged[i] = arith::SelectOp::create(builder, loc, won, second[i], first[i]);
  return merged;
}

Values Combiner::mergeLanes(OpBuilder &builder, Location loc,
                            ArrayRef<Values> parts) const {
  SmallVector<Values> lanes;
  for (size_t lane : llvm::seq(parts.front().size()))
    lanes.push_back(llvm::map_to_vector(
        parts, [&](const Values &part) { return part[lane]; }));
  while (lanes.size() > 1) {
    size_t half = lanes.size() / 2;
    for (size_t lane : llvm::seq(half))
      lanes[lane] = merge(builder, loc, lanes[lane], lanes[lane + half]);
    if (lanes.size() % 2 != 0)
      lanes[half] = lanes.back();
    lanes.resize(lanes.size() - half);
  }
  return lanes.front();
}

//===----------------------------------------------------------------------===//
// Across threads
//===----------------------------------------------------------------------===//

constexpr int64_t kWarp = 32;

Value nvptx::shuffle(OpBuilder &builder, Location loc, Value value,
                     Value offset, gpu::ShuffleMode mode) {
  Type type = value.getType(), i32 = builder.getI32Type(),
       i64 = builder.getI64Type();
  if (type.isF32() || type.isInteger(32)) {
    Value warp = arith::ConstantIntOp::create(builder, loc, i32, kWarp);
    return gpu::ShuffleOp::create(builder, loc, value, offset, warp, mode)
        .getShuffleResult();
  }
  auto other = [&](Value part) {
    return shuffle(builder, loc, part, offset, mode);
  };
  if (type.isIndex()) {
    Value wide = arith::IndexCastOp::create(builder, loc, i64, value);
    return arith::IndexCastOp::create(builder, loc, type, other(wide));
  }
  if (isa<FloatType>(type)) {
    Type bits = builder.getIntegerType(type.getIntOrFloatBitWidth());
    Value asBits = arith::BitcastOp::create(builder, loc, bits, value);
    return arith::BitcastOp::create(builder, loc, type, other(asBits));
  }
  if (type.getIntOrFloatBitWidth() < 32) {
    Value wide = arith::ExtUIOp::create(builder, loc, i32, value);
    return arith::TruncIOp::create(builder, loc, type, other(wide));
  }
  Value shift = arith::ConstantIntOp::create(builder, loc, i64, 32);
  Value low = arith::TruncIOp::create(builder, loc, i32, value);
  Value high = arith::TruncIOp::create(
      builder, loc, i32, arith::ShRUIOp::create(builder, loc, value, shift));
  low = arith::ExtUIOp::create(builder, loc, i64, other(low));
  high = arith::ExtUIOp::create(builder, loc, i64, other(high));
  return arith::OrIOp::create(builder, loc, low,
                              arith::ShLIOp::create(builder, loc, high, shift));
}

Value nvptx::shuffleXor(OpBuilder &builder, Location loc, Value value,
                        int64_t mask) {
  Value offset =
      arith::ConstantIntOp::create(builder, loc, builder.getI32Type(), mask);
  return shuffle(builder, loc, value, offset, gpu::ShuffleMode::XOR);
}

Values Combiner::mergeThreads(OpBuilder &builder, Location loc, Values parts,
                              int64_t group) const {
  for (int64_t mask = group / 2; mask > 0; mask /= 2) {
    Values others = llvm::map_to_vector(parts, [&](Value part) {
      return shuffleXor(builder, loc, part, mask);
    });
    parts = merge(builder, loc, parts, others);
  }
  return parts;
}

Value nvptx::shareMemory(gpu::LaunchOp launch, int64_t size, Type element) {
  auto space = gpu::AddressSpaceAttr::get(
      launch.getContext(), gpu::GPUDialect::getWorkgroupAddressSpace());
  return launch.addWorkgroupAttribution(
      MemRefType::get({size}, element, MemRefLayoutAttrInterface(), space),
      launch.getLoc());
}

Values Combiner::mergeBlock(OpBuilder &builder, gpu::LaunchOp launch,
                            Value thread, Values parts, int64_t threads) const {
  Location loc = launch.getLoc();
  parts = mergeThreads(builder, loc, parts, std::min(threads, kWarp));
  if (threads <= kWarp)
    return parts;
  int64_t warps = threads / kWarp;
  auto constant = [&](int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value lane = arith::RemUIOp::create(builder, loc, thread, constant(kWarp));
  Value warp = arith::DivUIOp::create(builder, loc, thread, constant(kWarp));
  Value isFirst = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        lane, constant(0));
  Values shared = llvm::map_to_vector(parts, [&](Value part) {
    return shareMemory(launch, warps, part.getType());
  });
  auto guard = scf::IfOp::create(builder, loc, isFirst, /*withElse=*/false);
  OpBuilder inside = guard.getThenBodyBuilder();
  for (auto [memory, part] : llvm::zip_equal(shared, parts))
    memref::StoreOp::create(inside, loc, part, memory, warp);
  gpu::BarrierOp::create(builder, loc);
  Value from = arith::RemUIOp::create(builder, loc, lane, constant(warps));
  for (auto [memory, part] : llvm::zip_equal(shared, parts))
    part = memref::LoadOp::create(builder, loc, memory, from);
  return mergeThreads(builder, loc, parts, warps);
}
