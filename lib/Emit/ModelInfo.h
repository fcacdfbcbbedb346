//===- ModelInfo.h - What makes a module a model ----------------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_MODELINFO_H
#define RAC_LIB_EMIT_MODELINFO_H

#include "rac/Emit/DeviceImages.h"
#include "rac/Emit/ModelSignature.h"
#include "llvm/IR/Module.h"

namespace rac {

/// The parts of RacModelInfo that the module and the signature do not tell.
struct ModelFacts {
  std::string describe, cpuFeatures;
  uint64_t weightsSize = 0;
  std::string report;      ///< JSON, rac-report/1; empty: none
  std::string weightsFile; ///< empty: embedded
  uint64_t weightsChecksum = 0;
  const DeviceImages *device = nullptr; ///< null: the CPU runs all
  int32_t numSites = 0, threads = 0, spinMicroseconds = 0, numTimes = 0;
};

/// Hides all that the module defines, under names that clash with nothing, and
/// adds the model's RacModelInfo and its exported functions.
llvm::Error addModelInfo(llvm::Module &module, const ModelSignature &signature,
                         const ModelFacts &facts);

/// The symbols that a model's library exports.
std::vector<std::string> exportedSymbols(llvm::StringRef prefix);

} // namespace rac

#endif // RAC_LIB_EMIT_MODELINFO_H
