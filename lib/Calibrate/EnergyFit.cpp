//===- EnergyFit.cpp - Power and energies from a meter's readings ---------===//

#include "EnergyFit.h"
#include "llvm/ADT/STLExtras.h"

using namespace rac;

EnergyFit rac::fitEnergy(llvm::ArrayRef<EnergyWindow> windows) {
  std::vector<Observation> observations;
  for (const EnergyWindow &window : windows) {
    Observation observation;
    observation.measured = window.joules;
    observation.amounts = {window.seconds, window.coreSeconds};
    llvm::append_range(observation.amounts, window.ops);
    llvm::append_range(observation.amounts, window.bytes);
    observations.push_back(std::move(observation));
  }
  LinearFit fit = fitTerms(observations);
  llvm::ArrayRef terms = fit.terms;
  size_t numOps = windows.front().ops.size();
  EnergyFit result;
  result.idleWatts = terms[0];
  result.coreWatts = terms[1];
  result.joulesPerOp = terms.slice(2, numOps).vec();
  result.joulesPerByte = terms.drop_front(2 + numOps).vec();
  result.quality = fit.quality;
  return result;
}

std::vector<EnergyWindow> rac::measureWindows(llvm::ArrayRef<EnergyWork> works,
                                              const EnergyMeter &meter,
                                              double seconds, int rounds,
                                              std::string &problem) {
  std::vector<EnergyWindow> windows;
  for (int round = 0; round < rounds; ++round)
    for (const EnergyWork &work : works) {
      EnergyWindow window;
      meter.start();
      work.run(seconds, window);
      if (!meter.stop(window.joules, window.seconds, problem))
        return {};
      if (!(window.joules > 0)) {
        problem = "the meter counted nothing while " + work.name;
        return {};
      }
      windows.push_back(std::move(window));
    }
  return windows;
}
