//===- RuntimeProbe.h - Calls of the runtime, to be timed -------*- C++ -*-===//

#ifndef RAC_LIB_CALIBRATE_RUNTIMEPROBE_H
#define RAC_LIB_CALIBRATE_RUNTIMEPROBE_H

#include "runtime/Context.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace rac {

/// A model of nothing, in whose runs the runtime can be called as compiled
/// models call it.
class RuntimeProbe {
public:
  explicit RuntimeProbe(int threads);
  ~RuntimeProbe();
  RuntimeProbe(const RuntimeProbe &) = delete;

  /// Why there is no model, or ""; of a failed run as well.
  const std::string &problem() const { return error; }
  /// Calls `body` in a run; the seconds that it took, 0 if it failed.
  double run(llvm::function_ref<void(RacContext *)> body);

private:
  struct Model : RacModelInfo {
    llvm::function_ref<void(RacContext *)> body;
    double seconds = 0;
  };
  static void main(RacContext *context);

  Model model;
  RacContext *context = nullptr;
  std::string error;
};

} // namespace rac

#endif // RAC_LIB_CALIBRATE_RUNTIMEPROBE_H
