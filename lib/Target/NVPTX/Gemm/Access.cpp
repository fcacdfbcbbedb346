//===- Access.cpp - Where an operand's elements are -----------------------===//

#include "Access.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace rac::gemm;

namespace {

/// A summand of an index: `factor` times a loop, or its quotient or remainder
/// by `width`.
struct Part {
  enum class Kind { Whole, Quotient, Remainder } kind;
  unsigned result, loop;
  int64_t factor, width;
};

struct Parts {
  SmallVector<Part> parts;
  SmallVector<int64_t> constants; ///< one for each result

  LogicalResult add(AffineExpr expr, unsigned result, int64_t factor);
};

} // namespace

LogicalResult Parts::add(AffineExpr expr, unsigned result, int64_t factor) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    constants[result] += factor * constant.getValue();
    return success();
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    parts.push_back({Part::Kind::Whole, result, dim.getPosition(), factor, 0});
    return success();
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return failure();
  if (binary.getKind() == AffineExprKind::Add)
    return success(succeeded(add(binary.getLHS(), result, factor)) &&
                   succeeded(add(binary.getRHS(), result, factor)));
  auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (!constant)
    return failure();
  if (binary.getKind() == AffineExprKind::Mul)
    return add(binary.getLHS(), result, factor * constant.getValue());
  auto dim = dyn_cast<AffineDimExpr>(binary.getLHS());
  if (!dim || constant.getValue() <= 0 ||
      binary.getKind() == AffineExprKind::CeilDiv)
    return failure();
  auto kind = binary.getKind() == AffineExprKind::Mod ? Part::Kind::Remainder
                                                      : Part::Kind::Quotient;
  parts.push_back(
      {kind, result, dim.getPosition(), factor, constant.getValue()});
  return success();
}

static FailureOr<Parts> partsOf(AffineMap map) {
  Parts parts;
  parts.constants.assign(map.getNumResults(), 0);
  for (auto [i, expr] : llvm::enumerate(map.getResults()))
    if (failed(parts.add(expr, i, 1)))
      return failure();
  // One width for each loop.
  SmallVector<int64_t> widths(map.getNumDims(), 0);
  for (const Part &part : parts.parts)
    if (part.kind != Part::Kind::Whole) {
      int64_t &width = widths[part.loop];
      if (width != 0 && width != part.width)
        return failure();
      width = part.width;
    }
  return parts;
}

bool rac::gemm::isSeparable(AffineMap map) {
  return map.getNumSymbols() == 0 && succeeded(partsOf(map));
}

bool rac::gemm::canSkip(const rac::nvptx::Padding &padding, AffineMap map) {
  if (!matchPattern(padding.value(), m_PosZeroFloat()) &&
      !matchPattern(padding.value(), m_Zero()))
    return false;
  FailureOr<Parts> parts = partsOf(map);
  if (failed(parts))
    return false;
  llvm::SmallDenseMap<unsigned, unsigned> uses; // of each loop
  for (const Part &part : parts->parts)
    ++uses[part.loop];
  return llvm::all_of(parts->parts, [&](const Part &part) {
    return !padding.isAround(part.result) ||
           (part.kind == Part::Kind::Whole && uses[part.loop] == 1);
  });
}

Access::Access(Emit &e, Value buffer, AffineMap map, ArrayRef<unsigned> loops,
               ArrayRef<Index> extents, const rac::nvptx::Padding *padding) {
  if (padding)
    buffer = padding->source();
  auto type = cast<MemRefType>(buffer.getType());
  dense = type.getLayout().isIdentity();
  auto metadata = memref::ExtractStridedMetadataOp::create(e.b, e.loc, buffer);
  SmallVector<Index> strides = metadata.getConstifiedMixedStrides();
  SmallVector<Index> sizes = metadata.getConstifiedMixedSizes();
  base = metadata.getConstifiedMixedOffset();
  Index span = e.add(base, e.number(1));
  for (auto [size, stride] : llvm::zip_equal(sizes, strides))
    span = e.add(span, e.mul(e.sub(size, e.number(1)), stride));
  auto length = known(span);
  auto flatType = MemRefType::get({length.value_or(ShapedType::kDynamic)},
                                  type.getElementType());
  flat = memref::ReinterpretCastOp::create(
      e.b, e.loc, flatType, metadata.getBaseBuffer(), e.number(0),
      ArrayRef<Index>(span), ArrayRef<Index>(e.number(1)));

  Parts parts = *partsOf(map);
  // Of strides that only the run knows, what the sizes to their right say.
  SmallVector<int64_t> multiples(strides.size(), 1);
  int64_t right = 1;
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    multiples[i] = known(strides[i]).value_or(dense ? right : 1);
    if (!type.isDynamicDim(i))
      right *= type.getDimSize(i);
  }
  // What isn't known to be a multiple of anything is one of 1.
  baseMultiple = known(base).value_or(1);
  SmallVector<std::optional<unsigned>> boundOf(strides.size());
  for (unsigned dim = 0; dim < strides.size(); ++dim) {
    int64_t first = parts.constants[dim];
    if (padding) {
      first -= padding->low(dim);
      if (padding->isAround(dim)) {
        boundOf[dim] = bounded.size();
        bounded.push_back({e.number(first), sizes[dim]});
      }
    }
    base = e.add(base, e.mul(strides[dim], e.number(first)));
    baseMultiple = std::gcd(baseMultiple, first * multiples[dim]);
  }
  loopTerms.resize(extents.size());
  for (auto [dim, loop] : llvm::enumerate(loops)) {
    Index whole = e.number(0), quotient = whole, remainder = whole;
    int64_t width = 0, multiple = 0;
    std::optional<unsigned> alone, bound;
    int64_t along = 0;
    unsigned count = 0;
    for (const Part &part : parts.parts) {
      if (part.loop != dim)
        continue;
      Index step = e.mul(strides[part.result], e.number(part.factor));
      Index &sum = part.kind == Part::Kind::Whole      ? whole
                   : part.kind == Part::Kind::Quotient ? quotient
                                                       : remainder;
      sum = e.add(sum, step);
      multiple = std::gcd(multiple, part.factor * multiples[part.result]);
      if (part.kind != Part::Kind::Whole)
        width = part.width;
      if (boundOf[part.result]) {
        bound = boundOf[part.result];
        along += part.factor;
      }
      if (++count == 1 && isa<AffineDimExpr>(map.getResult(part.result)))
        alone = part.result;
      else
        alone.reset();
    }
    if (width == 0) {
      loopTerms[loop] = {
          {extents[loop], whole, multiple, alone, alone, bound, along}};
      continue;
    }
    Index panel = e.number(width);
    loopTerms[loop] = {
        {e.ceilDiv(extents[loop], panel), e.add(quotient, e.mul(whole, panel)),
         multiple, std::nullopt, std::nullopt},
        {panel, e.add(remainder, whole), multiple, std::nullopt, std::nullopt}};
  }
  for (auto [terms, extent] : llvm::zip_equal(loopTerms, extents))
    if (terms.empty())
      terms = {{extent, e.number(0), 0, std::nullopt, std::nullopt}};
}

std::optional<Index> Access::somewhere(Emit &e) const {
  // Without bounds, what is computed has elements.
  if (bounded.empty())
    return base;
  auto type = cast<MemRefType>(flat.getType());
  if (type.isDynamicDim(0) || type.getDimSize(0) <= 0)
    return std::nullopt;
  return e.number(0);
}

Type Access::element() const {
  return cast<MemRefType>(flat.getType()).getElementType();
}

/// Whether stepping `slow` is as far as going through all of `fast`.
static bool continues(const Term &slow, const Term &fast, bool dense) {
  auto a = known(slow.stride), b = known(fast.stride), n = known(fast.extent);
  if (a == 0 && b == 0)
    return true;
  if (a && b && n)
    return *a == *b * *n;
  return dense && slow.last && fast.first && *slow.last + 1 == *fast.first;
}

Terms Access::along(Emit &e, ArrayRef<unsigned> role) const {
  Terms merged;
  for (unsigned loop : role)
    for (const Term &term : loopTerms[loop]) {
      if (isKnown(term.extent, 1))
        continue;
      // What has a bound is a digit of its own.
      if (merged.empty() || term.bound || merged.back().bound ||
          !continues(merged.back(), term, dense)) {
        merged.push_back(term);
        continue;
      }
      Term &slow = merged.back();
      slow = {e.mul(slow.extent, term.extent), term.stride, term.multiple,
              slow.first, term.last};
    }
  return merged;
}

/// The sum of a number's digits, each as often as `weightOf` says.
static Index weighDigits(Emit &e, ArrayRef<Term> terms, Index number,
                         llvm::function_ref<Index(const Term &)> weightOf) {
  Index sum = e.number(0), rest = number;
  while (!terms.empty()) {
    const Term &term = terms.back();
    terms = terms.drop_back();
    Index weight = weightOf(term);
    if (!isKnown(weight, 0)) {
      Index digit = terms.empty() ? rest : e.rem(rest, term.extent);
      sum = e.add(sum, e.mul(digit, weight));
    }
    if (llvm::all_of(terms, [&](const Term &slow) {
          return isKnown(weightOf(slow), 0);
        }))
      break;
    rest = e.div(rest, term.extent);
  }
  return sum;
}

Index rac::gemm::distance(Emit &e, ArrayRef<Term> terms, Index number) {
  return weighDigits(e, terms, number,
                     [](const Term &term) { return term.stride; });
}

Index rac::gemm::movement(Emit &e, ArrayRef<Term> terms, Index number,
                          unsigned bound) {
  return weighDigits(e, terms, number, [&](const Term &term) {
    return e.number(term.bound == bound ? term.step : 0);
  });
}

int64_t Access::vectorLength(Emit &e, ArrayRef<unsigned> role,
                             int64_t most) const {
  Terms own = along(e, role);
  if (own.empty() || !isKnown(own.back().stride, 1) || own.back().bound)
    return 1;
  auto limit = [&](int64_t multiple) {
    while (multiple % most != 0)
      most /= 2;
  };
  limit(baseMultiple);
  limit(known(own.back().extent).value_or(1));
  for (const Term &term : ArrayRef(own).drop_back())
    limit(term.multiple);
  for (auto [loop, terms] : llvm::enumerate(loopTerms))
    if (!llvm::is_contained(role, loop))
      for (const Term &term : terms)
        if (!isKnown(term.extent, 1))
          limit(term.multiple);
  return most;
}
