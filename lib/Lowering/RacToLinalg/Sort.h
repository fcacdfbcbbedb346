//===- Sort.h - Sorted rows, by steps that threads share --------*- C++ -*-===//

#ifndef RAC_LOWERING_RACTOLINALG_SORT_H
#define RAC_LOWERING_RACTOLINALG_SORT_H

#include "Utils.h"

namespace rac::lowering {

/// Whether the first of two stored keys comes before the second, strictly.
using Before = llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location,
                                              mlir::Value, mlir::Value)>;

/// The keys of rows in their order, and where in its row each was, as i64.
struct Sorted {
  mlir::Value keys, places;
};

/// The first `count` keys of each row along `axis`, sorted; what is equal stays
/// in order. Any number of threads may share each step, since every element
/// finds its own place: by its rank in a group of neighbours, then by merging
/// sorted runs two by two.
Sorted sortRows(mlir::OpBuilder &b, mlir::Location loc, mlir::Value keys,
                int64_t axis, mlir::OpFoldResult count, Before before);

/// The same in one thread, for rows of `length` keys of type `element`, of
/// which NaN is the largest. Writes `count` of each into `into`.
Sorted sortRowsByDigits(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::Value keys, mlir::Type element, bool descends,
                        int64_t axis, mlir::Value length, mlir::Value count,
                        Sorted into);

/// The first number of [low, high) for which `holds` doesn't, or `high`; it
/// holds for all before that one, and for none after it.
mlir::Value
partitionPoint(mlir::OpBuilder &b, mlir::Location loc, mlir::Value low,
               mlir::Value high,
               llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location,
                                              mlir::Value)>
                   holds);

} // namespace rac::lowering

#endif // RAC_LOWERING_RACTOLINALG_SORT_H
