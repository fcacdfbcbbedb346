//===- TensorBuilder.h - Builds rac ops and knows their sizes ---*- C++ -*-===//
//
// Sizes, shape arithmetic and small integer tensors are affine expressions over
// symbols: dimensions of tensors, and index values that no expression can say.
// So equal sizes compare equal, static ones fold, and shape arithmetic becomes
// index arithmetic only where an op needs the number.
//
// Every method that gives a value takes null values, and then gives null: an
// importer may chain calls and look at the end. `failure` says what went wrong.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_IMPORT_TENSORBUILDER_H
#define RAC_LIB_IMPORT_TENSORBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"
#include <optional>

namespace rac::onnximport {

using mlir::AffineExpr;
using mlir::OpFoldResult;
using mlir::RankedTensorType;
using mlir::Type;
using mlir::Value;
using Exprs = llvm::SmallVector<AffineExpr>;

inline unsigned expressionSize(AffineExpr expr) {
  unsigned size = 0;
  expr.walk([&](AffineExpr) { ++size; });
  return size;
}

class TensorBuilder {
public:
  explicit TensorBuilder(mlir::MLIRContext *context);

  mlir::OpBuilder b;
  mlir::Location loc;
  /// What the last failing method says.
  std::string failure;

  Value fail(const llvm::Twine &message) {
    if (failure.empty())
      failure = message.str();
    return {};
  }

  /// While building a region: index values made inside aren't used outside.
  class RegionScope {
  public:
    explicit RegionScope(TensorBuilder &tb) : tb(tb), guard(tb.b) {
      tb.regions.emplace_back();
    }
    ~RegionScope() { tb.regions.pop_back(); }

  private:
    TensorBuilder &tb;
    mlir::OpBuilder::InsertionGuard guard;
  };

  /// Values that the caller wants to find again where they may be used.
  Value recall(unsigned id) const {
    for (const Region &region : llvm::reverse(regions))
      if (Value value = region.remembered.lookup(id))
        return value;
    return {};
  }
  Value remember(unsigned id, Value value) {
    return regions.back().remembered[id] = value;
  }

  //===--------------------------------------------------------------------===//
  // Expressions
  //===--------------------------------------------------------------------===//

  AffineExpr constant(int64_t value) { return b.getAffineConstantExpr(value); }
  Exprs constants(llvm::ArrayRef<int64_t> values);
  /// Dimension `i` of `value`.
  AffineExpr dim(Value value, int64_t i);
  Exprs dims(Value value);
  /// The product of all dimensions in [from, to).
  AffineExpr product(llvm::ArrayRef<AffineExpr> dims);
  /// What is known of an index value.
  AffineExpr fromIndex(Value index, bool nonNegative = false);
  /// Says that dimension `i` of `value` has the model's name `name`; dimensions
  /// of one name are equal. To be said before anything asks for the dimension.
  void nameDim(Value value, int64_t i, llvm::StringRef name);
  /// Says what the dimensions of `value` are, as far as its type doesn't; null:
  /// nothing is known. To be said before anything asks for one.
  void setDims(Value value, llvm::ArrayRef<AffineExpr> sizes);

  OpFoldResult fold(AffineExpr expr);
  llvm::SmallVector<OpFoldResult> fold(llvm::ArrayRef<AffineExpr> exprs);
  Value index(AffineExpr expr);

  static std::optional<int64_t> constantOf(AffineExpr expr);
  static std::optional<llvm::SmallVector<int64_t>>
  constantsOf(llvm::ArrayRef<AffineExpr> exprs);
  bool isNonNegative(AffineExpr expr) const;
  bool isPositive(AffineExpr expr) const;

  /// Arithmetic as ONNX's integer ops do it. Division truncates, of which
  /// nothing is seen where both sides are known not to be negative.
  AffineExpr add(AffineExpr x, AffineExpr y);
  AffineExpr sub(AffineExpr x, AffineExpr y);
  AffineExpr mul(AffineExpr x, AffineExpr y);
  AffineExpr div(AffineExpr x, AffineExpr y);
  AffineExpr mod(AffineExpr x, AffineExpr y);
  AffineExpr min(AffineExpr x, AffineExpr y);
  AffineExpr max(AffineExpr x, AffineExpr y);
  /// 1 where it holds, else 0.
  AffineExpr compare(mlir::arith::CmpIPredicate predicate, AffineExpr x,
                     AffineExpr y);
  AffineExpr select(AffineExpr condition, AffineExpr x, AffineExpr y);
  AffineExpr ceilDiv(AffineExpr x, int64_t y);
  /// max(number, 0) as an integer. The run fails with `message` where it is no
  /// number, infinite, or more than there can be of anything.
  AffineExpr countUpTo(Value number, llvm::StringRef message);
  /// floor(size * scale), -1 where the scale is negative or no number.
  AffineExpr scaledSize(AffineExpr size, Value scale);

  //===--------------------------------------------------------------------===//
  // Constants
  //===--------------------------------------------------------------------===//

  Value constant(mlir::ElementsAttr value);
  Value scalar(double value, Type elementType);
  Value scalarInt(int64_t value, Type elementType);
  /// The lowest and the highest number of a type.
  Value lowest(Type elementType);
  Value highest(Type elementType);
  /// A tensor of the given shape full of `value`, a scalar.
  Value full(Value value, llvm::ArrayRef<AffineExpr> shape);
  Value floats(llvm::ArrayRef<double> values, llvm::ArrayRef<int64_t> shape,
               Type elementType);
  Value ints(llvm::ArrayRef<int64_t> values, llvm::ArrayRef<int64_t> shape,
             Type elementType);
  /// A tensor of index expressions.
  Value fromExprs(llvm::ArrayRef<AffineExpr> exprs,
                  llvm::ArrayRef<int64_t> shape, Type elementType);

  //===--------------------------------------------------------------------===//
  // Ops
  //===--------------------------------------------------------------------===//

  static RankedTensorType type(Value value) {
    return mlir::cast<RankedTensorType>(value.getType());
  }
  static Type element(Value value) {
    return value ? type(value).getElementType() : Type();
  }
  static int64_t rank(Value value) { return value ? type(value).getRank() : 0; }

  /// A type whose shape `refine` fills in.
  static RankedTensorType shapeless(Type element) {
    return RankedTensorType::get({}, element);
  }
  /// Gives a new op the result types that its shape function says. Erases it
  /// where the operands contradict each other.
  bool refine(mlir::Operation *op);
  Value finish(mlir::Operation *op) {
    return refine(op) ? op->getResult(0) : Value();
  }

  /// Makes operands fit for an elementwise op: where two dimensions meet of
  /// which neither is a static 1, they are certainly equal afterwards.
  bool broadcast(llvm::MutableArrayRef<Value> values);
  /// The broadcast of some shapes; nothing where they don't fit.
  std::optional<Exprs> broadcastShape(llvm::ArrayRef<Exprs> shapes);
  /// `value` made to fit a broadcast shape's last dimensions, where a static 1
  /// fits as it is.
  Value fit(Value value, llvm::ArrayRef<AffineExpr> target);

  template <typename OpT> Value unary(Value x) {
    if (!x)
      return {};
    return finish(OpT::create(b, loc, shapeless(element(x)), x));
  }
  template <typename OpT> Value binary(Value x, Value y) {
    if (!prepareBinary(x, y))
      return {};
    return finish(OpT::create(b, loc, shapeless(element(x)), x, y));
  }
  template <typename OpT> Value comparison(Value x, Value y) {
    if (!prepareBinary(x, y))
      return {};
    return finish(OpT::create(b, loc, shapeless(b.getI1Type()), x, y));
  }
  template <typename OpT> Value test(Value x) {
    if (!x)
      return {};
    return finish(OpT::create(b, loc, shapeless(b.getI1Type()), x));
  }
  Value add(Value x, Value y) { return binary<rac::AddOp>(x, y); }
  Value sub(Value x, Value y) { return binary<rac::SubOp>(x, y); }
  Value mul(Value x, Value y) { return binary<rac::MulOp>(x, y); }
  Value div(Value x, Value y) { return binary<rac::DivOp>(x, y); }
  Value max(Value x, Value y) { return binary<rac::MaxOp>(x, y); }
  Value min(Value x, Value y) { return binary<rac::MinOp>(x, y); }
  Value select(Value condition, Value x, Value y);
  Value clip(Value x, Value low, Value high);

  Value cast(Value x, Type elementType);
  Value bitcast(Value x, Type elementType);
  Value reshape(Value x, llvm::ArrayRef<AffineExpr> shape);
  /// Adds dimensions of size 1 at the (ascending) positions of the result.
  Value unsqueeze(Value x, llvm::ArrayRef<int64_t> axes);
  /// Takes out the dimensions at the (ascending) positions.
  Value squeeze(Value x, llvm::ArrayRef<int64_t> axes);
  Value transpose(Value x, llvm::ArrayRef<int64_t> permutation);
  Value expand(Value x, llvm::ArrayRef<AffineExpr> shape);
  Value concat(llvm::ArrayRef<Value> values, int64_t axis);
  Value slice(Value x, llvm::ArrayRef<AffineExpr> offsets,
              llvm::ArrayRef<AffineExpr> sizes, llvm::ArrayRef<int64_t> steps);
  /// `size` elements from `offset` on along one dimension.
  Value sliceAxis(Value x, int64_t axis, AffineExpr offset, AffineExpr size);
  Value pad(rac::PadMode mode, Value x, Value value,
            llvm::ArrayRef<AffineExpr> low, llvm::ArrayRef<AffineExpr> high);
  Value iota(int64_t axis, llvm::ArrayRef<AffineExpr> shape, Type elementType);
  Value reduce(rac::ReduceKind kind, Value x, llvm::ArrayRef<int64_t> axes,
               bool keepDims);
  Value matmul(Value x, Value y);
  Value gather(Value x, Value indices, int64_t axis);
  Value gatherElements(Value x, Value indices, int64_t axis);
  Value scatterElements(rac::ScatterKind kind, Value x, Value indices,
                        Value updates, int64_t axis);
  /// The first `k` elements in order, and where they were.
  std::pair<Value, Value> topK(Value x, AffineExpr k, int64_t axis,
                               bool largest);
  /// Where `x`, which is no scalar, is not zero: a column for each place.
  Value nonZero(Value x);
  /// The same of a vector, as one.
  Value places(Value x);
  Value runningSum(Value x, int64_t axis);
  Value softmax(Value x, int64_t axis, bool log = false);
  /// An element of a tensor, as a scalar.
  Value number(Value x, llvm::ArrayRef<int64_t> position);
  /// One of integers, as an index expression.
  AffineExpr extract(Value x, llvm::ArrayRef<int64_t> position);
  /// The same value under a less or more static type.
  Value castType(Value x, RankedTensorType type);
  /// A zero-initialised tensor's like, without the zeros.
  Value empty(llvm::ArrayRef<AffineExpr> shape, Type elementType);
  /// `x` written into `into` at `offset` along dimension 0, whose slice it is.
  Value insertSlice(Value x, Value into, Value offset);

  /// A scalar.
  Value floatOf(double value, Type type);

private:
  Value clampedIndex(Value number, double low);

  struct Symbol {
    Value value;
    int64_t dim; // -1: an index value
    bool nonNegative;
    /// What an index value was computed from.
    Exprs from;
  };
  struct Region {
    llvm::DenseMap<AffineExpr, Value> indices;
    llvm::DenseMap<unsigned, Value> remembered;
    /// Index values by what computes them, for what affine can't say.
    llvm::DenseMap<std::tuple<int, AffineExpr, AffineExpr, AffineExpr>,
                   AffineExpr>
        opaque;
  };
  enum OpaqueKind { Div, Rem, Min, Max, Select, Compare };

public:
  /// Forgets the values in a region that is about to be erased.
  void forget(mlir::Region &region);
  /// Whether `expr` needs nothing that is made inside `region`.
  bool isOutside(AffineExpr expr, mlir::Region &region) const;

private:
  AffineExpr symbol(Value value, int64_t dim, bool nonNegative);
  AffineExpr simplify(AffineExpr expr);
  AffineExpr opaque(int kind, AffineExpr x, AffineExpr y, AffineExpr z,
                    bool nonNegative,
                    llvm::function_ref<Value(Value, Value, Value)> build);
  bool prepareBinary(Value &x, Value &y);
  void origins(AffineExpr expr, llvm::SmallDenseSet<unsigned> &symbols) const;
  /// Whether two sizes are computed from the same dimensions. Where such two
  /// meet, the model means them to be equal.
  bool areRelated(AffineExpr x, AffineExpr y) const;

  llvm::SmallVector<Symbol> symbols;
  llvm::DenseMap<std::pair<Value, int64_t>, unsigned> symbolIds;
  llvm::StringMap<AffineExpr> namedDims;
  llvm::DenseMap<Value, Exprs> shapes;
  llvm::DenseMap<Value, AffineExpr> indexExprs;
  /// Sizes of tensors, which are not negative even where one can't see it.
  llvm::DenseSet<AffineExpr> sizes;
  llvm::SmallVector<Region> regions;
  llvm::DenseMap<mlir::Attribute, Value> constantValues;
  mlir::Operation *lastConstant = nullptr;

public:
  /// Where constants go: the start of this block.
  mlir::Block *constantBlock = nullptr;
};

} // namespace rac::onnximport

#endif // RAC_LIB_IMPORT_TENSORBUILDER_H
