//===- SymbolicShapes.cpp - Sizes as expressions over few roots -----------===//

#include "rac/Dialect/Rac/IR/SymbolicShapes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rac;

//===----------------------------------------------------------------------===//
// Products and quotients
//===----------------------------------------------------------------------===//

/// Splits a product into a constant and other factors.
static int64_t collectFactors(AffineExpr expr,
                              SmallVectorImpl<AffineExpr> &factors) {
  if (auto known = dyn_cast<AffineConstantExpr>(expr))
    return known.getValue();
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary || binary.getKind() != AffineExprKind::Mul) {
    factors.push_back(expr);
    return 1;
  }
  int64_t left = collectFactors(binary.getLHS(), factors);
  return left * collectFactors(binary.getRHS(), factors);
}

static AffineExpr buildProduct(int64_t constant,
                               SmallVectorImpl<AffineExpr> &factors,
                               MLIRContext *ctx) {
  // Symbols by number, anything else before them in the order met.
  auto key = [](AffineExpr e) -> int64_t {
    auto symbol = dyn_cast<AffineSymbolExpr>(e);
    return symbol ? symbol.getPosition() : -1;
  };
  llvm::stable_sort(
      factors, [&](AffineExpr a, AffineExpr b) { return key(a) < key(b); });
  AffineExpr result = getAffineConstantExpr(1, ctx);
  for (AffineExpr factor : factors)
    result = factor * result;
  return result * constant;
}

AffineExpr rac::multiplySizes(AffineExpr a, AffineExpr b) {
  SmallVector<AffineExpr> factors;
  int64_t constant = collectFactors(a, factors);
  constant *= collectFactors(b, factors);
  return buildProduct(constant, factors, a.getContext());
}

AffineExpr rac::divideSizes(AffineExpr a, AffineExpr b) {
  SmallVector<AffineExpr> factors, divisors;
  int64_t constant = collectFactors(a, factors);
  int64_t divisor = collectFactors(b, divisors);
  if (divisor <= 0)
    return {};
  for (AffineExpr d : divisors) {
    auto it = llvm::find(factors, d);
    if (it == factors.end())
      return {};
    factors.erase(it);
  }
  if (constant % divisor == 0)
    return buildProduct(constant / divisor, factors, a.getContext());
  return buildProduct(constant, factors, a.getContext()).floorDiv(divisor);
}

//===----------------------------------------------------------------------===//
// SymbolicShapes
//===----------------------------------------------------------------------===//

AffineExpr SymbolicShapes::root(Value value, int64_t dim) {
  auto [it, added] = rootOf.try_emplace({value, dim});
  if (added) {
    it->second = getAffineSymbolExpr(roots.size(), ctx);
    roots.push_back({value, dim});
  }
  return it->second;
}

/// Arguments' dimensions of one name are one root: the first of them.
AffineExpr SymbolicShapes::namedRoot(BlockArgument argument, int64_t dim) {
  auto func = dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
  if (!func || !argument.getOwner()->isEntryBlock())
    return root(argument, dim);
  auto nameOf = [&](unsigned arg, int64_t d) -> StringRef {
    auto names = func.getArgAttrOfType<ArrayAttr>(arg, "rac.dim_names");
    if (!names || d >= static_cast<int64_t>(names.size()))
      return {};
    auto name = dyn_cast<StringAttr>(names[d]);
    return name ? name.getValue() : StringRef();
  };
  StringRef name = nameOf(argument.getArgNumber(), dim);
  if (name.empty())
    return root(argument, dim);
  for (BlockArgument other : argument.getOwner()->getArguments()) {
    auto type = dyn_cast<RankedTensorType>(other.getType());
    for (int64_t d = 0; type && d < type.getRank(); ++d)
      if (nameOf(other.getArgNumber(), d) == name)
        return type.isDynamicDim(d)
                   ? root(other, d)
                   : getAffineConstantExpr(type.getDimSize(d), ctx);
  }
  return root(argument, dim);
}

const Dims &SymbolicShapes::shape(Value tensor) {
  if (auto it = shapes.find(tensor); it != shapes.end())
    return *it->second;
  Operation *owner = tensor.getParentBlock()->getParentOp();
  auto loop = isa<BlockArgument>(tensor) ? dyn_cast_or_null<scf::ForOp>(owner)
                                         : tensor.getDefiningOp<scf::ForOp>();
  if (loop)
    settle(loop);
  else
    assumeShape(tensor, computeShape(tensor));
  return *shapes.find(tensor)->second;
}

void SymbolicShapes::assumeShape(Value tensor, Dims dims) {
  shapes[tensor] = std::make_unique<Dims>(std::move(dims));
  known.push_back(tensor);
}

void SymbolicShapes::forgetSince(size_t number) {
  for (Value value : ArrayRef(known).drop_front(number)) {
    shapes.erase(value);
    indices.erase(value);
  }
  known.truncate(number);
}

/// Calls `visit` with each tensor that the loop carries: what it begins with,
/// what an iteration takes and gives, and the result.
static void
forEachCarried(scf::ForOp loop,
               llvm::function_ref<void(Value, Value, Value, Value)> visit) {
  for (auto [init, argument, yielded, result] :
       llvm::zip_equal(loop.getInitArgs(), loop.getRegionIterArgs(),
                       loop.getYieldedValues(), loop.getResults()))
    if (isa<RankedTensorType>(init.getType()))
      visit(init, argument, yielded, result);
}

/// What a loop carries keeps the size that it begins with if each iteration
/// that takes tensors of such sizes gives those of the same. What doesn't is a
/// root.
void SymbolicShapes::settle(scf::ForOp loop) {
  SmallVector<Dims> carried;
  forEachCarried(loop, [&](Value init, Value, Value, Value) {
    carried.push_back(shape(init));
  });
  size_t before = known.size();
  for (bool changed = true; changed;) {
    changed = false;
    size_t next = 0;
    forEachCarried(loop, [&](Value, Value argument, Value, Value result) {
      Dims last = carried[next];
      for (auto [i, size] : llvm::enumerate(last))
        if (size == root(argument, i))
          size = root(result, i);
      assumeShape(argument, carried[next++]);
      assumeShape(result, std::move(last));
    });
    next = 0;
    SmallVector<Dims> given;
    forEachCarried(loop, [&](Value, Value, Value yielded, Value) {
      given.push_back(shape(yielded));
    });
    forEachCarried(loop, [&](Value, Value argument, Value, Value) {
      for (auto [i, size] : llvm::enumerate(carried[next])) {
        AffineExpr own = root(argument, i);
        if (size != own && size != given[next][i]) {
          size = own;
          changed = true;
        }
      }
      ++next;
    });
    if (changed)
      forgetSince(before);
  }
}

Dims SymbolicShapes::computeShape(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Dims dims(type.getRank());
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    if (!ShapedType::isDynamic(size))
      dims[i] = getAffineConstantExpr(size, ctx);
  if (type.hasStaticShape())
    return dims;
  auto take = [&](ArrayRef<AffineExpr> from) {
    for (auto [dim, expr] : llvm::zip_equal(dims, from))
      if (!dim)
        dim = expr;
  };

  Operation *op = tensor.getDefiningOp();
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    Operation *parent = argument.getOwner()->getParentOp();
    if (auto group = dyn_cast_or_null<GroupOp>(parent))
      take(shape(group.getInputs()[argument.getArgNumber()]));
    else if (parent)
      for (auto [i, dim] : llvm::enumerate(dims))
        if (!dim)
          dim = namedRoot(argument, i);
  } else if (auto castOp = dyn_cast<tensor::CastOp>(op)) {
    if (isa<RankedTensorType>(castOp.getSource().getType()))
      take(shape(castOp.getSource()));
  } else if (auto group = dyn_cast<GroupOp>(op)) {
    auto yield = cast<YieldOp>(group.getBodyBlock()->getTerminator());
    take(shape(yield.getValues()[cast<OpResult>(tensor).getResultNumber()]));
  } else if (auto shaped = dyn_cast<ShapeOpInterface>(op)) {
    ShapeContext context(ctx);
    SmallVector<Dims> results;
    if (succeeded(shaped.inferDims(context, results))) {
      SmallVector<AffineExpr> symbols;
      for (const ShapeContext::Symbol &symbol : context.getSymbols())
        symbols.push_back(symbol.dim < 0 ? index(symbol.value)
                                         : dim(symbol.value, symbol.dim));
      for (auto [dim, expr] : llvm::zip_equal(
               dims, results[cast<OpResult>(tensor).getResultNumber()]))
        if (!dim && expr)
          dim = expr.replaceSymbols(symbols);
    }
  }
  for (auto [i, dim] : llvm::enumerate(dims))
    if (!dim)
      dim = root(tensor, i);
  return dims;
}

AffineExpr SymbolicShapes::index(OpFoldResult value) {
  if (std::optional<int64_t> known = getConstantIntValue(value))
    return getAffineConstantExpr(*known, ctx);
  Value v = cast<Value>(value);
  auto it = indices.find(v);
  if (it != indices.end())
    return it->second;
  AffineExpr expr = computeIndex(v);
  if (!expr)
    expr = root(v, -1);
  known.push_back(v);
  return indices[v] = expr;
}

//===----------------------------------------------------------------------===//
// Selects: what numpy's broadcast of two sizes comes to
//===----------------------------------------------------------------------===//

namespace {
/// The condition value == constant, or not.
struct Equality {
  Value value;
  int64_t constant;
  bool negated;
};
} // namespace

static std::optional<Equality> matchEquality(Value condition) {
  auto cmp = condition.getDefiningOp<arith::CmpIOp>();
  if (!cmp || (cmp.getPredicate() != arith::CmpIPredicate::eq &&
               cmp.getPredicate() != arith::CmpIPredicate::ne))
    return std::nullopt;
  std::optional<int64_t> constant = getConstantIntValue(cmp.getRhs());
  if (!constant)
    return std::nullopt;
  bool negated = cmp.getPredicate() == arith::CmpIPredicate::ne;
  // A truth value that went through an index and is compared with zero.
  Operation *cast = cmp.getLhs().getDefiningOp();
  if (*constant == 0 &&
      isa_and_nonnull<arith::IndexCastUIOp, arith::ExtUIOp>(cast) &&
      cast->getOperand(0).getType().isInteger(1)) {
    std::optional<Equality> inner = matchEquality(cast->getOperand(0));
    if (inner)
      inner->negated ^= !negated;
    return inner;
  }
  return Equality{cmp.getLhs(), *constant, negated};
}

/// The two sizes of which `root` is the smaller.
static std::optional<std::pair<Value, Value>>
matchMin(const SymbolicShapes::Root &root) {
  Operation *op = root.dim < 0 ? root.value.getDefiningOp() : nullptr;
  if (!isa_and_nonnull<arith::MinSIOp, arith::MinUIOp>(op))
    return std::nullopt;
  return std::pair(op->getOperand(0), op->getOperand(1));
}

void SymbolicShapes::assume(AffineExpr expr, int64_t value, Facts &facts) {
  auto symbol = dyn_cast<AffineSymbolExpr>(expr);
  if (!symbol)
    return;
  facts[expr] = value;
  auto min = matchMin(roots[symbol.getPosition()]);
  if (!min)
    return;
  // min(x, c) == v < c says that x == v.
  for (auto [x, c] : {*min, std::pair(min->second, min->first)}) {
    int64_t bound = staticDim(index(c));
    if (!ShapedType::isDynamic(bound) && bound > value)
      assume(index(x), value, facts);
  }
}

AffineExpr SymbolicShapes::substitute(AffineExpr expr, const Facts &facts) {
  SmallVector<AffineExpr> symbols;
  for (auto [i, root] : llvm::enumerate(SmallVector<Root>(roots))) {
    AffineExpr symbol = getAffineSymbolExpr(i, ctx);
    auto fact = facts.find(symbol);
    symbols.push_back(fact == facts.end()
                          ? symbol
                          : getAffineConstantExpr(fact->second, ctx));
    auto min = matchMin(root);
    if (fact != facts.end() || !min || !expr.isFunctionOfSymbol(i))
      continue;
    int64_t a = staticDim(substitute(index(min->first), facts));
    int64_t b = staticDim(substitute(index(min->second), facts));
    if (!ShapedType::isDynamic(a) && !ShapedType::isDynamic(b))
      symbols.back() = getAffineConstantExpr(std::min(a, b), ctx);
  }
  return expr.replaceSymbols(symbols);
}

/// `x == c ? a : b` is b where both come to the same for x == c.
AffineExpr SymbolicShapes::computeSelect(arith::SelectOp op) {
  if (!op.getType().isIndex())
    return {};
  AffineExpr a = index(op.getTrueValue()), b = index(op.getFalseValue());
  if (a == b)
    return a;
  std::optional<Equality> test = matchEquality(op.getCondition());
  if (!test)
    return {};
  if (test->negated)
    std::swap(a, b);
  AffineExpr tested = index(test->value);
  if (int64_t known = staticDim(tested); !ShapedType::isDynamic(known))
    return known == test->constant ? a : b;
  Facts facts;
  assume(tested, test->constant, facts);
  return substitute(a, facts) == substitute(b, facts) ? b : AffineExpr();
}

AffineExpr SymbolicShapes::computeIndex(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op) {
    auto argument = cast<BlockArgument>(value);
    auto group = dyn_cast_or_null<GroupOp>(argument.getOwner()->getParentOp());
    return group ? index(group.getInputs()[argument.getArgNumber()])
                 : AffineExpr();
  }
  return llvm::TypeSwitch<Operation *, AffineExpr>(op)
      .Case([&](tensor::DimOp op) -> AffineExpr {
        std::optional<int64_t> i = op.getConstantIndex();
        auto type = dyn_cast<RankedTensorType>(op.getSource().getType());
        if (!i || !type || *i < 0 || *i >= type.getRank())
          return {};
        return dim(op.getSource(), *i);
      })
      .Case([&](affine::AffineApplyOp op) -> AffineExpr {
        SmallVector<AffineExpr> operands;
        for (Value operand : op.getOperands())
          operands.push_back(index(operand));
        AffineMap map = op.getAffineMap();
        return map.getResult(0).replaceDimsAndSymbols(
            ArrayRef(operands).take_front(map.getNumDims()),
            ArrayRef(operands).drop_front(map.getNumDims()));
      })
      .Case([&](arith::AddIOp op) -> AffineExpr {
        return index(op.getLhs()) + index(op.getRhs());
      })
      .Case([&](arith::SubIOp op) -> AffineExpr {
        return index(op.getLhs()) - index(op.getRhs());
      })
      .Case([&](arith::MulIOp op) -> AffineExpr {
        return multiplySizes(index(op.getLhs()), index(op.getRhs()));
      })
      // Sizes are not negative, so all divisions round alike where the dividend
      // is a product of them.
      .Case<arith::DivUIOp, arith::FloorDivSIOp, arith::DivSIOp>(
          [&](auto op) -> AffineExpr {
            AffineExpr dividend = index(op.getLhs());
            auto sum = dyn_cast<AffineBinaryOpExpr>(dividend);
            if (isa<arith::DivSIOp>(op.getOperation()) && sum &&
                sum.getKind() != AffineExprKind::Mul)
              return {};
            // Shape arithmetic guards against division by zero; where that
            // happens there are no elements, and any quotient is as good.
            Value divisor = op.getRhs();
            if (auto guard = divisor.getDefiningOp<arith::SelectOp>()) {
              std::optional<Equality> test =
                  matchEquality(guard.getCondition());
              if (test && test->constant == 0 && !test->negated &&
                  index(guard.getFalseValue()) == index(test->value))
                divisor = guard.getFalseValue();
            }
            return divideSizes(dividend, index(divisor));
          })
      .Case([&](arith::SelectOp op) -> AffineExpr { return computeSelect(op); })
      .Case<arith::MinSIOp, arith::MinUIOp>([&](auto op) -> AffineExpr {
        AffineExpr a = index(op.getLhs()), b = index(op.getRhs());
        return a == b ? a : AffineExpr();
      })
      .Case<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp,
            arith::ExtUIOp>(
          [&](auto op) -> AffineExpr { return index(op.getIn()); })
      .Default(AffineExpr());
}
