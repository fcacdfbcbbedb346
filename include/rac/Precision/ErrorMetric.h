//===- ErrorMetric.h - How far answers are from those wanted ----*- C++ -*-===//

#ifndef RAC_PRECISION_ERRORMETRIC_H
#define RAC_PRECISION_ERRORMETRIC_H

#include "rac/Precision/Samples.h"
#include <optional>

namespace rac {

enum class ErrorMetric { relativeL2, cosine, maxAbs, top1 };
std::optional<ErrorMetric> parseErrorMetric(llvm::StringRef name);
llvm::StringRef nameOf(ErrorMetric metric);

/// The error of a model over some samples: that of its worst output.
///
/// - relative L2: |got - wanted| / |wanted|, over all samples together;
/// - cosine: 1 - cos(got, wanted), of the worst sample;
/// - max abs: the largest difference of an element;
/// - top 1: the share of rows (along the last dimension) whose largest element
///   is another one.
///
/// Values that are equal, NaN and infinities too, differ by nothing; a NaN or
/// infinity in place of another value makes the error infinite.
class ErrorMeter {
public:
  explicit ErrorMeter(ErrorMetric metric) : metric(metric) {}

  /// Adds a sample's output number `output`.
  void add(size_t output, ArrayView wanted, ArrayView got);
  double error() const;
  /// What the error on other samples stays below (PredictionBound.h).
  double bound() const;

private:
  /// Of a sample: squares of the difference and of what is wanted, rows that
  /// changed and all of them, or a part alone: the error.
  struct Output {
    std::vector<double> parts, wholes;
    bool broken = false;
  };
  void addValues(Output &output, ArrayView wanted, ArrayView got);
  void addRows(Output &output, ArrayView wanted, ArrayView got);
  template <typename Of> double worst(Of of) const;

  ErrorMetric metric;
  std::vector<Output> outputs;
};

/// A model's error on samples, and what that of others stays below.
struct MeasuredError {
  double error = 0, bound = 0;
};

/// Errors of several groups together are at most about the sum of theirs, in
/// this measure, if they are independent: squares of L2 norms add up, and so do
/// 1 - cos, which is half a square. The others add up at worst.
double composable(ErrorMetric metric, double error);
double fromComposable(ErrorMetric metric, double sum);

} // namespace rac

#endif // RAC_PRECISION_ERRORMETRIC_H
