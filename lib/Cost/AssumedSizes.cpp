//===- AssumedSizes.cpp - What stands for sizes not known -----------------===//

#include "rac/Cost/AssumedSizes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "rac/Dialect/Rac/IR/SymbolicShapes.h"
#include <cmath>

using namespace mlir;
using namespace rac;

AssumedSizes::AssumedSizes(double other, SizeBound bound)
    : other(other), bound(bound) {}
AssumedSizes::~AssumedSizes() = default;
AssumedSizes::AssumedSizes(AssumedSizes &&) = default;

double AssumedSizes::size(Value tensor, unsigned dim) const {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return double(type.getDimSize(dim));
  auto [place, isNew] = known.try_emplace({tensor, dim});
  if (isNew)
    place->second = std::max(1.0, compute(tensor, dim));
  return place->second;
}

double AssumedSizes::bytes(Value tensor) const {
  auto type = cast<RankedTensorType>(tensor.getType());
  double bytes = std::max(1u, type.getElementTypeBitWidth() / 8);
  for (unsigned i = 0, rank = type.getRank(); i < rank; ++i)
    bytes *= size(tensor, i);
  return bytes;
}

/// The module's entry function, if the value is an argument of it.
static ModuleOp moduleOfInput(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  Operation *parent = argument ? argument.getOwner()->getParentOp() : nullptr;
  auto function = dyn_cast_or_null<FunctionOpInterface>(parent);
  if (!function || !argument.getOwner()->isEntryBlock() ||
      function.getName() != "main")
    return {};
  return dyn_cast<ModuleOp>(parent->getParentOp());
}

double AssumedSizes::compute(Value tensor, unsigned dim) const {
  if (!shapes)
    shapes = std::make_unique<SymbolicShapes>(tensor.getContext());
  return evaluate(shapes->dim(tensor, dim));
}

double AssumedSizes::evaluate(AffineExpr expr) const {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return double(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    const SymbolicShapes::Root &root = shapes->getRoots()[symbol.getPosition()];
    ModuleOp module = root.dim < 0 ? ModuleOp() : moduleOfInput(root.value);
    std::optional<SizeRange> range;
    if (module)
      range = assumedRange(
          module, cast<BlockArgument>(root.value).getArgNumber(), root.dim);
    return range ? double((*range)[unsigned(bound)]) : other;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  double a = evaluate(binary.getLHS()), b = evaluate(binary.getRHS());
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return a + b;
  case AffineExprKind::Mul:
    return a * b;
  case AffineExprKind::Mod:
    return b > 0 ? a - b * std::floor(a / b) : other;
  case AffineExprKind::FloorDiv:
    return b > 0 ? std::floor(a / b) : other;
  case AffineExprKind::CeilDiv:
    return b > 0 ? std::ceil(a / b) : other;
  default:
    llvm_unreachable("no other expression has two operands");
  }
}
