//===- MovementImport.cpp - Ops that only move elements -------------------===//

#include "GraphImporter.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

//===----------------------------------------------------------------------===//
// Reshapes
//===----------------------------------------------------------------------===//

/// The factors of a product of sizes.
static void factors(AffineExpr expr, SmallVectorImpl<AffineExpr> &result) {
  if (expr.getKind() == AffineExprKind::Mul) {
    auto product = llvm::cast<AffineBinaryOpExpr>(expr);
    factors(product.getLHS(), result);
    factors(product.getRHS(), result);
    return;
  }
  result.push_back(expr);
}

/// What is left of `total` when `taken` is divided out: the size that -1 stands
/// for. Equal factors cancel, so most often nothing is left to divide.
static AffineExpr remainingSize(TensorBuilder &tb, ArrayRef<AffineExpr> total,
                                ArrayRef<AffineExpr> taken) {
  SmallVector<AffineExpr> above, below;
  for (AffineExpr size : total)
    factors(size, above);
  for (AffineExpr size : taken)
    factors(size, below);
  for (AffineExpr &size : below)
    if (auto *it = llvm::find(above, size);
        it != above.end() && !tb.constantOf(size)) {
      above.erase(it);
      size = tb.constant(1);
    }
  return tb.div(tb.product(above), tb.product(below));
}

static LogicalResult importReshape(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  std::optional<Exprs> dims = n.dims(0);
  std::optional<Exprs> wanted =
      n.version < 5 ? std::optional(tb.constants(n.intsAttr("shape")))
                    : n.indices(1);
  if (!dims || !wanted)
    return n.result(Value());
  bool zeroIsZero = n.boolAttr("allowzero");
  Exprs shape = *wanted;
  int inferred = -1;
  bool unknown = false;
  for (auto [i, size] : llvm::enumerate(shape)) {
    std::optional<int64_t> known = tb.constantOf(size);
    if (known && *known < -1)
      return n.fail("a size is negative");
    if (known && *known == -1) {
      if (inferred >= 0)
        return n.fail("two sizes are -1");
      inferred = i;
    } else if (!zeroIsZero &&
               (known == 0 || (!known && !tb.isNonNegative(size)))) {
      if (i >= dims->size()) {
        if (known)
          return n.fail("a size is 0 where its input has no dimension");
      } else if (known) {
        size = (*dims)[i];
      } else {
        size = tb.select(
            tb.compare(arith::CmpIPredicate::eq, size, tb.constant(0)),
            (*dims)[i], size);
      }
    }
    unknown |= !known && !tb.isNonNegative(size);
  }
  if (inferred >= 0) {
    Exprs others = shape;
    others.erase(others.begin() + inferred);
    shape[inferred] = remainingSize(tb, *dims, others);
    if (!shape[inferred] &&
        llvm::is_contained(tb.constants({0}), tb.product(others)))
      shape[inferred] = tb.constant(0);
  } else if (unknown) {
    // Any of the sizes may turn out to be -1.
    Exprs others;
    for (AffineExpr size : shape)
      others.push_back(tb.isNonNegative(size)
                           ? size
                           : tb.select(tb.compare(arith::CmpIPredicate::eq,
                                                  size, tb.constant(-1)),
                                       tb.constant(1), size));
    AffineExpr rest = tb.div(tb.product(*dims), tb.product(others));
    for (AffineExpr &size : shape)
      if (!tb.isNonNegative(size))
        size = tb.select(
            tb.compare(arith::CmpIPredicate::eq, size, tb.constant(-1)), rest,
            size);
  }
  // Known numbers stay known.
  if (std::optional<Entry> known = n.known(0)) {
    auto sizes = tb.constantsOf(shape);
    if (sizes && ShapedType::getNumElements(*sizes) ==
                     static_cast<int64_t>(known->elements->size()))
      return n.resultKnown(*known->elements, *sizes, known->elementType);
  }
  return n.result(tb.reshape(n.input(0), shape));
}

static LogicalResult importFlatten(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  int64_t rank = tb.rank(x);
  int64_t axis = n.intAttr("axis", 1);
  // The rank itself is allowed: then all is on one side.
  if (axis < -rank || axis > rank)
    return n.fail("axis is out of range");
  if (axis < 0)
    axis += rank;
  Exprs dims = tb.dims(x);
  ArrayRef<AffineExpr> all(dims);
  return n.result(tb.reshape(
      x, {tb.product(all.take_front(axis)), tb.product(all.drop_front(axis))}));
}

/// The axes attribute or, from opset 13 on, input.
static std::optional<SmallVector<int64_t>> readAxes(NodeImporter &n) {
  if (n.version < 13)
    return n.intsAttr("axes");
  auto known = n.constInts(1);
  if (!known)
    n.tb.fail("axes known only to the run are not supported");
  return known;
}

static LogicalResult importSqueeze(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  bool given = n.version < 13 ? n.has("axes") : n.hasInput(1);
  std::optional<Exprs> dims = n.dims(0);
  if (!dims)
    return n.result(Value());
  SmallVector<int64_t> axes;
  if (given) {
    auto read = readAxes(n);
    if (!read)
      return n.unsupported(tb.failure);
    auto sorted = n.axes(*read, dims->size());
    if (!sorted)
      return n.result(Value());
    axes = *sorted;
    for (int64_t axis : axes)
      if (auto size = tb.constantOf((*dims)[axis]); size && *size != 1)
        return n.fail("dimension " + Twine(axis) + " is " + Twine(*size) +
                      ", not 1");
  } else {
    for (auto [i, size] : llvm::enumerate(*dims)) {
      if (!tb.constantOf(size))
        return n.unsupported("without axes, all sizes must be static");
      if (tb.constantOf(size) == 1)
        axes.push_back(i);
    }
  }
  if (std::optional<Entry> known = n.known(0)) {
    SmallVector<int64_t> shape;
    for (auto [i, size] : llvm::enumerate(known->shape))
      if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
        shape.push_back(size);
    return n.resultKnown(*known->elements, shape, known->elementType);
  }
  return n.result(tb.squeeze(n.input(0), axes));
}

static LogicalResult importUnsqueeze(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  auto read = readAxes(n);
  if (!read)
    return n.unsupported(tb.failure);
  int64_t rank = n.rank(0) + read->size();
  auto axes = n.axes(*read, rank);
  if (!axes)
    return n.result(Value());
  if (std::optional<Entry> known = n.known(0)) {
    for (int64_t axis : *axes)
      known->shape.insert(known->shape.begin() + axis, 1);
    return n.resultKnown(*known->elements, known->shape, known->elementType);
  }
  return n.result(tb.unsqueeze(n.input(0), *axes));
}

static LogicalResult importTranspose(NodeImporter &n) {
  int64_t rank = n.rank(0);
  SmallVector<int64_t> otherwise;
  for (int64_t i = rank; i-- > 0;)
    otherwise.push_back(i);
  SmallVector<int64_t> permutation = n.intsAttr("perm", otherwise);
  if (static_cast<int64_t>(permutation.size()) != rank ||
      !isPermutationVector(permutation))
    return n.fail("perm is not a permutation of its input's dimensions");
  if (std::optional<Entry> known = n.known(0)) {
    SmallVector<int64_t> from = computeSuffixProduct(known->shape);
    SmallVector<int64_t> shape = applyPermutation(known->shape, permutation);
    SmallVector<int64_t> strides = applyPermutation(from, permutation);
    SmallVector<int64_t> to = computeSuffixProduct(shape);
    Exprs moved;
    for (int64_t i = 0, e = known->elements->size(); i < e; ++i) {
      int64_t position = 0;
      for (int64_t d = 0; d < rank; ++d)
        position += i / to[d] % shape[d] * strides[d];
      moved.push_back((*known->elements)[position]);
    }
    return n.resultKnown(moved, shape, known->elementType);
  }
  return n.result(n.tb.transpose(n.input(0), permutation));
}

static LogicalResult importConcat(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  // Of vectors whose elements are known, so are the result's.
  Exprs all;
  bool known = n.numInputs() > 0;
  for (size_t i = 0; known && i < n.numInputs(); ++i) {
    const Entry *entry = n.entry(i);
    std::optional<Exprs> part;
    if (entry && !entry->value && n.rank(i) == 1 &&
        n.elementType(i) == n.elementType(0))
      part = n.numbers(i);
    known = part.has_value();
    if (known)
      all.append(*part);
  }
  if (known && all.size() <= 256)
    return n.resultExprs(all, /*isScalar=*/false, n.elementType(0));
  SmallVector<Value> values;
  for (size_t i = 0; i < n.numInputs(); ++i)
    values.push_back(n.input(i));
  if (values.empty() || !values.front())
    return n.result(Value());
  std::optional<int64_t> axis =
      n.axis(n.intAttr("axis", 1), tb.rank(values.front()));
  if (!axis)
    return n.result(Value());
  return n.result(tb.concat(values, *axis));
}

static LogicalResult importExpand(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  std::optional<Exprs> shape = n.indices(1);
  Value x = n.input(0);
  if (!shape || !x)
    return n.result(Value());
  std::optional<Exprs> target = tb.broadcastShape({tb.dims(x), *shape});
  if (!target)
    return n.fail("its input doesn't broadcast to the shape");
  if (auto known = tb.constantsOf(*target))
    return n.result(tb.full(x, *target));
  return n.result(tb.expand(tb.fit(x, *target), *target));
}

static LogicalResult importTile(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  std::optional<Exprs> repeats = n.indices(1);
  if (!x || !repeats)
    return n.result(Value());
  Exprs dims = tb.dims(x);
  if (repeats->size() != dims.size())
    return n.fail("repeats needs one value per dimension");
  // Each dimension gets one before it that is repeated.
  Exprs split, repeated, merged;
  for (auto [size, times] : llvm::zip_equal(dims, *repeats)) {
    if (auto known = tb.constantOf(times); known && *known < 0)
      return n.fail("repeats must not be negative");
    if (tb.constantOf(times) != 1) {
      split.push_back(tb.constant(1));
      repeated.push_back(times);
    }
    split.push_back(size);
    repeated.push_back(size);
    merged.push_back(tb.mul(size, times));
  }
  return n.result(
      tb.reshape(tb.expand(tb.reshape(x, split), repeated), merged));
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

static bool readBlocks(NodeImporter &n, Value x, int64_t &size) {
  size = n.intAttr("blocksize", 0);
  if (x && TensorBuilder::rank(x) == 4 && size >= 1 && size <= 1 << 20)
    return true;
  n.tb.fail("blocksize must be positive and its input of rank 4");
  return false;
}

static LogicalResult importDepthToSpace(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  int64_t size;
  if (!readBlocks(n, x, size))
    return n.result(Value());
  Exprs d = tb.dims(x);
  if (auto c = tb.constantOf(d[1]); c && *c % (size * size) != 0)
    return n.fail("blocksize doesn't divide the channels");
  AffineExpr s = tb.constant(size);
  AffineExpr depth = tb.div(d[1], tb.constant(size * size));
  bool crd = n.stringAttr("mode", "DCR") == "CRD";
  Value y = crd ? tb.reshape(x, {d[0], depth, s, s, d[2], d[3]})
                : tb.reshape(x, {d[0], s, s, depth, d[2], d[3]});
  y = crd ? tb.transpose(y, {0, 1, 4, 2, 5, 3})
          : tb.transpose(y, {0, 3, 4, 1, 5, 2});
  return n.result(
      tb.reshape(y, {d[0], depth, tb.mul(d[2], s), tb.mul(d[3], s)}));
}

static LogicalResult importSpaceToDepth(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  int64_t size;
  if (!readBlocks(n, x, size))
    return n.result(Value());
  Exprs d = tb.dims(x);
  for (int i : {2, 3})
    if (auto known = tb.constantOf(d[i]); known && *known % size != 0)
      return n.fail("blocksize doesn't divide the height and width");
  AffineExpr s = tb.constant(size);
  AffineExpr h = tb.div(d[2], s), w = tb.div(d[3], s);
  Value y = tb.reshape(x, {d[0], d[1], h, s, w, s});
  y = n.stringAttr("mode", "DCR") == "CRD"
          ? tb.transpose(y, {0, 1, 3, 5, 2, 4})
          : tb.transpose(y, {0, 3, 5, 1, 2, 4});
  return n.result(
      tb.reshape(y, {d[0], tb.mul(d[1], tb.constant(size * size)), h, w}));
}

void rac::onnximport::addMovementImporters(ImporterTable &table) {
  table.add("Reshape", importReshape);
  table.add("Flatten", importFlatten);
  table.add("Squeeze", importSqueeze);
  table.add("Unsqueeze", importUnsqueeze);
  table.add("Transpose", importTranspose);
  table.add("Concat", importConcat);
  table.add("Expand", importExpand);
  table.add("Tile", importTile);
  table.add("DepthToSpace", importDepthToSpace);
  table.add("SpaceToDepth", importSpaceToDepth);
}
