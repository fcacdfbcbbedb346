//===- ConvImport.cpp - Convolutions --------------------------------------===//

#include "ConvImport.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

/// The window of a filter F x C x window; empty where it isn't static.
static SmallVector<int64_t> filterWindow(Value filter) {
  ArrayRef<int64_t> shape = TensorBuilder::type(filter).getShape();
  if (shape.size() < 3 || llvm::any_of(shape, ShapedType::isDynamic))
    return {};
  return SmallVector<int64_t>(shape.drop_front(2));
}

Value rac::onnximport::buildConv(NodeImporter &n, Value input, Value filter) {
  TensorBuilder &tb = n.tb;
  if (!input || !filter)
    return {};
  int64_t rank = tb.rank(input);
  if (tb.rank(filter) != rank)
    return tb.fail("its input and filter differ in rank");
  SmallVector<int64_t> kernel = filterWindow(filter);
  if (kernel.empty())
    return tb.fail("its filter's shape must be static");
  if (tb.element(input) != tb.element(filter))
    return tb.fail("its input and filter have different element types");
  std::optional<Window> w = readWindow(n, input, kernel);
  if (!w)
    return {};
  int64_t groups = n.intAttr("group", 1);
  ArrayRef<int64_t> shape = tb.type(filter).getShape();
  std::optional<int64_t> channels = tb.constantOf(tb.dim(input, 1));
  if (groups < 1 || groups > shape[0] || shape[0] % groups != 0)
    return tb.fail("group doesn't divide the filters");
  if (channels && *channels != shape[1] * groups)
    return tb.fail("its input has " + Twine(*channels) +
                   " channels, its filter wants " + Twine(shape[1] * groups));

  Value x = tb.transpose(input, toChannelsLast(rank));
  if (!w->dynamicLow.empty()) {
    Exprs low = w->dynamicLow, high = w->dynamicHigh;
    for (Exprs *pads : {&low, &high}) {
      pads->insert(pads->begin(), tb.constant(0));
      pads->push_back(tb.constant(0));
    }
    x = tb.pad(PadMode::constant, x, tb.scalar(0, tb.element(x)), low, high);
  }
  if (!x)
    return {};
  Type type = tb.element(x);
  if (isa<IntegerType>(type))
    type = tb.b.getI32Type();
  return tb.finish(rac::ConvOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(type), x, filter, w->strides,
      w->dilations, w->low, w->high, groups));
}

static LogicalResult importConv(NodeImporter &n) {
  Value y = buildConv(n, n.input(0), n.input(1));
  // The bias goes along the channels, last while the tensor is so.
  if (y && n.hasInput(2)) {
    if (n.rank(2) != 1)
      return n.fail("its bias must be a vector");
    y = n.tb.add(y, n.input(2));
  }
  return n.result(n.tb.transpose(y, toChannelsFirst(n.tb.rank(y))));
}

static LogicalResult importConvTranspose(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value input = n.input(0), filter = n.input(1);
  if (!input || !filter)
    return n.result(Value());
  int64_t rank = tb.rank(input);
  SmallVector<int64_t> kernel = filterWindow(filter);
  if (tb.rank(filter) != rank || kernel.empty())
    return n.fail("its filter must have its input's rank and a static shape");
  if (tb.element(input) != tb.element(filter))
    return n.fail("its input and filter have different element types");
  std::optional<Window> w = readWindow(n, input, kernel);
  if (!w)
    return n.result(Value());
  size_t spatial = kernel.size();
  SmallVector<int64_t> extra =
      n.intsAttr("output_padding", SmallVector<int64_t>(spatial, 0));
  if (extra.size() != spatial)
    return n.fail("output_padding needs one value per spatial dimension");
  for (auto [i, e] : llvm::enumerate(extra))
    if (e < 0 || e >= std::max(w->strides[i], w->dilations[i]))
      return n.fail("output_padding must be smaller than the stride");
  int64_t groups = n.intAttr("group", 1);
  ArrayRef<int64_t> shape = tb.type(filter).getShape();
  if (groups < 1 || groups > shape[0] || shape[0] % groups != 0)
    return n.fail("group doesn't divide the channels");
  std::optional<int64_t> channels = tb.constantOf(tb.dim(input, 1));
  if (channels && *channels != shape[0])
    return n.fail("its input has " + Twine(*channels) +
                  " channels, its filter wants " + Twine(shape[0]));

  // Where the result's size is given, the padding follows from it.
  StringRef autoPad = n.stringAttr("auto_pad", "NOTSET");
  SmallVector<int64_t> wanted = n.intsAttr("output_shape");
  bool same = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
  if (!wanted.empty() || same) {
    if (wanted.size() == spatial + 2)
      wanted.erase(wanted.begin(), wanted.begin() + 2);
    if (!wanted.empty() && wanted.size() != spatial)
      return n.fail("output_shape needs one value per spatial dimension");
    w->dynamicLow.clear();
    w->dynamicHigh.clear();
    w->low.assign(spatial, 0);
    w->high.assign(spatial, 0);
    for (size_t i = 0; i < spatial; ++i) {
      // All that is not cut off, less what shall be left.
      AffineExpr size = tb.dim(input, i + 2);
      AffineExpr full = tb.add(
          tb.mul(tb.sub(size, tb.constant(1)), tb.constant(w->strides[i])),
          tb.constant(extra[i] + w->reach(i)));
      AffineExpr target = same && wanted.empty()
                              ? tb.mul(size, tb.constant(w->strides[i]))
                              : tb.constant(wanted[i]);
      std::optional<int64_t> total = tb.constantOf(tb.sub(full, target));
      if (!total)
        return n.unsupported("output_shape of an input of dynamic size");
      // A size larger than all there is: zeros at the end.
      if (*total < 0) {
        extra[i] -= *total;
        continue;
      }
      int64_t half = *total / 2;
      bool moreAtEnd =
          autoPad != "SAME_LOWER" ? autoPad == "SAME_UPPER" : false;
      w->low[i] = moreAtEnd ? half : *total - half;
      w->high[i] = moreAtEnd ? *total - half : half;
    }
  }
  Value x = tb.transpose(input, toChannelsLast(rank));
  if (!x)
    return n.result(x);
  Value y = tb.finish(rac::ConvTransposeOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.element(x)), x, filter,
      w->strides, w->dilations, w->low, w->high, extra, groups));
  if (y && n.hasInput(2)) {
    if (n.rank(2) != 1)
      return n.fail("its bias must be a vector");
    y = tb.add(y, n.input(2));
  }
  return n.result(tb.transpose(y, toChannelsFirst(rank)));
}

/// Adds up overlapping blocks: a transposed convolution whose filters have a
/// single 1 each.
static LogicalResult importCol2Im(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  auto image = n.constInts(1), block = n.constInts(2);
  if (!x)
    return n.result(x);
  if (!image || !block)
    return n.unsupported("its shapes must be constants");
  size_t spatial = image->size();
  SmallVector<int64_t> ones(spatial, 1), zeros(2 * spatial, 0);
  SmallVector<int64_t> strides = n.intsAttr("strides", ones);
  SmallVector<int64_t> dilations = n.intsAttr("dilations", ones);
  SmallVector<int64_t> pads = n.intsAttr("pads", zeros);
  auto channels = tb.rank(x) == 3 ? tb.constantOf(tb.dim(x, 1)) : std::nullopt;
  if (!channels || spatial == 0 || block->size() != spatial ||
      strides.size() != spatial || dilations.size() != spatial ||
      pads.size() != 2 * spatial)
    return n.fail("its shapes and attributes don't fit each other");
  constexpr int64_t kMost = int64_t(1) << 20;
  int64_t window = 1;
  SmallVector<int64_t> low(pads.begin(), pads.begin() + spatial);
  SmallVector<int64_t> high(pads.begin() + spatial, pads.end()), extra;
  Exprs counts = {tb.dim(x, 0), tb.dim(x, 1)};
  for (size_t i = 0; i < spatial; ++i) {
    int64_t b = (*block)[i], s = strides[i], d = dilations[i];
    if (b < 1 || b > kMost || s < 1 || s > kMost || d < 1 || d > kMost ||
        (*image)[i] < 1 || (*image)[i] > kMost * kMost || low[i] < 0 ||
        low[i] > kMost || high[i] < 0 || high[i] > kMost)
      return n.fail("its attributes are out of range");
    window *= b;
    int64_t room = (*image)[i] + low[i] + high[i] - d * (b - 1) - 1;
    if (room < 0 || window > kMost)
      return n.fail("its block is larger than its image");
    counts.push_back(tb.constant(room / s + 1));
    extra.push_back(room % s);
  }
  if (*channels % window != 0 || *channels > kMost)
    return n.fail("its channels are not blocks");
  int64_t groups = *channels / window;
  std::vector<double> filter(*channels * window, 0);
  for (int64_t i = 0; i < *channels; ++i)
    filter[i * window + i % window] = 1;
  SmallVector<int64_t> shape = {*channels, 1};
  shape.append(*block);
  Value columns =
      tb.transpose(tb.reshape(x, counts), toChannelsLast(spatial + 2));
  if (!columns)
    return n.result(columns);
  Value y = tb.finish(rac::ConvTransposeOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.element(x)), columns,
      tb.floats(filter, shape, tb.element(x)), strides, dilations, low, high,
      extra, groups));
  return n.result(tb.transpose(y, toChannelsFirst(spatial + 2)));
}

void rac::onnximport::addConvImporters(ImporterTable &table) {
  table.add("Conv", importConv);
  table.add("ConvTranspose", importConvTranspose);
  table.add("Col2Im", importCol2Im);
  table.refuse("DeformConv", "deformable convolutions are not supported");
}
