//===- Replay.h - Runs that repeat an earlier one ---------------*- C++ -*-===//
//
// Host code that doesn't read the device's memory launches the same kernels
// with the same parameters whenever shapes and addresses are the same. So the
// first run of a kind is only noted; in the second, main runs once more to
// record its launches as a CUDA graph; from then on the graph is launched.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_RUNTIME_CUDA_REPLAY_H
#define RAC_RUNTIME_CUDA_REPLAY_H

#include "State.h"

namespace rac::runtime::cuda {

/// Null: no memory, or no stream to record in.
ReplayCache *createReplays(RacContext *context);
void destroyReplays(State &state);

/// What was recorded uses memory that is about to go away.
void forgetReplays(State &state);

/// Does what main does, for inputs that are in place. False: it failed.
bool compute(RacContext *context);

} // namespace rac::runtime::cuda

#endif // RAC_RUNTIME_CUDA_REPLAY_H
