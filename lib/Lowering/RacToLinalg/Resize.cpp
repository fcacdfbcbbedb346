#include "Patterns.h"
void rac::lowering::populateResize(const mlir::TypeConverter &,
                                   mlir::RewritePatternSet &) {}
