//===- CollectWeights.cpp - Large constants leave the code ----------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/ElementBytes.h"
#include "rac/Lowering/Passes.h"
#include "llvm/Support/MathExtras.h"

namespace rac {
#define GEN_PASS_DEF_COLLECTWEIGHTS
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// Where a weight may start (B): a cache line, also what the widest loads want.
constexpr int64_t kAlignment = 64;

struct CollectWeightsPass : rac::impl::CollectWeightsBase<CollectWeightsPass> {
  using CollectWeightsBase::CollectWeightsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    OpBuilder builder(&getContext());
    llvm::DenseMap<StringAttr, int64_t> offsets;
    // The same data under two names is stored once.
    llvm::DenseMap<Attribute, int64_t> placed;
    int64_t end = 0;
    for (auto global : module.getOps<memref::GlobalOp>()) {
      auto value = dyn_cast_or_null<ElementsAttr>(global.getInitialValueAttr());
      auto type = global.getType();
      int64_t bytes = elementBytes(type) * type.getNumElements();
      if (!value || !global.getConstant() || bytes < minBytes)
        continue;
      Attribute key = value;
      if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
        key = StringAttr::get(&getContext(), resource.getRawHandle().getKey());
      auto [position, isNew] = placed.try_emplace(key, end);
      if (isNew)
        end = llvm::alignTo(end + bytes, kAlignment);
      offsets[global.getSymNameAttr()] = position->second;
      global->setAttr("rac.offset",
                      builder.getI64IntegerAttr(position->second));
    }
    module->setAttr("rac.weights_bytes", builder.getI64IntegerAttr(end));
    module.walk([&](memref::GetGlobalOp get) {
      auto found = offsets.find(get.getNameAttr().getAttr());
      if (found == offsets.end())
        return;
      builder.setInsertionPoint(get);
      get.replaceAllUsesWith(
          WeightsOp::create(builder, get.getLoc(), get.getType(), found->second)
              .getResult());
      get.erase();
    });
  }
};

} // namespace
