//===- LoadedModel.h - A compiled model in this process ---------*- C++ -*-===//

#ifndef RAC_PRECISION_LOADEDMODEL_H
#define RAC_PRECISION_LOADEDMODEL_H

#include "rac/Precision/Samples.h"
#include <memory>

namespace rac {

class LoadedModel {
public:
  /// Loads a library that this machine can run. `threads`: of a run.
  static llvm::Expected<std::unique_ptr<LoadedModel>> load(llvm::StringRef path,
                                                           int32_t threads);
  ~LoadedModel();
  LoadedModel(const LoadedModel &) = delete;

  /// What it gives lies in its own memory, until the next run.
  llvm::Expected<llvm::ArrayRef<ArrayView>>
  run(llvm::ArrayRef<ArrayView> inputs, unsigned numOutputs);

private:
  LoadedModel() = default;

  void *library = nullptr;
  RacContext *context = nullptr;
  int (*runModel)(RacContext *, const DLTensor *const *, int32_t,
                  DLTensor *const *, int32_t) = nullptr;
  void (*destroy)(RacContext *) = nullptr;
  const char *(*lastError)(const RacContext *) = nullptr;
  std::vector<DLTensor> results;
  std::vector<ArrayView> views;
};

} // namespace rac

#endif // RAC_PRECISION_LOADEDMODEL_H
