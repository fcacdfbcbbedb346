//===- PtxasInfo.h - What ptxas says of kernels -----------------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_PTXASINFO_H
#define RAC_LIB_EMIT_PTXASINFO_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace rac {

/// What one kernel takes on one chip.
struct KernelResources {
  std::string name, chip;
  int64_t registers = 0;   ///< of a thread, of 32 bits
  int64_t spillBytes = 0;  ///< stores and loads, of a thread
  int64_t stackBytes = 0;  ///< of a thread
  int64_t sharedBytes = 0; ///< of a block; without what a launch asks for
};

/// Reads what `ptxas -v` prints, in its order. Lines that are about nothing of
/// that are passed over.
std::vector<KernelResources> parsePtxasInfo(llvm::StringRef text);

} // namespace rac

#endif // RAC_LIB_EMIT_PTXASINFO_H
