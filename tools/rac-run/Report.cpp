//===- Report.cpp - What rac-run prints -----------------------------------===//

#include "Report.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>

//===----------------------------------------------------------------------===//
// For people
//===----------------------------------------------------------------------===//

static std::string mebibytes(int64_t bytes) {
  return bytes < 0 ? "unknown" : text("%.1f MiB", double(bytes) / (1 << 20));
}

static std::vector<int64_t> shapeOf(const DLTensor &tensor) {
  return {tensor.shape, tensor.shape + tensor.ndim};
}

/// The values themselves if they are few, else what they are like.
static std::string valuesText(int32_t dtype, const DLTensor &tensor) {
  int64_t count = 1;
  for (int64_t size : shapeOf(tensor))
    count *= size;
  constexpr int64_t kFew = 8;
  std::string result;
  if (count <= kFew) {
    for (int64_t i = 0; i < count; ++i)
      result += text(i ? " %g" : "%g", element(dtype, tensor.data, i));
    return result;
  }
  double low = INFINITY, high = -INFINITY, sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    double value = element(dtype, tensor.data, i);
    low = std::fmin(low, value);
    high = std::fmax(high, value);
    sum += value;
  }
  return text("%g to %g, mean %g", low, high, sum / double(count));
}

static void printEnergy(const EnergyResult &energy, double runs) {
  if (!energy.measured) {
    printf("energy   not measured: %s%s\n", energy.problem.c_str(),
           energy.domains.empty() ? triedMeters(energy).c_str() : "");
  } else {
    printf("energy   %.4g J a run, %.4g J above idle  (%s; %.0f runs in %.3g "
           "s; idle %.3g W, over %.3g s before)\n",
           energy.joules / runs, energy.joulesAboveIdle() / runs,
           energy.origin.c_str(), runs, energy.seconds, energy.idleWatts,
           energy.idleSeconds);
    for (const EnergyDomain &domain : energy.domains) {
      if (!domain.error.empty())
        printf("         %s  not measured: %s\n", domain.name.c_str(),
               domain.error.c_str());
      else
        printf("         %s  %.4g J a run, %.3g W, idle %.3g W  (%s, %s)%s%s\n",
               domain.name.c_str(), domain.joules / runs,
               domain.joules / domain.seconds, domain.idleWatts,
               domain.origin.c_str(), domain.meter.c_str(),
               domain.counted ? "" : ", not counted: the model isn't run there",
               domain.tooShort ? ", over too short a window" : "");
    }
  }
  if (energy.predicted >= 0)
    printf("energy   %.4g J a run, %s: the compiler's prediction\n",
           energy.predicted, energy.predictedOrigin.c_str());
}

void printText(const Options &options, const Model &model,
               const std::vector<Array> &inputs,
               const std::vector<DLTensor> &outputs, const Measured &m) {
  printf("model    %s\n", model.path.c_str());
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto given = options.inputs.find(model.inputs[i].name);
    printf("input    %s  %s %s  %s\n", model.inputs[i].name.c_str(),
           kDtypes[inputs[i].dtype].name, shapeText(inputs[i].shape).c_str(),
           given == options.inputs.end() ? "random" : given->second.c_str());
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    printf("output   %s  %s %s  %s\n", model.outputs[i].name.c_str(),
           kDtypes[model.outputs[i].dtype].name,
           shapeText(shapeOf(outputs[i])).c_str(),
           valuesText(model.outputs[i].dtype, outputs[i]).c_str());
  printf("start    load %s, first run %s, first answer after %s\n",
         milliseconds(m.load).c_str(), milliseconds(m.firstRun).c_str(),
         milliseconds(m.firstAnswer).c_str());
  if (!m.runs.empty())
    printf("latency  min %s, median %s, p90 %s, p99 %s  (%zu runs)\n",
           milliseconds(m.percentile(0)).c_str(),
           milliseconds(m.percentile(.5)).c_str(),
           milliseconds(m.percentile(.9)).c_str(),
           milliseconds(m.percentile(.99)).c_str(), m.runs.size());
  printf("memory   arena %s, peak %s at the first answer, %s at the end\n",
         mebibytes(m.arenaBytes).c_str(), mebibytes(m.peakFirstAnswer).c_str(),
         mebibytes(m.peakEnd).c_str());
  if (m.energy.wanted)
    printEnergy(m.energy, double(m.runs.size()));
  if (options.profile)
    m.profile.print();
}

//===----------------------------------------------------------------------===//
// For programs
//===----------------------------------------------------------------------===//

static std::string tensorJson(const std::string &name, int32_t dtype,
                              const std::vector<int64_t> &shape) {
  return text("{\"name\": %s, \"dtype\": \"%s\", \"shape\": %s}",
              jsonString(name).c_str(), kDtypes[dtype].name,
              shapeText(shape).c_str());
}

static std::string bytesJson(int64_t bytes) {
  return bytes < 0 ? "null" : std::to_string(bytes);
}

static std::string numberJson(double value) {
  return std::isfinite(value) ? text("%.9g", value) : "null";
}

static std::string domainJson(const EnergyDomain &domain, double runs) {
  return text(
      "{\"name\": %s, \"meter\": \"%s\", \"source\": %s, \"kind\": \"%s\", "
      "\"origin\": \"%s\", \"counted\": %s, \"joules_per_run\": %s, "
      "\"watts\": %s, \"idle_watts\": %s, \"window_s\": %s, "
      "\"shortest_window_s\": %s, \"too_short\": %s, \"resolution_j\": %s, "
      "\"error\": %s}",
      jsonString(domain.name).c_str(), domain.meter.c_str(),
      jsonString(domain.source).c_str(), domain.kind.c_str(),
      domain.origin.c_str(), domain.counted ? "true" : "false",
      numberJson(domain.joules / runs).c_str(),
      numberJson(domain.joules / domain.seconds).c_str(),
      numberJson(domain.idleWatts).c_str(), numberJson(domain.seconds).c_str(),
      numberJson(domain.shortestWindow).c_str(),
      domain.tooShort ? "true" : "false", numberJson(domain.resolution).c_str(),
      domain.error.empty() ? "null" : jsonString(domain.error).c_str());
}

static std::string energyJson(const EnergyResult &energy, double runs) {
  std::string domains, attempts, measured = "null", predicted = "null";
  for (const EnergyDomain &domain : energy.domains)
    domains +=
        (domains.empty() ? "\n   " : ",\n   ") + domainJson(domain, runs);
  for (const EnergyAttempt &attempt : energy.attempts)
    attempts += text("%s{\"meter\": \"%s\", \"used\": %s, \"message\": %s}",
                     attempts.empty() ? "\n   " : ",\n   ",
                     attempt.meter.c_str(), attempt.used ? "true" : "false",
                     jsonString(attempt.message).c_str());
  if (energy.measured)
    measured =
        text("{\"joules_per_run\": %.9g, \"joules_per_run_above_idle\": %.9g, "
             "\"origin\": \"%s\", \"window_s\": %.9g, \"idle_watts\": %.9g, "
             "\"idle_window_s\": %.9g}",
             energy.joules / runs, energy.joulesAboveIdle() / runs,
             energy.origin.c_str(), energy.seconds, energy.idleWatts,
             energy.idleSeconds);
  if (energy.predicted >= 0)
    predicted =
        text("{\"joules_per_run\": %.9g, \"origin\": %s}", energy.predicted,
             jsonString(energy.predictedOrigin).c_str());
  return text("{\"measured\": %s, \"problem\": %s,\n  \"predicted\": %s,\n  "
              "\"domains\": [%s],\n  \"tried\": [%s]}",
              measured.c_str(),
              energy.problem.empty() ? "null"
                                     : jsonString(energy.problem).c_str(),
              predicted.c_str(), domains.c_str(), attempts.c_str());
}

void printJson(const Options &options, const Model &model,
               const std::vector<Array> &inputs,
               const std::vector<DLTensor> &outputs, const Measured &m) {
  std::string in, out;
  for (size_t i = 0; i < inputs.size(); ++i)
    in += (i ? ", " : "") +
          tensorJson(model.inputs[i].name, inputs[i].dtype, inputs[i].shape);
  for (size_t i = 0; i < outputs.size(); ++i)
    out += (i ? ", " : "") + tensorJson(model.outputs[i].name,
                                        model.outputs[i].dtype,
                                        shapeOf(outputs[i]));
  double sum = 0;
  for (double run : m.runs)
    sum += run;
  std::string threads =
      options.threads ? std::to_string(options.threads) : "null";
  printf(
      "{\"schema\": \"rac-run/1\", \"model\": %s, \"prefix\": %s, \"threads\": "
      "%s,\n"
      " \"inputs\": [%s],\n \"outputs\": [%s],\n"
      " \"load_s\": %.9f, \"first_run_s\": %.9f, \"first_answer_s\": %.9f,\n",
      jsonString(model.path).c_str(), jsonString(model.prefix).c_str(),
      threads.c_str(), in.c_str(), out.c_str(), m.load, m.firstRun,
      m.firstAnswer);
  printf(" \"runs\": %zu, \"latency_s\": ", m.runs.size());
  if (m.runs.empty())
    printf("null,\n");
  else
    printf("{\"min\": %.9f, \"median\": %.9f, \"p90\": %.9f, \"p99\": %.9f, "
           "\"max\": %.9f, "
           "\"mean\": %.9f},\n",
           m.percentile(0), m.percentile(.5), m.percentile(.9),
           m.percentile(.99), m.percentile(1), sum / double(m.runs.size()));
  printf(" \"arena_bytes\": %s, \"peak_bytes\": {\"first_answer\": %s, "
         "\"end\": %s},\n",
         bytesJson(m.arenaBytes).c_str(), bytesJson(m.peakFirstAnswer).c_str(),
         bytesJson(m.peakEnd).c_str());
  printf(" \"energy\": %s,\n \"profile\": %s}\n",
         m.energy.wanted ? energyJson(m.energy, double(m.runs.size())).c_str()
                         : "null",
         options.profile ? m.profile.json().c_str() : "null");
}
