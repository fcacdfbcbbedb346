//===- CheckBudgets.cpp - Whether a plan keeps its budgets ----------------===//

#include "Lifetimes.h"
#include "Search/Front.h"
#include "rac/Transforms/Passes.h"
#include "llvm/Support/FormatVariadic.h"

namespace rac {
#define GEN_PASS_DEF_CHECKBUDGETS
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

struct CheckBudgetsPass : rac::impl::CheckBudgetsBase<CheckBudgetsPass> {
  using CheckBudgetsBase::CheckBudgetsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    int64_t activations = peakBytes(heldBetweenGroups(module, Assumptions()));
    int64_t weights = constantBytes(module);
    if (auto search = module->getAttrOfType<SearchAttr>("rac.search")) {
      module->setAttr("rac.search", search.withMemory(activations, weights));
      if (maxSeconds == 0 && maxBytes == 0) {
        maxSeconds = search.getMaxSeconds();
        maxBytes = search.getMaxBytes();
      }
    }
    bool kept = checkTime(module);
    kept &= checkMemory(activations + weights, weights);
    if (!kept)
      signalPassFailure();
  }

private:
  // At the location, since at the op the whole model would be printed.
  bool checkTime(ModuleOp module) {
    double seconds = 0;
    module.walk([&](GroupOp group) {
      if (group.getPlan() && group.getPlan()->getCost())
        seconds += group.getPlan()->getCost().getSeconds().value;
    });
    // Sums in another order differ in the last digits.
    constexpr double rounding = 1e-9;
    if (maxSeconds <= 0 || seconds <= maxSeconds * (1 + rounding))
      return true;
    emitError(module.getLoc(),
              llvm::formatv("the latency budget of {0:F4} ms is missed by "
                            "{1:F4} ms: the fastest plan found takes {2:F4} ms",
                            maxSeconds * 1e3, (seconds - maxSeconds) * 1e3,
                            seconds * 1e3)
                  .str());
    return false;
  }

  bool checkMemory(int64_t bytes, int64_t weights) {
    if (maxBytes <= 0 || bytes <= maxBytes)
      return true;
    constexpr double mib = 1 << 20;
    emitError(getOperation().getLoc(),
              llvm::formatv("the memory budget of {0:F3} MiB is missed by "
                            "{1:F3} MiB: the plan of least memory found takes "
                            "{2:F3} MiB, {3:F3} MiB of it weights",
                            maxBytes / mib, (bytes - maxBytes) / mib,
                            bytes / mib, weights / mib)
                  .str());
    return false;
  }
};

} // namespace
