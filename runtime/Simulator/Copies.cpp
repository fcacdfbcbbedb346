//===- Copies.cpp - Asynchronous copies, and a thread's end ---------------===//
//
// A copy may be done at any time between its issue and its wait. What reads too
// early sees it where copies are late, as they are by default; what overwrites
// memory that others still read, where RAC_SIMULATOR_COPIES=early.
//
//===----------------------------------------------------------------------===//

#include "Block.h"

#include <cstring>

using namespace rac::simulator;

static Range targetOf(const Copy &copy) {
  return {copy.target, copy.target + copy.bytes};
}

static void perform(Thread &thread, const Copy &copy) {
  memcpy(copy.target, copy.source, copy.from);
  memset(copy.target + copy.from, 0, copy.bytes - copy.from);
  thread.owner->noteWrite(thread, targetOf(copy));
}

static bool isAligned(const void *address, int32_t bytes) {
  return reinterpret_cast<uintptr_t>(address) % bytes == 0;
}

void rac_sim_copy(RacSimThread *handle, void *target, const void *source,
                  int32_t bytes, int64_t from) {
  Thread &thread = threadOf(handle);
  if (bytes != 4 && bytes != 8 && bytes != 16)
    thread.owner->fail(thread, "an asynchronous copy of " +
                                   std::to_string(bytes) + " bytes");
  if (from < 0 || from > bytes)
    thread.owner->fail(thread, "an asynchronous copy of " +
                                   std::to_string(bytes) + " bytes from " +
                                   std::to_string(from));
  if (!isAligned(target, bytes) || (from && !isAligned(source, bytes)))
    thread.owner->fail(thread, "an asynchronous copy that is not aligned");
  Copy copy = {static_cast<char *>(target), static_cast<const char *>(source),
               bytes, int32_t(from), thread.group};
  thread.owner->checkWrite(thread, targetOf(copy));
  if (thread.owner->settings().earlyCopies)
    perform(thread, copy);
  else
    thread.copies.push_back(copy);
}

void rac_sim_commit_copies(RacSimThread *thread) { ++threadOf(thread).group; }

void rac_sim_wait_copies(RacSimThread *handle, int32_t groups) {
  Thread &thread = threadOf(handle);
  while (thread.copiesDone < thread.copies.size() &&
         thread.copies[thread.copiesDone].group < thread.group - groups)
    perform(thread, thread.copies[thread.copiesDone++]);
  // In a pipeline some are always under way: this keeps the list short.
  if (thread.copiesDone >= thread.copies.size() / 2) {
    thread.copies.erase(thread.copies.begin(),
                        thread.copies.begin() + thread.copiesDone);
    thread.copiesDone = 0;
  }
}

void rac_sim_fence_proxy(RacSimThread *thread) { ++threadOf(thread).fences; }

void rac_sim_exit(RacSimThread *thread) { threadOf(thread).exits = true; }

void rac_sim_fail(RacSimThread *thread, const char *message) {
  threadOf(thread).owner->fail(threadOf(thread), message);
}
