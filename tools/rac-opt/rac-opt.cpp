//===- rac-opt.cpp - Runs passes on MLIR files ----------------------------===//

#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "rac/Lowering/Passes.h"
#include "rac/Pipelines/Pipelines.h"
#include "rac/Target/NVPTX/Passes.h"
#include "rac/Target/X86/Passes.h"
#include "rac/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  rac::registerDialects(registry);
  mlir::registerAllPasses();
  rac::registerTransformsPasses();
  rac::registerLoweringPasses();
  rac::registerNVPTXPasses();
  rac::registerX86Passes();
  rac::registerPipelines();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv,
      "Example: rac-opt model.mlir --rac-pipeline-plan --rac-pipeline-linalg\n",
      registry));
}
