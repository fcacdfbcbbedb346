//===- CopyEmitter.h - Copies by blocks of registers ------------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_COPYEMITTER_H
#define RAC_LIB_LOWERING_VECTORIZE_COPYEMITTER_H

#include "LoopRoles.h"

namespace rac::vectorize {

/// The operands of an op that writes each element of one buffer to its place in
/// another, in another order.
struct CopyOperands {
  mlir::OpOperand *source, *result;
  mlir::AffineMap from, to;
};

/// The operands, if `op` is such a copy by its loops, whatever its body does
/// to an element. Scalable vectors have no blocks of a known size.
std::optional<CopyOperands> matchCopy(mlir::linalg::LinalgOp op,
                                      const VectorTarget &target);

/// The inputs of an elementwise op that lie across `loop`, along which its
/// result is contiguous: the op reads in another order than it writes. None if
/// it is no such op, or its body has no vectors.
llvm::SmallVector<mlir::OpOperand *> inputsAcross(mlir::linalg::LinalgOp op,
                                                  unsigned loop,
                                                  const VectorTarget &target);

/// Whether rows along `loop` are all that `op` reads.
bool readsAlong(mlir::linalg::LinalgOp op, unsigned loop);

/// Writes loops over blocks. What is left of blocks at the ends is in blocks
/// that end there and do again what others have done, or else, element by
/// element.
class CopyEmitter {
public:
  CopyEmitter(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op)
      : builder(builder), op(op), loc(op.getLoc()),
        source(op.getDpsInputOperand(0)), result(op.getDpsInitOperand(0)) {}
  virtual ~CopyEmitter() = default;

protected:
  /// So many iterations of a loop are in a block; `isAll`: all that it has.
  struct Extent {
    unsigned loop;
    int64_t size;
    bool isAll = false;
  };
  void emitLoops(llvm::ArrayRef<Extent> block);

  /// At `position`, which it may change.
  virtual void emitBlock() = 0;

  mlir::Value constant(int64_t value);
  /// The indices of an operand at `position`.
  mlir::SmallVector<mlir::Value> addressOf(mlir::OpOperand *operand);

  /// Two, three or four vectors as two, one after the other: what a shuffle
  /// takes.
  std::pair<mlir::Value, mlir::Value>
  joined(mlir::SmallVector<mlir::Value> vectors);

  mlir::OpBuilder &builder;
  mlir::linalg::LinalgOp op;
  mlir::Location loc;
  mlir::OpOperand *source, *result;
  mlir::SmallVector<mlir::Value> position; ///< by loop

private:
  /// What is left of the loop after whole blocks; none if only the run knows.
  std::optional<int64_t> restOf(const Extent &extent);
  /// Whether the last block may begin before those before it end.
  bool mayOverlap(const Extent &extent);
  std::pair<mlir::Value, mlir::Value>
  boundsOf(const Extent &extent, const mlir::Range &range, bool isOnly);
  void emitElements(llvm::ArrayRef<Extent> block,
                    llvm::ArrayRef<mlir::Range> ranges);
  /// What the body makes of the elements at `position`.
  mlir::Value computeElement();
};

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_COPYEMITTER_H
