//===- Options.h - rac-run's command line -----------------------*- C++ -*-===//

#ifndef RAC_TOOLS_RACRUN_OPTIONS_H
#define RAC_TOOLS_RACRUN_OPTIONS_H

#include "Support.h"

#include <map>

struct Options {
  std::string model, output;
  std::map<std::string, std::string> inputs; // NAME -> FILE.npy, random …
  std::map<std::string, std::vector<int64_t>>
      shapes; // of inputs, or of one symbol
  int threads = 0, repeat = 20, warmup = 3;
  unsigned seed = 1;
  bool energy = false, json = false;
};

/// Dies with a message, or ends after --help.
Options parseOptions(int argc, char **argv);

#endif // RAC_TOOLS_RACRUN_OPTIONS_H
