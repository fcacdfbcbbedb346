//===- NarrowConstants.h - Constants in narrower types ----------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_NARROWCONSTANTS_H
#define RAC_LIB_TRANSFORMS_NARROWCONSTANTS_H

#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Transforms/WeightTerms.h"

namespace rac {

/// The f32 constant behind reshapes, or null.
ConstantOp constantBehind(mlir::Value value);

/// `constant`, of f32, with the type `type`, of bf16 or f16 and as many
/// elements, each rounded to nearest even. Null: its bytes are not there.
mlir::Value narrowFloats(mlir::OpBuilder &builder, ConstantOp constant,
                         mlir::RankedTensorType type);

/// Weights in steps of their own for each channel.
struct QuantizedWeights {
  mlir::Value steps;               ///< i8, in [-127, 127], or f8E4M3FN
  llvm::SmallVector<float> scales; ///< of each channel
  llvm::SmallVector<int64_t> sums; ///< of each channel's steps
};

/// Rounds `constant`, of f32, which is read in the shape of `type`, to i8:
/// symmetric, the largest value of each channel of the result being 127 steps;
/// a channel of zeros has a scale of 1. What `termSteps`, if there are any, say
/// of the first operand's channels is multiplied with weights before. Fails,
/// and says why in `why`, where there is a value that is not finite.
mlir::FailureOr<QuantizedWeights>
quantizeWeights(mlir::OpBuilder &builder, ConstantOp constant,
                mlir::RankedTensorType type, WeightTerms where,
                llvm::ArrayRef<double> termSteps, std::string &why);

/// The same in f8E4M3FN, the largest value of each channel being 448.
mlir::FailureOr<QuantizedWeights> weightsInFloat8(mlir::OpBuilder &builder,
                                                  ConstantOp constant,
                                                  mlir::RankedTensorType type,
                                                  WeightTerms where,
                                                  std::string &why);

/// Weights in blocks that share a scale; operands of rac.dequantize_weights.
/// Steps fill up the last block with zeros.
struct BlockWeights {
  mlir::Value steps, scales;
  int64_t block; ///< terms; less than asked for where there are not so many
};

/// Rounds `constant`, of f32, a matrix of terms x columns or, with
/// `transposed`, of columns x terms, to i8 or, if `nibbles`, to 4 bits: `block`
/// terms of a column share a scale. Fails, and says why in `why`, as
/// quantizeWeights does.
mlir::FailureOr<BlockWeights> quantizeBlocks(mlir::OpBuilder &builder,
                                             ConstantOp constant, int64_t terms,
                                             int64_t columns, bool transposed,
                                             int64_t block, bool nibbles,
                                             std::string &why);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_NARROWCONSTANTS_H
