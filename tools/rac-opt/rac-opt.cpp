//===- rac-opt.cpp - Runs passes on MLIR files ----------------------------===//

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  registry.insert<rac::RacDialect>();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "rac's pass driver\n", registry));
}
