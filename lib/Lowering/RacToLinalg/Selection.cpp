#include "Patterns.h"
void rac::lowering::populateSelection(const mlir::TypeConverter &,
                                      mlir::RewritePatternSet &) {}
