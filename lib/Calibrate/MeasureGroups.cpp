//===- MeasureGroups.cpp - What the library and generated code attain -----===//
//
// Small networks are compiled as any model is, and each of their groups is
// timed where it runs. The coefficients that make the cost model agree with
// that most go into the device.
//
//===----------------------------------------------------------------------===//

#include "GroupSamples.h"
#include "Measure.h"
#include "rac/Calibrate/Config.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace rac;

/// Where the device has the number of a name, and its unit; null: nowhere.
static Known *find(Device &device, llvm::StringRef name,
                   llvm::StringRef &unit) {
  llvm::SmallVector<llvm::StringRef, 4> path;
  name.split(path, '.');
  auto is = [&](llvm::StringRef key) { return path[1] == key; };
  if (path.size() == 2 && path[0] == "execution") {
    unit = "";
    return is("overlap_exponent") ? &device.execution.overlapExponent : nullptr;
  }
  if (path.size() == 2 && path[0] == "overheads") {
    unit = "s";
    Overheads &overheads = device.overheads;
    return is("launch_s")         ? &overheads.launchSeconds
           : is("fork_join_s")    ? &overheads.forkJoinSeconds
           : is("library_call_s") ? &overheads.libraryCallSeconds
                                  : nullptr;
  }
  if (path.size() == 3 && path[0] == "memory") {
    unit = "B/s";
    for (MemoryLevel &level : device.memory)
      if (level.name == path[1])
        return path[2] == "core_bytes_per_s"     ? &level.coreBytesPerSecond
               : path[2] == "device_bytes_per_s" ? &level.deviceBytesPerSecond
               : path[2] == "peer_bytes_per_s"   ? &level.peerBytesPerSecond
                                                 : nullptr;
  }
  if (path.size() != 4 || path[0] != "units")
    return nullptr;
  unit = path[2].contains("_half_") ? "elements" : "";
  std::optional<DataType> type;
  for (DataType each : {DataType::f64, DataType::f32, DataType::bf16,
                        DataType::f16, DataType::i8, DataType::i32})
    if (nameOf(each) == path[3])
      type = each;
  for (ComputeUnit &computeUnit : device.units) {
    if (computeUnit.name != path[1] || !type ||
        !computeUnit.opsPerClock.count(*type))
      continue;
    const std::pair<llvm::StringRef, NumberByType *> fields[] = {
        {"library_fraction", &computeUnit.libraryFraction},
        {"library_conv_fraction", &computeUnit.libraryConvFraction},
        {"library_depthwise_fraction", &computeUnit.libraryDepthwiseFraction},
        {"library_half_m", &computeUnit.libraryHalfM},
        {"library_half_n", &computeUnit.libraryHalfN},
        {"library_half_k", &computeUnit.libraryHalfK},
        {"generated_fraction", &computeUnit.generatedFraction},
        {"generated_conv_fraction", &computeUnit.generatedConvFraction},
        {"vector_fraction", &computeUnit.vectorFraction}};
    for (const auto &[key, field] : fields)
      if (key == path[2])
        return &(*field)[*type];
  }
  return nullptr;
}

/// Whether some unit computes faster in it than any in f32.
static bool gainsBy(DataType type, const Device &device) {
  double best = 0, f32 = 0;
  for (const ComputeUnit &unit : device.units) {
    if (Known rate = device.peakOpsPerSecond(unit, type))
      best = std::max(best, rate->v);
    if (Known rate = device.peakOpsPerSecond(unit, DataType::f32))
      f32 = std::max(f32, rate->v);
  }
  return best > f32;
}

/// Times all networks by the library, some without it, on one thread and on
/// all; and in narrow types, which is a matter of the library, on one.
static void takeSamples(Bench &bench, GroupSamples &samples) {
  std::vector<NetworkRun> runs;
  std::vector<int64_t> threads = {1};
  if (bench.cores() > 1)
    threads.push_back(bench.cores());
  for (bool library : {true, false})
    for (int64_t count : threads)
      runs.push_back({count, library});
  if (gainsBy(DataType::bf16, bench.device()))
    runs.push_back({1, /*library=*/true, "bf16"});
  if (gainsBy(DataType::i8, bench.device()))
    runs.push_back({1, /*library=*/true, "int8"});
  for (const Network &network : networksToTime(bench.options.quick))
    for (NetworkRun &run : runs) {
      bool wanted = run.library ? RAC_HAVE_ONEDNN
                                : network.withoutLibrary || !RAC_HAVE_ONEDNN;
      if (!wanted)
        continue;
      run.seconds = bench.options.quick ? 1e-3 : 0.25;
      bench.progress("groups of " + network.name + " on " +
                     llvm::Twine(run.threads) + " threads" +
                     (run.precision.empty() ? "" : " in ") + run.precision);
      if (llvm::Error error = samples.add(network, run))
        bench.note("groups: " + toString(std::move(error)));
    }
}

static void write(Bench &bench, const GroupFit &fit, size_t count) {
  Device &device = bench.device();
  // So far off is what was disturbed, or a machine unlike what the cost model
  // knows. Times of --quick are not looked at.
  constexpr double mostError = 75; // %
  if (fit.after.mape > mostError && !bench.options.quick) {
    std::string text;
    llvm::raw_string_ostream(text)
        << "groups: the best fit to " << count << " of them is off by "
        << llvm::format("%.3g", fit.after.mape)
        << "% on average, so nothing of it is taken: others take the cores "
           "meanwhile, or the model knows nothing of this machine";
    return bench.note(text);
  }
  for (const FittedCoefficient &coefficient : fit.coefficients) {
    llvm::StringRef unit;
    if (Known *slot = find(device, coefficient.name, unit))
      bench.set(*slot, coefficient.name, unit, coefficient.value,
                coefficient.uncertainty,
                "fitted to " + llvm::Twine(count) +
                    " groups of small networks, each timed in its run",
                fit.after);
  }
  // One core isn't faster than all.
  for (MemoryLevel &level : device.memory)
    if (level.coreBytesPerSecond && level.deviceBytesPerSecond &&
        level.deviceBytesPerSecond->v < level.coreBytesPerSecond->v)
      level.deviceBytesPerSecond->v = level.coreBytesPerSecond->v;
}

void rac::measureGroups(Bench &bench) {
  GroupSamples samples(bench.options.samplesFolder);
  if (bench.options.fitOnly) {
    if (llvm::Error error = samples.load())
      return bench.note("groups: " + toString(std::move(error)));
  } else {
    // They are compiled for the device as measured so far.
    if (llvm::Error error = saveDevice(bench.device(), samples.deviceFile()))
      return bench.note("groups: " + toString(std::move(error)));
    takeSamples(bench, samples);
  }
  if (samples.list().empty())
    return bench.note("groups: none could be timed");
  bench.progress("fitting to " + llvm::Twine(samples.list().size()) +
                 " groups");
  write(bench, fitGroups(samples.list(), bench.device()),
        samples.list().size());
}
