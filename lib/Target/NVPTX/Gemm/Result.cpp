//===- Result.cpp - From sums to the result in memory ---------------------===//

#include "Result.h"
#include "Stage.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rac::gemm;

static bool isZero(Value value) {
  return matchPattern(value, m_AnyZeroFloat()) || matchPattern(value, m_Zero());
}

Result::Operand Result::operandOf(Emit &e, OpOperand &operand,
                                  ArrayRef<Index> extents) const {
  linalg::LinalgOp op = cast<linalg::LinalgOp>(operand.getOwner());
  SmallVector<unsigned> loops =
      op == contraction.op
          ? llvm::to_vector(llvm::seq<unsigned>(op.getNumLoops()))
          : contraction.epilogue->loops;
  Access access(e, operand.get(), op.getMatchingIndexingMap(&operand), loops,
                extents);
  Operand result{
      op.getMatchingBlockArgument(&operand), access,
      access.along(e, contraction.batch),    access.along(e, contraction.rows),
      access.along(e, contraction.columns),  1};
  return result;
}

Result::Result(Emit &e, const Contraction &contraction, ArrayRef<Index> extents)
    : contraction(contraction), extents(extents) {
  linalg::LinalgOp op =
      contraction.epilogue ? contraction.epilogue->op : contraction.op;
  OpOperand *out = op.getDpsInitOperand(0);
  output = operandOf(e, *out, extents);
  // Where neither is, there is nothing to choose.
  auto isFast = [](const Terms &terms) {
    return !terms.empty() && isKnown(terms.back().stride, 1);
  };
  columnsFast = isFast(output->columns) || !isFast(output->rows);
  ArrayRef<unsigned> fast =
      columnsFast ? contraction.columns : contraction.rows;
  constexpr int64_t most = 16;
  count = output->access.vectorLength(
      e, fast, std::min<int64_t>(most / bytesOf(output->access.element()), 8));
  output->together = count;
  if (!contraction.epilogue) {
    if (!contraction.fill)
      inputs.push_back(*output);
    return;
  }
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (&operand == contraction.epilogue->use || argument.use_empty())
      continue;
    Operand input = operandOf(e, operand, extents);
    const Terms &terms = columnsFast ? input.columns : input.rows;
    if (llvm::all_of(terms,
                     [](const Term &term) { return isKnown(term.stride, 0); }))
      input.together = 0;
    else if (input.access.vectorLength(e, fast, count) == count)
      input.together = count;
    inputs.push_back(input);
  }
}

Index Result::startOf(Emit &e, const Operand &operand, Index batch, Index row,
                      Index column) const {
  Index start =
      e.add(operand.access.start(), distance(e, operand.batch, batch));
  start = e.add(start, distance(e, operand.rows, row));
  return e.add(start, distance(e, operand.columns, column));
}

SmallVector<Value> Result::load(Emit &e, const Operand &operand, Index batch,
                                Index row, Index column) const {
  Value memory = operand.access.memory();
  Type type = operand.access.element();
  auto at = [&](int64_t i) {
    Index step = e.number(i);
    return e.value(startOf(e, operand, batch,
                           columnsFast ? row : e.add(row, step),
                           columnsFast ? e.add(column, step) : column));
  };
  SmallVector<Value> values;
  if (operand.together == count && count > 1) {
    Value loaded = vector::LoadOp::create(
        e.b, e.loc, VectorType::get(count, type), memory, at(0),
        /*nontemporal=*/false, llvm::MaybeAlign(count * bytesOf(type)));
    for (int64_t i = 0; i < count; ++i)
      values.push_back(vector::ExtractOp::create(e.b, e.loc, loaded, i));
    return values;
  }
  for (int64_t i = 0; i < (operand.together == 0 ? 1 : count); ++i)
    values.push_back(memref::LoadOp::create(e.b, e.loc, memory, at(i)));
  values.resize(count, values.front());
  return values;
}

/// The contraction's own element from what was summed.
Value Result::finish(Emit &e, Value sum) const {
  Type type = contraction.accumulator();
  if (sum.getType() != type)
    sum = arith::TruncFOp::create(e.b, e.loc, type, sum);
  linalg::FillOp fill = contraction.fill;
  if (!fill || isZero(fill.value()))
    return sum;
  Value first = fill.value();
  if (isa<FloatType>(type))
    return arith::AddFOp::create(e.b, e.loc, first, sum);
  return arith::AddIOp::create(e.b, e.loc, first, sum);
}

Index Result::loopIndex(Emit &e, unsigned loop, Index batch, Index row,
                        Index column) const {
  auto in = [&](ArrayRef<unsigned> role, Index number) {
    Terms terms;
    for (unsigned other : role)
      terms.push_back({extents[other], e.number(other == loop), 1, {}, {}});
    return distance(e, terms, number);
  };
  return e.add(e.add(in(contraction.batch, batch), in(contraction.rows, row)),
               in(contraction.columns, column));
}

void Result::write(Emit &e, Index batch, Index row, Index column,
                   ArrayRef<Value> sums) const {
  SmallVector<SmallVector<Value>> loaded;
  for (const Operand &input : inputs)
    loaded.push_back(load(e, input, batch, row, column));
  SmallVector<Value> values;
  for (auto [i, sum] : llvm::enumerate(sums)) {
    Value value = finish(e, sum);
    if (contraction.epilogue) {
      const Epilogue &epilogue = *contraction.epilogue;
      linalg::LinalgOp op = epilogue.op;
      IRMapping mapping;
      mapping.map(op.getMatchingBlockArgument(epilogue.use), value);
      for (auto [input, elements] : llvm::zip_equal(inputs, loaded))
        mapping.map(input.argument, elements[i]);
      Index step = e.number(i);
      for (Operation &inner : op.getBlock()->without_terminator()) {
        if (auto index = dyn_cast<linalg::IndexOp>(inner))
          mapping.map(
              index.getResult(),
              e.value(loopIndex(e, epilogue.loops[index.getDim()], batch,
                                columnsFast ? row : e.add(row, step),
                                columnsFast ? e.add(column, step) : column)));
        else
          e.b.clone(inner, mapping);
      }
      value = mapping.lookupOrDefault(
          op.getBlock()->getTerminator()->getOperand(0));
    } else if (!contraction.fill) {
      Value before = loaded.front()[i];
      value =
          isa<FloatType>(value.getType())
              ? arith::AddFOp::create(e.b, e.loc, before, value).getResult()
              : arith::AddIOp::create(e.b, e.loc, before, value).getResult();
    }
    values.push_back(value);
  }
  Value at = e.value(startOf(e, *output, batch, row, column));
  Value memory = output->access.memory();
  if (count == 1) {
    memref::StoreOp::create(e.b, e.loc, values.front(), memory, at);
    return;
  }
  auto type = VectorType::get(count, output->access.element());
  Value vector = vector::FromElementsOp::create(e.b, e.loc, type, values);
  vector::StoreOp::create(
      e.b, e.loc, vector, memory, at,
      /*nontemporal=*/false,
      llvm::MaybeAlign(count * bytesOf(type.getElementType())));
}
