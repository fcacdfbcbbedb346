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
#include "rac/Precision/Smoothing.h"
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

/// How a tensor is rounded to 8 bits.
struct ActivationSteps {
  QuantParams params;
  /// Scales of each channel, where these differ; `params` then has the zero.
  std::vector<double> byChannel;
};

/// Steps that were tried for a tensor, and the error of its groups with them,
/// each alone, added up.
struct TriedSteps {
  std::string how;             ///< who found them
  std::optional<double> error; ///< none: there was nothing to choose from
};

class Study {
public:
  /// All that is given must outlive it.
  Study(const Probe &probe, LoadedModel &model, const SplitSamples &samples,
        StudyOptions options);

  /// Runs all in f32: what is wanted, and what values tensors have.
  llvm::Error observe();

  /// Steps for each tensor that groups of `wanted` would round to such: of
  /// ranges that the estimators find, and steps by channel where these promise
  /// less, those with which its groups, one at a time, change the answers
  /// least.
  llvm::Error chooseRanges(llvm::ArrayRef<unsigned> wanted);

  enum class Which { few, calibration };
  /// The model's error, each group computing as `types` say.
  llvm::Expected<MeasuredError> error(llvm::ArrayRef<GroupType> types,
                                      Which which);
  /// That of one group alone, on a few samples.
  llvm::Expected<double> errorOf(unsigned group, GroupType type);
  /// On the samples held back, and a bound by all samples: by the probe, each
  /// group computing as `types` say, or by another model, of the same inputs
  /// and outputs as the studied one.
  llvm::Expected<MeasuredError> verify(llvm::ArrayRef<GroupType> types);
  llvm::Expected<MeasuredError> verify(LoadedModel &other);

  /// What no bound by so many samples is below, even if none of them changes.
  double leastBound() const;

  /// Why a group cannot compute so; empty: it can.
  llvm::StringRef refusal(unsigned group, GroupType type) const;
  /// Of the tensor that the group rounds.
  const ActivationSteps &stepsOf(unsigned group) const {
    return steps[tensorOf(group)];
  }
  /// Its scale where the group rounds it to f8.
  float float8ScaleOf(unsigned group) const {
    return float8ScaleOfTensor(tensorOf(group));
  }
  int32_t channelDimOf(unsigned group) const {
    return probe.stages[*probe.groups[group].activation].channelDim;
  }
  /// What was tried for it, that which was taken first.
  llvm::ArrayRef<TriedSteps> triedFor(unsigned group) const {
    return tried[tensorOf(group)];
  }
  /// Runs so far.
  unsigned numRuns() const { return runs; }

private:
  using Weights = std::vector<std::vector<float>>;
  llvm::ArrayRef<Sample> samplesOf(Which which) const;
  llvm::Expected<ErrorMeter> measure(llvm::ArrayRef<GroupType> types,
                                     Which which);
  Weights roundedFor(llvm::ArrayRef<GroupType> types) const;
  using RunOne = llvm::function_ref<llvm::Expected<llvm::ArrayRef<ArrayView>>(
      const Sample &)>;
  llvm::Expected<MeasuredError> verify(RunOne runOne);
  llvm::Expected<llvm::ArrayRef<ArrayView>> run(const Sample &sample,
                                                llvm::ArrayRef<GroupType> types,
                                                const Weights &rounded);
  void addObserved(llvm::ArrayRef<ArrayView> outputs);
  using Candidates = std::vector<std::pair<std::string, ActivationSteps>>;
  void addSmoothed(unsigned tensor, llvm::ArrayRef<unsigned> groups,
                   Candidates &found) const;
  llvm::Error chooseRange(unsigned tensor, llvm::ArrayRef<unsigned> groups);
  float float8ScaleOfTensor(unsigned tensor) const;
  unsigned tensorOf(unsigned group) const {
    return probe.stages[*probe.groups[group].activation].tensor;
  }

  const Probe &probe;
  LoadedModel &model;
  const SplitSamples &samples;
  StudyOptions options;
  /// Of each sample, calibration first, the outputs in f32.
  std::vector<std::vector<HostArray>> wanted;
  // By tensor:
  std::vector<Histogram> histograms;
  std::vector<ChannelRanges> channels;
  std::vector<ActivationSteps> steps;
  std::vector<std::vector<TriedSteps>> tried;
  unsigned runs = 0;
};

} // namespace rac

#endif // RAC_PRECISION_STUDY_H
