//===- SharedLoops.h - Which parallel loops threads share -------*- C++ -*-===//

#ifndef RAC_LOWERING_SHAREDLOOPS_H
#define RAC_LOWERING_SHAREDLOOPS_H

#include "llvm/ADT/StringRef.h"

namespace rac {

/// An i64 attribute of an `scf.parallel`: threads share its loops from this one
/// on, and each runs through those before it in whole. 0 if it isn't there.
inline constexpr llvm::StringLiteral kSharedFrom = "rac.shared_from";

} // namespace rac

#endif // RAC_LOWERING_SHAREDLOOPS_H
