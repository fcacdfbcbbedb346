//===- Wgmma.h - Products of four warps together ----------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_WGMMA_H
#define RAC_LIB_TARGET_NVPTX_GEMM_WGMMA_H

#include "Emit.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace rac::gemm {

/// Rows that four warps multiply at once, and terms of each sum: wgmma in PTX,
/// of types with 16 bits. Of others there are as many bytes of terms.
constexpr int64_t kGroupRows = 64, kGroupDepth = 16;
/// Warps that do so.
constexpr int64_t kGroupWarps = 4;

/// Whether code for the chip has them, and a unit that copies whole tiles.
bool hasWarpgroups(llvm::StringRef chip);

/// Bytes of a line of a tile whose 16-byte parts are in another order in each
/// of eight lines: what tensor cores read from shared memory by themselves. An
/// operand whose rows or columns neighbour in memory has, for each 64 of them,
/// a tile with a line for each step of the depth.
constexpr int64_t kSwizzledLine = 128;
/// Such tiles begin at multiples of so many bytes: eight lines.
constexpr int64_t kSwizzledTile = 8 * kSwizzledLine;

/// Sizes and addresses in descriptors are multiples of it, B.
constexpr int64_t kDescriptorUnit = 16;

/// What tells the tensor cores how a tile lies that begins at `address`, an
/// i64. `leading`: where lines run along rows or columns, from the first 64 of
/// these to the next, B; elsewhere it says nothing.
mlir::Value matrixDescriptor(Emit &e, mlir::Value address,
                             int64_t leading = kDescriptorUnit);
/// That of a tile `bytes` further, a multiple of 16.
mlir::Value movedDescriptor(Emit &e, mlir::Value descriptor, int64_t bytes);

/// Factors of a product: `columns` of the right one, which is in shared memory;
/// their types; and whether what neighbours there are rows, or columns, and not
/// terms.
struct GroupProduct {
  mlir::Type element;
  int64_t columns;
  bool rowsInLines = false, columnsInLines = false; ///< of 16 bits alone
  bool leftUnsigned = false, rightUnsigned = false; ///< of bytes

  /// Terms of a sum.
  int64_t depth() const {
    return 2 * kGroupDepth * 8 / element.getIntOrFloatBitWidth();
  }
  /// f32, or i32 of bytes, which wraps.
  mlir::Type sum() const;
};

/// What a lane has of the sums before any are: a structure.
mlir::Value noSums(Emit &e, const GroupProduct &product);
/// Starts to multiply tiles in shared memory, and to add that to `sums` or, if
/// not `add`, to nothing. Of f32 the first 19 bits are multiplied (tf32).
mlir::Value multiplyGroup(Emit &e, const GroupProduct &product, mlir::Value a,
                          mlir::Value b, mlir::Value sums, bool add);
/// Registers of i32 that a lane's left factors are in, if they are in any.
constexpr int64_t kLeftRegisters = 4;
/// The same of a left factor in registers.
mlir::Value multiplyGroup(Emit &e, const GroupProduct &product,
                          llvm::ArrayRef<mlir::Value> a, mlir::Value b,
                          mlir::Value sums, bool add = true);
/// PTX of that. Operands: the sums, the left factor, the right one's
/// descriptor, and again the sums.
std::string groupProductPtx(const GroupProduct &product, bool add);

/// The same values: computed before, and used after, what has effects here.
/// Products under way change registers, of which only PTX knows.
llvm::SmallVector<mlir::Value> holdRegisters(Emit &e, mlir::ValueRange values);
bool isHold(mlir::LLVM::InlineAsmOp op);

llvm::SmallVector<mlir::Value> elementsOf(Emit &e, mlir::Value structure);
mlir::Value structureOf(Emit &e, mlir::ValueRange elements);

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_WGMMA_H
