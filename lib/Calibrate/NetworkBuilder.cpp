//===- NetworkBuilder.cpp - Networks as MLIR text -------------------------===//

#include "NetworkBuilder.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace rac;
using llvm::formatv;
using Value = NetworkBuilder::Value;
using Shape = NetworkBuilder::Shape;

static std::string listOf(const Shape &values, llvm::StringRef separator) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(values, os, separator);
  return text;
}

static std::string typeOf(const Shape &shape) {
  return shape.empty() ? "tensor<f32>"
                       : "tensor<" + listOf(shape, "x") + "xf32>";
}

static std::string attributeOf(llvm::StringRef name, int64_t value) {
  return formatv("{0} = array<i64: {1}, {1}>", name, value);
}

Value NetworkBuilder::emit(const std::string &text,
                           const std::vector<Value> &operands, Shape shape) {
  Value result{"%" + std::to_string(count++), std::move(shape)};
  std::vector<std::string> types;
  for (const Value &operand : operands)
    types.push_back(typeOf(operand.shape));
  body += formatv("  {0} = rac.{1} : ({2}) -> {3}\n", result.name, text,
                  llvm::join(types, ", "), typeOf(result.shape));
  return result;
}

Value NetworkBuilder::constant(Shape shape) {
  Value result{"%" + std::to_string(count++), std::move(shape)};
  body += formatv("  {0} = rac.constant dense_resource<w{1}> : {2}\n",
                  result.name, count, typeOf(result.shape));
  return result;
}

std::string NetworkBuilder::finish(const Value &result) const {
  return formatv(
      "func.func @main(%x: {0}) -> {1} {{\n{2}  return {3} : {1}\n}\n",
      typeOf(input.shape), typeOf(result.shape), body, result.name);
}

Value NetworkBuilder::conv(const Value &x, int64_t filters, int64_t window,
                           int64_t stride, int64_t groups) {
  Value filter = constant({filters, x.shape[3] / groups, window, window});
  int64_t pad = window / 2;
  auto size = [&](int64_t from) {
    return (from + 2 * pad - window) / stride + 1;
  };
  Value product = emit(
      formatv("conv {0}, {1} {{{2}, groups = {3} : i64, {4}, {5}, {6}}", x.name,
              filter.name, attributeOf("dilations", 1), groups,
              attributeOf("pads_high", pad), attributeOf("pads_low", pad),
              attributeOf("strides", stride)),
      {x, filter}, {x.shape[0], size(x.shape[1]), size(x.shape[2]), filters});
  return combine("add", product, constant({filters}));
}

Value NetworkBuilder::linear(const Value &x, int64_t columns) {
  Value product = matmul(x, constant({x.shape.back(), columns}));
  return combine("add", product, constant({columns}));
}

Value NetworkBuilder::matmul(const Value &a, const Value &b) {
  Shape shape = a.shape;
  shape.back() = b.shape.back();
  return emit(formatv("matmul {0}, {1}", a.name, b.name), {a, b}, shape);
}

Value NetworkBuilder::apply(llvm::StringRef op, const Value &x) {
  return emit(formatv("{0} {1}", op, x.name), {x}, x.shape);
}

Value NetworkBuilder::combine(llvm::StringRef op, const Value &a,
                              const Value &b) {
  return emit(formatv("{0} {1}, {2}", op, a.name, b.name), {a, b}, a.shape);
}

Value NetworkBuilder::maxPool(const Value &x, int64_t window, int64_t stride) {
  int64_t pad = window / 2;
  auto size = [&](int64_t from) {
    return (from + 2 * pad - window) / stride + 1;
  };
  return emit(
      formatv("pool max {0} {{{1}, {2}, {3}, {4}, {5}, {6}}", x.name,
              attributeOf("window", window), attributeOf("strides", stride),
              attributeOf("dilations", 1), attributeOf("pads_low", pad),
              attributeOf("pads_high", pad), attributeOf("ceil_extra", 0)),
      {x}, {x.shape[0], size(x.shape[1]), size(x.shape[2]), x.shape[3]});
}

Value NetworkBuilder::globalMean(const Value &x) {
  return emit(formatv("reduce mean {0} axes [1, 2] {{keep_dims}", x.name), {x},
              {x.shape[0], 1, 1, x.shape[3]});
}

Value NetworkBuilder::layerNorm(const Value &x) {
  Value scale = constant({x.shape.back()}), shift = constant({x.shape.back()});
  return emit(formatv("normalize layer {0}, {1}, {2} axis {3} epsilon 1.0E-5",
                      x.name, scale.name, shift.name, x.shape.size() - 1),
              {x, scale, shift}, x.shape);
}

Value NetworkBuilder::softmax(const Value &x) {
  // It prints one type for both.
  Value result{"%" + std::to_string(count++), x.shape};
  body += formatv("  {0} = rac.softmax {1} axis {2} : {3}\n", result.name,
                  x.name, x.shape.size() - 1, typeOf(x.shape));
  return result;
}

Value NetworkBuilder::reshape(const Value &x, const Shape &shape) {
  return emit(formatv("reshape {0} to [{1}]", x.name, listOf(shape, ", ")), {x},
              shape);
}

Value NetworkBuilder::transpose(const Value &x, const Shape &permutation) {
  Shape shape;
  for (int64_t from : permutation)
    shape.push_back(x.shape[from]);
  return emit(
      formatv("transpose {0}, [{1}]", x.name, listOf(permutation, ", ")), {x},
      shape);
}

Value NetworkBuilder::slice(const Value &x, int64_t dim, int64_t begin,
                            int64_t size) {
  Shape shape = x.shape, offsets(shape.size(), 0), strides(shape.size(), 1);
  shape[dim] = size;
  offsets[dim] = begin;
  return emit(formatv("slice {0} [{1}] [{2}] [{3}]", x.name,
                      listOf(offsets, ", "), listOf(shape, ", "),
                      listOf(strides, ", ")),
              {x}, shape);
}

Value NetworkBuilder::concat(const Value &a, const Value &b, int64_t dim) {
  Shape shape = a.shape;
  shape[dim] += b.shape[dim];
  return emit(formatv("concat {0}, {1} axis {2}", a.name, b.name, dim), {a, b},
              shape);
}
