//===- Padding.h - Buffers that hold another and one value around it ------===//

#ifndef RAC_LIB_TARGET_NVPTX_PADDING_H
#define RAC_LIB_TARGET_NVPTX_PADDING_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace rac::nvptx {

/// A buffer that is filled with one value, then has another copied into it, and
/// is read by one op alone. A kernel may as well read that other where it is,
/// and know what is around: that saves memory and two kernels.
class Padding {
public:
  /// What `reader` reads as `buffer`, if that is such a buffer, or views of it;
  /// until the end of `last` nobody writes what was copied.
  static std::optional<Padding> find(mlir::Value buffer,
                                     mlir::linalg::LinalgOp reader,
                                     mlir::Operation *last);

  mlir::Value buffer() const { return padded; }
  mlir::Value source() const { return image; }
  mlir::Value value() const {
    return mlir::linalg::FillOp(fill).getInputs()[0];
  }
  /// Where in a dimension of the buffer the source begins.
  int64_t low(unsigned dim) const { return lows[dim]; }
  /// Whether there is anything around the source along a dimension.
  bool isAround(unsigned dim) const;

  /// The ops that write the buffer.
  llvm::SmallVector<mlir::Operation *, 2> makers() const {
    mlir::linalg::FillOp filled = fill;
    mlir::linalg::LinalgOp copied = copy;
    return {filled.getOperation(), copied.getOperation()};
  }

  /// Has loads of the buffer, in kernels that have taken the reader's place,
  /// read the source, and removes what made the buffer.
  void readSource();
  /// Removes what made the buffer, which nobody reads any more.
  void erase();

private:
  void replaceLoad(mlir::Operation *load, mlir::Value view,
                   mlir::ValueRange indices);
  mlir::Value read(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::ValueRange position, mlir::VectorType type) const;
  bool hasVectors(int64_t elements) const;

  mlir::Value padded, image;
  llvm::SmallVector<int64_t> lows;
  mlir::linalg::FillOp fill;
  mlir::linalg::LinalgOp copy;
  mlir::memref::SubViewOp middle; ///< of the buffer, where the copy goes
};

/// Of all that `reader` reads.
llvm::SmallVector<Padding> findPaddings(mlir::linalg::LinalgOp reader,
                                        mlir::Operation *last);

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_PADDING_H
