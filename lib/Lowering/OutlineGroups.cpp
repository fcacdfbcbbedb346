//===- OutlineGroups.cpp - Turn groups into functions ---------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_OUTLINEGROUPS
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// The plan without its cost, which doesn't change what is generated.
PlanAttr withoutCost(PlanAttr plan) { return plan ? plan.withCost({}) : plan; }

bool sameFunction(GroupOp a, GroupOp b) {
  return a.getInputs().getTypes() == b.getInputs().getTypes() &&
         a.getOutputs().getTypes() == b.getOutputs().getTypes() &&
         withoutCost(a.getPlanAttr()) == withoutCost(b.getPlanAttr()) &&
         OperationEquivalence::isRegionEquivalentTo(
             &a.getBody(), &b.getBody(), OperationEquivalence::IgnoreLocations);
}

/// Whether the value's dynamic dimensions follow from shapes alone.
bool hasComputableShape(Value value) {
  auto op = value.getDefiningOp();
  auto type = cast<RankedTensorType>(value.getType());
  if (type.hasStaticShape() || !op)
    return true;
  if (auto shaped = dyn_cast<ShapeOpInterface>(op)) {
    ShapeContext context(op->getContext());
    SmallVector<Dims> dims;
    if (failed(shaped.inferDims(context, dims)))
      return false;
    unsigned number = cast<OpResult>(value).getResultNumber();
    if (llvm::is_contained(dims[number], AffineExpr()))
      return false;
    return llvm::all_of(context.getSymbols(), [](const auto &symbol) {
      return symbol.dim < 0 || hasComputableShape(symbol.value);
    });
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return hasComputableShape(cast.getSource());
  return false;
}

/// One destination per result with a computable shape. Dynamic sizes are those
/// of a copy of the body, which goes once they are resolved to the operands'
/// sizes.
SmallVector<Value> makeDestinations(OpBuilder &builder, GroupOp group,
                                    ArrayRef<bool> hasDestination) {
  auto yield = cast<YieldOp>(group.getBodyBlock()->getTerminator());
  bool needsSizes = false;
  for (auto [value, wanted] :
       llvm::zip_equal(yield.getValues(), hasDestination))
    needsSizes |=
        wanted && !cast<RankedTensorType>(value.getType()).hasStaticShape();
  IRMapping mapping;
  if (needsSizes) {
    mapping.map(group.getBodyBlock()->getArguments(), group.getInputs());
    for (Operation &op : group.getBodyBlock()->without_terminator())
      builder.clone(op, mapping);
  }
  SmallVector<Value> destinations;
  for (auto [value, wanted] :
       llvm::zip_equal(yield.getValues(), hasDestination)) {
    if (!wanted)
      continue;
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<Value> sizes;
    for (int64_t i : llvm::seq(type.getRank()))
      if (type.isDynamicDim(i))
        sizes.push_back(tensor::DimOp::create(
            builder, group.getLoc(), mapping.lookupOrDefault(value), i));
    destinations.push_back(
        tensor::EmptyOp::create(builder, group.getLoc(), type, sizes));
  }
  return destinations;
}

func::FuncOp makeFunction(OpBuilder &builder, GroupOp group, StringRef name,
                          ArrayRef<bool> hasDestination) {
  SmallVector<Type> arguments(group.getInputs().getTypes());
  for (auto [type, wanted] :
       llvm::zip_equal(group.getOutputs().getTypes(), hasDestination))
    if (wanted)
      arguments.push_back(type);
  auto function = func::FuncOp::create(
      builder, group.getLoc(), name,
      builder.getFunctionType(arguments, group.getOutputs().getTypes()));
  function.setPrivate();
  if (PlanAttr plan = withoutCost(group.getPlanAttr()))
    function->setAttr("rac.plan", plan);

  function.getBody().takeBody(group.getBody());
  Block &block = function.getBody().front();
  auto yield = cast<YieldOp>(block.getTerminator());
  OpBuilder body(yield);
  SmallVector<Value> results;
  for (auto [value, wanted] :
       llvm::zip_equal(yield.getValues(), hasDestination)) {
    if (!wanted) {
      results.push_back(value);
      continue;
    }
    Value destination = block.addArgument(value.getType(), group.getLoc());
    results.push_back(bufferization::MaterializeInDestinationOp::create(
                          body, group.getLoc(), value, destination)
                          .getResult());
  }
  func::ReturnOp::create(body, yield.getLoc(), results);
  yield.erase();
  return function;
}

/// Names the group, which the callee, shared with equal groups, does not.
/// Attributes of a call would not outlive bufferization.
Location callLocation(GroupOp group) {
  return NameLoc::get(group.getSymAttr(), group.getLoc());
}

/// Equal for groups that share a function: of their plans, and of what their
/// ops are called, say and give.
llvm::hash_code hashOf(GroupOp group) {
  llvm::hash_code hash = hash_value(withoutCost(group.getPlanAttr()));
  for (Operation &op : group.getBodyBlock()->getOperations())
    hash =
        llvm::hash_combine(hash, OperationEquivalence::computeHash(
                                     &op, OperationEquivalence::ignoreHashValue,
                                     OperationEquivalence::ignoreHashValue,
                                     OperationEquivalence::IgnoreLocations));
  return hash;
}

struct OutlineGroupsPass : rac::impl::OutlineGroupsBase<OutlineGroupsPass> {
  using OutlineGroupsBase::OutlineGroupsBase;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    OpBuilder builder(&getContext());

    SmallVector<GroupOp> groups;
    llvm::DenseMap<Operation *, int32_t> numbers;
    module.walk([&](GroupOp group) {
      numbers[group] = groups.size();
      groups.push_back(group);
    });

    // Classes of equal groups, and where to look for a group's.
    SmallVector<SmallVector<GroupOp>> classes;
    llvm::DenseMap<llvm::hash_code, SmallVector<unsigned>> byHash;
    for (GroupOp group : groups) {
      SmallVector<unsigned> &candidates = byHash[hashOf(group)];
      auto *found = llvm::find_if(candidates, [&](unsigned i) {
        return sameFunction(classes[i].front(), group);
      });
      if (found != candidates.end()) {
        classes[*found].push_back(group);
        continue;
      }
      candidates.push_back(classes.size());
      classes.push_back({group});
    }

    for (ArrayRef<GroupOp> equals : classes) {
      GroupOp first = equals.front();
      auto yield = cast<YieldOp>(first.getBodyBlock()->getTerminator());
      SmallVector<bool> hasDestination =
          llvm::map_to_vector(yield.getValues(), hasComputableShape);
      std::string name = first.getSym().str();
      for (unsigned suffix = 0; symbols.lookup(name); ++suffix)
        name = (first.getSym() + "_" + Twine(suffix)).str();
      auto callee = FlatSymbolRefAttr::get(&getContext(), name);
      for (GroupOp group : equals) {
        builder.setInsertionPoint(group);
        SmallVector<Value> operands(group.getInputs());
        llvm::append_range(operands,
                           makeDestinations(builder, group, hasDestination));
        if (profile)
          ProfileOp::create(builder, group.getLoc(),
                            builder.getI32IntegerAttr(numbers[group]));
        auto call =
            func::CallOp::create(builder, callLocation(group), callee,
                                 group.getOutputs().getTypes(), operands);
        if (profile)
          ProfileOp::create(builder, group.getLoc(), IntegerAttr());
        group.getResults().replaceAllUsesWith(call.getResults());
      }
      builder.setInsertionPointToEnd(module.getBody());
      symbols.insert(makeFunction(builder, first, name, hasDestination));
      for (GroupOp group : equals)
        group.erase();
    }

    // Inputs are the caller's, who finds them as they were.
    for (auto function : module.getOps<func::FuncOp>())
      if (function.isPublic())
        for (BlockArgument argument : function.getArguments())
          if (isa<TensorType>(argument.getType()))
            function.setArgAttr(
                argument.getArgNumber(),
                bufferization::BufferizationDialect::kWritableAttrName,
                builder.getBoolAttr(false));

    RewritePatternSet patterns(&getContext());
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    tensor::DimOp::getCanonicalizationPatterns(patterns, &getContext());
    affine::AffineApplyOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(module, std::move(patterns))))
      return signalPassFailure();
  }
};

} // namespace
