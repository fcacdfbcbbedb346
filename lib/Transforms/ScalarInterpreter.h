//===- ScalarInterpreter.h - Runs scalar bodies at compile time -*- C++ -*-===//
//
// An elementwise op says what it computes by building arith and math ops on
// scalars. These classes run that body: one on attributes, whatever folds, and
// a faster one on floats.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_TRANSFORMS_SCALARINTERPRETER_H
#define RAC_LIB_TRANSFORMS_SCALARINTERPRETER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include <functional>

namespace rac {

/// Runs an op's scalar body on attributes.
class ScalarInterpreter {
public:
  explicit ScalarInterpreter(ElementwiseOpInterface op);
  ~ScalarInterpreter();

  mlir::Block &getBody() { return body; }
  mlir::Value getResult() { return result; }

  /// Null where an op doesn't fold.
  mlir::Attribute run(llvm::ArrayRef<mlir::Attribute> arguments);

private:
  mlir::Block body;
  mlir::Value result;
};

/// Runs a scalar body of common ops on floats; truth values are 0 and 1.
class FloatInterpreter {
public:
  using Function = std::function<float(const float *)>;

  /// Whether it knows all ops of the body.
  bool compile(mlir::Block &body, mlir::Value result);
  float run(llvm::ArrayRef<float> arguments);

private:
  struct Step {
    Function run;
    unsigned operands[3] = {0, 0, 0};
  };

  llvm::SmallVector<Step> steps;
  llvm::SmallVector<float> values;
  unsigned next = 0, resultSlot = 0;
};

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_SCALARINTERPRETER_H
