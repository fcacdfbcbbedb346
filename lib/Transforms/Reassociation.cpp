//===- Reassociation.cpp - Which dimensions a reshape joins ---------------===//

#include "Reassociation.h"

using namespace mlir;
using namespace rac;

bool rac::isOne(AffineExpr size) { return staticDim(size) == 1; }

/// Whether `product` is `factor` times something.
static bool isFactor(AffineExpr factor, AffineExpr product) {
  AffineExpr quotient = divideSizes(product, factor);
  return quotient && multiplySizes(quotient, factor) == product;
}

std::optional<SmallVector<ReshapeBlock>>
rac::reassociate(ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to) {
  SmallVector<ReshapeBlock> blocks;
  size_t i = 0, j = 0;
  auto oneAt = [](ArrayRef<AffineExpr> sizes, size_t i) {
    return i < sizes.size() && isOne(sizes[i]);
  };
  while (i < from.size() || j < to.size()) {
    ReshapeBlock &block = blocks.emplace_back();
    if (oneAt(from, i) && !oneAt(to, j)) {
      block.from.push_back(i++);
      continue;
    }
    if (oneAt(to, j) && !oneAt(from, i)) {
      block.to.push_back(j++);
      continue;
    }
    if (i == from.size() || j == to.size())
      return std::nullopt;
    AffineExpr before = from[i], after = to[j];
    block.from.push_back(i++);
    block.to.push_back(j++);
    while (before != after) {
      int64_t a = staticDim(before), b = staticDim(after);
      bool bothKnown = !ShapedType::isDynamic(a) && !ShapedType::isDynamic(b);
      if (bothKnown && (a == 0 || b == 0))
        return std::nullopt;
      if (bothKnown ? a > b : isFactor(after, before)) {
        if (j == to.size())
          return std::nullopt;
        after = multiplySizes(after, to[j]);
        block.to.push_back(j++);
      } else if (bothKnown || isFactor(before, after)) {
        if (i == from.size())
          return std::nullopt;
        before = multiplySizes(before, from[i]);
        block.from.push_back(i++);
      } else {
        return std::nullopt;
      }
    }
  }
  return blocks;
}
