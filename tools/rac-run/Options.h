//===- Options.h - rac-run's command line -----------------------*- C++ -*-===//

#ifndef RAC_TOOLS_RACRUN_OPTIONS_H
#define RAC_TOOLS_RACRUN_OPTIONS_H

#include "Support.h"

#include <map>

enum class EnergyWanted { No, IfPossible, Required };

struct Options {
  std::string model, output;
  std::map<std::string, std::string> inputs; // NAME -> FILE.npy, random …
  std::map<std::string, std::vector<int64_t>>
      shapes; // of inputs, or of one symbol
  int threads = 0, spin = 0, device = 0, repeat = 20, warmup = 3;
  unsigned seed = 1;
  EnergyWanted energy = EnergyWanted::No;
  std::string energyRoot, energyNvml; // in place of the machine's, for tests
  double energyWindow = 0;            // s
  bool graphs = true, overlap = true, profile = false, json = false,
       describe = false;
};

/// Dies with a message, or ends after --help.
Options parseOptions(int argc, char **argv);

#endif // RAC_TOOLS_RACRUN_OPTIONS_H
