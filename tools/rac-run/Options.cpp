//===- Options.cpp - rac-run's command line -------------------------------===//

#include "Options.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>

static const char kHelp[] =
    R"(Example:  rac-run resnet50.so --input image=photo.npy --output answers/ --repeat 50

Runs a model that rac-compile made: prints what it takes and gives, how long it takes and
how much memory. Without --input, inputs are random.

  rac-run MODEL.so [options]

  --input NAME=FILE.npy   read this input from a file; its shape is the file's
  --input NAME=random     uniform in [0, 1); integers and booleans: 0 or 1 (the default)
  --input NAME=VALUE      fill it with a number, as in  --input sr=16000
  --shape NAME=1x64       shape of an input that is not read from a file
  --shape SYMBOL=64       size of a symbolic dimension; those not given are 1
  --output DIR            write each output to DIR/<name>.npy
  --threads N             at most N threads (default: as compiled)
  --spin MICROSECONDS     how long threads look for another run before they sleep; 0: not at all
                          (default: as compiled; docs/ThreadPool.md)
  --device N              of models for GPUs: which one, as the driver counts (default 0)
  --no-graphs             of models for GPUs: no run is replayed (docs/Gpu.md)
  --no-overlap            of models for GPUs: no kernel is launched before the last one has ended
  --repeat N              timed runs (default 20; 0: only the first run)
  --warmup N              runs before those, the first included (default 3)
  --seed N                of the random inputs (default 1)
  --profile               the time of each group, measured and predicted; of models compiled with
                          rac-compile --profile (docs/Profiling.md)
  --energy                measure the energy of the timed runs, where there is a meter: first of
                          1 s of idling, then of runs until the meter's shortest honest window is
                          reached, --repeat at least (docs/Energy.md)
  --energy=require        the same, but fail where there is none
  --energy-window SECONDS watch idling and runs for at least so long
  --energy-root DIR       for tests: a simulated tree in place of /sys
  --energy-nvml FILE      for tests: a library in place of libnvidia-ml.so.1
  --describe              print what the model says of itself, as JSON, and run nothing
  --json                  print one JSON object (schema rac-run/1; s, J, bytes)
  --help                  this text

Exit status: 0, or 1 with a message on standard error.
)";

static long numberOf(const char *option, const std::string &value, long least) {
  char *end = nullptr;
  errno = 0;
  long number = strtol(value.c_str(), &end, 10);
  if (value.empty() || *end || errno || number < least || number > INT_MAX)
    die("%s: '%s' is not a number of at least %ld", option, value.c_str(),
        least);
  return number;
}

static double secondsOf(const char *option, const std::string &value) {
  constexpr double kMost = 86400;
  char *end = nullptr;
  double seconds = strtod(value.c_str(), &end);
  if (value.empty() || *end || !(seconds >= 0 && seconds <= kMost))
    die("%s: '%s' is not a number of seconds, at most a day's", option,
        value.c_str());
  return seconds;
}

/// NAME=VALUE
static std::pair<std::string, std::string> pairOf(const char *option,
                                                  const std::string &value) {
  size_t equals = value.rfind('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == value.size())
    die("%s: '%s' is not NAME=VALUE", option, value.c_str());
  return {value.substr(0, equals), value.substr(equals + 1)};
}

static std::vector<int64_t> sizesOf(const std::string &value) {
  std::vector<int64_t> sizes;
  for (size_t from = 0; from <= value.size();) {
    size_t to = value.find('x', from);
    if (to == std::string::npos)
      to = value.size();
    sizes.push_back(numberOf("--shape", value.substr(from, to - from), 0));
    from = to + 1;
  }
  return sizes;
}

Options parseOptions(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      fputs(kHelp, stdout);
      exit(0);
    }
    if (argument == "--json" || argument == "--describe") {
      (argument == "--json" ? options.json : options.describe) = true;
      continue;
    }
    if (argument == "--no-graphs") {
      options.graphs = false;
      continue;
    }
    if (argument == "--no-overlap") {
      options.overlap = false;
      continue;
    }
    if (argument == "--profile") {
      options.profile = true;
      continue;
    }
    if (argument == "--energy" || argument.rfind("--energy=", 0) == 0) {
      if (argument != "--energy" && argument != "--energy=require")
        die("%s: there is --energy and --energy=require", argument.c_str());
      options.energy = argument == "--energy" ? EnergyWanted::IfPossible
                                              : EnergyWanted::Required;
      continue;
    }
    if (argument.rfind("--", 0) != 0) {
      if (!options.model.empty())
        die("'%s': one model is enough (--help shows the options)",
            argument.c_str());
      options.model = argument;
      continue;
    }
    // --name=value, or --name value
    std::string name = argument, value;
    size_t equals = argument.find('=');
    if (equals != std::string::npos) {
      name = argument.substr(0, equals);
      value = argument.substr(equals + 1);
    }
    bool known = false;
    for (const char *option :
         {"--input", "--shape", "--output", "--threads", "--spin", "--device",
          "--repeat", "--warmup", "--seed", "--energy-window", "--energy-root",
          "--energy-nvml"})
      known = known || name == option;
    if (!known)
      die("there is no option %s (--help shows them)", name.c_str());
    if (equals == std::string::npos) {
      if (++i == argc)
        die("%s: its value is missing", name.c_str());
      value = argv[i];
    }
    if (name == "--input") {
      options.inputs.insert(pairOf("--input", value));
    } else if (name == "--shape") {
      auto pair = pairOf("--shape", value);
      options.shapes[pair.first] = sizesOf(pair.second);
    } else if (name == "--output") {
      options.output = value;
    } else if (name == "--threads") {
      options.threads = int(numberOf("--threads", value, 1));
    } else if (name == "--spin") {
      long spin = numberOf("--spin", value, 0);
      options.spin = spin ? int(spin) : RAC_SPIN_NONE;
    } else if (name == "--device") {
      options.device = int(numberOf("--device", value, 0));
    } else if (name == "--repeat") {
      options.repeat = int(numberOf("--repeat", value, 0));
    } else if (name == "--energy-window") {
      options.energyWindow = secondsOf("--energy-window", value);
    } else if (name == "--energy-root") {
      options.energyRoot = value;
    } else if (name == "--energy-nvml") {
      options.energyNvml = value;
    } else if (name == "--warmup") {
      options.warmup = int(numberOf("--warmup", value, 0));
    } else {
      options.seed = unsigned(numberOf("--seed", value, 0));
    }
  }
  bool energy = options.energy != EnergyWanted::No;
  if (!energy && (options.energyWindow > 0 || !options.energyRoot.empty() ||
                  !options.energyNvml.empty()))
    die("--energy-window, --energy-root and --energy-nvml are of use with "
        "--energy only");
  if (energy && options.repeat == 0)
    die("--energy: with --repeat 0 there are no runs to measure");
  if (options.profile && options.repeat == 0)
    die("--profile: with --repeat 0 there are no runs to time");
  if (options.model.empty())
    die("no model given, as in  rac-run model.so  (--help shows more)");
  return options;
}
