//===- ScalableMasks.cpp - Masks of what vscale gives ---------------------===//

#include "ScalableMasks.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/PatternMatch.h"

using namespace llvm;

/// Whether arithmetic makes `value` of vscale and constants.
static bool isOfVScale(Value *value) {
  if (PatternMatch::match(value, PatternMatch::m_VScale()))
    return true;
  auto *op = dyn_cast<Instruction>(value);
  if (!op || !(isa<BinaryOperator>(op) || isa<CastInst>(op)))
    return false;
  bool found = false;
  for (Value *operand : op->operands()) {
    bool isOf = isOfVScale(operand);
    if (!isOf && !isa<ConstantInt>(operand))
      return false;
    found |= isOf;
  }
  return found;
}

/// The same value, of which nobody knows where it comes from.
static Value *hide(Value *value, Instruction *before) {
  Type *type = value->getType();
  auto *nothing =
      InlineAsm::get(FunctionType::get(type, {type}, /*isVarArg=*/false),
                     /*AsmString=*/"", /*Constraints=*/"=r,0",
                     /*hasSideEffects=*/false);
  return IRBuilder<>(before).CreateCall(nothing, {value});
}

PreservedAnalyses rac::HideScalableMasks::run(Function &function,
                                              FunctionAnalysisManager &) {
  SmallVector<Instruction *> masks;
  for (Instruction &op : instructions(function)) {
    bool isMask = op.getOpcode() == Instruction::And &&
                  isa<ConstantInt>(op.getOperand(1));
    if ((isMask || isa<TruncInst>(op)) && isOfVScale(op.getOperand(0)))
      masks.push_back(&op);
  }
  for (Instruction *mask : masks)
    mask->setOperand(0, hide(mask->getOperand(0), mask));
  if (masks.empty())
    return PreservedAnalyses::all();
  PreservedAnalyses kept;
  kept.preserveSet<CFGAnalyses>();
  return kept;
}
