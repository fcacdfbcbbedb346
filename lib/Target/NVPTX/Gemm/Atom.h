//===- Atom.h - The products that a warp computes at once -------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_ATOM_H
#define RAC_LIB_TARGET_NVPTX_GEMM_ATOM_H

#include "Contraction.h"
#include "Emit.h"
#include "mlir/Dialect/LLVMIR/LLVMTypes.h"

namespace rac::gemm {

/// How elements are multiplied.
enum class Unit {
  Scalar, ///< the op's own body, on each thread
  F64,    ///< tensor cores from here on
  TF32,   ///< of f32, only its first 11 bits
  TF32x3, ///< of f32, split in two: nearly as exact as f32
  Half,   ///< f16 and bf16, sums in f32
  Byte,   ///< i8 with or without a sign, sums in i32
  Float8, ///< f8E4M3FN, sums in f32
};

/// A tile of an operand in shared memory; strides are in elements.
struct SharedTile {
  mlir::Value memory;
  Index start; ///< of what the warp reads, with what the lane adds
  int64_t outerStride, depthStride;
  bool depthInner() const { return depthStride == 1; }
};

/// A warp's product of `m` rows and `n` columns over a depth of `k`, and which
/// elements each lane has of it. A lane holds registers of `pack` elements,
/// that neighbour along the depth. The layouts are those of PTX's mma
/// instructions.
class Atom {
public:
  Atom(Unit unit, const Contraction &contraction);

  Unit unit;
  int64_t m = 0, n = 0, k = 0, pack = 1;
  mlir::Type input;       ///< of elements in shared memory
  mlir::Type accumulator; ///< of elements that are summed

  /// Whether elements that neighbour along the depth must do so in shared
  /// memory.
  bool needsDepthInner() const {
    return unit == Unit::Byte || unit == Unit::Float8;
  }
  /// Whether tensor cores only sum up a step, and what they have is added in
  /// f32: their own sums have fewer bits, and are cut off.
  bool sumsApart() const {
    return unit == Unit::TF32x3 || unit == Unit::Float8;
  }

  /// Whether four warps multiply such operands together, if the chip has that.
  bool inGroups() const;
  /// Into how many parts threads bring a factor before they do; 0: they take it
  /// as it is.
  int64_t parts() const {
    return unit == Unit::TF32x3 ? 2 : unit == Unit::TF32 ? 1 : 0;
  }

  /// What a lane adds to the start of a tile, to get at its registers.
  Index laneStartA(Emit &e, Index lane, const SharedTile &tile) const;
  Index laneStartB(Emit &e, Index lane, const SharedTile &tile) const;

  /// A lane's registers of the atom at (outer, depth) of a tile, as `multiply`
  /// wants them; of B, those of `count` atoms, 1 or 2, side by side.
  /// Of bytes and f8 a value is a register.
  using Fragment = llvm::SmallVector<mlir::Value, 2>;
  Fragment loadA(Emit &e, const SharedTile &tile, int64_t row,
                 int64_t depth) const;
  llvm::SmallVector<Fragment, 2> loadB(Emit &e, const SharedTile &tile,
                                       int64_t column, int64_t depth,
                                       int64_t count) const;

  /// The sum where nothing was added.
  mlir::Value zero(Emit &e) const;
  /// sum + a * b.
  mlir::Value multiply(Emit &e, const Fragment &a, const Fragment &b,
                       mlir::Value sum) const;

  /// An element that a lane has of a sum.
  struct Element {
    int64_t row, column; ///< beyond what the lane adds
    mlir::Value value;
  };
  llvm::SmallVector<Element, 4> elements(Emit &e, mlir::Value sum) const;
  Index laneRow(Emit &e, Index lane) const;
  Index laneColumn(Emit &e, Index lane) const;

private:
  Fragment finish(Emit &e, llvm::ArrayRef<mlir::Value> registers) const;
  mlir::Value loadRegister(Emit &e, const SharedTile &tile, int64_t outer,
                           int64_t depth) const;
  mlir::Type vectorOf(int64_t registers) const;
  /// A lane's elements of a sum, and the sum of a struct of them.
  llvm::SmallVector<mlir::Value> registersOf(Emit &e, mlir::Value sum) const;
  mlir::Value joined(Emit &e, mlir::Value registers) const;
  mlir::LLVM::LLVMStructType structure() const;
  mlir::Value multiplyBytes(Emit &e, const Fragment &a, const Fragment &b,
                            mlir::Value sum) const;
  mlir::Value multiplyFloat8(Emit &e, const Fragment &a, const Fragment &b,
                             mlir::Value sum) const;

  Contraction contraction;
};

/// f32, or vectors of it, in two parts whose sum it is: rounded to tf32, and
/// the rest.
std::array<mlir::Value, 2> splitFloat(Emit &e, mlir::Value x);

/// A register of four equal bytes.
mlir::Value fourOf(Emit &e, int64_t value);

/// Whether tensor cores of the chip multiply f8E4M3FN.
bool hasFloat8(llvm::StringRef chip);

/// The fastest unit that computes the contraction as exactly as it is written;
/// `tf32`: f32 may be rounded to tf32 first; `float8`: there is one for it.
Unit chooseUnit(const Contraction &contraction, bool tf32, bool float8);

/// PTX of 16x8x32 products of f8E4M3FN: four registers of the sums, four of the
/// left factor, two of the right one, and the sums as they were.
constexpr llvm::StringLiteral kFloat8Ptx =
    "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {$0, $1, $2, $3}, "
    "{$4, $5, $6, $7}, {$8, $9}, {$10, $11, $12, $13};";

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_ATOM_H
