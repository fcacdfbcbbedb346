//===- TensorBuilder.cpp - Builds rac ops ---------------------------------===//

#include "TensorBuilder.h"
#include "rac/Dialect/Rac/IR/ShapeContext.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

bool TensorBuilder::refine(Operation *op) {
  ShapeContext context(op->getContext());
  SmallVector<Dims> dims;
  if (failed(llvm::cast<ShapeOpInterface>(op).inferDims(context, dims))) {
    fail("its inputs contradict each other");
    op->erase();
    return false;
  }
  SmallVector<AffineExpr> origins;
  for (const ShapeContext::Symbol &symbol : context.getSymbols())
    origins.push_back(symbol.dim < 0 ? fromIndex(symbol.value)
                                     : dim(symbol.value, symbol.dim));
  for (auto [result, exprs] : llvm::zip_equal(op->getResults(), dims)) {
    SmallVector<int64_t> shape;
    int64_t bytes = 8;
    bool fits = true;
    for (AffineExpr &expr : exprs) {
      if (expr)
        expr = simplify(expr.replaceSymbols(origins));
      int64_t size = staticDim(expr);
      if (!ShapedType::isDynamic(size)) {
        fits &= size >= 0 && !__builtin_mul_overflow(
                                 bytes, std::max<int64_t>(size, 1), &bytes);
      }
      shape.push_back(size);
    }
    if (!fits) {
      fail("a result would have a negative size, or be larger than any memory");
      op->erase();
      return false;
    }
    result.setType(RankedTensorType::get(
        shape,
        llvm::cast<RankedTensorType>(result.getType()).getElementType()));
    for (auto [i, expr] : llvm::enumerate(exprs))
      if (!expr)
        expr = symbol(result, i, /*nonNegative=*/true);
    sizes.insert(exprs.begin(), exprs.end());
    shapes[result] = exprs;
  }
  return true;
}

std::optional<Exprs> TensorBuilder::broadcastShape(ArrayRef<Exprs> shapes) {
  size_t rank = 0;
  for (const Exprs &shape : shapes)
    rank = std::max(rank, shape.size());
  Exprs result(rank, constant(1));
  for (const Exprs &shape : shapes)
    for (auto [i, size] : llvm::enumerate(shape)) {
      AffineExpr &sum = result[rank - shape.size() + i];
      std::optional<int64_t> a = constantOf(sum), c = constantOf(size);
      if (sum == size || c == 1)
        continue;
      if (a == 1)
        sum = size;
      else if (a && c)
        return std::nullopt;
      else if (c)
        sum = size;
      else if (!a)
        // Two that may differ: where one is 1 at run time, the other counts.
        // Of two that the model means to be equal, the simpler one.
        sum = areRelated(sum, size)
                  ? (expressionSize(size) < expressionSize(sum) ? size : sum)
                  : select(compare(arith::CmpIPredicate::eq, sum, constant(1)),
                           size, sum);
    }
  return result;
}

bool TensorBuilder::broadcast(MutableArrayRef<Value> values) {
  SmallVector<Exprs> all;
  for (Value value : values) {
    if (!value)
      return false;
    all.push_back(dims(value));
  }
  std::optional<Exprs> target = broadcastShape(all);
  if (!target) {
    std::string text;
    llvm::raw_string_ostream os(text);
    os << "inputs don't broadcast to one shape:";
    for (Value value : values)
      os << ' ' << value.getType();
    fail(text);
    return false;
  }
  for (Value &value : values) {
    value = fit(value, *target);
    if (!value)
      return false;
  }
  return true;
}

Value TensorBuilder::fit(Value value, ArrayRef<AffineExpr> target) {
  Exprs shape = dims(value);
  Exprs wanted(target.end() - shape.size(), target.end()), same = shape;
  for (auto [want, size, equal] : llvm::zip_equal(wanted, shape, same)) {
    if (constantOf(size) == 1)
      want = size;
    // The reshape sees at run time whether they are.
    else if (!constantOf(want) && !constantOf(size) && areRelated(want, size))
      equal = want;
  }
  return expand(reshape(value, same), wanted);
}

bool TensorBuilder::prepareBinary(Value &x, Value &y) {
  if (!x || !y)
    return false;
  if (element(x) != element(y)) {
    fail("its inputs have different element types");
    return false;
  }
  Value both[] = {x, y};
  if (!broadcast(both))
    return false;
  x = both[0];
  y = both[1];
  return true;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

Value TensorBuilder::select(Value condition, Value x, Value y) {
  Value all[] = {condition, x, y};
  if (!condition || !x || !y)
    return {};
  if (!element(condition).isInteger(1) || element(x) != element(y))
    return fail("its inputs have the wrong element types");
  if (!broadcast(all))
    return {};
  return finish(rac::SelectOp::create(b, loc, shapeless(element(x)), all[0],
                                      all[1], all[2]));
}

Value TensorBuilder::clip(Value x, Value low, Value high) {
  Value all[] = {x, low, high};
  if (!x || !low || !high)
    return {};
  if (element(x) != element(low) || element(x) != element(high))
    return fail("its inputs have different element types");
  if (!broadcast(all))
    return {};
  return finish(rac::ClipOp::create(b, loc, shapeless(element(x)), all[0],
                                    all[1], all[2]));
}

Value TensorBuilder::cast(Value x, Type elementType) {
  if (!x || !elementType)
    return {};
  if (element(x) == elementType)
    return x;
  return finish(rac::CastOp::create(b, loc, shapeless(elementType), x));
}

Value TensorBuilder::bitcast(Value x, Type elementType) {
  if (!x || !elementType)
    return {};
  if (element(x) == elementType)
    return x;
  return finish(rac::BitcastOp::create(b, loc, shapeless(elementType), x));
}

Value TensorBuilder::reshape(Value x, ArrayRef<AffineExpr> shape) {
  if (!x || llvm::is_contained(shape, AffineExpr()))
    return {};
  if (dims(x) == Exprs(shape))
    return x;
  return finish(rac::ReshapeOp::create(b, loc, x, fold(shape)));
}

Value TensorBuilder::unsqueeze(Value x, ArrayRef<int64_t> axes) {
  if (!x)
    return {};
  Exprs shape = dims(x);
  for (int64_t axis : axes)
    shape.insert(shape.begin() + axis, constant(1));
  return reshape(x, shape);
}

Value TensorBuilder::squeeze(Value x, ArrayRef<int64_t> axes) {
  if (!x)
    return {};
  Exprs shape;
  for (auto [i, size] : llvm::enumerate(dims(x)))
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      shape.push_back(size);
  return reshape(x, shape);
}

Value TensorBuilder::transpose(Value x, ArrayRef<int64_t> permutation) {
  if (!x || isIdentityPermutation(permutation))
    return x;
  return finish(rac::TransposeOp::create(b, loc, x, permutation));
}

Value TensorBuilder::expand(Value x, ArrayRef<AffineExpr> shape) {
  if (!x || llvm::is_contained(shape, AffineExpr()))
    return {};
  if (dims(x) == Exprs(shape))
    return x;
  return finish(rac::ExpandOp::create(b, loc, x, fold(shape)));
}

Value TensorBuilder::concat(ArrayRef<Value> values, int64_t axis) {
  if (values.empty() || llvm::is_contained(values, Value()))
    return {};
  for (Value value : values)
    if (element(value) != element(values.front()))
      return fail("its inputs have different element types");
  if (values.size() == 1)
    return values.front();
  return finish(rac::ConcatOp::create(
      b, loc, shapeless(element(values.front())), values, axis));
}

Value TensorBuilder::slice(Value x, ArrayRef<AffineExpr> offsets,
                           ArrayRef<AffineExpr> sizes,
                           ArrayRef<int64_t> steps) {
  if (!x || llvm::is_contained(offsets, AffineExpr()) ||
      llvm::is_contained(sizes, AffineExpr()))
    return {};
  if (dims(x) == Exprs(sizes) &&
      llvm::all_of(steps, [](int64_t s) { return s == 1; }))
    return x;
  // Of nothing, nothing can be taken; and upstream's slices want an offset
  // inside even where they take nothing.
  Exprs taken(sizes);
  for (auto [size, dim] : llvm::zip_equal(taken, dims(x)))
    if (constantOf(dim) == 0)
      size = constant(0);
  if (llvm::any_of(taken, [](AffineExpr e) { return constantOf(e) == 0; }))
    return empty(taken, element(x));
  return finish(
      rac::SliceOp::create(b, loc, x, fold(offsets), fold(sizes), steps));
}

Value TensorBuilder::sliceAxis(Value x, int64_t axis, AffineExpr offset,
                               AffineExpr size) {
  if (!x)
    return {};
  Exprs offsets(rank(x), constant(0)), sizes = dims(x);
  SmallVector<int64_t> steps(rank(x), 1);
  offsets[axis] = offset;
  sizes[axis] = size;
  return slice(x, offsets, sizes, steps);
}

Value TensorBuilder::pad(PadMode mode, Value x, Value value,
                         ArrayRef<AffineExpr> low, ArrayRef<AffineExpr> high) {
  if (!x || !value || llvm::is_contained(low, AffineExpr()) ||
      llvm::is_contained(high, AffineExpr()))
    return {};
  if (element(x) != element(value) || rank(value) != 0)
    return fail("the padding value doesn't fit the input");
  auto isZero = [](AffineExpr e) { return constantOf(e) == 0; };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero))
    return x;
  return finish(
      rac::PadOp::create(b, loc, mode, x, value, fold(low), fold(high)));
}

Value TensorBuilder::iota(int64_t axis, ArrayRef<AffineExpr> shape,
                          Type elementType) {
  if (llvm::is_contained(shape, AffineExpr()))
    return {};
  return finish(rac::IotaOp::create(b, loc, axis, fold(shape), elementType));
}

Value TensorBuilder::reduce(ReduceKind kind, Value x, ArrayRef<int64_t> axes,
                            bool keepDims) {
  if (!x || axes.empty())
    return x;
  SmallVector<int64_t> sorted(axes);
  llvm::sort(sorted);
  return finish(rac::ReduceOp::create(b, loc, shapeless(element(x)), kind, x,
                                      sorted, keepDims));
}

Value TensorBuilder::matmul(Value x, Value y) {
  if (!x || !y)
    return {};
  if (element(x) != element(y))
    return fail("its inputs have different element types");
  if (rank(x) < 2 || rank(y) < 2)
    return fail("its inputs are no matrices");
  // The dimensions before the last two broadcast as in elementwise ops.
  Exprs xs = dims(x), ys = dims(y);
  Exprs xb(xs.begin(), xs.end() - 2), yb(ys.begin(), ys.end() - 2);
  std::optional<Exprs> batch = broadcastShape({xb, yb});
  if (!batch)
    return fail("its inputs don't broadcast to one shape");
  auto fitBatch = [&](Value v, const Exprs &own) {
    Exprs wanted = *batch;
    wanted.append(own.end() - 2, own.end());
    return fit(v, wanted);
  };
  x = fitBatch(x, xs);
  y = fitBatch(y, ys);
  if (!x || !y)
    return {};
  Type type = element(x);
  if (isa<IntegerType>(type))
    type = b.getI32Type();
  return finish(rac::MatmulOp::create(b, loc, shapeless(type), x, y));
}

Value TensorBuilder::gather(Value x, Value indices, int64_t axis) {
  if (!x || !indices)
    return {};
  return finish(
      rac::GatherOp::create(b, loc, shapeless(element(x)), x, indices, axis));
}

Value TensorBuilder::gatherElements(Value x, Value indices, int64_t axis) {
  if (!x || !indices)
    return {};
  return finish(rac::GatherElementsOp::create(b, loc, shapeless(element(x)), x,
                                              indices, axis));
}

Value TensorBuilder::scatterElements(ScatterKind kind, Value x, Value indices,
                                     Value updates, int64_t axis) {
  if (!x || !indices || !updates)
    return {};
  return finish(rac::ScatterElementsOp::create(
      b, loc, shapeless(element(x)), kind, x, indices, updates, axis));
}

std::pair<Value, Value> TensorBuilder::topK(Value x, AffineExpr k, int64_t axis,
                                            bool largest) {
  if (!x || !k)
    return {};
  auto op = rac::TopKOp::create(
      b, loc, TypeRange{shapeless(element(x)), shapeless(b.getI64Type())}, x,
      index(k), axis, largest);
  if (!refine(op))
    return {};
  return {op.getValues(), op.getIndices()};
}

Value TensorBuilder::nonZero(Value x) {
  if (!x)
    return {};
  return finish(rac::NonZeroOp::create(b, loc, shapeless(b.getI64Type()), x));
}

Value TensorBuilder::places(Value x) {
  Value column = nonZero(x);
  return column ? squeeze(column, {0}) : Value();
}

Value TensorBuilder::runningSum(Value x, int64_t axis) {
  if (!x)
    return {};
  return finish(rac::ScanOp::create(b, loc, x.getType(), ScanKind::sum, x, axis,
                                    /*exclusive=*/false, /*reverse=*/false));
}

Value TensorBuilder::softmax(Value x, int64_t axis, bool log) {
  if (!x)
    return {};
  return finish(rac::SoftmaxOp::create(b, loc, x.getType(), x, axis, log));
}

Value TensorBuilder::number(Value x, ArrayRef<int64_t> position) {
  if (!x)
    return {};
  SmallVector<Value> at;
  for (int64_t i : position)
    at.push_back(index(constant(i)));
  return tensor::ExtractOp::create(b, loc, x, at);
}

AffineExpr TensorBuilder::extract(Value x, ArrayRef<int64_t> position) {
  if (!x)
    return {};
  Value element = number(x, position);
  // Index casts work on signless integers; narrow unsigned ones aren't sizes.
  if (!element.getType().isSignlessInteger())
    return {};
  Value value;
  if (element.getType().isInteger(1))
    value = arith::IndexCastUIOp::create(b, loc, b.getIndexType(), element);
  else
    value = arith::IndexCastOp::create(b, loc, b.getIndexType(), element);
  return fromIndex(value);
}

Value TensorBuilder::castType(Value x, RankedTensorType to) {
  if (!x || x.getType() == to)
    return x;
  Exprs from = dims(x);
  Value result = tensor::CastOp::create(b, loc, to, x);
  shapes[result] = from;
  return result;
}

Value TensorBuilder::empty(ArrayRef<AffineExpr> shape, Type elementType) {
  if (llvm::is_contained(shape, AffineExpr()))
    return {};
  Value result = tensor::EmptyOp::create(b, loc, fold(shape), elementType);
  shapes[result] = Exprs(shape);
  return result;
}

Value TensorBuilder::insertSlice(Value x, Value into, Value offset) {
  if (!x || !into)
    return {};
  SmallVector<OpFoldResult> offsets(rank(into), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(rank(into), b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes = fold(dims(x));
  sizes.insert(sizes.begin(), b.getIndexAttr(1));
  offsets[0] = offset;
  Value result =
      tensor::InsertSliceOp::create(b, loc, x, into, offsets, sizes, strides);
  Exprs shape = dims(into);
  shapes[result] = shape;
  return result;
}
