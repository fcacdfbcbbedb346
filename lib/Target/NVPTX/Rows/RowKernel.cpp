//===- RowKernel.cpp - Rows for groups of threads -------------------------===//

#include "RowKernel.h"
#include "../Launch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

constexpr int64_t kWarp = 32;
/// Threads of a block that has several rows.
constexpr int64_t kRowThreads = 128;
constexpr int64_t kMostThreads = 1024;
/// Threads of a row whose length isn't known, and long.
constexpr int64_t kLongRowThreads = 512;
/// Elements up to which a warp has a row.
constexpr int64_t kWarpElements = 1024;
/// Registers of a thread that may hold elements: of a block of 1024 threads
/// each has 64, of smaller ones up to 255.
constexpr int64_t kFewRegisters = 32, kManyRegisters = 96;
/// Rows that keep a large chip busy where each is one thread's.
constexpr int64_t kManyRows = 8192;

static Value constant(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

static int64_t productOf(ArrayRef<int64_t> sizes) {
  int64_t product = 1;
  for (int64_t size : sizes) {
    if (ShapedType::isDynamic(size))
      return ShapedType::kDynamic;
    product *= size;
  }
  return product;
}

//===----------------------------------------------------------------------===//
// Shape
//===----------------------------------------------------------------------===//

bool RowKernel::matches(const RowProgram &program) {
  if (!llvm::all_of(program.ops, [&](linalg::LinalgOp op) {
        return !program.reduces(op) || Combiner::find(op);
      }))
    return false;
  int64_t rows = productOf(program.staticRows);
  return program.isContiguous() || ShapedType::isDynamic(rows) ||
         rows >= kManyRows;
}

RowKernel::RowKernel(const RowProgram &program)
    : program(program), loc(linalg::LinalgOp(program.ops.back()).getLoc()) {
  for (linalg::LinalgOp op : program.ops)
    if (program.reduces(op))
      combiners.try_emplace(op, *Combiner::find(op));
}

RowKernel::Shape RowKernel::chooseShape(int64_t lanes, bool longRows) const {
  Shape shape;
  shape.lanes = lanes;
  shape.threads = kRowThreads;
  int64_t length = productOf(program.staticElements);
  // What a thread keeps of each element: what it reads and what is computed.
  llvm::SmallDenseSet<Value> kept(program.temporaries.begin(),
                                  program.temporaries.end());
  int64_t values = 0;
  llvm::SmallDenseSet<Value> counted;
  for (linalg::LinalgOp op : program.ops)
    if (program.hasElements(op))
      for (OpOperand *operand : operandsOf(op))
        if (counted.insert(operand->get()).second &&
            program.accessOf(*operand).getNumResults() > 0 &&
            program.accessOf(*operand).isFunctionOfDim(
                program.rows.size() + program.elements.size() - 1))
          ++values;
  values = std::max<int64_t>(values, 1);

  if (!program.isContiguous()) {
    shape.group = 1;
    if (!ShapedType::isDynamic(length) && length > 0 &&
        length * values <= kFewRegisters)
      shape.chunks = length;
    return shape;
  }
  if (ShapedType::isDynamic(length)) {
    shape.group = longRows ? kLongRowThreads : kWarp;
    shape.threads = longRows ? kLongRowThreads : kRowThreads;
    return shape;
  }
  if (length == 0)
    return shape;
  int64_t vectors = llvm::divideCeil(length, lanes);
  auto fits = [&](int64_t group) {
    int64_t most = group >= kMostThreads ? kFewRegisters : kManyRegisters;
    int64_t ownElements = llvm::divideCeil(vectors, group) * lanes;
    return ownElements * values <= most;
  };
  shape.group = std::min<int64_t>(kWarp, llvm::PowerOf2Ceil(vectors));
  if (length > kWarpElements || !fits(shape.group)) {
    // A block for a row, of threads that have a few vectors each.
    shape.group = std::clamp<int64_t>(
        static_cast<int64_t>(llvm::PowerOf2Ceil(vectors)) / 4, 2 * kWarp,
        kMostThreads);
    while (!fits(shape.group) && shape.group < kMostThreads)
      shape.group *= 2;
    shape.threads = shape.group;
  }
  if (fits(shape.group))
    shape.chunks = llvm::divideCeil(vectors, shape.group);
  return shape;
}

void RowKernel::create() {
  OpBuilder builder(program.ops.back());
  auto sizes = [&](ArrayRef<std::pair<Value, int64_t>> from) {
    return llvm::map_to_vector(from, [&](std::pair<Value, int64_t> size) {
      return builder.createOrFold<memref::DimOp>(loc, size.first, size.second);
    });
  };
  rowSizes = sizes(program.rows);
  elementSizes = sizes(program.elements);
  SmallVector<LaneLoop> loops;
  for (linalg::LinalgOp op : program.ops)
    if (program.hasElements(op))
      loops.push_back({op, *program.laneOf(op)});
  Multiples multiples;
  int64_t lanes = 1;
  if (program.isContiguous())
    lanes = chooseLanes(loops, multiples, [&](Value buffer) {
      return program.temporaries.contains(buffer);
    });
  Value fits = lanes == 1 ? Value()
                          : areMultiples(builder, loc, multiples,
                                         elementSizes.back(), lanes);
  if (fits) {
    auto branch = scf::IfOp::create(builder, loc, fits, /*withElse=*/true);
    OpBuilder then = branch.getThenBodyBuilder(),
              otherwise = branch.getElseBodyBuilder();
    createVersions(then, lanes);
    createVersions(otherwise, 1);
  } else {
    createVersions(builder, lanes);
  }
  for (linalg::LinalgOp op : llvm::reverse(program.ops))
    op->erase();
  for (Value temporary : program.temporaries)
    if (temporary.use_empty())
      temporary.getDefiningOp()->erase();
}

void RowKernel::createVersions(OpBuilder &builder, int64_t lanes) {
  if (!ShapedType::isDynamic(productOf(program.staticElements)) ||
      !program.isContiguous())
    return createLaunch(builder, chooseShape(lanes, /*longRows=*/false));
  Value isLong = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ugt,
                                       product(builder, loc, elementSizes),
                                       constant(builder, loc, kWarpElements));
  auto branch = scf::IfOp::create(builder, loc, isLong, /*withElse=*/true);
  OpBuilder then = branch.getThenBodyBuilder(),
            otherwise = branch.getElseBodyBuilder();
  createLaunch(then, chooseShape(lanes, /*longRows=*/true));
  createLaunch(otherwise, chooseShape(lanes, /*longRows=*/false));
}

//===----------------------------------------------------------------------===//
// Rows and chunks
//===----------------------------------------------------------------------===//

void RowKernel::createLaunch(OpBuilder &host, Shape chosen) {
  shape = chosen;
  int64_t rowsOfBlock = shape.threads / shape.group;
  Value count = product(host, loc, rowSizes);
  Value blocks = host.createOrFold<arith::CeilDivUIOp>(
      loc, count, constant(host, loc, rowsOfBlock));
  chunkSizes = elementSizes;
  if (shape.lanes > 1)
    chunkSizes.back() = host.createOrFold<arith::DivUIOp>(
        loc, chunkSizes.back(), constant(host, loc, shape.lanes));
  chunkCount = product(host, loc, chunkSizes);

  launch = nvptx::createLaunch(host, loc, blocks, shape.threads);
  OpBuilder builder(launch.getBody().front().getTerminator());
  Value thread = launch.getThreadIds().x, number = launch.getBlockIds().x;
  Value group = constant(builder, loc, shape.group);
  member = builder.createOrFold<arith::RemUIOp>(loc, thread, group);
  isRow = Value();
  if (rowsOfBlock > 1) {
    number = arith::AddIOp::create(
        builder, loc,
        arith::MulIOp::create(builder, loc, number,
                              constant(builder, loc, rowsOfBlock)),
        builder.createOrFold<arith::DivUIOp>(loc, thread, group));
    auto known = getConstantIntValue(count);
    if (!known || *known % rowsOfBlock != 0) {
      // All threads of a warp take part in its shuffles: those past the end do
      // what the last row's do.
      isRow = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                    number, count);
      number = arith::MinUIOp::create(
          builder, loc, number,
          arith::SubIOp::create(builder, loc, count,
                                constant(builder, loc, 1)));
    }
  }
  row = delinearize(builder, loc, number, rowSizes);
  current.clear();
  seen.clear();
  versions.clear();
  createChunks(builder);
  for (linalg::LinalgOp op : program.ops)
    createOp(builder, op);
}

void RowKernel::createChunks(OpBuilder &builder) {
  kept.clear();
  for (int64_t i : llvm::seq(shape.chunks)) {
    Value number = member, active;
    if (i > 0)
      number = arith::AddIOp::create(builder, loc, member,
                                     constant(builder, loc, i * shape.group));
    if (*getConstantIntValue(chunkCount) < (i + 1) * shape.group) {
      active = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                     number, chunkCount);
      // Others read what the last one does.
      number = arith::MinUIOp::create(
          builder, loc, number,
          constant(builder, loc, *getConstantIntValue(chunkCount) - 1));
    }
    kept.push_back(chunkAt(builder, number));
    kept.back().active = active;
  }
}

RowKernel::Chunk RowKernel::chunkAt(OpBuilder &builder, Value number) {
  Chunk chunk;
  chunk.position = delinearize(builder, loc, number, chunkSizes);
  if (shape.lanes > 1)
    chunk.position.back() =
        arith::MulIOp::create(builder, loc, chunk.position.back(),
                              constant(builder, loc, shape.lanes));
  return chunk;
}

Values RowKernel::forEachChunk(
    OpBuilder &builder, ValueRange from,
    llvm::function_ref<Values(OpBuilder &, Chunk &, ValueRange)> body) {
  if (kept.empty()) {
    auto loop = scf::ForOp::create(
        builder, loc, member, chunkCount, constant(builder, loc, shape.group),
        from, [&](OpBuilder &b, Location, Value number, ValueRange before) {
          Chunk chunk = chunkAt(b, number);
          scf::YieldOp::create(b, loc, body(b, chunk, before));
        });
    return Values(loop.getResults());
  }
  Values values(from);
  for (Chunk &chunk : kept) {
    Values after = body(builder, chunk, values);
    for (auto [value, next] : llvm::zip_equal(values, after))
      value = chunk.active ? arith::SelectOp::create(builder, loc, chunk.active,
                                                     next, value)
                                 .getResult()
                           : next;
  }
  return values;
}

//===----------------------------------------------------------------------===//
// Values of a thread
//===----------------------------------------------------------------------===//

Values RowKernel::positionOf(OpBuilder &builder, linalg::LinalgOp op,
                             const Chunk *chunk) {
  Values position;
  for (const RowProgram::Role &role : program.roles.lookup(op)) {
    if (role.kind == RowProgram::Role::row)
      position.push_back(row[role.index]);
    else if (role.kind == RowProgram::Role::element && chunk)
      position.push_back(chunk->position[role.index]);
    else
      position.push_back(constant(builder, loc, 0));
  }
  return position;
}

Values RowKernel::operandOf(OpBuilder &builder, OpOperand &operand,
                            Chunk *chunk) {
  auto op = cast<linalg::LinalgOp>(operand.getOwner());
  int64_t lanes = chunk ? shape.lanes : 1;
  if (!isa<MemRefType>(operand.get().getType()))
    return Values(lanes, operand.get());
  if (Version *version = seen.lookup(&operand)) {
    if (version->row)
      return Values(lanes, version->row);
    return evaluate(builder, *version, *chunk);
  }
  AffineMap access = program.accessOf(operand);
  std::pair<Value, AffineMap> key{operand.get(), access};
  if (chunk && chunk->loaded.contains(key))
    return chunk->loaded[key];
  std::optional<unsigned> lane;
  if (chunk)
    lane = program.laneOf(op);
  Values loaded = loadLanes(builder, loc, operand.get(),
                            op.getMatchingIndexingMap(&operand),
                            positionOf(builder, op, chunk), lane, lanes);
  if (chunk)
    chunk->loaded[key] = loaded;
  return loaded;
}

SmallVector<Values> RowKernel::compute(OpBuilder &builder, linalg::LinalgOp op,
                                       Chunk *chunk, ArrayRef<Values> outs) {
  SmallVector<Values> operands;
  unsigned inputs = op.getNumDpsInputs();
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    if (!op.payloadUsesValueFromOperand(&operand))
      operands.emplace_back();
    else if (number >= inputs && !outs.empty())
      operands.push_back(outs[number - inputs]);
    else
      operands.push_back(operandOf(builder, operand, chunk));
  }
  std::optional<unsigned> lane;
  if (chunk)
    lane = program.laneOf(op);
  Values position = positionOf(builder, op, chunk);
  SmallVector<Values> results(op.getNumDpsInits());
  for (int64_t i : llvm::seq(chunk ? shape.lanes : 1)) {
    Values arguments = llvm::map_to_vector(operands, [&](const Values &lanes) {
      return lanes.empty() ? Value() : lanes[i];
    });
    Values values = inlineBody(
        builder, op, moved(builder, loc, position, lane, i), arguments);
    for (auto [to, value] : llvm::zip_equal(results, values))
      to.push_back(value);
  }
  return results;
}

Values RowKernel::evaluate(OpBuilder &builder, const Version &version,
                           Chunk &chunk) {
  linalg::LinalgOp op = version.op;
  if (!chunk.computed.contains(op)) {
    SmallVector<Values> results = compute(builder, op, &chunk, {});
    chunk.computed[op] = results;
  }
  return chunk.computed[op][version.result];
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

void RowKernel::createOp(OpBuilder &builder, linalg::LinalgOp op) {
  for (OpOperand &operand : op->getOpOperands())
    seen[&operand] = current.lookup(operand.get());
  bool reduces = program.reduces(op);
  if (!program.hasElements(op))
    return createRow(builder, op);
  // Loads come first: the more of them are under way at once, the better.
  for (Chunk &chunk : kept)
    for (OpOperand *operand : operandsOf(op))
      if (!seen.lookup(operand) && !(reduces && op.isDpsInit(operand)))
        operandOf(builder, *operand, &chunk);
  if (reduces)
    createReduction(builder, op);
  else
    createElements(builder, op);
}

void RowKernel::createReduction(OpBuilder &builder, linalg::LinalgOp op) {
  Values start;
  for (OpOperand &init : op.getDpsInitsMutable())
    start.push_back(operandOf(builder, init, nullptr).front());
  const Combiner &combiner = combiners.find(op)->second;
  SmallVector<Values> from;
  for (Value neutral : combiner.neutral(builder, loc, start))
    from.push_back(Values(shape.lanes, neutral));
  Values flat = forEachChunk(
      builder, flatten(from),
      [&](OpBuilder &b, Chunk &chunk, ValueRange before) {
        return flatten(compute(b, op, &chunk, unflatten(before, shape.lanes)));
      });
  Values parts =
      combiner.mergeLanes(builder, loc, unflatten(flat, shape.lanes));
  parts =
      shape.group <= kWarp
          ? combiner.mergeThreads(builder, loc, parts, shape.group)
          : combiner.mergeBlock(builder, launch, member, parts, shape.group);
  if (!combiner.isNeutral(start))
    parts = combiner.merge(builder, loc, start, parts);
  storeRow(builder, op, parts);
}

void RowKernel::createRow(OpBuilder &builder, linalg::LinalgOp op) {
  Values results;
  for (const Values &values : compute(builder, op, nullptr, {}))
    results.push_back(values.front());
  storeRow(builder, op, results);
}

void RowKernel::storeRow(OpBuilder &builder, linalg::LinalgOp op,
                         ValueRange results) {
  Values position = positionOf(builder, op, nullptr);
  for (auto [init, result] :
       llvm::zip_equal(op.getDpsInitsMutable(), results)) {
    versions.push_back({result, {}, 0});
    current[init.get()] = &versions.back();
    if (program.temporaries.contains(init.get()))
      continue;
    Value writes = isRow;
    if (shape.group > 1) {
      Value first =
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, member,
                                constant(builder, loc, 0));
      writes =
          isRow ? arith::AndIOp::create(builder, loc, isRow, first).getResult()
                : first;
    }
    OpBuilder inside = builder;
    if (writes)
      inside = scf::IfOp::create(builder, loc, writes, /*withElse=*/false)
                   .getThenBodyBuilder();
    storeLanes(inside, loc, result, init.get(),
               op.getMatchingIndexingMap(&init), position, std::nullopt);
  }
}

void RowKernel::createElements(OpBuilder &builder, linalg::LinalgOp op) {
  bool toMemory = false;
  SmallVector<Version *> made;
  for (auto [i, init] : llvm::enumerate(op.getDpsInits())) {
    versions.push_back({Value(), op, static_cast<unsigned>(i)});
    current[init] = &versions.back();
    made.push_back(&versions.back());
    toMemory |= !program.temporaries.contains(init);
  }
  if (!toMemory)
    return;
  forEachChunk(builder, {}, [&](OpBuilder &b, Chunk &chunk, ValueRange) {
    SmallVector<Values> results;
    for (Version *version : made)
      results.push_back(evaluate(b, *version, chunk));
    Value writes = chunk.active;
    if (isRow)
      writes = writes ? arith::AndIOp::create(b, loc, writes, isRow).getResult()
                      : isRow;
    OpBuilder inside = b;
    if (writes)
      inside = scf::IfOp::create(b, loc, writes, /*withElse=*/false)
                   .getThenBodyBuilder();
    for (auto [init, values] :
         llvm::zip_equal(op.getDpsInitsMutable(), results))
      if (!program.temporaries.contains(init.get()))
        storeLanes(inside, loc, values, init.get(),
                   op.getMatchingIndexingMap(&init),
                   positionOf(inside, op, &chunk), program.laneOf(op));
    return Values();
  });
}
