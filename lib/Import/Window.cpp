//===- Window.cpp - What convolutions and pools have in common ------------===//

#include "Window.h"

using namespace mlir;
using namespace rac::onnximport;

SmallVector<int64_t> rac::onnximport::toChannelsLast(int64_t rank) {
  SmallVector<int64_t> permutation = {0};
  for (int64_t i = 2; i < rank; ++i)
    permutation.push_back(i);
  permutation.push_back(1);
  return permutation;
}

SmallVector<int64_t> rac::onnximport::toChannelsFirst(int64_t rank) {
  SmallVector<int64_t> permutation = {0, rank - 1};
  for (int64_t i = 1; i + 1 < rank; ++i)
    permutation.push_back(i);
  return permutation;
}

/// Padding so that the result has ceil(size / stride) elements.
static void padSame(NodeImporter &n, Value input, Window &w, bool upper) {
  TensorBuilder &tb = n.tb;
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    AffineExpr size = tb.dim(input, i + 2);
    int64_t stride = w.strides[i];
    AffineExpr needed =
        stride == 1
            ? tb.constant(w.reach(i))
            : tb.add(tb.mul(tb.sub(tb.ceilDiv(size, stride), tb.constant(1)),
                            tb.constant(stride)),
                     tb.sub(tb.constant(w.reach(i)), size));
    AffineExpr total = stride == 1 ? tb.constant(w.reach(i) - 1)
                                   : tb.max(needed, tb.constant(0));
    AffineExpr less = tb.div(total, tb.constant(2));
    AffineExpr more = tb.sub(total, less);
    w.dynamicLow.push_back(upper ? less : more);
    w.dynamicHigh.push_back(upper ? more : less);
  }
  auto low = tb.constantsOf(w.dynamicLow), high = tb.constantsOf(w.dynamicHigh);
  if (low && high) {
    w.low = *low;
    w.high = *high;
    w.dynamicLow.clear();
    w.dynamicHigh.clear();
  }
}

std::optional<Window> rac::onnximport::readWindow(NodeImporter &n, Value input,
                                                  ArrayRef<int64_t> kernel) {
  auto bad = [&](const Twine &message) -> std::optional<Window> {
    n.tb.fail(message);
    return std::nullopt;
  };
  if (!input)
    return std::nullopt;
  int64_t rank = TensorBuilder::rank(input);
  if (rank < 3)
    return bad("its input needs a batch, a channel and a spatial dimension");
  size_t spatial = rank - 2;
  Window w;
  SmallVector<int64_t> ones(spatial, 1), pads(2 * spatial, 0);
  w.kernel = n.intsAttr("kernel_shape", kernel);
  w.strides = n.intsAttr("strides", ones);
  w.dilations = n.intsAttr("dilations", ones);
  pads = n.intsAttr("pads", pads);
  if (!kernel.empty() && ArrayRef<int64_t>(w.kernel) != kernel)
    return bad("kernel_shape is not the filter's");
  if (w.kernel.size() != spatial || w.strides.size() != spatial ||
      w.dilations.size() != spatial || pads.size() != 2 * spatial)
    return bad("an attribute doesn't have one value per spatial dimension");
  constexpr int64_t kMost = int64_t(1) << 30;
  for (size_t i = 0; i < spatial; ++i)
    if (w.kernel[i] < 1 || w.strides[i] < 1 || w.dilations[i] < 1 ||
        w.kernel[i] > kMost || w.strides[i] > kMost || w.dilations[i] > kMost)
      return bad("kernel_shape, strides and dilations must be positive");
  for (int64_t pad : pads)
    if (pad < 0 || pad > kMost)
      return bad("pads must not be negative");
  w.low.assign(pads.begin(), pads.begin() + spatial);
  w.high.assign(pads.begin() + spatial, pads.end());

  StringRef autoPad = n.stringAttr("auto_pad", "NOTSET");
  if (autoPad == "VALID") {
    w.low.assign(spatial, 0);
    w.high.assign(spatial, 0);
  } else if (autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER") {
    w.low.assign(spatial, 0);
    w.high.assign(spatial, 0);
    padSame(n, input, w, autoPad == "SAME_UPPER");
  } else if (autoPad != "NOTSET") {
    return bad("auto_pad '" + autoPad + "' is unknown");
  }
  return w;
}
