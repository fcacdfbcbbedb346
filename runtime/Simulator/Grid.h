//===- Grid.h - The blocks of a launch --------------------------*- C++ -*-===//

#ifndef RAC_RUNTIME_SIMULATOR_GRID_H
#define RAC_RUNTIME_SIMULATOR_GRID_H

#include "Cluster.h"

namespace rac::simulator {

/// Runs all blocks, several at once where that is worth it. What went wrong;
/// empty: nothing.
std::string runGrid(const Launch &launch);

} // namespace rac::simulator

#endif // RAC_RUNTIME_SIMULATOR_GRID_H
