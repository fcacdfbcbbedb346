//===- NetworkBuilder.h - Networks as MLIR text -----------------*- C++ -*-===//

#ifndef RAC_LIB_CALIBRATE_NETWORKBUILDER_H
#define RAC_LIB_CALIBRATE_NETWORKBUILDER_H

#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace rac {

/// Writes a function of one input, in f32, channels last.
class NetworkBuilder {
public:
  using Shape = std::vector<int64_t>;
  /// A tensor of the function.
  struct Value {
    std::string name;
    Shape shape;
  };

  explicit NetworkBuilder(Shape input) : input{"%x", std::move(input)} {}
  const Value &argument() const { return input; }
  /// The function with this result.
  std::string finish(const Value &result) const;

  /// A convolution with square windows, padded so that stride 1 keeps the size,
  /// and its bias.
  Value conv(const Value &x, int64_t filters, int64_t window,
             int64_t stride = 1, int64_t groups = 1);
  /// x times a constant matrix, and a bias.
  Value linear(const Value &x, int64_t columns);
  Value matmul(const Value &a, const Value &b);
  /// "relu", "gelu": an op of one operand.
  Value apply(llvm::StringRef op, const Value &x);
  /// "add", "mul": of two, where the second is broadcast to the first.
  Value combine(llvm::StringRef op, const Value &a, const Value &b);
  Value maxPool(const Value &x, int64_t window, int64_t stride);
  /// Over all pixels of an image.
  Value globalMean(const Value &x);
  Value layerNorm(const Value &x);
  Value softmax(const Value &x);
  Value reshape(const Value &x, const Shape &shape);
  Value transpose(const Value &x, const Shape &permutation);
  /// `size` positions of a dimension, from `begin` on.
  Value slice(const Value &x, int64_t dim, int64_t begin, int64_t size);
  Value concat(const Value &a, const Value &b, int64_t dim);

private:
  Value constant(Shape shape);
  /// Writes "%n = rac.<text> : <operands' types> -> <shape>".
  Value emit(const std::string &text, const std::vector<Value> &operands,
             Shape shape);

  Value input;
  std::string body;
  int count = 0;
};

} // namespace rac

#endif // RAC_LIB_CALIBRATE_NETWORKBUILDER_H
