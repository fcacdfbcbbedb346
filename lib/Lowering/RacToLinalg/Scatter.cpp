#include "Patterns.h"
void rac::lowering::populateScatter(const mlir::TypeConverter &,
                                    mlir::RewritePatternSet &) {}
