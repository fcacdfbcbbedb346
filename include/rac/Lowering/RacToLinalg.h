//===- RacToLinalg.h - Level-1 ops to linalg on tensors ---------*- C++ -*-===//
//
// For other passes that want the same conversion on part of a program.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LOWERING_RACTOLINALG_H
#define RAC_LOWERING_RACTOLINALG_H

#include "mlir/Transforms/DialectConversion.h"

namespace rac {

/// Converts tensors to what is stored: `ui8` elements to `i8`, and `i1`
/// elements to `i8` ones that are 0 or 1.
class StorageTypeConverter : public mlir::TypeConverter {
public:
  StorageTypeConverter();
};

struct LinalgOptions {
  /// A softmax is not zero where it is a subnormal number.
  bool keepSubnormals = false;
  /// Pools of a padded input loop over their windows.
  bool loopWindows = false;
  /// Products of one row with weights of 4 bits are summed in integers.
  bool fixedPoint = false;
};

/// Lowers every level-1 op.
void populateRacToLinalgPatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns,
                                 const LinalgOptions &options);

/// Converts the types of func, scf and tensor ops and of groups.
void populateStorageTypePatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns,
                                 mlir::ConversionTarget &target);

} // namespace rac

#endif // RAC_LOWERING_RACTOLINALG_H
