//===- CheckBudgets.cpp - Whether a plan keeps its budgets ----------------===//

#include "Lifetimes.h"
#include "Search/Front.h"
#include "rac/Transforms/Passes.h"
#include "llvm/Support/Format.h"
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
    std::string missed = missedTime(module);
    std::string memory = missedMemory(activations + weights, weights);
    if (!missed.empty() && !memory.empty())
      missed += "; ";
    missed += memory;
    if (missed.empty())
      return;
    // At the location, since at the op the whole model would be printed.
    emitError(module.getLoc(), missed);
    signalPassFailure();
  }

private:
  /// By how much the budget is missed; empty: it is kept.
  std::string missedTime(ModuleOp module) {
    double seconds = 0;
    module.walk([&](GroupOp group) {
      if (group.getPlan() && group.getPlan()->getCost())
        seconds += group.getPlan()->getCost().getSeconds().value;
    });
    // Sums in another order differ in the last digits.
    constexpr double rounding = 1e-9;
    if (maxSeconds <= 0 || seconds <= maxSeconds * (1 + rounding))
      return {};
    return llvm::formatv("the latency budget of {0} ms is missed by {1} ms: "
                         "the fastest plan found takes {2} ms",
                         llvm::format("%.4g", maxSeconds * 1e3),
                         llvm::format("%.4g", (seconds - maxSeconds) * 1e3),
                         llvm::format("%.4g", seconds * 1e3));
  }

  std::string missedMemory(int64_t bytes, int64_t weights) {
    if (maxBytes <= 0 || bytes <= maxBytes)
      return {};
    constexpr double mib = 1 << 20;
    return llvm::formatv("the memory budget of {0} MiB is missed by {1} MiB: "
                         "the plan of least memory found takes {2} MiB, {3} "
                         "MiB of it weights",
                         llvm::format("%.4g", maxBytes / mib),
                         llvm::format("%.4g", (bytes - maxBytes) / mib),
                         llvm::format("%.4g", bytes / mib),
                         llvm::format("%.4g", weights / mib));
  }
};

} // namespace
