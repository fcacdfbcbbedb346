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
  std::string precision;   ///< bf16, f16, int8, f8 or auto
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
/// null where the device doesn't compute in any.
mlir::FloatType halfTypeFor(mlir::MLIRContext *context,
                            llvm::StringRef precision, const Device &device);

struct PrecisionChoice {
  bool isNarrow = false; ///< the narrow plan was taken
  PrecisionReport report;
};

/// Gives the groups of a plan in f32 the types that make the objective the
/// least within the error (docs/ErrorBudget.md). `narrowPlan`, where there is
/// one, has the model's ops grouped as 16 bits have them, in f32 too, and is
/// taken unless the error then allows nothing that is better than `plan` as it
/// is.
llvm::Expected<PrecisionChoice>
choosePrecision(mlir::ModuleOp plan, mlir::ModuleOp narrowPlan,
                const ModelSignature &signature, const Device &device,
                const TargetSpec &target, const PrecisionRequest &request);

} // namespace rac

#endif // RAC_LIB_EMIT_CHOOSEPRECISION_H
