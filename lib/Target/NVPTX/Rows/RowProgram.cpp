//===- RowProgram.cpp - Ops that work row by row --------------------------===//

#include "RowProgram.h"
#include "LaneBody.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "rac/Lowering/Reductions.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

namespace {

/// A loop of an op, or a dimension of a buffer.
using Axis = std::pair<const void *, unsigned>;

class Finder {
public:
  explicit Finder(ArrayRef<linalg::LinalgOp> ops) {
    program.ops.assign(ops.begin(), ops.end());
  }
  std::optional<RowProgram> run();

private:
  bool checkOp(linalg::LinalgOp op);
  void joinAxes(linalg::LinalgOp op);
  bool nameElements();
  bool nameRows();
  bool assignRoles(linalg::LinalgOp op);
  void findTemporaries();
  bool checkBuffers();
  bool isUnit(linalg::LinalgOp op, unsigned loop) {
    return op.getStaticLoopRanges()[loop] == 1;
  }
  Axis axisOf(linalg::LinalgOp op, unsigned loop) {
    return *axes.findLeader(axes.insert({op.getOperation(), loop}));
  }
  std::pair<Value, int64_t> sizeOf(linalg::LinalgOp op, unsigned loop);

  RowProgram program;
  llvm::EquivalenceClasses<Axis> axes;
  SmallVector<Axis> rows, elements;
};

} // namespace

SmallVector<OpOperand *> nvptx::operandsOf(linalg::LinalgOp op) {
  SmallVector<OpOperand *> operands;
  for (OpOperand &operand : op->getOpOperands())
    if (isa<MemRefType>(operand.get().getType()) &&
        op.payloadUsesValueFromOperand(&operand))
      operands.push_back(&operand);
  return operands;
}

//===----------------------------------------------------------------------===//
// Rows and elements
//===----------------------------------------------------------------------===//

/// Whether it writes each of its results once, and nothing is odd about it.
bool Finder::checkOp(linalg::LinalgOp op) {
  auto iterators = op.getIteratorTypesArray();
  return op.hasPureBufferSemantics() && op.getNumDpsInits() > 0 &&
         llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
           AffineMap map = op.getMatchingIndexingMap(&init);
           return map.isProjectedPermutation() &&
                  map.getNumResults() == op.getNumParallelLoops() &&
                  llvm::all_of(map.getResults(), [&](AffineExpr expr) {
                    return linalg::isParallelIterator(
                        iterators[cast<AffineDimExpr>(expr).getPosition()]);
                  });
         });
}

void Finder::joinAxes(linalg::LinalgOp op) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    for (auto [i, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        axes.unionSets(Axis(op.getOperation(), dim.getPosition()),
                       Axis(operand.get().getAsOpaquePointer(), i));
  }
}

/// A buffer's dimension that is as long as the loop.
std::pair<Value, int64_t> Finder::sizeOf(linalg::LinalgOp op, unsigned loop) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    for (auto [i, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (expr == getAffineDimExpr(loop, op.getContext()))
        return {operand.get(), i};
  }
  return {};
}

/// The loops that one op reduces over are those of all that reduce.
bool Finder::nameElements() {
  for (linalg::LinalgOp op : program.ops) {
    SmallVector<Axis> reduced;
    for (unsigned loop : llvm::seq(op.getNumLoops()))
      if (!isUnit(op, loop) &&
          linalg::isReductionIterator(op.getIteratorTypesArray()[loop]))
        reduced.push_back(axisOf(op, loop));
    if (reduced.empty())
      continue;
    if (!elements.empty()) {
      if (reduced.size() != elements.size() ||
          !llvm::all_of(reduced, [&](Axis axis) {
            return llvm::is_contained(elements, axis);
          }))
        return false;
      continue;
    }
    for (unsigned loop : llvm::seq(op.getNumLoops())) {
      if (isUnit(op, loop) ||
          !linalg::isReductionIterator(op.getIteratorTypesArray()[loop]))
        continue;
      if (llvm::is_contained(elements, axisOf(op, loop)))
        return false;
      std::pair<Value, int64_t> size = sizeOf(op, loop);
      if (!size.first)
        return false;
      elements.push_back(axisOf(op, loop));
      program.elements.push_back(size);
      program.staticElements.push_back(op.getStaticLoopRanges()[loop]);
    }
  }
  return !elements.empty();
}

/// All other loops are over rows; the result's order, from the first op that
/// reduces.
bool Finder::nameRows() {
  linalg::LinalgOp first;
  for (linalg::LinalgOp op : llvm::reverse(program.ops))
    if (op.getNumReductionLoops() > 0)
      first = op;
  AffineMap out = first.getMatchingIndexingMap(first.getDpsInitOperand(0));
  for (AffineExpr expr : out.getResults()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    if (isUnit(first, loop))
      continue;
    Axis axis = axisOf(first, loop);
    std::pair<Value, int64_t> size = sizeOf(first, loop);
    if (llvm::is_contained(elements, axis) || llvm::is_contained(rows, axis) ||
        !size.first)
      return false;
    rows.push_back(axis);
    program.rows.push_back(size);
    program.staticRows.push_back(first.getStaticLoopRanges()[loop]);
  }
  return true;
}

bool Finder::assignRoles(linalg::LinalgOp op) {
  SmallVector<RowProgram::Role> roles(op.getNumLoops());
  llvm::SmallBitVector seenRows(rows.size()), seenElements(elements.size());
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  for (unsigned loop : llvm::seq(op.getNumLoops())) {
    if (isUnit(op, loop))
      continue;
    Axis axis = axisOf(op, loop);
    bool reduction =
        linalg::isReductionIterator(op.getIteratorTypesArray()[loop]);
    auto *row = llvm::find(rows, axis), *element = llvm::find(elements, axis);
    auto take = [&](auto number, llvm::SmallBitVector &seen,
                    ArrayRef<int64_t> sizes, RowProgram::Role::Kind kind) {
      auto index = static_cast<unsigned>(number);
      if (seen.test(index) || (extents[loop] != sizes[index] &&
                               !ShapedType::isDynamic(extents[loop]) &&
                               !ShapedType::isDynamic(sizes[index])))
        return false;
      seen.set(index);
      roles[loop] = {kind, index};
      return true;
    };
    if (element != elements.end()) {
      if (!take(element - elements.begin(), seenElements,
                program.staticElements, RowProgram::Role::element))
        return false;
    } else if (row == rows.end() || reduction ||
               !take(row - rows.begin(), seenRows, program.staticRows,
                     RowProgram::Role::row)) {
      return false;
    }
  }
  program.roles[op] = roles;
  return seenRows.all() && (seenElements.none() || seenElements.all()) &&
         (op.getNumReductionLoops() == 0 || program.reduces(op) ||
          seenElements.none());
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

void Finder::findTemporaries() {
  llvm::SmallPtrSet<Operation *, 16> inside;
  for (linalg::LinalgOp op : program.ops)
    inside.insert(op);
  for (linalg::LinalgOp op : program.ops)
    for (Value out : op.getDpsInits())
      if (out.getDefiningOp<memref::AllocOp>() &&
          llvm::all_of(out.getUsers(), [&](Operation *user) {
            return inside.contains(user) || isa<memref::DimOp>(user);
          }))
        program.temporaries.insert(out);
}

/// Whether each op finds in a buffer what a thread, or all threads of the row,
/// left there.
bool Finder::checkBuffers() {
  llvm::DenseMap<Value, AffineMap> written;                             // where
  llvm::DenseMap<Value, SmallVector<std::pair<Value, AffineMap>>> read; // of
  llvm::DenseMap<Value, Value> writtenAs;
  for (linalg::LinalgOp op : program.ops) {
    for (OpOperand *operand : operandsOf(op)) {
      AffineMap access = program.accessOf(*operand);
      Value value = operand->get(), base = baseOf(value);
      if (auto known = written.find(value); known != written.end()) {
        if (known->second != access)
          return false;
        continue;
      }
      if (writtenAs.contains(base) || program.temporaries.contains(value))
        return false; // through another view, or nobody wrote it
      read[base].push_back({value, access});
    }
    for (OpOperand &init : op.getDpsInitsMutable()) {
      AffineMap access = program.accessOf(init);
      Value value = init.get(), base = baseOf(value);
      if (!program.temporaries.contains(value)) {
        // What is read again after it was written isn't what it was.
        bool last = op == program.ops.back();
        for (auto [other, where] : read[base])
          if (!last || other != value || where != access)
            return false;
        if (writtenAs.contains(base) && writtenAs[base] != value)
          return false;
      }
      if (auto known = written.find(value);
          known != written.end() && known->second != access &&
          !program.temporaries.contains(value))
        return false;
      written[value] = access;
      writtenAs[base] = value;
    }
  }
  return true;
}

std::optional<RowProgram> Finder::run() {
  if (!llvm::all_of(program.ops,
                    [&](linalg::LinalgOp op) { return checkOp(op); }))
    return std::nullopt;
  for (linalg::LinalgOp op : program.ops)
    joinAxes(op);
  if (!nameElements() || !nameRows())
    return std::nullopt;
  for (linalg::LinalgOp op : program.ops)
    if (!assignRoles(op))
      return std::nullopt;
  findTemporaries();
  if (!checkBuffers())
    return std::nullopt;
  return program;
}

std::optional<RowProgram> RowProgram::find(ArrayRef<linalg::LinalgOp> ops) {
  return Finder(ops).run();
}

//===----------------------------------------------------------------------===//
// Questions
//===----------------------------------------------------------------------===//

bool RowProgram::hasElements(linalg::LinalgOp op) const {
  return llvm::any_of(roles.lookup(op), [](const Role &role) {
    return role.kind == Role::element;
  });
}

bool RowProgram::reduces(linalg::LinalgOp op) const {
  return op.getNumReductionLoops() > 0 && hasElements(op);
}

AffineMap RowProgram::accessOf(OpOperand &operand) const {
  auto op = cast<linalg::LinalgOp>(operand.getOwner());
  MLIRContext *context = op.getContext();
  SmallVector<AffineExpr> exprs;
  for (const Role &role : roles.lookup(op))
    exprs.push_back(
        role.kind == Role::unit
            ? getAffineConstantExpr(0, context)
            : getAffineDimExpr(role.index +
                                   (role.kind == Role::row ? 0 : rows.size()),
                               context));
  unsigned dims = rows.size() + elements.size();
  AffineMap map = op.getMatchingIndexingMap(&operand);
  return map.replaceDimsAndSymbols(exprs, {}, dims, 0);
}

std::optional<unsigned> RowProgram::laneOf(linalg::LinalgOp op) const {
  for (auto [loop, role] : llvm::enumerate(roles.lookup(op)))
    if (role.kind == Role::element && role.index + 1 == elements.size())
      return loop;
  return std::nullopt;
}

bool RowProgram::isContiguous() const {
  unsigned last = rows.size() + elements.size() - 1;
  for (linalg::LinalgOp op : ops) {
    if (!hasElements(op))
      continue;
    bool any = false, all = true;
    for (OpOperand *operand : operandsOf(op)) {
      if (temporaries.contains(operand->get()))
        continue;
      Access access = nvptx::accessOf(operand->get(), accessOf(*operand), last);
      any |= access == Access::contiguous;
      all &= access != Access::single;
    }
    if (any || !all)
      return all;
  }
  return true;
}
