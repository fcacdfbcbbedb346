//===- SignalImport.cpp - Fourier transforms ------------------------------===//
//
// By products with constant matrices: what models use is short, and a matrix
// product is what every target does best.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"
#include <cmath>

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

/// cos or sin of 2 pi i k / size, for i < rows and k < columns.
static std::vector<double> waves(int64_t size, int64_t rows, int64_t columns,
                                 double (*wave)(double)) {
  std::vector<double> values;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t k = 0; k < columns; ++k)
      values.push_back(wave(2 * M_PI * static_cast<double>(i * k % size) /
                            static_cast<double>(size)));
  return values;
}

/// Longer transforms would want another algorithm.
static constexpr int64_t kLongest = 4096;

static LogicalResult importDft(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  int64_t rank = tb.rank(x);
  auto parts = rank < 2 ? std::nullopt : tb.constantOf(tb.dim(x, rank - 1));
  if (!parts || (*parts != 1 && *parts != 2))
    return n.fail("its input's last dimension must be 1 or 2");
  int64_t given = n.intAttr("axis", 1);
  if (n.version >= 20) {
    given = -2;
    if (n.hasInput(2)) {
      auto known = n.constInts(2);
      if (!known || known->size() != 1)
        return n.unsupported("an axis known only to the run is not supported");
      given = known->front();
    }
  }
  auto axis = n.axis(given, rank);
  if (!axis || *axis == rank - 1)
    return n.fail("its axis is out of range");
  bool inverse = n.boolAttr("inverse"), onesided = n.boolAttr("onesided");
  if (inverse && onesided)
    return n.unsupported("a one-sided inverse is not supported");
  auto size = tb.constantOf(tb.dim(x, *axis));
  if (n.hasInput(1)) {
    auto length = n.constInts(1);
    if (!length || length->size() != 1)
      return n.unsupported("a length known only to the run is not supported");
    if (!size || length->front() < 1)
      return n.unsupported("its length must be positive, and static its input");
    // Cut off, or filled with zeros.
    int64_t more = length->front() - *size;
    if (more < 0) {
      x = tb.sliceAxis(x, *axis, tb.constant(0), tb.constant(length->front()));
    } else {
      Exprs low(rank, tb.constant(0)), high = low;
      high[*axis] = tb.constant(more);
      x = tb.pad(PadMode::constant, x, tb.scalar(0, tb.element(x)), low, high);
    }
    size = length->front();
  }
  if (!x)
    return n.result(x);
  if (!size || *size < 1 || *size > kLongest)
    return n.unsupported("transforms of dynamic size, or of more than " +
                         Twine(kLongest) + " elements, are not supported");
  int64_t columns = onesided ? *size / 2 + 1 : *size;
  Type type = tb.element(x);
  Value cosine =
      tb.floats(waves(*size, *size, columns, std::cos), {*size, columns}, type);
  Value sine =
      tb.floats(waves(*size, *size, columns, std::sin), {*size, columns}, type);
  // The axis goes last for the products, and back.
  auto part = [&](int64_t i) {
    Value half = tb.squeeze(
        tb.sliceAxis(x, rank - 1, tb.constant(i), tb.constant(1)), {rank - 1});
    SmallVector<int64_t> permutation;
    for (int64_t d = 0; d < rank - 1; ++d)
      if (d != *axis)
        permutation.push_back(d);
    permutation.push_back(*axis);
    half = tb.transpose(half, permutation);
    return rank == 2 && half ? tb.unsqueeze(half, {0}) : half;
  };
  // (a + ib)(cos - i sin), and + i sin for the inverse.
  Value a = part(0), re = tb.matmul(a, cosine), im = tb.matmul(a, sine);
  if (!inverse)
    im = tb.unary<rac::NegOp>(im);
  if (*parts == 2) {
    Value b = part(1), cross = tb.matmul(b, sine);
    re = inverse ? tb.sub(re, cross) : tb.add(re, cross);
    im = tb.add(im, tb.matmul(b, cosine));
  }
  auto whole = [&](Value half) {
    if (!half)
      return half;
    if (inverse)
      half = tb.mul(half, tb.scalar(1.0 / static_cast<double>(*size), type));
    if (rank == 2)
      half = tb.squeeze(half, {0});
    SmallVector<int64_t> permutation =
        llvm::to_vector(llvm::seq<int64_t>(0, rank - 2));
    permutation.insert(permutation.begin() + *axis, rank - 2);
    half = tb.transpose(half, permutation);
    return half ? tb.unsqueeze(half, {rank - 1}) : half;
  };
  return n.result(tb.concat({whole(re), whole(im)}, rank - 1));
}

/// A convolution whose filters are the windowed waves, and whose stride is the
/// distance of the frames.
static LogicalResult importStft(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  int64_t rank = tb.rank(x);
  if (rank == 2)
    x = tb.unsqueeze(x, {2});
  else if (rank != 3 || tb.constantOf(tb.dim(x, 2)) != 1)
    return n.unsupported("transforms of complex signals are not supported");
  auto step = n.constInts(1);
  if (!step || step->size() != 1 || step->front() < 1)
    return n.unsupported("its frame step must be a positive constant");
  std::optional<int64_t> size;
  if (n.hasInput(3)) {
    auto length = n.constInts(3);
    if (!length || length->size() != 1)
      return n.unsupported("its frame length must be a constant");
    size = length->front();
  } else if (n.hasInput(2) && n.rank(2) == 1) {
    size = tb.constantOf(tb.dim(n.input(2), 0));
  }
  if (!size || *size < 1 || *size > kLongest)
    return n.unsupported("its frame length must be a constant of at most " +
                         Twine(kLongest));
  int64_t bins = n.boolAttr("onesided", true) ? *size / 2 + 1 : *size;
  Type type = tb.element(x);
  std::vector<double> both = waves(*size, bins, *size, std::cos);
  for (double v : waves(*size, bins, *size, std::sin))
    both.push_back(-v);
  Value filter = tb.floats(both, {2 * bins, 1, *size}, type);
  if (n.hasInput(2)) {
    Value window = n.input(2);
    if (!window || tb.rank(window) != 1 ||
        tb.constantOf(tb.dim(window, 0)) != *size)
      return n.fail("its window must have the frame's length");
    filter = tb.mul(filter, window);
  }
  if (!x || !filter)
    return n.result(Value());
  SmallVector<int64_t> one = {1}, zero = {0};
  Value y = tb.finish(
      rac::ConvOp::create(tb.b, tb.loc, TensorBuilder::shapeless(type), x,
                          filter, *step, one, zero, zero, /*groups=*/1));
  if (!y)
    return n.result(y);
  Exprs dims = tb.dims(y);
  y = tb.reshape(y, {dims[0], dims[1], tb.constant(2), tb.constant(bins)});
  return n.result(tb.transpose(y, {0, 1, 3, 2}));
}

void rac::onnximport::addSignalImporters(ImporterTable &table) {
  table.add("DFT", importDft);
  table.add("STFT", importStft);
}
