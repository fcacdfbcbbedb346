//===- Study.cpp - What types of groups do to a model's answers -----------===//

#include "rac/Precision/Study.h"
#include "llvm/ADT/MapVector.h"

using namespace rac;
using llvm::ArrayRef;

SplitSamples rac::splitSamples(std::vector<Sample> samples) {
  constexpr size_t every = 4;
  SplitSamples split;
  size_t count = samples.size();
  for (auto [i, sample] : llvm::enumerate(samples)) {
    bool isLast = i + 1 == count && i > 0 && split.heldBack.empty();
    (i % every == every - 1 || isLast ? split.heldBack : split.calibration)
        .push_back(std::move(sample));
  }
  return split;
}

Study::Study(const Probe &probe, LoadedModel &model,
             const SplitSamples &samples, StudyOptions options)
    : probe(probe), model(model), samples(samples), options(std::move(options)),
      histograms(probe.observed.size()), params(probe.observed.size()),
      estimators(probe.observed.size(), RangeEstimator::minMax) {}

llvm::Expected<ArrayRef<ArrayView>> Study::run(const Sample &sample,
                                               ArrayRef<GroupType> types,
                                               const Weights &rounded) {
  ++runs;
  // A number for each input that is one.
  std::vector<float> numbers;
  numbers.reserve(3 * probe.stages.size());
  std::vector<ArrayView> inputs(probe.numInputs + probe.weights.size() +
                                3 * probe.stages.size());
  unsigned used = 0;
  auto set = [&](unsigned input, ArrayView view) {
    inputs[input] = view;
    used = std::max(used, input + 1);
  };
  auto setNumber = [&](unsigned input, float value) {
    numbers.push_back(value);
    set(input, {RAC_F32, {}, &numbers.back()});
  };
  for (auto [i, array] : llvm::enumerate(sample))
    set(i, array.view());
  for (auto [i, weights] : llvm::enumerate(probe.weights))
    set(weights.input,
        {RAC_F32, weights.shape,
         rounded[i].empty() ? weights.values.data() : rounded[i].data()});
  for (auto [g, group] : llvm::enumerate(probe.groups))
    for (unsigned number : group.stages) {
      const ProbeStage &stage = probe.stages[number];
      Rounding rounding = Rounding::none;
      if (types[g] == GroupType::half)
        rounding = Rounding::half;
      else if (types[g] == GroupType::steps && stage.scale)
        rounding = Rounding::steps;
      setNumber(stage.kind, int(rounding));
      if (stage.scale) {
        const QuantParams &steps = params[stage.tensor];
        setNumber(*stage.scale, steps.scale);
        setNumber(*stage.zero, steps.zero);
      }
    }
  inputs.resize(used);
  unsigned outputs = probe.numOutputs;
  for (const std::optional<unsigned> &observed : probe.observed)
    outputs += observed.has_value();
  return model.run(inputs, outputs);
}

void Study::addObserved(ArrayRef<ArrayView> outputs) {
  for (auto [tensor, output] : llvm::enumerate(probe.observed))
    if (output) {
      ArrayView view = outputs[*output];
      histograms[tensor].add(
          {static_cast<const float *>(view.data), size_t(view.elements())});
    }
}

llvm::Error Study::observe() {
  std::vector<GroupType> plain(probe.groups.size(), GroupType::f32);
  Weights original(probe.weights.size());
  size_t count = samples.calibration.size() + samples.heldBack.size();
  for (const std::vector<Sample> *part :
       {&samples.calibration, &samples.heldBack})
    for (const Sample &sample : *part) {
      options.progress("observing values: sample " +
                       llvm::Twine(wanted.size() + 1) + " of " +
                       llvm::Twine(count));
      auto outputs = run(sample, plain, original);
      if (!outputs)
        return outputs.takeError();
      std::vector<HostArray> &own = wanted.emplace_back();
      for (ArrayView view : outputs->take_front(probe.numOutputs))
        own.push_back(HostArray::of(view));
      if (part == &samples.calibration)
        addObserved(*outputs);
    }
  return llvm::Error::success();
}

ArrayRef<Sample> Study::samplesOf(Which which) const {
  switch (which) {
  case Which::few:
    return ArrayRef(samples.calibration).take_front(options.samplesPerGroup);
  case Which::calibration:
    return samples.calibration;
  case Which::heldBack:
    return samples.heldBack;
  }
  llvm_unreachable("no other samples");
}

llvm::Expected<double> Study::error(ArrayRef<GroupType> types, Which which) {
  Weights rounded(probe.weights.size());
  for (auto [group, type] : llvm::zip_equal(probe.groups, types))
    if (type != GroupType::f32)
      for (const std::optional<unsigned> &weights :
           {group.weights, group.otherWeights})
        if (weights)
          rounded[*weights] =
              roundWeights(probe.weights[*weights], type, options.halfIsBf16);
  size_t first = which == Which::heldBack ? samples.calibration.size() : 0;
  ErrorMeter meter(options.metric);
  for (auto [i, sample] : llvm::enumerate(samplesOf(which))) {
    auto outputs = run(sample, types, rounded);
    if (!outputs)
      return outputs.takeError();
    for (unsigned o = 0; o < probe.numOutputs; ++o)
      meter.add(o, wanted[first + i][o].view(), (*outputs)[o]);
  }
  return meter.error();
}

llvm::Expected<double> Study::errorOf(unsigned group, GroupType type) {
  std::vector<GroupType> types(probe.groups.size(), GroupType::f32);
  types[group] = type;
  return error(types, Which::few);
}

llvm::Expected<double> Study::errorOf(LoadedModel &other) {
  ErrorMeter meter(options.metric);
  for (auto [i, sample] : llvm::enumerate(samples.heldBack)) {
    std::vector<ArrayView> inputs;
    for (const HostArray &array : sample)
      inputs.push_back(array.view());
    auto outputs = other.run(inputs, probe.numOutputs);
    if (!outputs)
      return outputs.takeError();
    for (unsigned o = 0; o < probe.numOutputs; ++o)
      meter.add(o, wanted[samples.calibration.size() + i][o].view(),
                (*outputs)[o]);
  }
  return meter.error();
}

llvm::StringRef Study::refusal(unsigned number, GroupType type) const {
  const ProbeGroup &group = probe.groups[number];
  if (!group.notAtAll.empty())
    return group.notAtAll;
  if (type == GroupType::f32 || type == GroupType::half)
    return "";
  if (!group.multiplies)
    return "it multiplies nothing";
  if (group.multipliesOften)
    return "it multiplies more than once";
  if (type == GroupType::steps) {
    if (!group.notInSteps.empty())
      return group.notInSteps;
    const Histogram &values = histograms[tensorOf(number)];
    if (values.notFinite() > 0)
      return "its first operand has values that are no finite numbers";
  }
  if (!group.weights)
    return "its second operand is not constant";
  return cannotHold(probe.weights[*group.weights], type);
}

QuantParams Study::paramsOf(unsigned group) const {
  return params[tensorOf(group)];
}

RangeEstimator Study::estimatorOf(unsigned group) const {
  return estimators[tensorOf(group)];
}

llvm::Error Study::chooseRange(unsigned tensor, ArrayRef<unsigned> groups) {
  llvm::SmallVector<std::pair<RangeEstimator, Range>> found;
  for (RangeEstimator estimator :
       {RangeEstimator::minMax, RangeEstimator::percentile,
        RangeEstimator::meanSquare}) {
    Range range = estimateRange(histograms[tensor], estimator);
    if (llvm::none_of(found,
                      [&](const auto &entry) { return entry.second == range; }))
      found.push_back({estimator, range});
  }
  params[tensor] = rac::paramsOf(found.front().second);
  if (found.size() == 1)
    return llvm::Error::success();
  QuantParams best;
  double least = std::numeric_limits<double>::infinity();
  for (const auto &[estimator, range] : found) {
    params[tensor] = rac::paramsOf(range);
    double sum = 0;
    for (unsigned group : groups) {
      auto error = errorOf(group, GroupType::steps);
      if (!error)
        return error.takeError();
      sum += composable(options.metric, *error);
    }
    if (sum < least || estimator == found.front().first) {
      least = sum;
      best = params[tensor];
      estimators[tensor] = estimator;
    }
  }
  params[tensor] = best;
  return llvm::Error::success();
}

llvm::Error Study::chooseRanges(ArrayRef<unsigned> wantedGroups) {
  llvm::MapVector<unsigned, llvm::SmallVector<unsigned>> users;
  for (unsigned group : wantedGroups)
    users[tensorOf(group)].push_back(group);
  unsigned done = 0;
  for (const auto &[tensor, groups] : users) {
    options.progress("choosing ranges: tensor " + llvm::Twine(++done) + " of " +
                     llvm::Twine(users.size()));
    if (llvm::Error error = chooseRange(tensor, groups))
      return error;
  }
  return llvm::Error::success();
}
