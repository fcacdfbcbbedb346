//===- State.h - What a context has on its device ---------------*- C++ -*-===//

#ifndef RAC_RUNTIME_CUDA_STATE_H
#define RAC_RUNTIME_CUDA_STATE_H

#include "DeviceMemory.h"
#include "Loaded.h"

namespace rac::runtime::cuda {

/// Of the current run: where main finds an input.
struct RunInput {
  Address address;
  int64_t bytes;
  const char *host; // what it was copied from; null: it was on the device
};

/// Of the current run: where main writes an output.
struct RunOutput {
  Address address;
  int64_t bytes;
  Buffer *staging; // page-locked memory that it then goes to, or null
};

struct ReplayCache; // Replay.h
struct Timeline;    // Timeline.h

struct State {
  Loaded *loaded;
  Stream stream; // runs happen here
  Stream own;    // null: it is the caller's
  Event event;   // orders `own` after the legacy default stream

  /// Page-locked and the device's at once.
  struct Shared {
    int32_t status; // written by kernels: see rac_kernel_status
    alignas(kAlignment) char read[256]; // what rac_read fetches
  } *shared;
  Address statusAddress; // of shared->status, for kernels

  bool overlaps; // kernels may be launched before others end

  // Of the current run.
  RunInput *inputs;
  RunOutput *outputs;
  bool lendsOnDevice;
  bool onDevice; // all the caller's tensors are
  bool reads;    // main has called rac_read

  Buffer deviceStaging, hostStaging; // of all inputs from the host
  DeviceStack temporary;             // for rac_heap and rac_scratch
  Buffer counters;                   // zeros between kernels: rac_counters

  ReplayCache *replays; // null: runs are never replayed
  Stream capturing;     // where launches go while a run is recorded, else null
  Timeline *timeline;   // of models with --profile, else null

  uint64_t blockSize; // of this structure and the arrays behind it
};

inline State &stateOf(const RacContext *context) {
  return *static_cast<State *>(context->acceleratorState);
}

inline void *pointer(Address address) {
  return reinterpret_cast<void *>(address);
}
inline Address addressOf(const void *pointer) {
  return reinterpret_cast<Address>(pointer);
}

/// The context's own memory for an input from the host, or an output to it,
/// starts at multiples of this, as kernels may take for granted, B.
constexpr uint64_t kDeviceAlignment = 256;
/// What kernels take for granted of the caller's memory; other is copied, B.
constexpr uint64_t kCallerAlignment = 16;

inline bool isOnDevice(const DLTensor &tensor) {
  return tensor.device.device_type == kDLCUDA;
}
/// Whether main can use the caller's memory itself.
inline bool isDirect(const DLTensor &tensor) {
  return isOnDevice(tensor) &&
         addressOf(dataOf(&tensor)) % kCallerAlignment == 0;
}

/// Fails the run if a kernel that is done said that it failed; `when` begins
/// the message.
void checkStatus(RacContext *context, const char *when);

/// Makes all counters zeros, in the context's stream.
Result clearCounters(const State &state);

/// Accelerator::run and ::output.
bool run(RacContext *context);
void *outputMemory(RacContext *context, int64_t index, int64_t bytes);

} // namespace rac::runtime::cuda

#endif // RAC_RUNTIME_CUDA_STATE_H
