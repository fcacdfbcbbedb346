#include "Patterns.h"
void rac::lowering::populateRecurrent(const mlir::TypeConverter &,
                                      mlir::RewritePatternSet &) {}
