//===- RowKernel.h - Rows for groups of threads -----------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_ROWS_ROWKERNEL_H
#define RAC_LIB_TARGET_NVPTX_ROWS_ROWKERNEL_H

#include "Combiner.h"
#include "RowProgram.h"
#include <deque>

namespace rac::nvptx {

/// One kernel of all ops of a program. A group of threads has a row: a few of a
/// warp, a warp, or the block. What it knows of its row each of its threads has
/// in a register; elements are shared out in neighbours of 16 bytes. Rows that
/// are short enough are read once and stay in registers; of others, or where
/// the length isn't known, elements between two reductions are computed anew
/// for each, from what then is in the cache.
class RowKernel {
public:
  /// Whether a kernel can be made of it.
  static bool matches(const RowProgram &program);
  explicit RowKernel(const RowProgram &program);
  /// Makes the kernel in place of the ops.
  void create();

private:
  /// How a row is shared out.
  struct Shape {
    int64_t group = 32;    ///< threads of a row
    int64_t threads = 128; ///< of a block
    int64_t lanes = 1;     ///< neighbouring elements of a thread
    int64_t chunks = 0;    ///< of those, so many in registers; 0: a loop
  };
  /// What a buffer holds: one value a row, or what an op computes of each
  /// element; neither: what is in memory.
  struct Version {
    mlir::Value row;
    mlir::linalg::LinalgOp op;
    unsigned result = 0;
  };
  /// Neighbouring elements of a thread.
  struct Chunk {
    Values position;    ///< where they begin, an index a dimension
    mlir::Value active; ///< whether there are any; null: there are
    llvm::DenseMap<mlir::Operation *, llvm::SmallVector<Values>> computed;
    llvm::DenseMap<std::pair<mlir::Value, mlir::AffineMap>, Values> loaded;
  };

  Shape chooseShape(int64_t lanes, bool longRows) const;
  void createVersions(mlir::OpBuilder &builder, int64_t lanes);
  void createLaunch(mlir::OpBuilder &builder, Shape shape);
  void createChunks(mlir::OpBuilder &builder);
  Chunk chunkAt(mlir::OpBuilder &builder, mlir::Value number);
  /// `body` for each chunk of the thread; values go from one to the next.
  Values forEachChunk(
      mlir::OpBuilder &builder, mlir::ValueRange from,
      llvm::function_ref<Values(mlir::OpBuilder &, Chunk &, mlir::ValueRange)>
          body);
  void createOp(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op);
  void createReduction(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op);
  void createElements(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op);
  void createRow(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op);
  void storeRow(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                mlir::ValueRange results);
  /// A position of `op`'s loops.
  Values positionOf(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                    const Chunk *chunk);
  Values operandOf(mlir::OpBuilder &builder, mlir::OpOperand &operand,
                   Chunk *chunk);
  /// All results of `op`, whose results so far are `outs` where it reduces.
  llvm::SmallVector<Values> compute(mlir::OpBuilder &builder,
                                    mlir::linalg::LinalgOp op, Chunk *chunk,
                                    llvm::ArrayRef<Values> outs);
  Values evaluate(mlir::OpBuilder &builder, const Version &version,
                  Chunk &chunk);

  const RowProgram &program;
  mlir::Location loc;
  llvm::DenseMap<mlir::Operation *, Combiner> combiners;
  Values rowSizes, elementSizes;

  // Of the kernel that is being made:
  Shape shape;
  mlir::gpu::LaunchOp launch;
  Values row;                    ///< indices
  mlir::Value member;            ///< the thread's number in its group
  mlir::Value isRow;             ///< whether the row exists; null: it does
  Values chunkSizes;             ///< elementSizes in chunks
  mlir::Value chunkCount;        ///< of a row
  llvm::SmallVector<Chunk> kept; ///< those in registers
  llvm::DenseMap<mlir::Value, Version *> current;
  llvm::DenseMap<mlir::OpOperand *, Version *> seen; ///< by each operand
  std::deque<Version> versions;
};

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_ROWS_ROWKERNEL_H
