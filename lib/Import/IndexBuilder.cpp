//===- IndexBuilder.cpp - TensorBuilder's expressions ---------------------===//

#include "TensorBuilder.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

/// Beyond this, constants take no part in arithmetic, so that none overflows.
static constexpr int64_t kLargest = int64_t(1) << 40;

TensorBuilder::TensorBuilder(MLIRContext *context)
    : b(context), loc(UnknownLoc::get(context)) {
  regions.emplace_back();
}

Exprs TensorBuilder::constants(ArrayRef<int64_t> values) {
  return llvm::map_to_vector(values, [&](int64_t v) { return constant(v); });
}

std::optional<int64_t> TensorBuilder::constantOf(AffineExpr expr) {
  if (auto known = dyn_cast_or_null<AffineConstantExpr>(expr))
    return known.getValue();
  return std::nullopt;
}

std::optional<SmallVector<int64_t>>
TensorBuilder::constantsOf(ArrayRef<AffineExpr> exprs) {
  SmallVector<int64_t> values;
  for (AffineExpr expr : exprs) {
    std::optional<int64_t> known = constantOf(expr);
    if (!known)
      return std::nullopt;
    values.push_back(*known);
  }
  return values;
}

AffineExpr TensorBuilder::symbol(Value value, int64_t dim, bool nonNegative) {
  auto [it, added] = symbolIds.try_emplace({value, dim}, symbols.size());
  if (added)
    symbols.push_back({value, dim, nonNegative, {}});
  return b.getAffineSymbolExpr(it->second);
}

AffineExpr TensorBuilder::simplify(AffineExpr expr) {
  return simplifyAffineExpr(expr, 0, symbols.size());
}

//===----------------------------------------------------------------------===//
// Dimensions
//===----------------------------------------------------------------------===//

Exprs TensorBuilder::dims(Value value) {
  if (!value)
    return {};
  auto known = shapes.find(value);
  if (known != shapes.end())
    return known->second;
  Exprs exprs;
  for (auto [i, size] : llvm::enumerate(type(value).getShape()))
    exprs.push_back(ShapedType::isDynamic(size)
                        ? symbol(value, i, /*nonNegative=*/true)
                        : constant(size));
  return shapes[value] = exprs;
}

AffineExpr TensorBuilder::dim(Value value, int64_t i) { return dims(value)[i]; }

void TensorBuilder::nameDim(Value value, int64_t i, StringRef name) {
  Exprs exprs = dims(value);
  auto [it, added] = namedDims.try_emplace(name, exprs[i]);
  if (!added)
    shapes[value][i] = it->second;
}

void TensorBuilder::setDims(Value value, ArrayRef<AffineExpr> sizes) {
  Exprs exprs = dims(value);
  for (auto [expr, size] : llvm::zip_equal(exprs, sizes))
    if (size && !constantOf(expr))
      expr = size;
  shapes[value] = exprs;
}

AffineExpr TensorBuilder::product(ArrayRef<AffineExpr> dims) {
  AffineExpr result = constant(1);
  for (AffineExpr dim : dims)
    result = mul(result, dim);
  return result;
}

AffineExpr TensorBuilder::fromIndex(Value index, bool nonNegative) {
  auto known = indexExprs.find(index);
  if (known != indexExprs.end())
    return known->second;
  if (std::optional<int64_t> value = getConstantIntValue(index))
    return constant(*value);
  return indexExprs[index] = symbol(index, -1, nonNegative);
}

void TensorBuilder::forget(mlir::Region &region) {
  llvm::DenseSet<Value> gone;
  auto add = [&](ValueRange values) {
    gone.insert(values.begin(), values.end());
  };
  region.walk([&](Operation *op) {
    add(op->getResults());
    for (mlir::Region &inner : op->getRegions())
      for (Block &block : inner)
        add(block.getArguments());
  });
  for (Block &block : region)
    add(block.getArguments());
  for (Value value : gone) {
    shapes.erase(value);
    indexExprs.erase(value);
  }
  SmallVector<std::pair<Value, int64_t>> stale;
  for (const auto &[key, id] : symbolIds)
    if (gone.contains(key.first))
      stale.push_back(key);
  for (const auto &key : stale)
    symbolIds.erase(key);
}

bool TensorBuilder::isOutside(AffineExpr expr, mlir::Region &region) const {
  bool outside = true;
  expr.walk([&](AffineExpr e) {
    auto symbol = dyn_cast<AffineSymbolExpr>(e);
    if (!symbol)
      return;
    Value value = symbols[symbol.getPosition()].value;
    mlir::Region *home = value.getParentRegion();
    outside &= !region.isAncestor(home);
  });
  return outside;
}

//===----------------------------------------------------------------------===//
// Expressions to values
//===----------------------------------------------------------------------===//

OpFoldResult TensorBuilder::fold(AffineExpr expr) {
  if (std::optional<int64_t> known = constantOf(expr))
    return b.getIndexAttr(*known);
  return index(expr);
}

SmallVector<OpFoldResult> TensorBuilder::fold(ArrayRef<AffineExpr> exprs) {
  return llvm::map_to_vector(exprs, [&](AffineExpr e) { return fold(e); });
}

Value TensorBuilder::index(AffineExpr expr) {
  if (!expr)
    return {};
  for (const Region &region : llvm::reverse(regions))
    if (Value known = region.indices.lookup(expr))
      return known;
  Value value;
  if (std::optional<int64_t> known = constantOf(expr)) {
    value = arith::ConstantIndexOp::create(b, loc, *known);
  } else if (auto sym = dyn_cast<AffineSymbolExpr>(expr)) {
    Symbol from = symbols[sym.getPosition()];
    value =
        from.dim < 0
            ? from.value
            : tensor::DimOp::create(b, loc, from.value, from.dim).getResult();
  } else {
    // The map names only the symbols that occur. MLIR's composing builders look
    // at the op around, which a region under construction doesn't have.
    SmallVector<AffineExpr> renamed(symbols.size(), b.getAffineConstantExpr(0));
    llvm::SmallDenseSet<unsigned> seen;
    SmallVector<Value> operands;
    expr.walk([&](AffineExpr e) {
      auto sym = dyn_cast<AffineSymbolExpr>(e);
      if (!sym || !seen.insert(sym.getPosition()).second)
        return;
      renamed[sym.getPosition()] = b.getAffineSymbolExpr(operands.size());
      operands.push_back(index(e));
    });
    auto map = AffineMap::get(0, operands.size(), expr.replaceSymbols(renamed));
    value = affine::AffineApplyOp::create(b, loc, map, operands);
  }
  indexExprs.try_emplace(value, expr);
  return regions.back().indices[expr] = value;
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

bool TensorBuilder::isNonNegative(AffineExpr expr) const {
  if (sizes.contains(expr))
    return true;
  switch (expr.getKind()) {
  case AffineExprKind::Constant:
    return llvm::cast<AffineConstantExpr>(expr).getValue() >= 0;
  case AffineExprKind::SymbolId:
    return symbols[llvm::cast<AffineSymbolExpr>(expr).getPosition()]
        .nonNegative;
  case AffineExprKind::DimId:
    return false;
  default: {
    auto binary = llvm::cast<AffineBinaryOpExpr>(expr);
    return isNonNegative(binary.getLHS()) && isNonNegative(binary.getRHS());
  }
  }
}

void TensorBuilder::origins(AffineExpr expr,
                            llvm::SmallDenseSet<unsigned> &result) const {
  if (!expr)
    return;
  expr.walk([&](AffineExpr e) {
    auto symbol = dyn_cast<AffineSymbolExpr>(e);
    if (!symbol)
      return;
    const Symbol &known = symbols[symbol.getPosition()];
    if (known.from.empty())
      result.insert(symbol.getPosition());
    for (AffineExpr from : known.from)
      origins(from, result);
  });
}

bool TensorBuilder::areRelated(AffineExpr x, AffineExpr y) const {
  llvm::SmallDenseSet<unsigned> xs, ys;
  origins(x, xs);
  origins(y, ys);
  return xs == ys;
}

bool TensorBuilder::isPositive(AffineExpr expr) const {
  if (auto known = constantOf(expr))
    return *known > 0;
  auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!sum || sum.getKind() != AffineExprKind::Add)
    return false;
  return (isPositive(sum.getLHS()) && isNonNegative(sum.getRHS())) ||
         (isNonNegative(sum.getLHS()) && isPositive(sum.getRHS()));
}

/// Whether affine expressions may compute with it.
static bool isSmall(AffineExpr expr) {
  auto known = TensorBuilder::constantOf(expr);
  return !known || (*known <= kLargest && *known >= -kLargest);
}

AffineExpr
TensorBuilder::opaque(int kind, AffineExpr x, AffineExpr y, AffineExpr z,
                      bool nonNegative,
                      llvm::function_ref<Value(Value, Value, Value)> build) {
  std::tuple<int, AffineExpr, AffineExpr, AffineExpr> key(kind, x, y, z);
  for (const Region &region : llvm::reverse(regions)) {
    auto known = region.opaque.find(key);
    if (known != region.opaque.end())
      return known->second;
  }
  Value value = build(index(x), index(y), index(z));
  AffineExpr result = fromIndex(value, nonNegative);
  if (auto symbol = dyn_cast<AffineSymbolExpr>(result))
    symbols[symbol.getPosition()].from = {x, y, z};
  return regions.back().opaque[key] = result;
}

AffineExpr TensorBuilder::add(AffineExpr x, AffineExpr y) {
  if (!x || !y || !isSmall(x) || !isSmall(y))
    return {};
  AffineExpr sum = simplify(x + y);
  // Long sums (a loop's worth of them) become values, or each step would cost
  // more than the last.
  return expressionSize(sum) < 64 ? sum
                                  : fromIndex(index(sum), isNonNegative(sum));
}

AffineExpr TensorBuilder::sub(AffineExpr x, AffineExpr y) {
  return add(x, mul(y, constant(-1)));
}

AffineExpr TensorBuilder::mul(AffineExpr x, AffineExpr y) {
  if (!x || !y || !isSmall(x) || !isSmall(y))
    return {};
  std::optional<int64_t> a = constantOf(x), c = constantOf(y);
  int64_t ignored;
  if (a && c && __builtin_mul_overflow(*a, *c, &ignored))
    return {};
  if (a)
    std::swap(x, y);
  return simplify(x * y);
}

AffineExpr TensorBuilder::div(AffineExpr x, AffineExpr y) {
  if (!x || !y || !isSmall(x) || !isSmall(y))
    return {};
  std::optional<int64_t> a = constantOf(x), c = constantOf(y);
  if (c && *c == 0)
    return {};
  if (a && c)
    return constant(*a / *c);
  if (c && *c > 0 && isNonNegative(x))
    return simplify(x.floorDiv(*c));
  // x * y / y, as reshapes have it.
  if (x == y && isPositive(y))
    return constant(1);
  bool nonNegative = isNonNegative(x) && isNonNegative(y);
  return opaque(Div, x, y, {}, nonNegative, [&](Value x, Value y, Value) {
    // A divisor of zero is the model's fault; the machine must not trap.
    Value one = index(constant(1));
    Value divisor =
        c ? y
          : arith::SelectOp::create(
                b, loc,
                arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, y,
                                      index(constant(0))),
                one, y);
    return arith::DivSIOp::create(b, loc, x, divisor);
  });
}

AffineExpr TensorBuilder::mod(AffineExpr x, AffineExpr y) {
  if (!x || !y || !isSmall(x) || !isSmall(y))
    return {};
  std::optional<int64_t> c = constantOf(y);
  // Python's and C's remainders differ only where a sign is negative.
  if (!c || *c <= 0 || !isNonNegative(x))
    return {};
  return simplify(x % *c);
}

AffineExpr TensorBuilder::ceilDiv(AffineExpr x, int64_t y) {
  if (!x)
    return {};
  return simplify(x.ceilDiv(y));
}

Value TensorBuilder::floatOf(double value, Type type) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
}

/// A number held in [low, kLargest], as an index; `low` where it is none.
/// Converting truncates, and has no result for what is no integer of 64 bits.
Value TensorBuilder::clampedIndex(Value number, double low) {
  Type type = number.getType();
  number = arith::MaxNumFOp::create(b, loc, number, floatOf(low, type));
  number = arith::MinNumFOp::create(b, loc, number, floatOf(kLargest, type));
  number = arith::FPToSIOp::create(b, loc, b.getI64Type(), number);
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), number);
}

AffineExpr TensorBuilder::countUpTo(Value number, StringRef message) {
  if (!number)
    return {};
  auto isBelow = [&](Value x, Value y) -> Value {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y);
  };
  Type type = number.getType();
  Value good =
      arith::AndIOp::create(b, loc, isBelow(floatOf(-INFINITY, type), number),
                            isBelow(number, floatOf(kLargest, type)));
  cf::AssertOp::create(b, loc, good, message);
  return fromIndex(clampedIndex(number, 0), /*nonNegative=*/true);
}

AffineExpr TensorBuilder::scaledSize(AffineExpr size, Value scale) {
  if (!size || !scale)
    return {};
  Value number = arith::SIToFPOp::create(
      b, loc, scale.getType(),
      arith::IndexCastOp::create(b, loc, b.getI64Type(), index(size)));
  Value product = arith::MulFOp::create(b, loc, number, scale);
  return fromIndex(clampedIndex(product, -1), /*nonNegative=*/true);
}

/// The smaller one, if that is known.
static AffineExpr smaller(TensorBuilder &tb, AffineExpr x, AffineExpr y) {
  std::optional<int64_t> a = tb.constantOf(x), c = tb.constantOf(y);
  if (a && c)
    return *a < *c ? x : y;
  if (!isSmall(x) || !isSmall(y))
    return {};
  AffineExpr difference = tb.sub(x, y);
  if (difference && tb.isNonNegative(difference))
    return y;
  difference = tb.sub(y, x);
  return difference && tb.isNonNegative(difference) ? x : AffineExpr();
}

AffineExpr TensorBuilder::min(AffineExpr x, AffineExpr y) {
  if (!x || !y)
    return {};
  if (x == y)
    return x;
  if (AffineExpr less = smaller(*this, x, y))
    return less;
  return opaque(Min, x, y, {}, isNonNegative(x) && isNonNegative(y),
                [&](Value x, Value y, Value) {
                  return arith::MinSIOp::create(b, loc, x, y);
                });
}

AffineExpr TensorBuilder::max(AffineExpr x, AffineExpr y) {
  if (!x || !y)
    return {};
  if (x == y)
    return x;
  if (AffineExpr less = smaller(*this, x, y))
    return less == x ? y : x;
  return opaque(Max, x, y, {}, isNonNegative(x) || isNonNegative(y),
                [&](Value x, Value y, Value) {
                  return arith::MaxSIOp::create(b, loc, x, y);
                });
}

AffineExpr TensorBuilder::compare(arith::CmpIPredicate predicate, AffineExpr x,
                                  AffineExpr y) {
  if (!x || !y)
    return {};
  std::optional<int64_t> a = constantOf(x), c = constantOf(y);
  if (a && c)
    return constant(arith::applyCmpPredicate(predicate, APInt(64, *a, true),
                                             APInt(64, *c, true)));
  if (x == y)
    return constant(
        arith::applyCmpPredicate(predicate, APInt(64, 0), APInt(64, 0)));
  // A size is never -1: exporters ask nevertheless.
  if (predicate == arith::CmpIPredicate::eq && isSmall(x) && isSmall(y)) {
    AffineExpr xy = sub(x, y), yx = sub(y, x);
    if ((xy && isPositive(xy)) || (yx && isPositive(yx)))
      return constant(0);
  }
  return opaque(Compare + 1 + static_cast<int>(predicate), x, y, {}, true,
                [&](Value x, Value y, Value) {
                  return arith::IndexCastUIOp::create(
                      b, loc, b.getIndexType(),
                      arith::CmpIOp::create(b, loc, predicate, x, y));
                });
}

AffineExpr TensorBuilder::select(AffineExpr condition, AffineExpr x,
                                 AffineExpr y) {
  if (!condition || !x || !y)
    return {};
  if (std::optional<int64_t> known = constantOf(condition))
    return *known ? x : y;
  if (x == y)
    return x;
  return opaque(Select, condition, x, y, isNonNegative(x) && isNonNegative(y),
                [&](Value condition, Value x, Value y) {
                  Value isSet =
                      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                            condition, index(constant(0)));
                  return arith::SelectOp::create(b, loc, isSet, x, y);
                });
}
