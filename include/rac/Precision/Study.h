//===- Study.h - What types of groups do to a model's answers ---*- C++ -*-===//
//
// Runs a probe (Probe.h) on samples, under any choice of types.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_PRECISION_STUDY_H
#define RAC_PRECISION_STUDY_H

#include "rac/Precision/ErrorMetric.h"
#include "rac/Precision/LoadedModel.h"
#include "rac/Precision/Ranges.h"
#include "rac/Precision/Rounding.h"
#include <functional>

namespace rac {

/// Some to find out with, the rest to verify with: every fourth is held back,
/// and at least one where there are two.
struct SplitSamples {
  std::vector<Sample> calibration, heldBack;
};
SplitSamples splitSamples(std::vector<Sample> samples);

struct StudyOptions {
  ErrorMetric metric = ErrorMetric::relativeL2;
  bool halfIsBf16 = true;
  /// Samples that each group's own error is measured on, at most.
  unsigned samplesPerGroup = 4;
  std::function<void(const llvm::Twine &)> progress = [](const llvm::Twine &) {
  };
};

class Study {
public:
  /// All that is given must outlive it.
  Study(const Probe &probe, LoadedModel &model, const SplitSamples &samples,
        StudyOptions options);

  /// Runs all in f32: what is wanted, and what values tensors have.
  llvm::Error observe();

  /// A range for each tensor that groups of `wanted` would round to steps: of
  /// those that the estimators find the one with which its groups, one at a
  /// time, change the answers least.
  llvm::Error chooseRanges(llvm::ArrayRef<unsigned> wanted);

  enum class Which { few, calibration, heldBack };
  /// The model's error, each group computing as `types` say.
  llvm::Expected<double> error(llvm::ArrayRef<GroupType> types, Which which);
  /// That of one group alone, on a few samples.
  llvm::Expected<double> errorOf(unsigned group, GroupType type);
  /// That of another model, of the same inputs and outputs as the studied one,
  /// on the samples held back.
  llvm::Expected<double> errorOf(LoadedModel &other);

  /// Why a group cannot compute so; empty: it can.
  llvm::StringRef refusal(unsigned group, GroupType type) const;
  QuantParams paramsOf(unsigned group) const;
  /// Of the tensor that the group rounds.
  RangeEstimator estimatorOf(unsigned group) const;
  /// Runs so far.
  unsigned numRuns() const { return runs; }

private:
  using Weights = std::vector<std::vector<float>>;
  llvm::ArrayRef<Sample> samplesOf(Which which) const;
  llvm::Expected<llvm::ArrayRef<ArrayView>> run(const Sample &sample,
                                                llvm::ArrayRef<GroupType> types,
                                                const Weights &rounded);
  void addObserved(llvm::ArrayRef<ArrayView> outputs);
  llvm::Error chooseRange(unsigned tensor, llvm::ArrayRef<unsigned> groups);
  unsigned tensorOf(unsigned group) const {
    return probe.stages[*probe.groups[group].activation].tensor;
  }

  const Probe &probe;
  LoadedModel &model;
  const SplitSamples &samples;
  StudyOptions options;
  /// Of each sample, calibration first, the outputs in f32.
  std::vector<std::vector<HostArray>> wanted;
  std::vector<Histogram> histograms; ///< by tensor
  std::vector<QuantParams> params;
  std::vector<RangeEstimator> estimators;
  unsigned runs = 0;
};

} // namespace rac

#endif // RAC_PRECISION_STUDY_H
