//===- Accelerator.h - Models whose kernels run elsewhere -------*- C++ -*-===//
//
// What a model for an accelerator (RacModelInfo.device) does differently. Where
// there is one, memory for generated code is the accelerator's.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_RUNTIME_ACCELERATOR_H
#define RAC_RUNTIME_ACCELERATOR_H

#include "rac-c/Abi.h"

#include <cstddef>

namespace rac::runtime {

/// A table of functions; what it keeps for a context is in
/// context->acceleratorState.
struct Accelerator {
  /// RAC_OK, or reports. The weights are copied to the accelerator.
  int (*create)(RacContext *context, const RacOptions &options);
  /// Also after a create that failed.
  void (*destroy)(RacContext *context);
  /// Whether a run can use memory there.
  bool (*canUse)(const RacContext *context, DLDevice device);
  /// "GPU 0", for messages.
  void (*describe)(const RacContext *context, char *text, size_t size);
  /// A run, from inputs to outputs. False: it failed.
  bool (*run)(RacContext *context);

  // For generated code. Failures fail the run.
  const void *(*input)(RacContext *context, int64_t index);
  const void *(*weights)(RacContext *context);
  /// Of output `index`, whose shape is noted, `bytes` bytes.
  void *(*output)(RacContext *context, int64_t index, int64_t bytes);
  /// Makes context->arena hold context->arenaWanted bytes.
  void (*reserveArena)(RacContext *context);
  /// Until the run ends.
  void *(*allocate)(RacContext *context, int64_t bytes);
  /// From here on the time is `group`'s.
  void (*profile)(RacContext *context, int32_t group);
};

} // namespace rac::runtime

/// Defined by the part of the runtime for accelerators where that is linked in,
/// absent otherwise.
extern "C" __attribute__((weak)) const rac::runtime::Accelerator *
rac_accelerator();

#endif // RAC_RUNTIME_ACCELERATOR_H
