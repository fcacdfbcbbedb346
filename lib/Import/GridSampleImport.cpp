//===- GridSampleImport.cpp - Sampling at positions that are data ---------===//

#include "GraphImporter.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

namespace {

/// One sample's share from one dimension: where from, and how much. A null
/// weight is 1.
struct Tap {
  Value index, weight;
};

class GridSample {
public:
  explicit GridSample(NodeImporter &n) : n(n), tb(n.tb) {}
  LogicalResult import();

private:
  Value scalar(double v) { return tb.scalar(v, type); }
  Value sizeOf(AffineExpr size) {
    return tb.cast(tb.fromExprs(size, {}, tb.b.getI64Type()), type);
  }
  Value reflect(Value x, Value size);
  SmallVector<Tap> taps(int64_t d);
  Value sample(ArrayRef<Tap> corner);

  NodeImporter &n;
  TensorBuilder &tb;
  enum Mode { Nearest, Linear, Cubic } mode = Linear;
  enum Padding { Zeros, Border, Reflection } padding = Zeros;
  bool alignCorners = false;
  Type type;       // of the grid
  int64_t spatial; // number of spatial dimensions
  Value flat;      // N x (all positions) x C
  Value grid;      // N x P x spatial
  Exprs sizes;     // of the spatial dimensions
};

} // namespace

/// A triangle wave over the pixels' extent.
Value GridSample::reflect(Value x, Value size) {
  Value low = scalar(alignCorners ? 0 : -0.5);
  Value range = alignCorners ? tb.sub(size, scalar(1)) : size;
  // A single pixel reflects everything to itself.
  range = tb.max(range, scalar(1e-6));
  Value twice = tb.mul(range, scalar(2));
  Value t = tb.binary<rac::ModOp>(tb.sub(x, low), twice);
  t = tb.min(t, tb.sub(twice, t));
  return tb.add(t, low);
}

/// What samples along spatial dimension `d` are made of; N x P each.
SmallVector<Tap> GridSample::taps(int64_t d) {
  Value size = sizeOf(sizes[d]), last = tb.sub(size, scalar(1));
  // The grid's last dimension counts from the innermost.
  Value g = tb.squeeze(
      tb.sliceAxis(grid, 2, tb.constant(spatial - 1 - d), tb.constant(1)), {2});
  g = tb.add(g, scalar(1));
  Value x = alignCorners
                ? tb.mul(tb.mul(g, scalar(0.5)), last)
                : tb.mul(tb.sub(tb.mul(g, size), scalar(1)), scalar(0.5));
  if (mode == Nearest)
    x = tb.unary<rac::RoundOp>(x);
  if (padding == Border)
    x = tb.clip(x, scalar(0), last);
  else if (padding == Reflection)
    x = reflect(x, size);

  SmallVector<std::pair<Value, Value>> raw; // position, weight
  if (mode == Nearest) {
    raw.push_back({tb.unary<rac::RoundOp>(x), Value()});
  } else {
    Value floor = tb.unary<rac::FloorOp>(x), t = tb.sub(x, floor);
    if (mode == Linear) {
      raw.push_back({floor, tb.sub(scalar(1), t)});
      raw.push_back({tb.add(floor, scalar(1)), t});
    } else {
      // Keys' kernel: near taps ((a+2)d - (a+3))d^2 + 1, far ones
      // ((ad - 5a)d + 8a)d - 4a.
      constexpr double a = -0.75;
      auto near = [&](Value d) {
        Value inner = tb.sub(tb.mul(d, scalar(a + 2)), scalar(a + 3));
        return tb.add(tb.mul(tb.mul(inner, d), d), scalar(1));
      };
      auto far = [&](Value d) {
        Value inner = tb.sub(tb.mul(d, scalar(a)), scalar(5 * a));
        inner = tb.add(tb.mul(inner, d), scalar(8 * a));
        return tb.sub(tb.mul(inner, d), scalar(4 * a));
      };
      Value rest = tb.sub(scalar(1), t);
      raw.push_back({tb.sub(floor, scalar(1)), far(tb.add(t, scalar(1)))});
      raw.push_back({floor, near(t)});
      raw.push_back({tb.add(floor, scalar(1)), near(rest)});
      raw.push_back({tb.add(floor, scalar(2)), far(tb.add(rest, scalar(1)))});
    }
  }
  SmallVector<Tap> taps;
  for (auto [position, weight] : raw) {
    if (padding == Zeros) {
      Value inside = tb.binary<rac::AndOp>(
          tb.comparison<rac::LessEqualOp>(scalar(0), position),
          tb.comparison<rac::LessEqualOp>(position, last));
      weight = tb.select(inside, weight ? weight : scalar(1), scalar(0));
    } else if (padding == Reflection) {
      position = tb.unary<rac::RoundOp>(reflect(position, size));
    }
    // A NaN comes out of the comparisons as something outside; an index must
    // be inside whatever happens.
    position = tb.clip(position, scalar(0), last);
    taps.push_back({tb.cast(position, tb.b.getI64Type()), weight});
  }
  return taps;
}

/// The pixels at one combination of taps, weighted; N x P x C.
Value GridSample::sample(ArrayRef<Tap> corner) {
  Type i64 = tb.b.getI64Type();
  Value index = corner[0].index, weight = corner[0].weight;
  for (size_t d = 1; d < corner.size(); ++d) {
    index =
        tb.add(tb.mul(index, tb.fromExprs(sizes[d], {}, i64)), corner[d].index);
    Value other = corner[d].weight;
    weight = weight && other ? tb.mul(weight, other) : weight ? weight : other;
  }
  if (!index)
    return {};
  Value pixels = tb.finish(rac::GatherNdOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.element(flat)), flat,
      tb.unsqueeze(index, {2}), /*batch_dims=*/1));
  if (!weight)
    return pixels;
  return tb.mul(pixels, tb.cast(tb.unsqueeze(weight, {2}), tb.element(flat)));
}

LogicalResult GridSample::import() {
  StringRef modeName = n.stringAttr("mode", "linear");
  if (modeName == "nearest")
    mode = Nearest;
  else if (modeName == "cubic" || modeName == "bicubic")
    mode = Cubic;
  else if (modeName != "linear" && modeName != "bilinear")
    return n.fail("mode '" + modeName + "' is unknown");
  StringRef paddingName = n.stringAttr("padding_mode", "zeros");
  if (paddingName == "border")
    padding = Border;
  else if (paddingName == "reflection")
    padding = Reflection;
  else if (paddingName != "zeros")
    return n.fail("padding_mode '" + paddingName + "' is unknown");
  alignCorners = n.boolAttr("align_corners");

  Value x = n.input(0), positions = n.input(1);
  if (!x || !positions)
    return n.result(Value());
  spatial = tb.rank(x) - 2;
  type = tb.element(positions);
  if (spatial < 1 || spatial > 3 || tb.rank(positions) != spatial + 2 ||
      tb.constantOf(tb.dim(positions, spatial + 1)) != spatial)
    return n.fail("its grid doesn't fit its input");
  if (!isa<FloatType>(type) || !isa<FloatType>(tb.element(x)))
    return n.unsupported("only floats can be sampled");
  if (mode == Cubic && spatial != 2)
    return n.unsupported("cubic sampling is of images only");

  Exprs dims = tb.dims(x), gridDims = tb.dims(positions);
  sizes.assign(dims.begin() + 2, dims.end());
  flat = tb.transpose(tb.reshape(x, {dims[0], dims[1], tb.product(sizes)}),
                      {0, 2, 1});
  AffineExpr count =
      tb.product(ArrayRef<AffineExpr>(gridDims).slice(1, spatial));
  grid = tb.reshape(positions, {gridDims[0], count, tb.constant(spatial)});

  SmallVector<SmallVector<Tap>> all;
  for (int64_t d = 0; d < spatial; ++d)
    all.push_back(taps(d));
  size_t perDim = all[0].size(), corners = 1;
  for (int64_t d = 0; d < spatial; ++d)
    corners *= perDim;
  Value sum;
  for (size_t i = 0; i < corners; ++i) {
    SmallVector<Tap> corner;
    size_t rest = i;
    for (int64_t d = 0; d < spatial; ++d, rest /= perDim)
      corner.push_back(all[d][rest % perDim]);
    Value part = sample(corner);
    sum = i == 0 ? part : tb.add(sum, part);
  }
  Exprs shape = {dims[0], dims[1]};
  shape.append(gridDims.begin() + 1, gridDims.end() - 1);
  return n.result(tb.reshape(tb.transpose(sum, {0, 2, 1}), shape));
}

static LogicalResult importGridSample(NodeImporter &n) {
  return GridSample(n).import();
}

void rac::onnximport::addGridSampleImporters(ImporterTable &table) {
  table.add("GridSample", importGridSample);
}
