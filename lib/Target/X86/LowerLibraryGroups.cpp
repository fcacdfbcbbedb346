//===- LowerLibraryGroups.cpp - Planned library calls ---------------------===//

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Target/X86/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace rac {
#define GEN_PASS_DEF_LOWERLIBRARYGROUPS
#include "rac/Target/X86/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

bool isAnchor(Operation &op) {
  return isa<MatmulOp, ConvOp, ConvTransposeOp>(op);
}

/// Of what the library reads as it is, to compute with in f32.
bool isWidening(CastOp cast) {
  Type from = getElementTypeOrSelf(cast.getInput());
  return cast.getType().getElementType().isF32() &&
         (from.isBF16() || from.isF16());
}

std::optional<double> splatValue(Value value) {
  SplatElementsAttr splat;
  if (!matchPattern(value, m_Constant(&splat)))
    return std::nullopt;
  if (auto real = dyn_cast<FloatAttr>(splat.getSplatValue<Attribute>()))
    return real.getValueAsDouble();
  return std::nullopt;
}

/// Gathers the parts of one library call from a function's ops, anchor first.
class CallBuilder {
public:
  CallBuilder(func::FuncOp function, Operation *anchor)
      : function(function), anchor(anchor) {}

  LogicalResult run() {
    addContraction();
    Value current = anchor->getResult(0);
    while (true) {
      if (!current.hasOneUse())
        return current.getDefiningOp()->emitOpError(
            "is used more than once in a library group");
      Operation *user = *current.getUsers().begin();
      if (auto place =
              dyn_cast<bufferization::MaterializeInDestinationOp>(user))
        return finish(place);
      if (failed(addUser(user, current)))
        return failure();
      current = user->getResult(0);
    }
  }

private:
  void addContraction() {
    addInput(anchor->getOperand(0));
    addInput(anchor->getOperand(1));
  }

  /// Adds an operand, looking through transposes, and through casts of what the
  /// library widens itself.
  void addInput(Value value) {
    SmallVector<int64_t> permutation;
    while (true) {
      if (auto transpose = value.getDefiningOp<TransposeOp>()) {
        ArrayRef<int64_t> own = transpose.getPermutation();
        permutation = permutation.empty() ? SmallVector<int64_t>(own)
                                          : applyPermutation(own, permutation);
        value = transpose.getInput();
        continue;
      }
      auto cast = value.getDefiningOp<CastOp>();
      if (!cast || !isWidening(cast))
        break;
      value = cast.getInput();
    }
    inputs.push_back(value);
    permutations.push_back(permutation);
  }

  LogicalResult addUser(Operation *user, Value current) {
    if (auto cast = dyn_cast<CastOp>(user))
      return addCast(cast);
    if (auto transpose = dyn_cast<TransposeOp>(user)) {
      if (!resultPermutation.empty())
        return user->emitOpError(
            "is a second transpose of a library call's result");
      llvm::append_range(resultPermutation, transpose.getPermutation());
      return success();
    }
    if (!resultPermutation.empty())
      return user->emitOpError(
          "follows the transpose of a library call's result");
    if (narrowed)
      return user->emitOpError("follows the narrowing of a library call's "
                               "result");
    if (auto quantize = dyn_cast<QuantizeOp>(user)) {
      addQuantize(quantize.getSteps());
      return success();
    }
    if (succeeded(addUnary(user)))
      return success();
    return addBinary(user, current);
  }

  /// Sums become floats before anything is done to them, and what is written is
  /// narrowed last.
  LogicalResult addCast(CastOp cast) {
    Type from = getElementTypeOrSelf(cast.getInput()),
         to = cast.getType().getElementType();
    bool first = postOps.empty() && !hasBias && resultPermutation.empty();
    if (from.isInteger(32) && to.isF32() && first)
      return success();
    if (from.isF32() && (to.isBF16() || to.isF16()) && !narrowed) {
      narrowed = true;
      return success();
    }
    return cast.emitOpError("can't be fused into a library call");
  }

  /// The library rounds, and holds in the range of the type that it writes.
  void addQuantize(quant::UniformQuantizedType steps) {
    narrowed = true;
    // Steps by channel are multiplied with before.
    if (steps.getScale() != 1)
      addPost(PostOpKind::linear, 1 / steps.getScale(), 0);
    // Ties go to even before the zero point is added.
    if (steps.getZeroPoint() != 0) {
      addPost(PostOpKind::round);
      addPost(PostOpKind::linear, 1, steps.getZeroPoint());
    }
    if (steps.hasStorageTypeBounds())
      addPost(PostOpKind::clip, steps.getStorageTypeMin(),
              steps.getStorageTypeMax());
  }

  void addPost(PostOpKind kind, double alpha = 0, double beta = 0,
               int64_t operand = -1) {
    postOps.push_back(
        PostOpAttr::get(function.getContext(), kind, operand, alpha, beta));
  }

  LogicalResult addUnary(Operation *user) {
    using llvm::TypeSwitch;
    auto plain =
        TypeSwitch<Operation *, std::optional<PostOpKind>>(user)
            .Case<ReluOp>([](auto) { return PostOpKind::relu; })
            .Case<TanhOp>([](auto) { return PostOpKind::tanh; })
            .Case<SigmoidOp>([](auto) { return PostOpKind::sigmoid; })
            .Case<GeluOp>([](auto) { return PostOpKind::gelu; })
            .Case<GeluTanhOp>([](auto) { return PostOpKind::gelu_tanh; })
            .Case<SiluOp>([](auto) { return PostOpKind::silu; })
            .Case<HardSwishOp>([](auto) { return PostOpKind::hard_swish; })
            .Case<AbsOp>([](auto) { return PostOpKind::abs; })
            .Case<SqrtOp>([](auto) { return PostOpKind::sqrt; })
            .Case<ExpOp>([](auto) { return PostOpKind::exp; })
            .Case<SoftplusOp>([](auto) { return PostOpKind::softplus; })
            .Default([](Operation *) { return std::nullopt; });
    if (plain) {
      addPost(*plain);
      return success();
    }
    return TypeSwitch<Operation *, LogicalResult>(user)
        .Case<LeakyReluOp>([&](LeakyReluOp op) {
          addPost(PostOpKind::leaky_relu, op.getAlpha().convertToDouble());
          return success();
        })
        .Case<EluOp>([&](EluOp op) {
          addPost(PostOpKind::elu, op.getAlpha().convertToDouble());
          return success();
        })
        .Case<HardSigmoidOp>([&](HardSigmoidOp op) {
          addPost(PostOpKind::hard_sigmoid, op.getAlpha().convertToDouble(),
                  op.getBeta().convertToDouble());
          return success();
        })
        .Case<ClipOp>([&](ClipOp op) -> LogicalResult {
          auto low = splatValue(op.getLow()), high = splatValue(op.getHigh());
          if (!low || !high)
            return failure();
          addPost(PostOpKind::clip, *low, *high);
          return success();
        })
        .Default([](Operation *) { return failure(); });
  }

  LogicalResult addBinary(Operation *user, Value current) {
    auto kind = llvm::TypeSwitch<Operation *, std::optional<PostOpKind>>(user)
                    .Case<AddOp>([](auto) { return PostOpKind::add; })
                    .Case<MulOp>([](auto) { return PostOpKind::mul; })
                    .Case<SubOp>([](auto) { return PostOpKind::sub; })
                    .Case<DivOp>([](auto) { return PostOpKind::div; })
                    .Case<MaxOp>([](auto) { return PostOpKind::max; })
                    .Case<MinOp>([](auto) { return PostOpKind::min; })
                    .Default([](Operation *) { return std::nullopt; });
    if (!kind || user->getNumOperands() != 2 ||
        user->getOperand(0) == user->getOperand(1))
      return user->emitOpError("can't be fused into a library call");
    bool first = user->getOperand(0) == current;
    Value other = user->getOperand(first ? 1 : 0);
    if (std::optional<double> scalar = splatValue(other))
      if (succeeded(addScalar(*kind, *scalar, first)))
        return success();
    if (!first && (*kind == PostOpKind::sub || *kind == PostOpKind::div))
      return user->emitOpError("takes the library call's result as second "
                               "operand, which can't be fused");
    if (*kind == PostOpKind::add && postOps.empty() && !hasBias &&
        isBias(other)) {
      hasBias = true;
      addInput(other);
      return success();
    }
    addPost(*kind, 0, 0, inputs.size());
    addInput(other);
    return success();
  }

  LogicalResult addScalar(PostOpKind kind, double value, bool first) {
    double alpha = 1, beta = 0;
    if (kind == PostOpKind::add)
      beta = value;
    else if (kind == PostOpKind::mul)
      alpha = value;
    else if (kind == PostOpKind::sub)
      alpha = first ? 1 : -1, beta = first ? -value : value;
    else if (kind == PostOpKind::div && first)
      alpha = 1 / value;
    else
      return failure();
    addLinear(alpha, beta);
    return success();
  }

  /// Two in a row are one: a pass over the results less.
  void addLinear(double alpha, double beta) {
    auto last =
        postOps.empty() ? PostOpAttr() : cast<PostOpAttr>(postOps.back());
    if (last && last.getKind() == PostOpKind::linear) {
      beta += alpha * last.getBeta().value;
      alpha *= last.getAlpha().value;
      postOps.pop_back();
    }
    addPost(PostOpKind::linear, alpha, beta);
  }

  /// One value for each of the result's last dimension, and ones in front.
  bool isBias(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    auto result = cast<RankedTensorType>(anchor->getResult(0).getType());
    return type.getRank() > 0 && type.hasStaticShape() &&
           type.getRank() <= result.getRank() &&
           type.getNumElements() == type.getShape().back() &&
           type.getShape().back() == result.getShape().back();
  }

  LogicalResult finish(bufferization::MaterializeInDestinationOp place) {
    OpBuilder builder(place);
    // The result's permutation says how the library sees the destination.
    SmallVector<int64_t> seen = resultPermutation;
    if (!seen.empty())
      seen = invertPermutationVector(seen);
    permutations.push_back(seen);
    SmallVector<Attribute> views;
    bool permuted = false;
    for (ArrayRef<int64_t> permutation : permutations) {
      permuted |= !permutation.empty();
      views.push_back(builder.getDenseI64ArrayAttr(permutation));
    }

    auto call =
        LibraryCallOp::create(builder, anchor->getLoc(), primitive(), inputs,
                              place.getDest(), hasBias, postOps);
    if (permuted)
      call.setPermutationsAttr(builder.getArrayAttr(views));
    setWindow(call);
    SmallVector<int64_t> unsignedOperands;
    SmallVector<Value> operands(inputs);
    operands.push_back(place.getDest());
    for (auto [i, operand] : llvm::enumerate(operands))
      if (getElementTypeOrSelf(operand).isUnsignedInteger())
        unsignedOperands.push_back(i);
    if (!unsignedOperands.empty())
      call.setUnsignedOperands(unsignedOperands);
    if (auto plan = function->getAttrOfType<PlanAttr>("rac.plan"))
      call.setThreads(plan.getThreads());
    place.replaceAllUsesWith(call.getResults());
    place.erase();
    return success();
  }

  Primitive primitive() {
    if (isa<ConvOp>(anchor))
      return Primitive::conv;
    return isa<ConvTransposeOp>(anchor) ? Primitive::conv_transpose
                                        : Primitive::matmul;
  }

  void setWindow(LibraryCallOp call) {
    llvm::TypeSwitch<Operation *>(anchor).Case<ConvOp, ConvTransposeOp>(
        [&](auto op) {
          call.setStrides(op.getStrides());
          call.setDilations(op.getDilations());
          call.setPadsLow(op.getPadsLow());
          call.setPadsHigh(op.getPadsHigh());
          call.setGroups(op.getGroups());
        });
    if (auto op = dyn_cast<ConvOp>(anchor))
      call.setSourceZero(op.getInputZero());
    // Output padding is what the high side's cut leaves standing.
    if (auto op = dyn_cast<ConvTransposeOp>(anchor)) {
      SmallVector<int64_t> high(op.getPadsHigh());
      for (auto [pad, extra] : llvm::zip_equal(high, op.getOutputPadding()))
        pad -= extra;
      call.setPadsHigh(high);
    }
  }

  func::FuncOp function;
  Operation *anchor;
  SmallVector<Value> inputs;
  SmallVector<SmallVector<int64_t>> permutations;
  SmallVector<int64_t> resultPermutation;
  SmallVector<Attribute> postOps;
  bool hasBias = false;
  bool narrowed = false; ///< what is written is narrower than what is computed
};

struct LowerLibraryGroupsPass
    : rac::impl::LowerLibraryGroupsBase<LowerLibraryGroupsPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    auto plan = function->getAttrOfType<PlanAttr>("rac.plan");
    if (!plan || plan.getKind() != KernelKind::library || function.isExternal())
      return;
    Block &block = function.getBody().front();
    auto anchors = llvm::make_filter_range(block, isAnchor);
    if (!llvm::hasSingleElement(anchors)) {
      function.emitError("a library group needs exactly one contraction");
      return signalPassFailure();
    }
    if (failed(CallBuilder(function, &*anchors.begin()).run()))
      return signalPassFailure();
    // What became part of the call is dead now, last first.
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }
};

} // namespace
