//===- Networks.cpp - Small networks whose groups are timed ---------------===//

#include "Networks.h"
#include "NetworkBuilder.h"

using namespace rac;
using Value = NetworkBuilder::Value;

/// 1x1, 3x3 and 1x1 convolutions around which the input is added.
static Value bottleneck(NetworkBuilder &b, Value x, int64_t width,
                        int64_t stride) {
  Value y = b.apply("relu", b.conv(x, width, 1));
  y = b.apply("relu", b.conv(y, width, 3, stride));
  y = b.conv(y, 4 * width, 1);
  if (stride > 1 || x.shape[3] != 4 * width)
    x = b.conv(x, 4 * width, 1, stride);
  return b.apply("relu", b.combine("add", y, x));
}

static std::string residual(int64_t image, std::vector<int64_t> widths) {
  NetworkBuilder b({1, image, image, 3});
  Value x = b.apply("relu", b.conv(b.argument(), widths.front(), 7, 2));
  x = b.maxPool(x, 3, 2);
  for (int64_t width : widths) {
    x = bottleneck(b, x, width, width == widths.front() ? 1 : 2);
    x = bottleneck(b, x, width, 1);
  }
  x = b.globalMean(x);
  return b.finish(b.linear(b.reshape(x, {1, x.shape[3]}), 500));
}

/// Plain 3x3 convolutions over large images.
static std::string plain(int64_t image, const std::vector<int64_t> &widths) {
  NetworkBuilder b({1, image, image, 3});
  Value x = b.argument();
  for (int64_t width : widths) {
    x = b.apply("relu", b.conv(x, width, 3));
    x = b.maxPool(b.apply("relu", b.conv(x, width, 3)), 3, 2);
  }
  return b.finish(x);
}

/// 1x1 out, depthwise, scaled by channel, 1x1 in.
static Value inverted(NetworkBuilder &b, Value x, int64_t factor, int64_t out,
                      int64_t window, int64_t stride, bool scaled) {
  int64_t width = x.shape[3] * factor;
  Value y = b.apply("hard_swish", b.conv(x, width, 1));
  y = b.apply("relu", b.conv(y, width, window, stride, /*groups=*/width));
  if (scaled) {
    Value s = b.apply("relu", b.conv(b.globalMean(y), width / 4, 1));
    y = b.combine("mul", y, b.apply("sigmoid", b.conv(s, width, 1)));
  }
  y = b.conv(y, out, 1);
  return stride == 1 && x.shape[3] == out ? b.combine("add", y, x) : y;
}

static std::string depthwise(int64_t image, std::vector<int64_t> widths) {
  NetworkBuilder b({1, image, image, 3});
  Value x = b.apply("hard_swish", b.conv(b.argument(), widths.front(), 3, 2));
  bool scaled = false;
  for (int64_t width : widths) {
    x = inverted(b, x, 4, width, scaled ? 5 : 3, 2, scaled);
    x = inverted(b, x, 3, width, scaled ? 3 : 5, 1, !scaled);
    scaled = !scaled;
  }
  x = b.apply("hard_swish", b.conv(x, 6 * x.shape[3], 1));
  return b.finish(b.globalMean(x));
}

static Value attention(NetworkBuilder &b, const Value &x, int64_t heads) {
  int64_t rows = x.shape[1], width = x.shape[2], size = width / heads;
  auto split = [&](const Value &y, const NetworkBuilder::Shape &order) {
    return b.transpose(b.reshape(y, {1, rows, heads, size}), order);
  };
  Value queries = split(b.linear(x, width), {0, 2, 1, 3});
  Value keys = split(b.linear(x, width), {0, 2, 3, 1});
  Value values = split(b.linear(x, width), {0, 2, 1, 3});
  Value mixed = b.matmul(b.softmax(b.matmul(queries, keys)), values);
  mixed = b.reshape(b.transpose(mixed, {0, 2, 1, 3}), {1, rows, width});
  return b.linear(mixed, width);
}

static std::string transformer(int64_t rows, int64_t width, int64_t heads,
                               int layers) {
  NetworkBuilder b({1, rows, width});
  Value x = b.argument();
  for (int layer = 0; layer < layers; ++layer) {
    x = b.combine("add", attention(b, b.layerNorm(x), heads), x);
    Value y = b.apply("gelu", b.linear(b.layerNorm(x), 4 * width));
    x = b.combine("add", b.linear(y, width), x);
  }
  return b.finish(b.layerNorm(x));
}

/// What hardly computes, each as a kernel of its own: transposes end groups.
static std::string passes(int64_t rows, int64_t columns) {
  NetworkBuilder b({1, rows, columns});
  Value x = b.softmax(b.argument());
  x = b.transpose(x, {0, 2, 1});
  x = b.layerNorm(b.apply("gelu", x));
  x = b.transpose(x, {0, 2, 1});
  x = b.softmax(b.combine("mul", x, b.argument()));
  return b.finish(b.combine("add", x, b.argument()));
}

/// Rows of a window and windows of a row change places: of an image as `apart`
/// says, or of windows.
static Value exchanged(NetworkBuilder &b, const Value &x,
                       const NetworkBuilder::Shape &apart,
                       const NetworkBuilder::Shape &result) {
  Value y = b.transpose(b.reshape(x, apart), {0, 1, 3, 2, 4, 5});
  return b.reshape(y, result);
}

/// The image's first `by` rows moved to its end.
static Value rolled(NetworkBuilder &b, const Value &x, int64_t dim,
                    int64_t by) {
  int64_t rest = x.shape[dim] - by;
  return b.concat(b.slice(x, dim, by, rest), b.slice(x, dim, 0, by), dim);
}

/// Images moved about between products, in windows of pixels and heads.
static std::string windowed(int64_t image, int64_t width, int64_t size,
                            int64_t heads) {
  const NetworkBuilder::Shape whole = {1, image, image, width};
  NetworkBuilder b(whole);
  Value x = b.argument();
  int64_t side = image / size, count = side * side, rows = size * size;
  for (int64_t by : {int64_t(0), size / 2}) {
    Value y = b.layerNorm(x);
    if (by > 0)
      y = rolled(b, rolled(b, y, 1, by), 2, by);
    y = exchanged(b, y, {1, side, size, side, size, width},
                  {count, rows, width});
    for (const NetworkBuilder::Shape &order :
         {NetworkBuilder::Shape{0, 2, 1, 3}, {0, 2, 3, 1}}) {
      y = b.reshape(b.linear(y, width), {count, rows, heads, width / heads});
      y = b.reshape(b.transpose(y, order), {count, rows, width});
    }
    y = exchanged(b, b.linear(y, width), {1, side, side, size, size, width},
                  whole);
    if (by > 0)
      y = rolled(b, rolled(b, y, 2, image - by), 1, image - by);
    x = b.combine("add", y, x);
  }
  return b.finish(b.layerNorm(x));
}

std::vector<Network> rac::networksToTime(bool quick) {
  if (quick)
    return {{"residual", residual(32, {8, 16})},
            {"depthwise", depthwise(32, {8, 16})},
            {"transformer", transformer(8, 32, 2, 1)},
            {"passes", passes(8, 64)},
            {"windowed", windowed(8, 32, 4, 2)}};
  return {{"residual-160", residual(160, {48, 96, 160, 320})},
          {"residual-224", residual(224, {40, 80}), true},
          {"plain-128", plain(128, {32, 64, 144})},
          {"depthwise-192", depthwise(192, {16, 32, 56, 112}), true},
          {"depthwise-256", depthwise(256, {24, 40, 80})},
          {"transformer-1", transformer(1, 640, 10, 3), true},
          {"transformer-24", transformer(24, 320, 5, 2), true},
          {"transformer-80", transformer(80, 512, 8, 2), true},
          {"transformer-160", transformer(160, 640, 10, 2), true},
          {"passes-16k", passes(64, 256)},
          {"passes-200k", passes(256, 800)},
          {"passes-3m", passes(1500, 2048)},
          {"windowed-96", windowed(48, 96, 6, 4), true},
          {"windowed-160", windowed(24, 160, 6, 5), true},
          {"windowed-288", windowed(12, 288, 6, 9), true}};
}
