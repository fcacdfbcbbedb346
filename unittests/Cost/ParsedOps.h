//===- ParsedOps.h - Ops from text, for tests -------------------*- C++ -*-===//

#ifndef RAC_UNITTESTS_COST_PARSEDOPS_H
#define RAC_UNITTESTS_COST_PARSEDOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "rac/Cost/Work.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

/// The level-1 ops of a function body.
struct ParsedOps {
  explicit ParsedOps(llvm::StringRef signature, llvm::StringRef body) {
    context.loadDialect<rac::RacDialect, mlir::func::FuncDialect>();
    std::string text = ("func.func @f" + signature + " {" + body + "}").str();
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module)
      return;
    for (mlir::Operation &op :
         mlir::cast<mlir::func::FuncOp>(module->getBody()->front())
             .getBody()
             .front())
      if (mlir::isa<rac::ShapeOpInterface>(op))
        ops.push_back(&op);
  }
  rac::Work work(double dim = 64) {
    return rac::analyzeWork(rac::Candidate::of(ops), dim);
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::SmallVector<mlir::Operation *> ops;
};

#endif // RAC_UNITTESTS_COST_PARSEDOPS_H
