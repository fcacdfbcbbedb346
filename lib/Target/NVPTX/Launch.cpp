//===- Launch.cpp - Kernels with a thread for each item -------------------===//

#include "Launch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace rac;

static Value constant(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

gpu::LaunchOp nvptx::createLaunch(OpBuilder &builder, Location loc,
                                  Value blocks, int64_t threads) {
  Value one = constant(builder, loc, 1);
  auto launch =
      gpu::LaunchOp::create(builder, loc, blocks, one, one,
                            constant(builder, loc, threads), one, one);
  OpBuilder inside = OpBuilder::atBlockBegin(&launch.getBody().front());
  gpu::TerminatorOp::create(inside, loc);
  return launch;
}

gpu::LaunchOp
nvptx::launchItems(OpBuilder &builder, Location loc, Value count,
                   llvm::function_ref<void(OpBuilder &, Value)> body) {
  // One item takes one warp: a block of more would only be switched off.
  std::optional<int64_t> known = getConstantIntValue(count);
  constexpr int64_t warp = 32;
  int64_t threads = known && *known <= warp ? warp : kBlockThreads;
  Value size = constant(builder, loc, threads);
  Value blocks = builder.createOrFold<arith::CeilDivUIOp>(loc, count, size);
  gpu::LaunchOp launch = createLaunch(builder, loc, blocks, threads);
  OpBuilder inside(launch.getBody().front().getTerminator());
  Value first = arith::MulIOp::create(inside, loc, launch.getBlockIds().x,
                                      constant(inside, loc, threads));
  Value item =
      arith::AddIOp::create(inside, loc, first, launch.getThreadIds().x);
  if (known && *known % threads == 0) {
    body(inside, item);
    return launch;
  }
  Value within = arith::CmpIOp::create(inside, loc, arith::CmpIPredicate::ult,
                                       item, count);
  auto guard = scf::IfOp::create(inside, loc, within, /*withElse=*/false);
  OpBuilder guarded = guard.getThenBodyBuilder();
  body(guarded, item);
  return launch;
}

Value nvptx::countIterations(OpBuilder &builder, Location loc, Value lower,
                             Value upper, Value step) {
  Value extent = isConstantIntValue(lower, 0)
                     ? upper
                     : builder.createOrFold<arith::SubIOp>(loc, upper, lower);
  if (!isConstantIntValue(step, 1))
    extent = builder.createOrFold<arith::CeilDivSIOp>(loc, extent, step);
  if (extent != upper)
    extent = builder.createOrFold<arith::MaxSIOp>(loc, extent,
                                                  constant(builder, loc, 0));
  return extent;
}

Value nvptx::counterAt(OpBuilder &builder, Location loc, Value iteration,
                       Value lower, Value step) {
  Value scaled = iteration;
  if (!isConstantIntValue(step, 1))
    scaled = arith::MulIOp::create(builder, loc, iteration, step);
  if (isConstantIntValue(lower, 0))
    return scaled;
  return arith::AddIOp::create(builder, loc, scaled, lower);
}

Value nvptx::product(OpBuilder &builder, Location loc, ValueRange sizes) {
  Value result;
  for (Value size : sizes)
    result =
        result ? builder.createOrFold<arith::MulIOp>(loc, result, size) : size;
  return result ? result : constant(builder, loc, 1);
}

SmallVector<Value> nvptx::delinearize(OpBuilder &builder, Location loc,
                                      Value item, ArrayRef<Value> sizes) {
  SmallVector<Value> position(sizes.size());
  if (sizes.empty())
    return position;
  // Division takes dozens of instructions in 64 bits, and a few in 32.
  int64_t total = 1;
  for (Value size : sizes) {
    std::optional<int64_t> known = getConstantIntValue(size);
    if (!known || *known <= 0 || total > INT32_MAX / *known)
      total = 0;
    total *= known.value_or(0);
  }
  bool narrow = total != 0;
  Type type = narrow ? Type(builder.getI32Type()) : builder.getIndexType();
  auto convert = [&](Value value, Type to) {
    return value.getType() == to
               ? value
               : builder.createOrFold<arith::IndexCastUIOp>(loc, to, value);
  };
  Value rest = convert(item, type);
  for (size_t i = sizes.size() - 1; i > 0; --i) {
    std::optional<int64_t> known = getConstantIntValue(sizes[i]);
    if (known == 1) {
      position[i] = constant(builder, loc, 0);
      continue;
    }
    Value size = narrow
                     ? arith::ConstantIntOp::create(builder, loc, type, *known)
                           .getResult()
                     : sizes[i];
    Value at = arith::RemUIOp::create(builder, loc, rest, size);
    rest = arith::DivUIOp::create(builder, loc, rest, size);
    position[i] = convert(at, builder.getIndexType());
  }
  position[0] = convert(rest, builder.getIndexType());
  return position;
}
