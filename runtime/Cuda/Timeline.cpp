//===- Timeline.cpp - How long each group takes on the device -------------===//

#include "Timeline.h"

namespace rac::runtime::cuda {

/// So many marks are kept before the times between them are added up.
constexpr int kMarks = 1024;

struct Timeline {
  int count;
  struct {
    Event event; // created when it is first used
    int32_t group;
  } marks[kMarks];
};

Timeline *createTimeline() {
  return static_cast<Timeline *>(allocateZeroed(sizeof(Timeline)));
}

void destroyTimeline(Timeline *timeline) {
  if (!timeline)
    return;
  for (auto &mark : timeline->marks)
    if (mark.event)
      driver.eventDestroy(mark.event);
  runtime::release(timeline, sizeof(Timeline));
}

/// Waits, and adds up the times until the last mark, which becomes the first.
static void addUp(RacContext *context) {
  State &state = stateOf(context);
  Timeline &timeline = *state.timeline;
  constexpr char kWhat[] = "measuring the time of groups";
  check(context, kWhat, driver.streamSynchronize(state.stream));
  for (int i = 0; i + 1 < timeline.count; ++i) {
    float milliseconds = 0;
    check(context, kWhat,
          driver.eventElapsedTime(&milliseconds, timeline.marks[i].event,
                                  timeline.marks[i + 1].event));
    context->times[timeline.marks[i].group].nanoseconds +=
        int64_t(double(milliseconds) * 1e6);
  }
  auto last = timeline.marks[timeline.count - 1];
  timeline.marks[timeline.count - 1] = timeline.marks[0];
  timeline.marks[0] = last;
  timeline.count = 1;
}

void mark(RacContext *context, int32_t group) {
  State &state = stateOf(context);
  Timeline &timeline = *state.timeline;
  if (timeline.count == kMarks)
    addUp(context);
  auto &mark = timeline.marks[timeline.count];
  Result result = {};
  if (!mark.event)
    result = driver.eventCreate(&mark.event, /*flags=*/0);
  if (!result)
    result = driver.eventRecord(mark.event, state.stream);
  check(context, "measuring the time of groups", result);
  mark.group = group;
  ++timeline.count;
}

void startTimeline(RacContext *context) {
  int32_t rest = context->info->num_times - 1;
  stateOf(context).timeline->count = 0;
  ++context->times[rest].calls;
  mark(context, rest);
}

void stopTimeline(RacContext *context) {
  mark(context, context->info->num_times - 1);
  addUp(context);
}

} // namespace rac::runtime::cuda
