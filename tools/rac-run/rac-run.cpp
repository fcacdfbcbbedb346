//===- rac-run.cpp - Runs a compiled model --------------------------------===//

#include "Inputs.h"
#include "Npy.h"
#include "Report.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sys/stat.h>

/// Bytes of memory that this process has had at most; -1 if the system doesn't
/// tell.
static int64_t peakMemory() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("VmHWM:", 0) == 0)
      return std::stoll(line.substr(6)) * 1024;
  return -1;
}

static void writeOutputs(const Model &model,
                         const std::vector<DLTensor> &outputs,
                         const std::string &folder) {
  for (size_t i = 1; i <= folder.size(); ++i)
    if (i == folder.size() || folder[i] == '/')
      mkdir(folder.substr(0, i).c_str(), 0777); // may be there already
  for (size_t i = 0; i < outputs.size(); ++i) {
    const DLTensor &tensor = outputs[i];
    std::string name = model.outputs[i].name;
    for (char &c : name)
      if (c == '/' || c == '\\')
        c = '_';
    writeNpy(folder + "/" + name + ".npy", model.outputs[i].dtype,
             {tensor.shape, tensor.shape + tensor.ndim}, tensor.data);
  }
}

int main(int argc, char **argv) {
  Clock::time_point start = Clock::now();
  Options options = parseOptions(argc, argv);
  Measured measured;
  Model model;
  model.load(options.model);
  if (options.describe) {
    puts(model.described.c_str());
    return 0;
  }
  RacOptions wanted = {};
  wanted.threads = options.threads;
  wanted.spin_us = options.spin;
  wanted.device = options.device;
  wanted.graphs = options.graphs ? 0 : RAC_GRAPHS_NONE;
  wanted.overlap = options.overlap ? 0 : RAC_OVERLAP_NONE;
  model.create(wanted);
  measured.load = seconds(Clock::now() - start);

  std::vector<Array> inputs = makeInputs(model, options);
  std::vector<DLTensor> in, out(model.outputs.size());
  for (Array &array : inputs)
    in.push_back(tensorOf(array));
  std::vector<const DLTensor *> inPointers;
  std::vector<DLTensor *> outPointers;
  for (DLTensor &tensor : in)
    inPointers.push_back(&tensor);
  for (DLTensor &tensor : out)
    outPointers.push_back(&tensor);

  auto run = [&] {
    Clock::time_point before = Clock::now();
    model.run(inPointers.data(), outPointers.data());
    return seconds(Clock::now() - before);
  };
  measured.firstRun = run();
  measured.firstAnswer = seconds(Clock::now() - start);
  measured.peakFirstAnswer = peakMemory();
  for (int i = 1; i < options.warmup; ++i)
    run();

  if (options.profile)
    measured.profile.start(model);

  EnergyMeter meter;
  meter.open(options, model);
  meter.measureIdle();
  measured.runs.reserve(options.repeat);
  meter.start();
  Clock::time_point before = Clock::now();
  while (measured.runs.size() < size_t(options.repeat) ||
         (meter.active() && seconds(Clock::now() - before) < meter.window())) {
    measured.runs.push_back(run());
    if (options.profile)
      measured.profile.addRun(model);
  }
  meter.stop();
  measured.energy = meter.result;
  measured.arenaBytes = model.arenaSize(inPointers.data());
  measured.peakEnd = peakMemory();

  if (!options.output.empty())
    writeOutputs(model, out, options.output);
  (options.json ? printJson : printText)(options, model, inputs, out, measured);
  model.destroy();
  if (options.energy == EnergyWanted::Required && !measured.energy.measured)
    die("--energy=require: %s", measured.energy.problem.c_str());
  return 0;
}
