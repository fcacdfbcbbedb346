//===- SplitFactors.cpp - Factors of f32 for warp groups ------------------===//

#include "SplitFactors.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace rac::gemm;

/// Copies that are there at once.
constexpr int64_t kCopies = 2;
/// Terms that threads split together.
constexpr int64_t kTogether = 4;

int64_t SplitFactors::bytes(const Tile &tile) {
  return kCopies * tile.parts * tile.columns * kSwizzledLine;
}

SplitFactors::SplitFactors(Emit &e, const FeedPlan &plan)
    : e(e), plan(plan), tilesA(plan.tilesOfA(e)), tilesB(plan.tilesOfB(e)),
      begin(plan.bytesOfA() +
            plan.tile.stages * plan.b.stageElements() * plan.b.bytes),
      copies(plan.view(e, e.b.getF32Type(),
                       kCopies * plan.tile.parts * copyElements(), begin)) {}

/// PTX ISA, register fragments of wgmma's left factor: a warp has 16 rows, a
/// lane two of them, eight apart, and of those two terms, four apart.
SmallVector<SplitFactors::Registers, 2> SplitFactors::left(Index stage,
                                                           int64_t depth) {
  constexpr int64_t warpRows = kGroupRows / kGroupWarps, across = 4;
  Index lane = e.rem(plan.thread, e.number(kWarp)),
        warp = e.div(plan.thread, e.number(kWarp));
  Index row =
      e.add(e.mul(warp, e.number(warpRows)), e.div(lane, e.number(across)));
  Index term = e.rem(lane, e.number(across));
  Index start = e.mul(stage, e.number(plan.a.stageElements()));
  SmallVector<Registers, 2> parts(plan.tile.parts);
  for (int64_t right : {0, 4})
    for (int64_t below : {0, 8}) {
      Index place = plan.a.place(e, e.add(row, e.number(below)),
                                 e.add(term, e.number(depth + right)));
      Value x = memref::LoadOp::create(e.b, e.loc, tilesA,
                                       e.value(e.add(start, place)));
      auto put = [&](Registers &part, Value y) {
        part.push_back(
            arith::BitcastOp::create(e.b, e.loc, e.b.getI32Type(), y));
      };
      if (parts.size() == 1) {
        put(parts[0], x);
        continue;
      }
      for (auto [part, y] : llvm::zip_equal(parts, splitFloat(e, x)))
        put(part, y);
    }
  return parts;
}

void SplitFactors::copyRight(Index stage, Index copy) {
  const Operand &b = plan.b;
  const Tile &tile = plan.tile;
  auto type = VectorType::get(kTogether, e.b.getF32Type());
  Index from = e.mul(stage, e.number(b.stageElements())),
        to = e.mul(copy, e.number(tile.parts * copyElements()));
  auto load = [&](Index column, Index term) -> Value {
    auto at = [&](int64_t further) {
      return e.value(
          e.add(from, b.place(e, column, e.add(term, e.number(further)))));
    };
    if (b.depthInner)
      return vector::LoadOp::create(e.b, e.loc, type, tilesB, at(0));
    SmallVector<Value> terms;
    for (int64_t i = 0; i < kTogether; ++i)
      terms.push_back(memref::LoadOp::create(e.b, e.loc, tilesB, at(i)));
    return vector::FromElementsOp::create(e.b, e.loc, type, terms);
  };
  // Neighbouring threads have neighbouring columns, whose elements are in
  // different banks, also where they are written.
  int64_t total = copyElements() / kTogether;
  for (int64_t first = 0; first < total; first += tile.threads()) {
    Index number = e.add(plan.thread, e.number(first));
    Index column = e.rem(number, e.number(tile.columns));
    Index term =
        e.mul(e.div(number, e.number(tile.columns)), e.number(kTogether));
    Value x = load(column, term);
    Index place =
        e.add(to, swizzledPlace(e, column, term, tile.columns, b.bytes));
    auto put = [&](Value part, int64_t number) {
      vector::StoreOp::create(
          e.b, e.loc, part, copies,
          e.value(e.add(place, e.number(number * copyElements()))));
    };
    if (tile.parts == 1) {
      put(x, 0);
      continue;
    }
    for (auto [i, part] : llvm::enumerate(splitFloat(e, x)))
      put(part, i);
  }
}

Value SplitFactors::right(Index copy, int64_t part) {
  int64_t bytes = copyElements() * plan.b.bytes;
  Index at = e.add(e.mul(copy, e.number(plan.tile.parts * bytes)),
                   e.number(begin + part * bytes));
  return arith::AddIOp::create(
      e.b, e.loc, plan.address,
      arith::IndexCastUIOp::create(e.b, e.loc, e.b.getI64Type(), e.value(at)));
}
