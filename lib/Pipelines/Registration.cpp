//===- Registration.cpp - What the stages need ----------------------------===//

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"
#include "rac/Pipelines/Pipelines.h"

void rac::registerDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<RacDialect>();
  registerBufferizableOpInterfaceModels(registry);
}
