//===- Replay.cpp - Runs that repeat an earlier one -----------------------===//

#include "Replay.h"

#include <cstring>

namespace rac::runtime::cuda {

namespace {

/// A kind of run.
struct Replay {
  enum { New, Noted, Recorded, Never } kind;
  uint64_t lastUse; // 0: never
  Executable executable;
  int64_t *key;     // sizes of symbols, addresses of inputs and outputs
  void **addresses; // of outputs
  int64_t *shapes;  // of outputs, one after the other
};

constexpr int kReplays = 8;

} // namespace

struct ReplayCache {
  uint64_t blockSize;
  uint64_t clock;
  Stream stream; // where runs are recorded
  int64_t keySize;
  Replay *current; // the kind of the current run
  int64_t *key;    // room for the current run's key
  Replay replays[kReplays];
};

ReplayCache *createReplays(RacContext *context) {
  const RacModelInfo *info = context->info;
  int64_t keySize = info->num_symbols + info->num_inputs + info->num_outputs;
  int64_t ranks = 0;
  for (int32_t i = 0; i < info->num_outputs; ++i)
    ranks += info->outputs[i].rank;
  int64_t words = keySize + kReplays * (keySize + ranks + info->num_outputs);
  static_assert(sizeof(void *) == sizeof(int64_t));
  uint64_t size = sizeof(ReplayCache) + words * sizeof(int64_t);
  auto *cache = static_cast<ReplayCache *>(allocateZeroed(size));
  if (!cache)
    return nullptr;
  cache->blockSize = size;
  cache->keySize = keySize;
  auto *at = reinterpret_cast<int64_t *>(cache + 1);
  cache->key = at;
  at += keySize;
  for (Replay &replay : cache->replays) {
    replay.key = at;
    replay.shapes = at + keySize;
    replay.addresses = reinterpret_cast<void **>(replay.shapes + ranks);
    at += keySize + ranks + info->num_outputs;
  }
  if (driver.streamCreate(&cache->stream, kStreamNonBlocking)) {
    runtime::release(cache, size);
    return nullptr;
  }
  return cache;
}

/// Nothing may be running it.
static void forget(Replay &replay) {
  if (replay.kind != Replay::Recorded)
    return;
  driver.executableDestroy(replay.executable);
  replay.executable = nullptr;
  replay.kind = Replay::Noted;
}

void forgetReplays(State &state) {
  if (!state.replays)
    return;
  driver.streamSynchronize(state.stream);
  for (Replay &replay : state.replays->replays)
    forget(replay);
}

void destroyReplays(State &state) {
  if (!state.replays)
    return;
  forgetReplays(state);
  driver.streamDestroy(state.replays->stream);
  runtime::release(state.replays, state.replays->blockSize);
  state.replays = nullptr;
}

/// What the kind of the current run is, which may be a new one.
static Replay &find(RacContext *context) {
  State &state = stateOf(context);
  ReplayCache &cache = *state.replays;
  const RacModelInfo *info = context->info;
  int64_t *key = cache.key;
  for (int32_t i = 0; i < info->num_symbols; ++i)
    *key++ = context->symbols[i];
  for (int32_t i = 0; i < info->num_inputs; ++i)
    *key++ = int64_t(state.inputs[i].address);
  // What is lent, or copied from the context's own memory, is where it is
  // by what the inputs are.
  for (int32_t i = 0; i < info->num_outputs; ++i) {
    const DLTensor &given = *context->givenOutputs[i];
    bool direct = !context->outputs[i].lent && isDirect(given);
    *key++ = direct ? int64_t(addressOf(dataOf(&given))) : 0;
  }
  Replay *oldest = cache.replays;
  for (Replay &replay : cache.replays) {
    if (replay.lastUse &&
        memcmp(replay.key, cache.key, cache.keySize * sizeof(int64_t)) == 0) {
      replay.lastUse = ++cache.clock;
      return replay;
    }
    if (replay.lastUse < oldest->lastUse)
      oldest = &replay;
  }
  if (oldest->kind == Replay::Recorded) {
    driver.streamSynchronize(state.stream);
    forget(*oldest);
  }
  oldest->kind = Replay::New;
  oldest->lastUse = ++cache.clock;
  memcpy(oldest->key, cache.key, cache.keySize * sizeof(int64_t));
  return *oldest;
}

static void callMain(RacContext *context) {
  State &state = stateOf(context);
  startMain(context);
  state.temporary.clear();
  state.reads = false;
  context->info->main(context);
}

/// Notes what main said of the outputs. False: not of all of them.
static bool noteOutputs(const RacContext *context, Replay &replay) {
  int64_t *shape = replay.shapes;
  for (int32_t i = 0; i < context->info->num_outputs; ++i) {
    const Output &output = context->outputs[i];
    if (!output.data)
      return false;
    replay.addresses[i] = output.data;
    int32_t rank = context->info->outputs[i].rank;
    if (rank > 0)
      memcpy(shape, output.shape, rank * sizeof(int64_t));
    shape += rank;
  }
  return true;
}

/// Records what main launches. Whatever goes wrong: such runs are not recorded,
/// and if it is the model's fault, the run that follows fails, too.
static void record(RacContext *context, Replay &replay) {
  State &state = stateOf(context);
  replay.kind = Replay::Never;
  // Growing it later would make all that was recorded void.
  if (context->arenaWanted > int64_t(context->arena.capacity) &&
      !attempt(context, context->accelerator->reserveArena))
    return;
  Stream stream = state.replays->stream;
  if (driver.beginCapture(stream, kCaptureRelaxed))
    return;
  state.capturing = stream;
  bool done = attempt(context, callMain);
  state.capturing = nullptr;
  Graph graph = nullptr;
  done = !driver.endCapture(stream, &graph) && done && !state.reads &&
         noteOutputs(context, replay);
  done = done && !driver.graphInstantiate(&replay.executable, graph, 0);
  if (graph)
    driver.graphDestroy(graph);
  if (done)
    replay.kind = Replay::Recorded;
}

/// Does what main does about outputs.
static void restoreOutputs(RacContext *context) {
  startMain(context);
  const int64_t *shape = stateOf(context).replays->current->shapes;
  for (int32_t i = 0; i < context->info->num_outputs; ++i) {
    int32_t rank = context->info->outputs[i].rank;
    rac_output(context, i, rank, shape);
    shape += rank;
  }
}

static bool sameOutputs(const RacContext *context, const Replay &replay) {
  for (int32_t i = 0; i < context->info->num_outputs; ++i)
    if (context->outputs[i].data != replay.addresses[i])
      return false;
  return true;
}

static void launchRecorded(RacContext *context) {
  State &state = stateOf(context);
  check(context, "repeating an earlier run",
        driver.graphLaunch(state.replays->current->executable, state.stream));
}

bool compute(RacContext *context) {
  State &state = stateOf(context);
  if (!state.replays)
    return attempt(context, callMain);
  Replay &replay = find(context);
  state.replays->current = &replay;
  if (replay.kind == Replay::Noted)
    record(context, replay);
  if (replay.kind == Replay::Recorded) {
    if (!attempt(context, restoreOutputs))
      return false;
    // Where an output's memory had to grow, what was recorded is forgotten.
    if (replay.kind == Replay::Recorded && sameOutputs(context, replay))
      return attempt(context, launchRecorded);
  }
  if (!attempt(context, callMain))
    return false;
  if (replay.kind == Replay::New)
    replay.kind = state.reads ? Replay::Never : Replay::Noted;
  return true;
}

} // namespace rac::runtime::cuda
