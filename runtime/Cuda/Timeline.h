//===- Timeline.h - How long each group takes on the device -----*- C++ -*-===//

#ifndef RAC_RUNTIME_CUDA_TIMELINE_H
#define RAC_RUNTIME_CUDA_TIMELINE_H

#include "State.h"

namespace rac::runtime::cuda {

/// Null: no memory.
Timeline *createTimeline();
void destroyTimeline(Timeline *timeline);

/// A run begins; the time is nobody's.
void startTimeline(RacContext *context);
/// From here on the stream's time is `group`'s.
void mark(RacContext *context, int32_t group);
/// The run's end; waits for it and adds up context->times.
void stopTimeline(RacContext *context);

} // namespace rac::runtime::cuda

#endif // RAC_RUNTIME_CUDA_TIMELINE_H
