//===- Utils.h - What the lowerings of all op families share ----*- C++ -*-===//
//
// Three kinds of element type occur: a rac element (i1, ui8, f16 ...), how it
// is stored in a tensor (i1 as an i8 of 0 or 1, ui8 as i8), and the scalar that
// arithmetic is done on (i1 as i1, ui8 as i8; f16 and bf16 often as f32).
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LOWERING_RACTOLINALG_UTILS_H
#define RAC_LOWERING_RACTOLINALG_UTILS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/DialectConversion.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Dialect/Rac/IR/ScalarBuilder.h"

namespace rac::lowering {

using Sizes = llvm::SmallVector<mlir::OpFoldResult>;
using Iterators = llvm::SmallVector<mlir::utils::IteratorType>;

constexpr auto kParallel = mlir::utils::IteratorType::parallel;
constexpr auto kReduction = mlir::utils::IteratorType::reduction;

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// How an element of type `element` is stored in a tensor.
mlir::Type storageType(mlir::Type element);
/// The scalar type that arithmetic on `element` is done in: f32 for narrower
/// floats.
mlir::Type computeType(mlir::Type element);
/// A stored element as a scalar of type signless(element).
mlir::Value loadElement(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::Value stored, mlir::Type element);
/// The inverse of loadElement.
mlir::Value storeElement(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Value scalar, mlir::Type element);
/// A stored element as a scalar of computeType(element).
mlir::Value loadCompute(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::Value stored, mlir::Type element);
/// The inverse of loadCompute.
mlir::Value storeCompute(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Value scalar, mlir::Type element);
/// The attribute `value`, of a rac element type, as a storage attribute.
mlir::TypedAttr storageAttr(mlir::TypedAttr value);
/// A tensor constant with elements as they are stored; null where that can't be
/// done.
mlir::ElementsAttr storageElements(mlir::ElementsAttr value);
/// The one value that all elements of the constant `value` have, if so.
std::optional<mlir::TypedAttr> splatValue(mlir::Value value);
/// `value`, of a rac element type, as a scalar of signless type, or of its
/// compute type.
mlir::Value scalarConstant(mlir::OpBuilder &b, mlir::Location loc,
                           mlir::TypedAttr value, mlir::Type type);
mlir::Value indexConstant(mlir::OpBuilder &b, mlir::Location loc,
                          int64_t value);
mlir::Value indexValue(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::OpFoldResult value);
/// Lowest (or highest) value of a signless scalar type.
mlir::Value extremeConstant(mlir::OpBuilder &b, mlir::Location loc,
                            mlir::Type type, bool isUnsigned, bool lowest);

/// The rac element type of `value`, an operand or result of a rac op.
mlir::Type elementOf(mlir::Value value);
mlir::RankedTensorType tensorOf(mlir::Value value);

//===----------------------------------------------------------------------===//
// Sizes and checks
//===----------------------------------------------------------------------===//

/// Sizes of result `number` of `op`, whose converted operands are `operands`:
/// attributes where the result type is static. Not for non_zero.
Sizes resultSizes(mlir::OpBuilder &b, mlir::Operation *op,
                  mlir::ValueRange operands, unsigned number = 0);
/// `a * b`, `a + b` and the like, folded where static.
mlir::OpFoldResult addSizes(mlir::OpBuilder &b, mlir::Location loc,
                            mlir::OpFoldResult x, mlir::OpFoldResult y);
mlir::OpFoldResult mulSizes(mlir::OpBuilder &b, mlir::Location loc,
                            mlir::OpFoldResult x, mlir::OpFoldResult y);
mlir::OpFoldResult productOf(mlir::OpBuilder &b, mlir::Location loc,
                             llvm::ArrayRef<mlir::OpFoldResult> sizes);
/// cf.assert, unless the condition is a constant true.
void check(mlir::OpBuilder &b, mlir::Location loc, mlir::Value condition,
           llvm::StringRef message);
/// Checks that two sizes are equal, unless that is known.
void checkEqual(mlir::OpBuilder &b, mlir::Location loc, mlir::OpFoldResult x,
                mlir::OpFoldResult y, llvm::StringRef message);
/// Checks that x <= y, unless that is known.
void checkAtMost(mlir::OpBuilder &b, mlir::Location loc, mlir::OpFoldResult x,
                 mlir::OpFoldResult y, llvm::StringRef message);

/// Checks that `operand`, aligned to the last of `sizes`, fits them where it
/// doesn't repeat by a static 1.
void checkBroadcast(mlir::OpBuilder &b, mlir::Location loc, mlir::Value operand,
                    llvm::ArrayRef<mlir::OpFoldResult> sizes,
                    llvm::StringRef message);

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

mlir::Value emptyTensor(mlir::OpBuilder &b, mlir::Location loc,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        mlir::Type stored);
mlir::Value filledTensor(mlir::OpBuilder &b, mlir::Location loc,
                         llvm::ArrayRef<mlir::OpFoldResult> sizes,
                         mlir::Value stored);
/// A tensor's value at some loop indices.
struct Operand {
  mlir::Value value;
  mlir::AffineMap map;
};
using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;
using ScalarBody = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

/// A linalg.generic. The body is given ins, then outs.
mlir::linalg::GenericOp
buildGeneric(mlir::OpBuilder &b, mlir::Location loc,
             llvm::ArrayRef<Operand> ins, llvm::ArrayRef<Operand> outs,
             llvm::ArrayRef<mlir::utils::IteratorType> iterators, Body body);
/// One with parallel loops over a new tensor's dimensions, which is returned.
mlir::Value buildMap(mlir::OpBuilder &b, mlir::Location loc,
                     llvm::ArrayRef<Operand> ins,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes,
                     mlir::Type stored, ScalarBody body);
/// One that folds the loops in `reduced` (by position) into a new tensor over
/// the others that starts as `init`. All operands' loops are `sizes`.
mlir::Value buildReduction(mlir::OpBuilder &b, mlir::Location loc,
                           llvm::ArrayRef<Operand> ins,
                           llvm::ArrayRef<mlir::OpFoldResult> sizes,
                           const llvm::SmallBitVector &reduced,
                           mlir::Value init, ScalarBody body);
/// Identity of `rank` dimensions, and the same without those in `dropped`.
mlir::AffineMap identityMap(mlir::OpBuilder &b, int64_t rank);
mlir::AffineMap mapWithout(mlir::OpBuilder &b,
                           const llvm::SmallBitVector &dropped);
/// Reads `operand`, which broadcasts (by static ones, and aligned to the end)
/// to `shape`.
mlir::AffineMap broadcastMap(mlir::OpBuilder &b, mlir::RankedTensorType operand,
                             llvm::ArrayRef<int64_t> shape);
/// A tensor of rac elements `from` converted to rac elements `to`.
mlir::Value castTensor(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value tensor, mlir::Type from, mlir::Type to);
/// `tensor` with the shape, static or not, of `shaped`.
mlir::Value shapedLike(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value tensor, mlir::Type shaped);
/// x + y where floats may be reassociated: for sums only.
mlir::Value addToSum(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                     mlir::Value y);
/// A tensor with `low` and `high` elements of `stored` around it.
mlir::Value padTensor(mlir::OpBuilder &b, mlir::Location loc,
                      mlir::Value tensor,
                      llvm::ArrayRef<mlir::OpFoldResult> low,
                      llvm::ArrayRef<mlir::OpFoldResult> high,
                      mlir::Value stored);
/// Upstream's slice, and an empty tensor where that has no elements.
mlir::Value extractSlice(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::RankedTensorType type, mlir::Value tensor,
                         llvm::ArrayRef<mlir::OpFoldResult> offsets,
                         llvm::ArrayRef<mlir::OpFoldResult> sizes,
                         llvm::ArrayRef<mlir::OpFoldResult> steps);
/// A slice of unit stride; `dropped` dimensions, of size 1, go.
mlir::Value sliceTensor(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::Value tensor,
                        llvm::ArrayRef<mlir::OpFoldResult> offsets,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        const llvm::SmallBitVector &dropped);
/// Writes a slice, of unit stride unless there are `steps`.
mlir::Value insertSlice(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::Value slice, mlir::Value tensor,
                        llvm::ArrayRef<mlir::OpFoldResult> offsets,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        llvm::ArrayRef<mlir::OpFoldResult> steps = {});
/// `tensor` with dimension `dim` split into two, the first of size `outer`.
mlir::Value splitDim(mlir::OpBuilder &b, mlir::Location loc, mlir::Value tensor,
                     int64_t dim, int64_t outer);
/// Dimensions `dim` and `dim + 1` made one.
mlir::Value mergeDims(mlir::OpBuilder &b, mlir::Location loc,
                      mlir::Value tensor, int64_t dim);
/// Sequential loops from 0 to each of `sizes`. The body is given the indices
/// and the carried values, and returns the next ones.
llvm::SmallVector<mlir::Value> loopOver(
    mlir::OpBuilder &b, mlir::Location loc,
    llvm::ArrayRef<mlir::OpFoldResult> sizes, mlir::ValueRange init,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(
        mlir::OpBuilder &, mlir::Location, mlir::ValueRange, mlir::ValueRange)>
        body);

} // namespace rac::lowering

#endif // RAC_LOWERING_RACTOLINALG_UTILS_H
