//===- ParsedOps.h - Ops from text, for tests -------------------*- C++ -*-===//

#ifndef RAC_UNITTESTS_COST_PARSEDOPS_H
#define RAC_UNITTESTS_COST_PARSEDOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "rac/Cost/Work.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include <string>

/// A convolution of 2-d images with steps of 1; `pad` pixels on each side.
struct ConvText {
  std::string signature, body;
  ConvText(const std::string &image, const std::string &filter,
           const std::string &result, int pad = 0, int groups = 1) {
    std::string types = "(tensor<" + image + ">, tensor<" + filter + ">)",
                out = "tensor<" + result + ">", amount = std::to_string(pad),
                pads = "array<i64: " + amount + ", " + amount + ">";
    signature =
        "(%x: tensor<" + image + ">, %f: tensor<" + filter + ">) -> " + out;
    body = "%0 = rac.conv %x, %f {strides = array<i64: 1, 1>, dilations = "
           "array<i64: 1, 1>, pads_low = " +
           pads + ", pads_high = " + pads +
           ", groups = " + std::to_string(groups) + " : i64} : " + types +
           " -> " + out + " return %0 : " + out;
  }
};

/// The level-1 ops of a function body.
struct ParsedOps {
  explicit ParsedOps(const ConvText &conv)
      : ParsedOps(conv.signature, conv.body) {}
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
