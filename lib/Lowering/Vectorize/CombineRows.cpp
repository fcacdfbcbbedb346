//===- CombineRows.cpp - What the lanes of several rows make --------------===//
//
// Row by row each step is a shuffle and an operation that leave half of the
// lanes idle. Of two rows two shuffles bring all lanes together instead: four
// rows of 16 lanes take 8 shuffles and 5 operations, not 16 and 16.
//
//===----------------------------------------------------------------------===//

#include "CombineRows.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace rac::vectorize;

/// Lanes of so many bits are shuffled in one instruction by x86 (unpcklps and
/// the like), whatever the vectors' width.
constexpr int64_t kBlockBits = 128;

static int64_t blockOf(VectorType type) {
  return std::min<int64_t>(type.getNumElements(),
                           kBlockBits / type.getElementTypeBitWidth());
}

int64_t rac::vectorize::rowsTogether(VectorType type, int64_t rows) {
  if (type.isScalable())
    return 1;
  return llvm::bit_floor<uint64_t>(
      std::max<int64_t>(1, std::min(rows, blockOf(type))));
}

/// Groups of lanes of two vectors by turns: those of the lower halves of all
/// blocks, or of the upper ones.
static SmallVector<int64_t> interleave(VectorType type, int64_t group,
                                       bool upper) {
  int64_t lanes = type.getNumElements(), block = blockOf(type);
  SmallVector<int64_t> order;
  for (int64_t first = upper ? block / 2 : 0; first < lanes; first += block)
    for (int64_t at = first; at < first + block / 2; at += group)
      for (int64_t vector : {int64_t(0), lanes})
        for (int64_t lane = at; lane < at + group; ++lane)
          order.push_back(vector + lane);
  return order;
}

Value rac::vectorize::combineRows(OpBuilder &builder, Location loc,
                                  ValueRange rows,
                                  function_ref<Value(Value, Value)> combine) {
  auto type = cast<VectorType>(rows.front().getType());
  auto shuffle = [&](Value x, Value y, ArrayRef<int64_t> order) -> Value {
    return vector::ShuffleOp::create(builder, loc, x, y, order);
  };
  SmallVector<Value> left(rows);
  for (int64_t group = 1; left.size() > 1; group *= 2) {
    SmallVector<Value> pairs;
    for (size_t i = 0; i + 1 < left.size(); i += 2)
      pairs.push_back(combine(
          shuffle(left[i], left[i + 1], interleave(type, group, false)),
          shuffle(left[i], left[i + 1], interleave(type, group, true))));
    left = std::move(pairs);
  }
  // Lanes that are as many apart as there are rows belong together.
  Value all = left.front();
  for (int64_t half = type.getNumElements() / 2;
       half >= static_cast<int64_t>(rows.size()); half /= 2)
    all = combine(
        shuffle(all, all, llvm::to_vector(llvm::seq<int64_t>(0, half))),
        shuffle(all, all, llvm::to_vector(llvm::seq<int64_t>(half, 2 * half))));
  return all;
}
