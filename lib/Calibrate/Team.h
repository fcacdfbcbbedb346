//===- Team.h - The same on several cores at once ---------------*- C++ -*-===//

#ifndef RAC_LIB_CALIBRATE_TEAM_H
#define RAC_LIB_CALIBRATE_TEAM_H

#include "llvm/ADT/STLFunctionalExtras.h"

namespace rac {

/// Calls work(i) for i < members, each on a thread of its own, all starting at
/// once, when all have returned from prepare(i). The seconds from the first
/// one's start of work to the last one's end. With one member it is called
/// here.
double runTeam(
    int members, llvm::function_ref<void(int)> work,
    llvm::function_ref<void(int)> prepare = [](int) {});

} // namespace rac

#endif // RAC_LIB_CALIBRATE_TEAM_H
