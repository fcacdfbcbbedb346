//===- Real.h - A double as an attribute's parameter ------------*- C++ -*-===//
//
// LLVM hashes no doubles and MLIR parses none as fields, so attributes hold
// this.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_DIALECT_RAC_IR_REAL_H
#define RAC_DIALECT_RAC_IR_REAL_H

#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/bit.h"

namespace rac {

struct Real {
  Real(double value = 0) : value(value) {}
  operator double() const { return value; }
  bool operator==(const Real &other) const {
    return llvm::bit_cast<uint64_t>(value) ==
           llvm::bit_cast<uint64_t>(other.value);
  }
  double value;
};

inline llvm::hash_code hash_value(const Real &real) {
  return llvm::hash_value(llvm::bit_cast<uint64_t>(real.value));
}

/// Prints the digits that parsing needs.
inline mlir::AsmPrinter &operator<<(mlir::AsmPrinter &printer,
                                    const Real &real) {
  llvm::SmallString<32> text;
  llvm::APFloat(real.value)
      .toString(text, /*FormatPrecision=*/17,
                /*FormatMaxPadding=*/0,
                /*TruncateZero=*/false);
  printer.getStream() << text;
  return printer;
}

} // namespace rac

template <> struct mlir::FieldParser<rac::Real> {
  static FailureOr<rac::Real> parse(AsmParser &parser) {
    double value;
    if (parser.parseFloat(value))
      return failure();
    return rac::Real(value);
  }
};

#endif // RAC_DIALECT_RAC_IR_REAL_H
