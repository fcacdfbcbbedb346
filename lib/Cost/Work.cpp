//===- Work.cpp - What some ops compute, and on how much data -------------===//

#include "rac/Cost/Work.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace rac;

Candidate Candidate::of(ArrayRef<Operation *> ops) {
  Candidate candidate;
  candidate.ops.assign(ops.begin(), ops.end());
  llvm::SmallPtrSet<Operation *, 8> inside(ops.begin(), ops.end());
  llvm::SmallSetVector<Value, 8> inputs;
  for (Operation *op : ops) {
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()) &&
          !inside.contains(operand.getDefiningOp()))
        inputs.insert(operand);
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(),
                       [&](Operation *user) { return !inside.contains(user); }))
        candidate.outputs.push_back(result);
  }
  candidate.inputs = inputs.takeVector();
  return candidate;
}

Candidate Candidate::of(GroupOp group) {
  Candidate candidate;
  for (Operation &op : group.getBodyBlock()->without_terminator())
    candidate.ops.push_back(&op);
  for (Value argument : group.getBodyBlock()->getArguments())
    if (isa<RankedTensorType>(argument.getType()))
      candidate.inputs.push_back(argument);
  auto yield = cast<YieldOp>(group.getBodyBlock()->getTerminator());
  candidate.outputs.assign(yield.getValues().begin(), yield.getValues().end());
  return candidate;
}

bool WorkUse::dependsOn(unsigned loop) const {
  return llvm::any_of(dims, [&](const auto &terms) {
    return llvm::any_of(terms,
                        [&](const Term &term) { return term.loop == loop; });
  });
}

double WorkNest::flops() const {
  return iterations() *
         (2 * multiplyAdds + operations + kFunctionTerms * functions);
}

double WorkNest::terms() const {
  return operations + kFunctionTerms * functions + moreTerms;
}

double Work::flops() const {
  double sum = 0;
  for (const WorkNest &nest : nests)
    sum += nest.flops();
  return sum;
}

double Work::contractionFlops() const {
  double sum = 0;
  for (const WorkNest &nest : nests)
    sum += nest.iterations() * 2 * nest.multiplyAdds;
  return sum;
}

bool rac::isConstant(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto group = dyn_cast<GroupOp>(argument.getOwner()->getParentOp());
    return group && isConstant(group.getInputs()[argument.getArgNumber()]);
  }
  Operation *op = value.getDefiningOp();
  if (isa<TransposeOp, ReshapeOp>(op))
    return isConstant(op->getOperand(0));
  return op->hasTrait<OpTrait::ConstantLike>();
}

namespace {

/// Fills in a candidate's sizes.
class Analysis {
public:
  Analysis(const Candidate &candidate, const AssumedSizes &sizes)
      : candidate(candidate), sizes(sizes) {}
  Work run();

private:
  double sizeOf(Value tensor, unsigned dim) {
    work.isDynamic |=
        cast<RankedTensorType>(tensor.getType()).isDynamicDim(dim);
    return sizes.size(tensor, dim);
  }
  unsigned tensorOf(Value value);
  unsigned scratchOf(OpResult result);
  WorkUse useOf(const Access &access, bool isScratch);
  /// `isScratch` says whether an access is to what the op has for itself.
  WorkNest resolve(const LoopNest &nest,
                   function_ref<bool(const Access &, bool write)> isScratch);
  void add(ArrayRef<LoopNest> nests);

  const Candidate &candidate;
  const AssumedSizes &sizes;
  Work work;
  llvm::DenseMap<Value, unsigned> numbers, scratch;
};

} // namespace

unsigned Analysis::tensorOf(Value value) {
  auto [place, isNew] = numbers.try_emplace(value, work.tensors.size());
  if (!isNew)
    return place->second;
  auto type = cast<RankedTensorType>(value.getType());
  WorkTensor &tensor = work.tensors.emplace_back();
  tensor.value = value;
  for (unsigned i = 0, rank = type.getRank(); i < rank; ++i)
    tensor.shape.push_back(sizeOf(value, i));
  tensor.strides.resize(tensor.shape.size());
  double stride = 1;
  for (size_t i = tensor.shape.size(); i-- > 0;) {
    tensor.strides[i] = stride;
    stride *= tensor.shape[i];
  }
  // A truth value takes a byte.
  tensor.elementBytes = std::max(1u, type.getElementTypeBitWidth() / 8);
  tensor.isInput = llvm::is_contained(candidate.inputs, value);
  tensor.isOutput = llvm::is_contained(candidate.outputs, value);
  tensor.isWeight = tensor.isInput && isConstant(value);
  return place->second;
}

/// Adds factor * expr, of quotients on average; what isn't linear counts as a
/// loop of its own.
static void addTerms(AffineExpr expr, double factor,
                     SmallVectorImpl<WorkUse::Term> &terms) {
  if (isa<AffineConstantExpr>(expr))
    return;
  if (auto loop = dyn_cast<AffineDimExpr>(expr)) {
    terms.push_back({loop.getPosition(), factor});
    return;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  if (auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
      constant && expr.getKind() == AffineExprKind::Mul) {
    if (constant.getValue() != 0)
      addTerms(binary.getLHS(), factor * std::abs(constant.getValue()), terms);
    return;
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
      constant && expr.getKind() == AffineExprKind::FloorDiv) {
    addTerms(binary.getLHS(), factor / double(constant.getValue()), terms);
    return;
  }
  addTerms(binary.getLHS(), factor, terms);
  addTerms(binary.getRHS(), factor, terms);
}

/// What an op writes before its result. It has memory for itself, or else that
/// of an operand which nobody needs any more; the result then takes it, too, if
/// it isn't another's.
unsigned Analysis::scratchOf(OpResult result) {
  auto [place, isNew] = scratch.try_emplace(result, 0);
  if (!isNew)
    return place->second;
  for (Value operand : result.getOwner()->getOperands())
    if (auto found = numbers.find(operand);
        found != numbers.end() && operand.hasOneUse() &&
        operand.getType() == result.getType() &&
        !work.tensors[found->second].isInput) {
      bool passes = !llvm::is_contained(candidate.outputs, Value(result));
      if (passes)
        numbers[result] = found->second;
      return place->second = found->second;
    }
  WorkTensor own = work.tensors[tensorOf(result)];
  own.isOutput = false;
  work.tensors.push_back(own);
  return place->second = work.tensors.size() - 1;
}

WorkUse Analysis::useOf(const Access &access, bool isScratch) {
  WorkUse use;
  use.tensor = isScratch ? scratchOf(cast<OpResult>(access.tensor))
                         : tensorOf(access.tensor);
  use.scattered = access.scattered;
  for (AffineExpr expr : access.map.getResults())
    addTerms(expr, 1, use.dims.emplace_back());
  return use;
}

WorkNest
Analysis::resolve(const LoopNest &nest,
                  function_ref<bool(const Access &, bool write)> isScratch) {
  WorkNest result;
  for (const Extent &extent : nest.loops)
    result.sizes.push_back(ShapedType::isDynamic(extent.size)
                               ? sizeOf(extent.tensor, extent.dim)
                               : double(extent.size));
  result.reductions = nest.reductions;
  for (const Access &access : nest.reads) {
    WorkUse use = useOf(access, isScratch(access, /*write=*/false));
    if (!llvm::is_contained(result.reads, use))
      result.reads.push_back(std::move(use));
  }
  for (const Access &access : nest.writes)
    result.writes.push_back(useOf(access, isScratch(access, /*write=*/true)));
  if (nest.type)
    result.type = dataTypeOf(nest.type).value_or(DataType::i32);
  result.multiplyAdds = nest.multiplyAdds;
  result.operations = nest.operations;
  result.functions = nest.functions;
  result.isTriangle = nest.isTriangle;
  result.sorted = nest.sorted;
  result.isScan = nest.isScan;
  return result;
}

/// What an element's functions take beyond kFunctionTerms (lib/Lowering/Math):
/// erf and tanh evaluate one polynomial near zero, and another and exp
/// elsewhere.
static double moreTermsOf(ElementwiseOpInterface op) {
  constexpr double ofErf = 45, ofTanh = 35; // operations
  double more = 0;
  visitScalars(op, [&](Operation &scalar) {
    if (isa<math::ErfOp>(scalar))
      more += ofErf - kFunctionTerms;
    else if (isa<math::TanhOp>(scalar))
      more += ofTanh - kFunctionTerms;
  });
  return more;
}

/// The library's functions take as long whatever it is that we build them of:
/// its GELU takes a vector of f32 18 clocks, tanh 21, a logistic function 24,
/// after products of 3136 x 384 x 96 by oneDNN 3.2 on a Xeon 6.
static double libraryTermsOf(ElementwiseOpInterface op, const WorkNest &nest) {
  constexpr double ofFunction = 30; // operations
  double functions = std::max(nest.functions, isa<GeluOp>(op) ? 1.0 : 0.0);
  return functions > 0
             ? std::max(0.0, ofFunction * functions - nest.operations -
                                 kFunctionTerms * nest.functions)
             : 0;
}

/// What the divider takes for an element, counted in operations, of which two
/// go in a clock: vectors of 512 bits take it for 10 clocks, square roots for
/// 12 (uops.info, VDIVPS and VSQRTPS of Ice Lake; Emerald Rapids takes 9.7 and
/// 11.7).
static double dividingOf(ElementwiseOpInterface op) {
  constexpr double ofQuotient = 20, ofRoot = 24;
  double dividing = 0;
  visitScalars(op, [&](Operation &scalar) {
    if (isa<arith::DivFOp>(scalar))
      dividing += ofQuotient;
    else if (isa<math::SqrtOp>(scalar))
      dividing += ofRoot;
  });
  return dividing;
}

/// The nests of an op. What several of them write, and one reads, is the result
/// only in the last one; what none reads are parts of the result.
void Analysis::add(ArrayRef<LoopNest> nests) {
  llvm::SmallDenseMap<Value, std::pair<size_t, size_t>, 2> written;
  auto isRead = [&](Value tensor) {
    return llvm::any_of(nests, [&](const LoopNest &nest) {
      return llvm::any_of(nest.reads, [&](const Access &read) {
        return read.tensor == tensor;
      });
    });
  };
  for (auto [i, nest] : llvm::enumerate(nests))
    for (const Access &write : nest.writes)
      if (isRead(write.tensor))
        written.try_emplace(write.tensor, i, i).first->second.second = i;
  for (auto [i, nest] : llvm::enumerate(nests))
    work.nests.push_back(
        resolve(nest, [&, i = i](const Access &access, bool write) {
          auto found = written.find(access.tensor);
          if (found == written.end())
            return false;
          auto [first, last] = found->second;
          return first < last && (i < last || (i == last && !write));
        }));
}

Work Analysis::run() {
  for (Operation *op : candidate.ops)
    if (auto looping = dyn_cast<LoopNestOpInterface>(op)) {
      SmallVector<LoopNest> nests;
      looping.getLoopNests(nests);
      add(nests);
      if (isa<ConcatOp>(op))
        for (WorkNest &nest :
             MutableArrayRef(work.nests).take_back(nests.size()))
          nest.joins = true;
      if (auto elementwise = dyn_cast<ElementwiseOpInterface>(op)) {
        work.nests.back().moreTerms = moreTermsOf(elementwise);
        work.nests.back().libraryTerms =
            libraryTermsOf(elementwise, work.nests.back());
        work.nests.back().dividing = dividingOf(elementwise);
      }
      if (auto slice = dyn_cast<SliceOp>(op))
        work.nests.back().isPart = llvm::all_of(
            slice.getSteps(), [](int64_t step) { return step > 0; });
    }
  return std::move(work);
}

Work rac::analyzeWork(const Candidate &candidate, const AssumedSizes &sizes) {
  return Analysis(candidate, sizes).run();
}

void rac::narrowWork(Work &work, Type precision) {
  bool isHalf = precision.isBF16() || precision.isF16();
  // Where it has been carried out, what is still f32 remains so.
  for (const WorkTensor &tensor : work.tensors) {
    Type type = getElementTypeOrSelf(tensor.value);
    if (type == precision || (type.isInteger(8) && precision.isInteger(8)))
      return;
  }
  auto narrow = [&](WorkTensor &tensor, double bytes) {
    if (getElementTypeOrSelf(tensor.value).isF32())
      tensor.elementBytes = bytes;
  };
  if (isHalf)
    for (WorkTensor &tensor : work.tensors)
      if (tensor.shape.size() > 1)
        narrow(tensor, 2);
  if (precision.isInteger(8) || isa<Float8E4M3FNType>(precision))
    for (const WorkNest &nest : work.nests)
      if (nest.isContraction())
        for (const WorkUse &use : nest.reads)
          narrow(work.tensors[use.tensor], 1);
}

double rac::weightBytes(ModuleOp module) {
  double bytes = 0;
  module.walk([&](ConstantOp constant) {
    auto type = cast<RankedTensorType>(constant.getType());
    if (type.hasStaticShape())
      bytes += type.getNumElements() *
               std::max(1.0, type.getElementTypeBitWidth() / 8.0);
  });
  return bytes;
}
