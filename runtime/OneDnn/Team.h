//===- Team.h - oneDNN's loops in our pool ----------------------*- C++ -*-===//
//
// oneDNN is built to run its loops by GNU's OpenMP, whose threads wait as the
// environment of the process says, not as we do. So models have a copy of it
// that calls librac_team.so instead (CMakeLists.txt makes it): the ten
// functions of OpenMP that oneDNN takes, on a model's own threads.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_RUNTIME_ONEDNN_TEAM_H
#define RAC_RUNTIME_ONEDNN_TEAM_H

#include "../ThreadPool.h"

/// Whose threads oneDNN's loops have that start on the calling thread, and how
/// many at most.
struct RacTeam {
  int limit;
  rac::runtime::ThreadPool *pool;
  // Its functions: each model has its own.
  decltype(&rac::runtime::beginLoop) begin;
  decltype(&rac::runtime::endLoop) end;
};

/// From now on, and until it is said anew; before, loops have one thread. Of
/// librac_team.so.
extern "C" void rac_team_set(const RacTeam *team);

namespace rac::onednn {

/// Before oneDNN makes or runs a primitive: its loops have so many threads of
/// the pool. Without a pool it makes them for so many, but can't run them.
inline void useTeam(runtime::ThreadPool *pool, int threads) {
  RacTeam team = {threads, pool, runtime::beginLoop, runtime::endLoop};
  rac_team_set(&team);
}

} // namespace rac::onednn

#endif // RAC_RUNTIME_ONEDNN_TEAM_H
