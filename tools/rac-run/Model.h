//===- Model.h - A compiled model, loaded -----------------------*- C++ -*-===//

#ifndef RAC_TOOLS_RACRUN_MODEL_H
#define RAC_TOOLS_RACRUN_MODEL_H

#include "Json.h"
#include "Support.h"

/// An input or output as the model describes it.
struct TensorSpec {
  std::string name;
  int32_t dtype;
  std::vector<int64_t> shape;       // -1: symbolic
  std::vector<std::string> symbols; // "" where the size is fixed
};

struct Model {
  std::string path, prefix;
  std::vector<TensorSpec> inputs, outputs;
  std::string described; // as it says it
  Json description;
  RacContext *context = nullptr;

  /// Dies with the reason if it can't be loaded.
  void load(const std::string &path);
  /// Dies with the reason if there can be no context.
  void create(RacOptions options);
  void run(const DLTensor *const *inputs, DLTensor *const *outputs);
  /// -1 if that depends on the data.
  int64_t arenaSize(const DLTensor *const *inputs);
  /// What the groups took, and the rest of the runs, since the last call; dies
  /// if the model wasn't compiled for it.
  std::vector<RacGroupTime> profile();
  void destroy();

private:
  int (*createFunction)(const RacOptions *, RacContext **) = nullptr;
  int (*runFunction)(RacContext *, const DLTensor *const *, int32_t,
                     DLTensor *const *, int32_t) = nullptr;
  void (*destroyFunction)(RacContext *) = nullptr;
  const char *(*lastError)(const RacContext *) = nullptr;
  int (*arenaSizeFunction)(RacContext *, const DLTensor *const *, int32_t,
                           int64_t *) = nullptr;
  int (*profileFunction)(RacContext *, RacGroupTime *, int32_t) = nullptr;
};

#endif // RAC_TOOLS_RACRUN_MODEL_H
