//===- RacToLinalg.h - Level-1 ops to linalg on tensors ---------*- C++ -*-===//
//
// For other passes that want the same conversion on part of a program.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LOWERING_RACTOLINALG_H
#define RAC_LOWERING_RACTOLINALG_H

#include "mlir/Transforms/DialectConversion.h"
#include "rac/Lowering/Passes.h"

namespace rac {

/// Converts tensors to what is stored: `ui8` elements to `i8`, and `i1`
/// elements to `i8` ones that are 0 or 1.
class StorageTypeConverter : public mlir::TypeConverter {
public:
  StorageTypeConverter();
};

/// Lowers every level-1 op, by the options of rac-lower-to-linalg.
void populateRacToLinalgPatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns,
                                 const RacToLinalgOptions &options);

/// Converts the types of func, scf and tensor ops and of groups.
void populateStorageTypePatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns,
                                 mlir::ConversionTarget &target);

} // namespace rac

#endif // RAC_LOWERING_RACTOLINALG_H
