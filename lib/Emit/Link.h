//===- Link.h - Objects to a shared library ---------------------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_LINK_H
#define RAC_LIB_EMIT_LINK_H

#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace rac {

struct LinkJob {
  std::string arch; ///< LLVM's name: x86_64
  std::vector<std::string> objects;
  std::string output;
  std::vector<std::string> exported;
  bool usesLibrary = false; ///< calls rac_library_call
  bool usesDevice = false;  ///< launches kernels of an accelerator
};

/// Links a model's library with the runtime.
llvm::Error linkLibrary(const LinkJob &job);

/// Links objects into a shared library without the runtime, which exports one
/// symbol; what it lacks is left to the loader.
llvm::Error linkPlain(llvm::StringRef arch, llvm::ArrayRef<std::string> objects,
                      llvm::StringRef exported, llvm::StringRef output);

/// Merges objects into one.
llvm::Error mergeObjects(llvm::ArrayRef<std::string> objects,
                         llvm::StringRef output);

} // namespace rac

#endif // RAC_LIB_EMIT_LINK_H
