//===- ResizeImport.cpp - Sampling on another grid ------------------------===//

#include "GraphImporter.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <cmath>

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

namespace {
/// What a Resize gives for each dimension.
struct Grid {
  Exprs sizes;
  /// Empty where the quotient of the sizes is meant; f64 attributes, and f32
  /// values where only the run knows.
  SmallVector<OpFoldResult> scales;
};
} // namespace

/// floor(size * scale). `scale` is a float tensor's element.
static AffineExpr scaled(TensorBuilder &tb, AffineExpr size, double scale) {
  if (auto known = tb.constantOf(size))
    return tb.constant(
        std::floor(static_cast<float>(*known) * static_cast<float>(scale)));
  // Most scales are whole numbers or simple fractions.
  for (int64_t below : {1, 2, 3, 4, 5, 6, 8, 16, 32}) {
    double above = scale * below;
    if (above == std::floor(above) && above < 1e6)
      return tb.div(tb.mul(size, tb.constant(above)), tb.constant(below));
  }
  return tb.scaledSize(size, tb.floatOf(scale, tb.b.getF32Type()));
}

static std::optional<Grid> fromScales(NodeImporter &n, Value x, size_t input,
                                      ArrayRef<int64_t> axes) {
  TensorBuilder &tb = n.tb;
  Grid grid;
  grid.sizes = tb.dims(x);
  grid.scales.assign(tb.rank(x), tb.b.getF64FloatAttr(1));
  std::optional<std::vector<double>> scales;
  if (n.version == 7 || n.version == 8)
    scales = n.floatsAttr("scales");
  else
    scales = n.constFloats(input);
  if (!scales) {
    Value given = tb.cast(n.input(input), tb.b.getF32Type());
    if (!given)
      return std::nullopt;
    if (tb.rank(given) != 1 ||
        tb.constantOf(tb.dim(given, 0)) != static_cast<int64_t>(axes.size())) {
      tb.fail("its scales need one value per dimension");
      return std::nullopt;
    }
    for (auto [i, axis] : llvm::enumerate(axes)) {
      Value scale = tb.number(given, {static_cast<int64_t>(i)});
      grid.sizes[axis] = tb.scaledSize(grid.sizes[axis], scale);
      grid.scales[axis] = scale;
    }
    return grid;
  }
  if (scales->size() != axes.size()) {
    tb.fail("its scales need one value per dimension");
    return std::nullopt;
  }
  for (auto [axis, scale] : llvm::zip_equal(axes, *scales)) {
    if (!(scale > 0 && scale < 1e6)) {
      tb.fail("a scale is not positive");
      return std::nullopt;
    }
    grid.sizes[axis] = scaled(tb, grid.sizes[axis], scale);
    grid.scales[axis] = tb.b.getF64FloatAttr(scale);
  }
  return grid;
}

static std::optional<Grid> fromSizes(NodeImporter &n, Value x,
                                     ArrayRef<int64_t> axes) {
  TensorBuilder &tb = n.tb;
  Grid grid;
  grid.sizes = tb.dims(x);
  auto given = n.indices(3);
  if (!given)
    return std::nullopt;
  if (given->size() != axes.size()) {
    tb.fail("its sizes need one value per dimension");
    return std::nullopt;
  }
  StringRef policy = n.stringAttr("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch") {
    for (auto [axis, size] : llvm::zip_equal(axes, *given)) {
      if (auto known = tb.constantOf(size); known && *known < 0) {
        tb.fail("a size is negative");
        return std::nullopt;
      }
      grid.sizes[axis] = size;
    }
    return grid;
  }
  // One scale for all axes: the smallest or the largest that fits.
  auto wanted = tb.constantsOf(*given);
  bool smallest = policy == "not_larger";
  double common = smallest ? INFINITY : 0;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    auto size = tb.constantOf(grid.sizes[axis]);
    if (!wanted || !size || *size == 0) {
      tb.fail("keep_aspect_ratio_policy for dynamic sizes is not supported");
      return std::nullopt;
    }
    double scale = static_cast<double>((*wanted)[i]) / *size;
    common = smallest ? std::min(common, scale) : std::max(common, scale);
  }
  if (!(common > 0)) {
    tb.fail("a size is not positive");
    return std::nullopt;
  }
  grid.scales.assign(tb.rank(x), tb.b.getF64FloatAttr(1));
  for (int64_t axis : axes) {
    grid.sizes[axis] = tb.constant(
        std::floor(common * *tb.constantOf(grid.sizes[axis]) + 0.5));
    grid.scales[axis] = tb.b.getF64FloatAttr(common);
  }
  return grid;
}

static std::optional<ResizeCoordinate> coordinate(StringRef name) {
  if (name == "tf_half_pixel_for_nn")
    return std::nullopt;
  return symbolizeResizeCoordinate(name);
}

static LogicalResult importResize(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  bool isUpsample = n.node.opType == "Upsample";
  // Before opset 11 there was one way to place samples.
  bool isOld = isUpsample || n.version < 11;
  std::string modeName = n.stringAttr("mode", "nearest").str();
  if (modeName == "bilinear" || modeName == "trilinear")
    modeName = "linear";
  auto mode = symbolizeResizeMode(modeName);
  if (!mode)
    return n.fail("mode '" + modeName + "' is unknown");
  StringRef placement = n.stringAttr("coordinate_transformation_mode",
                                     isOld ? "asymmetric" : "half_pixel");
  auto place = coordinate(placement);
  if (!place)
    return n.unsupported("coordinate_transformation_mode '" + placement +
                         "' is not supported");
  // And the nearest of fewer samples was the next one.
  StringRef rounding = n.stringAttr(
      "nearest_mode", isOld ? "ceil_if_fewer" : "round_prefer_floor");
  auto nearest = symbolizeResizeNearest(rounding);
  if (!nearest)
    return n.fail("nearest_mode '" + rounding + "' is unknown");
  if (n.boolAttr("antialias"))
    return n.unsupported("antialias is not supported");

  SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(0, tb.rank(x)));
  SmallVector<int64_t> axes = n.intsAttr("axes", all);
  if (!n.axes(axes, tb.rank(x)))
    return n.result(Value());
  for (int64_t &axis : axes)
    axis = axis < 0 ? axis + tb.rank(x) : axis;

  // An empty tensor of scales counts as none.
  auto isGiven = [&](size_t i) {
    auto known = n.constFloats(i);
    return n.hasInput(i) && !(known && known->empty());
  };
  std::optional<Grid> grid;
  if (isOld)
    grid = fromScales(n, x, 1, axes);
  else if (isGiven(3))
    grid = fromSizes(n, x, axes);
  else if (isGiven(2))
    grid = fromScales(n, x, 2, axes);
  else
    return n.fail("it has neither scales nor sizes");
  if (!grid) {
    if (StringRef(tb.failure).contains("not supported"))
      return n.unsupported(tb.failure);
    return n.result(Value());
  }
  if (llvm::is_contained(grid->sizes, AffineExpr()))
    return n.result(Value());
  bool isSame = llvm::all_of(grid->scales, [](OpFoldResult scale) {
    auto known = dyn_cast<Attribute>(scale);
    return known && cast<FloatAttr>(known).getValueAsDouble() == 1;
  });
  if (isSame && grid->sizes == tb.dims(x))
    return n.result(x);
  SmallVector<int64_t> staticSizes;
  SmallVector<Value> dynamicSizes;
  dispatchIndexOpFoldResults(tb.fold(grid->sizes), dynamicSizes, staticSizes);
  auto op = rac::ResizeOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.element(x)), *mode, *place,
      *nearest, x, dynamicSizes, staticSizes, /*run_scales=*/ValueRange(),
      DenseF64ArrayAttr(), llvm::APFloat(n.floatAttr("cubic_coeff_a", -0.75)),
      n.boolAttr("exclude_outside"));
  if (!grid->scales.empty())
    op.setMixedScales(grid->scales);
  return n.result(tb.finish(op));
}

void rac::onnximport::addResizeImporters(ImporterTable &table) {
  table.add("Resize", importResize);
  table.add("Upsample", importResize);
}
