//===- Study.cpp - What types of groups do to a model's answers -----------===//

#include "rac/Precision/Study.h"
#include "rac/Transforms/Float8.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

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
      histograms(probe.observed.size()), channels(probe.observed.size()),
      steps(probe.observed.size()), tried(probe.observed.size()) {
  for (const ProbeStage &stage : probe.stages)
    if (stage.channels > 0)
      channels[stage.tensor] = ChannelRanges(stage.channels);
}

llvm::Expected<ArrayRef<ArrayView>> Study::run(const Sample &sample,
                                               ArrayRef<GroupType> types,
                                               const Weights &rounded) {
  ++runs;
  // A number for each input that is one.
  std::vector<float> numbers;
  size_t room = 0;
  for (const ProbeStage &stage : probe.stages)
    room += 3 + stage.channels;
  numbers.reserve(room);
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
      else if (types[g] == GroupType::float8 && stage.scale)
        rounding = Rounding::float8;
      setNumber(stage.kind, int(rounding));
      if (!stage.scale)
        continue;
      ActivationSteps own = steps[stage.tensor];
      if (rounding == Rounding::float8)
        own = {{float8ScaleOfTensor(stage.tensor), 0}, {}};
      setNumber(*stage.zero, own.params.zero);
      if (stage.channels == 0) {
        setNumber(*stage.scale, own.params.scale);
        continue;
      }
      const float *first = numbers.data() + numbers.size();
      if (own.byChannel.empty())
        numbers.insert(numbers.end(), stage.channels, own.params.scale);
      else
        numbers.insert(numbers.end(), own.byChannel.begin(),
                       own.byChannel.end());
      set(*stage.scale, {RAC_F32, stage.channels, first});
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
      ArrayRef<float> values(static_cast<const float *>(view.data),
                             view.elements());
      histograms[tensor].add(values);
      channels[tensor].add(values);
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

float Study::float8ScaleOfTensor(unsigned tensor) const {
  const Histogram &values = histograms[tensor];
  return float8Scale(
      std::max(std::fabs(values.least()), std::fabs(values.most())));
}

ArrayRef<Sample> Study::samplesOf(Which which) const {
  switch (which) {
  case Which::few:
    return ArrayRef(samples.calibration).take_front(options.samplesPerGroup);
  case Which::calibration:
    return samples.calibration;
  }
  llvm_unreachable("no other samples");
}

double Study::leastBound() const {
  ErrorMeter meter(options.metric);
  for (const std::vector<HostArray> &outputs : wanted)
    for (auto [o, output] : llvm::enumerate(outputs))
      meter.add(o, output.view(), output.view());
  return meter.bound();
}

Study::Weights Study::roundedFor(ArrayRef<GroupType> types) const {
  Weights rounded(probe.weights.size());
  for (auto [group, type] : llvm::zip_equal(probe.groups, types)) {
    if (type == GroupType::f32)
      continue;
    ArrayRef<double> termSteps;
    if (type == GroupType::steps)
      termSteps = steps[probe.stages[*group.activation].tensor].byChannel;
    for (const std::optional<unsigned> &weights :
         {group.weights, group.otherWeights})
      if (weights)
        rounded[*weights] = roundWeights(probe.weights[*weights], type,
                                         options.halfIsBf16, termSteps);
  }
  return rounded;
}

llvm::Expected<ErrorMeter> Study::measure(ArrayRef<GroupType> types,
                                          Which which) {
  Weights rounded = roundedFor(types);
  ErrorMeter meter(options.metric);
  for (auto [i, sample] : llvm::enumerate(samplesOf(which))) {
    auto outputs = run(sample, types, rounded);
    if (!outputs)
      return outputs.takeError();
    for (unsigned o = 0; o < probe.numOutputs; ++o)
      meter.add(o, wanted[i][o].view(), (*outputs)[o]);
  }
  return std::move(meter);
}

llvm::Expected<MeasuredError> Study::error(ArrayRef<GroupType> types,
                                           Which which) {
  auto meter = measure(types, which);
  if (!meter)
    return meter.takeError();
  return MeasuredError{meter->error(), meter->bound()};
}

llvm::Expected<double> Study::errorOf(unsigned group, GroupType type) {
  std::vector<GroupType> types(probe.groups.size(), GroupType::f32);
  types[group] = type;
  auto meter = measure(types, Which::few);
  if (!meter)
    return meter.takeError();
  return meter->error();
}

llvm::Expected<MeasuredError> Study::verify(RunOne runOne) {
  ErrorMeter heldBack(options.metric), all(options.metric);
  size_t number = 0;
  for (const std::vector<Sample> *part :
       {&samples.calibration, &samples.heldBack})
    for (const Sample &sample : *part) {
      auto outputs = runOne(sample);
      if (!outputs)
        return outputs.takeError();
      for (unsigned o = 0; o < probe.numOutputs; ++o) {
        ArrayView want = wanted[number][o].view();
        all.add(o, want, (*outputs)[o]);
        if (part == &samples.heldBack)
          heldBack.add(o, want, (*outputs)[o]);
      }
      ++number;
    }
  return MeasuredError{heldBack.error(), all.bound()};
}

llvm::Expected<MeasuredError> Study::verify(ArrayRef<GroupType> types) {
  Weights rounded = roundedFor(types);
  return verify(
      [&](const Sample &sample) { return run(sample, types, rounded); });
}

llvm::Expected<MeasuredError> Study::verify(LoadedModel &other) {
  return verify([&](const Sample &sample) {
    std::vector<ArrayView> inputs;
    for (const HostArray &array : sample)
      inputs.push_back(array.view());
    return other.run(inputs, probe.numOutputs);
  });
}

llvm::StringRef Study::refusal(unsigned number, GroupType type) const {
  const ProbeGroup &group = probe.groups[number];
  if (!group.notAtAll.empty())
    return group.notAtAll;
  if (type == GroupType::f32)
    return "";
  if (type == GroupType::half)
    return group.multipliesOften
               ? "it multiplies what it has computed, which no probe rounds"
               : "";
  if (!group.multiplies)
    return "it multiplies nothing";
  if (group.multipliesOften)
    return "it multiplies more than once";
  if (type == GroupType::steps || type == GroupType::float8) {
    if (!group.notInSteps.empty())
      return group.notInSteps;
    const Histogram &values = histograms[tensorOf(number)];
    if (values.notFinite() > 0)
      return "its first operand has values that are no finite numbers";
    if (values.least() == 0 && values.most() == 0)
      return "its first operand is zero in all samples";
  }
  if (!group.weights)
    return "its second operand is not constant";
  return cannotHold(probe.weights[*group.weights], type);
}

/// Adds steps by channel, where these promise less error than one step for all.
void Study::addSmoothed(unsigned tensor, ArrayRef<unsigned> groups,
                        Candidates &found) const {
  const ChannelRanges &values = channels[tensor];
  llvm::SmallVector<const ProbeWeights *> weights;
  for (unsigned group : groups) {
    if (probe.stages[*probe.groups[group].activation].channels == 0)
      return;
    weights.push_back(&probe.weights[*probe.groups[group].weights]);
  }
  // How much of the difficulty stays with the activation's side: with 0 all
  // weights are alike, with 1 all of the activation's channels.
  constexpr double kShares[] = {0, 0.25, 0.5, 0.75, 1};
  // A multiplication for each element has to be worth it.
  constexpr double kWorth = 0.5;
  double least = kWorth * roundingNoise(values, weights);
  std::vector<float> best;
  double bestShare = 0;
  for (double share : kShares) {
    std::vector<float> factors = smoothingFactors(values, weights, share);
    double noise = roundingNoise(values, weights, factors);
    if (noise < least) {
      least = noise;
      best = std::move(factors);
      bestShare = share;
    }
  }
  if (best.empty())
    return;
  ActivationSteps own;
  own.params = rac::paramsOf(smoothedRange(values, best));
  own.byChannel = channelSteps(own.params.scale, best);
  if (llvm::all_of(own.byChannel,
                   [](double step) { return std::isnormal(float(step)); }))
    found.push_back(
        {llvm::formatv("channel, smoothed by {0:f2}", bestShare).str(),
         std::move(own)});
}

llvm::Error Study::chooseRange(unsigned tensor, ArrayRef<unsigned> groups) {
  Candidates found;
  llvm::SmallVector<Range> ranges;
  for (RangeEstimator estimator :
       {RangeEstimator::minMax, RangeEstimator::percentile,
        RangeEstimator::meanSquare}) {
    Range range = estimateRange(histograms[tensor], estimator);
    if (llvm::is_contained(ranges, range))
      continue;
    ranges.push_back(range);
    found.push_back({nameOf(estimator).str(), {rac::paramsOf(range), {}}});
  }
  addSmoothed(tensor, groups, found);
  if (found.size() == 1) {
    steps[tensor] = found.front().second;
    tried[tensor] = {{found.front().first, std::nullopt}};
    return llvm::Error::success();
  }
  size_t best = 0;
  std::vector<TriedSteps> &list = tried[tensor];
  for (auto [i, candidate] : llvm::enumerate(found)) {
    steps[tensor] = candidate.second;
    double sum = 0;
    for (unsigned group : groups) {
      auto error = errorOf(group, GroupType::steps);
      if (!error)
        return error.takeError();
      sum += composable(options.metric, *error);
    }
    list.push_back({candidate.first, fromComposable(options.metric, sum)});
    if (*list[i].error < *list[best].error)
      best = i;
  }
  steps[tensor] = std::move(found[best].second);
  std::swap(list[0], list[best]);
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
