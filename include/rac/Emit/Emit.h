//===- Emit.h - The LLVM dialect to files -----------------------*- C++ -*-===//

#ifndef RAC_EMIT_EMIT_H
#define RAC_EMIT_EMIT_H

#include "rac/Emit/DeviceImages.h"
#include "rac/Emit/ModelSignature.h"
#include "rac/Emit/Weights.h"
#include "rac/Target/TargetSpec.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace rac {

enum class CodeKind { LLVM, Assembly, Object, Library };

struct EmitOptions {
  CodeKind kind = CodeKind::Library;
  TargetSpec target;
  std::string output;      ///< "-" for standard output, of text kinds
  std::string weightsFile; ///< where weights go; empty: into the library
  int32_t threads = 0;
  int32_t spinMicroseconds = 0;         ///< of waiting threads
  int32_t numTimes = 0;                 ///< as RacModelInfo's num_times
  llvm::json::Object description;       ///< joins what describe says
  const DeviceImages *device = nullptr; ///< kernels of an accelerator
  std::string report; ///< what the library tells of its costs, as JSON
  std::function<void(llvm::StringRef)> progress = [](llvm::StringRef) {};
};

/// How long threads of a model that was compiled for `objective` (latency,
/// energy, edp, carbon) look for work before they sleep, us; docs/ThreadPool.md
/// says why.
int32_t spinMicroseconds(llvm::StringRef objective);

/// Writes the lowered module as what `options` ask for. Files appear only once
/// they are complete.
llvm::Error emitModel(mlir::ModuleOp module, const ModelSignature &signature,
                      const WeightImage &weights, const EmitOptions &options);

} // namespace rac

#endif // RAC_EMIT_EMIT_H
