//===- Emit.cpp - Index arithmetic that folds as it is built --------------===//

#include "Emit.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rac::gemm;

std::optional<int64_t> rac::gemm::known(Index x) {
  return getConstantIntValue(x);
}

Value Emit::value(Index x) {
  if (auto number = known(x))
    return arith::ConstantIndexOp::create(b, loc, *number);
  return cast<Value>(x);
}

Index Emit::add(Index x, Index y) {
  auto a = known(x), c = known(y);
  if (a && c)
    return number(*a + *c);
  if (a == 0)
    return y;
  if (c == 0)
    return x;
  return arith::AddIOp::create(b, loc, value(x), value(y)).getResult();
}

Index Emit::sub(Index x, Index y) {
  auto a = known(x), c = known(y);
  if (a && c)
    return number(*a - *c);
  if (c == 0)
    return x;
  return arith::SubIOp::create(b, loc, value(x), value(y)).getResult();
}

Index Emit::mul(Index x, Index y) {
  auto a = known(x), c = known(y);
  if (a && c)
    return number(*a * *c);
  if (a == 0 || c == 0)
    return number(0);
  if (a == 1)
    return y;
  if (c == 1)
    return x;
  return arith::MulIOp::create(b, loc, value(x), value(y)).getResult();
}

/// In 32 bits, which takes a GPU a few instructions instead of dozens: no
/// flattened loop has more iterations.
template <typename Op> static Index narrow(Emit &e, Index x, Index y) {
  Type i32 = e.b.getI32Type(), index = e.b.getIndexType();
  Value a = arith::IndexCastUIOp::create(e.b, e.loc, i32, e.value(x));
  Value c =
      known(y)
          ? arith::ConstantIntOp::create(e.b, e.loc, i32, *known(y)).getResult()
          : arith::IndexCastUIOp::create(e.b, e.loc, i32, e.value(y))
                .getResult();
  Value result = Op::create(e.b, e.loc, a, c);
  return arith::IndexCastUIOp::create(e.b, e.loc, index, result).getResult();
}

Index Emit::div(Index x, Index y) {
  auto a = known(x), c = known(y);
  if (a && c && *c != 0)
    return number(*a / *c);
  if (c == 1)
    return x;
  return narrow<arith::DivUIOp>(*this, x, y);
}

Index Emit::rem(Index x, Index y) {
  auto a = known(x), c = known(y);
  if (a && c && *c != 0)
    return number(*a % *c);
  if (c == 1)
    return number(0);
  return narrow<arith::RemUIOp>(*this, x, y);
}

Index Emit::ceilDiv(Index x, Index y) {
  auto a = known(x), c = known(y);
  if (a && c && *c != 0)
    return number(llvm::divideCeil(*a, *c));
  return div(add(x, sub(y, number(1))), y);
}

Index Emit::min(Index x, Index y) {
  auto a = known(x), c = known(y);
  if (a && c)
    return number(std::min(*a, *c));
  return arith::MinUIOp::create(b, loc, value(x), value(y)).getResult();
}

Index Emit::exclusiveOr(Index x, Index y) {
  return arith::XOrIOp::create(b, loc, value(x), value(y)).getResult();
}

Index rac::gemm::sizeOf(Emit &e, ArrayRef<unsigned> loops,
                        ArrayRef<Index> extents) {
  Index size = e.number(1);
  for (unsigned loop : loops)
    size = e.mul(size, extents[loop]);
  return size;
}

Value Emit::less(Index x, Index y) {
  auto a = known(x), c = known(y);
  if (a && c && *a >= 0 && *a < *c)
    return {};
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, value(x),
                               value(y));
}

Value Emit::both(Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return arith::AndIOp::create(b, loc, x, y);
}

Value Emit::select(Value condition, Index yes, Index no) {
  if (!condition)
    return value(yes);
  return arith::SelectOp::create(b, loc, condition, value(yes), value(no));
}

void Emit::enter(Value condition) {
  if (condition)
    b.setInsertionPointToStart(
        scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false)
            .thenBlock());
}

Value Emit::zero(Type type) {
  return arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
}
