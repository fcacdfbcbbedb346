//===- GpuChecks.cpp - Data is checked where it is ------------------------===//

#include "Launch.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUCHECKS
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// An assertion that all elements of something are good.
struct Check {
  cf::AssertOp assertion;
  memref::LoadOp load;
  linalg::GenericOp all;
  linalg::FillOp fill;
  memref::AllocOp buffer;
};

/// Whether `value` is computed from `argument`, in its block.
bool dependsOn(Value value, BlockArgument argument) {
  if (value == argument)
    return true;
  Operation *op = value.getDefiningOp();
  return op && op->getBlock() == argument.getOwner() &&
         llvm::any_of(op->getOperands(), [&](Value operand) {
           return dependsOn(operand, argument);
         });
}

/// Whether the body gives `and` of what was found so far and something of the
/// element's own.
bool isConjunction(linalg::GenericOp op) {
  Block &body = op.getRegion().front();
  BlockArgument before = body.getArguments().back();
  SmallVector<Value> terms = {body.getTerminator()->getOperand(0)};
  unsigned carried = 0;
  while (!terms.empty()) {
    Value term = terms.pop_back_val();
    Operation *def = term.getDefiningOp();
    if (auto both = dyn_cast_or_null<arith::AndIOp>(def)) {
      terms.push_back(both.getLhs());
      terms.push_back(both.getRhs());
      continue;
    }
    if (!dependsOn(term, before))
      continue;
    // A change of type, or the comparison with 0 that reads a stored i1.
    if (isa_and_nonnull<arith::ExtUIOp, arith::TruncIOp>(def)) {
      terms.push_back(def->getOperand(0));
      continue;
    }
    auto compare = dyn_cast_or_null<arith::CmpIOp>(def);
    bool reads =
        compare && compare.getPredicate() == arith::CmpIPredicate::ne &&
        compare.getLhs() == before && matchPattern(compare.getRhs(), m_Zero());
    if (!reads && term != before)
      return false;
    ++carried;
  }
  return carried == 1;
}

/// What the assertion's condition is made of, if it is a check of data.
std::optional<Check> findCheck(cf::AssertOp assertion) {
  Check check{assertion, {}, {}, {}, {}};
  Value value = assertion.getArg();
  while (Operation *def = value.getDefiningOp()) {
    if (auto load = dyn_cast<memref::LoadOp>(def)) {
      check.load = load;
      break;
    }
    if (!isa<arith::CmpIOp, arith::TruncIOp, arith::ExtUIOp>(def))
      return std::nullopt;
    value = def->getOperand(0);
  }
  if (!check.load || !value.hasOneUse())
    return std::nullopt;
  check.buffer = check.load.getMemRef().getDefiningOp<memref::AllocOp>();
  if (!check.buffer || check.buffer.getType().getRank() != 0)
    return std::nullopt;
  for (Operation *user : check.buffer->getUsers()) {
    if (auto fill = dyn_cast<linalg::FillOp>(user); fill && !check.fill)
      check.fill = fill;
    else if (auto all = dyn_cast<linalg::GenericOp>(user); all && !check.all)
      check.all = all;
    else if (user != check.load)
      return std::nullopt;
  }
  if (!check.fill || !check.all || check.all.getNumDpsInits() != 1 ||
      check.all.getDpsInitOperand(0)->get() != check.buffer.getResult() ||
      check.all.hasIndexSemantics() || !isConjunction(check.all) ||
      !matchPattern(check.fill.value(), m_One()))
    return std::nullopt;
  return check;
}

/// A thread for each element, which asserts that it is good.
void launchCheck(Check &check) {
  linalg::GenericOp op = check.all;
  OpBuilder builder(op);
  Location loc = check.assertion.getLoc();
  SmallVector<Value> sizes;
  for (Range range : cast<linalg::LinalgOp>(*op).createLoopRanges(builder, loc))
    sizes.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
  nvptx::launchItems(
      builder, loc, nvptx::product(builder, loc, sizes),
      [&](OpBuilder &inside, Value item) {
        SmallVector<Value> at = nvptx::delinearize(inside, loc, item, sizes);
        IRMapping mapping;
        for (OpOperand *input : op.getDpsInputOperands()) {
          SmallVector<Value> indices;
          for (AffineExpr expr :
               op.getMatchingIndexingMap(input).getResults()) {
            if (auto dim = dyn_cast<AffineDimExpr>(expr))
              indices.push_back(at[dim.getPosition()]);
            else
              indices.push_back(arith::ConstantIndexOp::create(
                  inside, loc, cast<AffineConstantExpr>(expr).getValue()));
          }
          mapping.map(op.getMatchingBlockArgument(input),
                      memref::LoadOp::create(inside, loc, input->get(), indices)
                          .getResult());
        }
        Block &body = op.getRegion().front();
        mapping.map(body.getArguments().back(), check.fill.value());
        for (Operation &inner : body.without_terminator())
          inside.clone(inner, mapping);
        mapping.map(
            check.load.getResult(),
            mapping.lookupOrDefault(body.getTerminator()->getOperand(0)));
        SetVector<Operation *> condition;
        BackwardSliceOptions options;
        options.inclusive = true;
        options.filter = [&](Operation *inner) {
          return inner != check.load && !isa<arith::ConstantOp>(inner);
        };
        (void)getBackwardSlice(check.assertion.getArg(), &condition, options);
        for (Operation *inner : condition)
          inside.clone(*inner, mapping);
        cf::AssertOp::create(inside, loc,
                             mapping.lookup(check.assertion.getArg()),
                             check.assertion.getMsg());
      });
  check.assertion.erase();
  // What made the condition has no other use.
  Operation *user = check.load;
  SmallVector<Operation *> chain;
  while (user) {
    chain.push_back(user);
    user = user->getResult(0).use_empty() ? nullptr
                                          : *user->getResult(0).user_begin();
  }
  for (Operation *dead : llvm::reverse(chain))
    dead->erase();
  op.erase();
  check.fill.erase();
  check.buffer.erase();
}

bool hasSimpleMaps(linalg::GenericOp op) {
  return llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) {
    return llvm::all_of(map.getResults(),
                        llvm::IsaPred<AffineDimExpr, AffineConstantExpr>);
  });
}

struct GpuChecksPass : rac::impl::GpuChecksBase<GpuChecksPass> {
  void runOnOperation() override {
    SmallVector<cf::AssertOp> assertions;
    getOperation().walk([&](cf::AssertOp op) {
      if (op->getParentOp() == getOperation())
        assertions.push_back(op);
    });
    for (cf::AssertOp op : assertions) {
      std::optional<Check> check = findCheck(op);
      if (!check || !hasSimpleMaps(check->all))
        continue;
      launchCheck(*check);
      ++numChecks;
    }
  }
};

} // namespace
