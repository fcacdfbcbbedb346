//===- ChoosePrecision.h - A type for each group ----------------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_CHOOSEPRECISION_H
#define RAC_LIB_EMIT_CHOOSEPRECISION_H

#include "mlir/IR/BuiltinOps.h"
#include "rac/Cost/Device.h"
#include "rac/Emit/ModelSignature.h"
#include "rac/Report/PrecisionReport.h"
#include "rac/Target/TargetSpec.h"
#include <functional>

namespace rac {

struct PrecisionRequest {
  std::string precision;   ///< bf16, f16, int8 or auto
  std::string calibration; ///< samples; empty: random ones
  std::string metric = "rel-l2";
  std::optional<double> maxError;
  /// What a plan makes small, as Goal has it.
  std::string objective = "latency";
  double gramsPerJoule = 0, gramsPerSecond = 0;
  int32_t threads = 0;
  bool useLibrary = true;
  bool front = false; ///< other budgets are wanted too
  std::function<void(llvm::StringRef)> progress, warn;
};

/// Gives the groups of a module that is planned in f32 the types that make the
/// objective the least within the error (docs/ErrorBudget.md).
llvm::Expected<PrecisionReport>
choosePrecision(mlir::ModuleOp module, const ModelSignature &signature,
                const Device &device, const TargetSpec &target,
                const PrecisionRequest &request);

} // namespace rac

#endif // RAC_LIB_EMIT_CHOOSEPRECISION_H
