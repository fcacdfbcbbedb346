//===- Parallel.cpp - Parallel loops of generated code --------------------===//

#include "Context.h"

using namespace rac::runtime;

namespace {
using Body = void (*)(RacContext *, void *, int64_t, int64_t);

struct Loop {
  RacContext *context;
  Body body;
  void *env;
  int64_t count, grain,
      units; // a unit is `grain` steps, the last may be shorter
  int parts;
};
} // namespace

/// Runs the body in the calling thread, which already counts as a worker, or is
/// alone.
static void runHere(RacContext *context, Body body, void *env, int64_t count) {
  Stack &scratch = (currentWorker ? currentWorker : context->workers)->scratch;
  Stack::Mark mark = scratch.mark();
  body(context, env, 0, count);
  scratch.pop(mark);
}

static void runPart(void *env, int index, int team) {
  const Loop &loop = *static_cast<Loop *>(env);
  Worker &worker = loop.context->workers[index];
  Stack::Mark mark = worker.scratch.mark();
  currentWorker = &worker;
  // A failure comes back here on whichever thread it happens, so that no loop
  // of the thread pool is left by a jump.
  if (!_setjmp(worker.failure)) {
    for (int64_t part = index; part < loop.parts; part += team) {
      if (loop.context->failed.load(std::memory_order_relaxed))
        break;
      int64_t low = loop.units * part / loop.parts * loop.grain;
      int64_t high = loop.units * (part + 1) / loop.parts * loop.grain;
      loop.body(loop.context, loop.env, low,
                high < loop.count ? high : loop.count);
      worker.scratch.pop(mark);
    }
  }
  currentWorker = nullptr;
  worker.scratch.pop(mark);
}

extern "C" void rac_parallel_for(RacContext *context, int64_t count,
                                 int64_t grain, int64_t threads, Body body,
                                 void *env) {
  if (count <= 0)
    return;
  if (grain < 1)
    grain = 1;
  int64_t units = (count - 1) / grain + 1, parts = context->threads;
  if (threads > 0 && threads < parts)
    parts = threads;
  if (units < parts)
    parts = units;
  if (parts == 1 || currentWorker)
    return runHere(context, body, env, count);
  Loop loop = {context, body, env, count, grain, units, int(parts)};
  ThreadPool *pool = poolOf(context);
  int team = parts < poolSize(pool) ? int(parts) : poolSize(pool);
  if (team > 1)
    beginLoop(pool, team, runPart, &loop);
  runPart(&loop, 0, team);
  if (team > 1)
    endLoop(pool);
  if (context->failed.load())
    _longjmp(context->failure, 1);
}
