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

/// The 16 bits that groups may be narrowed to under `--precision=precision`;
/// none where the device doesn't compute in any.
std::optional<DataType> halfTypeFor(llvm::StringRef precision,
                                    const Device &device);

struct PrecisionChoice {
  size_t plan = 0; ///< the number of the plan that was taken
  PrecisionReport report;
};

/// Of plans of one model, all in f32, that differ in how ops are grouped, takes
/// one and gives its groups the types that make the objective the least within
/// the error (docs/ErrorBudget.md). The first is the one that f32 is best with.
llvm::Expected<PrecisionChoice>
choosePrecision(llvm::ArrayRef<mlir::ModuleOp> plans,
                const ModelSignature &signature, const Device &device,
                const TargetSpec &target, const PrecisionRequest &request);

} // namespace rac

#endif // RAC_LIB_EMIT_CHOOSEPRECISION_H
