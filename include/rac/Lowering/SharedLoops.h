//===- SharedLoops.h - Which parallel loops threads share -------*- C++ -*-===//

#ifndef RAC_LOWERING_SHAREDLOOPS_H
#define RAC_LOWERING_SHAREDLOOPS_H

#include "rac/Lowering/RegisterTile.h"
#include "llvm/ADT/StringRef.h"

namespace rac {

/// An i64 attribute of an `scf.parallel`: threads share its loops from this one
/// on, and each runs through those before it in whole. 0 if it isn't there.
inline constexpr llvm::StringLiteral kSharedFrom = "rac.shared_from";

/// Whether threads had better share the rows of a nest whose outermost loop is
/// columns, and each have all of these: else it would read all rows, and write
/// parts of lines of which others write the rest. Not if reading what depends
/// on columns alone is more than that. B of both, if they are known.
inline bool threadsShareRows(std::optional<int64_t> ofColumns,
                             std::optional<int64_t> others) {
  return ofColumns && *ofColumns <= others.value_or(kHalfOfSecondCache);
}

} // namespace rac

#endif // RAC_LOWERING_SHAREDLOOPS_H
