//===- Energy.h - Measuring the energy of runs ------------------*- C++ -*-===//

#ifndef RAC_TOOLS_RACRUN_ENERGY_H
#define RAC_TOOLS_RACRUN_ENERGY_H

#include "Model.h"
#include "Options.h"
#include "rac-c/Energy.h"

/// A domain's reading over the runs, with what it took while idle.
struct EnergyDomain {
  std::string name, meter, source, kind, origin;
  double joules, seconds; // of the runs
  double idleWatts;
  double resolution, shortestWindow;
  bool tooShort;
  bool counted;      // part of the sum
  std::string error; // "": none
};

struct EnergyAttempt {
  std::string meter, message;
  bool used;
};

/// What --energy found out; of all runs together, s and J.
struct EnergyResult {
  bool wanted = false;
  bool measured = false; // else `problem` says why not
  std::string problem;
  std::string origin; // of the sum: "counter", or "integrated-power" if any is
  double joules = 0, seconds = 0, idleWatts = 0, idleSeconds = 0;
  std::vector<EnergyDomain> domains;
  std::vector<EnergyAttempt> attempts;
  // What the compiler predicted, J a run; negative: it said nothing.
  double predicted = -1;
  std::string predictedOrigin; // "modelled" or "tdp"

  double joulesAboveIdle() const { return joules - idleWatts * seconds; }
};

/// Measures idle, then runs, on all of the machine's meters.
class EnergyMeter {
public:
  ~EnergyMeter() { rac_energy_close(energy); }
  /// Looks for meters, if the options ask for it. With --energy=require it dies
  /// if there are none.
  void open(const Options &options, const Model &model);
  /// Is there something to measure with?
  bool active() const { return result.wanted && result.problem.empty(); }
  void measureIdle();
  void start();
  /// The runs between start and stop must take at least so long, s.
  double window() const { return shortest; }
  void stop();

  EnergyResult result;

private:
  bool counted(int32_t kind) const;
  bool finish();

  RacEnergy *energy = nullptr;
  bool onAccelerator = false;
  double shortest = 0;
};

/// Each meter that was looked for, a line each, and why it isn't used.
std::string triedMeters(const EnergyResult &result);

#endif // RAC_TOOLS_RACRUN_ENERGY_H
