//===- Profile.cpp - How long each group of a run takes -------------------===//

#include "Context.h"

#include <ctime>

using namespace rac::runtime;

static int64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

/// The time until now goes to the group that it was; from now on it is
/// `group`'s.
static void switchTo(RacContext *context, int32_t group) {
  int64_t time = now();
  context->times[context->timedGroup].nanoseconds += time - context->timedSince;
  context->timedGroup = group;
  context->timedSince = time;
}

extern "C" void rac_profile(RacContext *context, int32_t group) {
  int32_t rest = context->info->num_times - 1;
  int32_t next = group < 0 ? rest : group;
  if (context->accelerator)
    context->accelerator->profile(context, next);
  else
    switchTo(context, next);
  if (group >= 0)
    ++context->times[group].calls;
}

void rac::runtime::startProfile(RacContext *context) {
  int32_t rest = context->info->num_times - 1;
  if (rest < 0)
    return;
  context->timedGroup = rest;
  context->timedSince = now();
  ++context->times[rest].calls;
}

void rac::runtime::stopProfile(RacContext *context) {
  int32_t rest = context->info->num_times - 1;
  if (rest >= 0)
    switchTo(context, rest);
}
