//===- LibraryCallToLLVM.h - Calls of a kernel library ----------*- C++ -*-===//

#ifndef RAC_LOWERING_LIBRARYCALLTOLLVM_H
#define RAC_LOWERING_LIBRARYCALLTOLLVM_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Transforms/DialectConversion.h"

namespace rac {

/// `sites` counts the calls that were lowered; each gets the next number.
void populateLibraryCallToLLVM(const mlir::LLVMTypeConverter &converter,
                               mlir::RewritePatternSet &patterns,
                               int32_t &sites);

/// The values, i64 or pointers, in an array on the stack; its address.
mlir::Value storeArray(mlir::OpBuilder &builder, mlir::Operation *op,
                       llvm::ArrayRef<mlir::Value> values);

/// The address of a constant, zero-terminated string.
mlir::Value addressOfString(mlir::OpBuilder &builder, mlir::Operation *op,
                            llvm::StringRef text);

} // namespace rac

#endif // RAC_LOWERING_LIBRARYCALLTOLLVM_H
