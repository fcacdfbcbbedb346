//===- LoadedModel.cpp - A compiled model in this process -----------------===//

#include "rac/Precision/LoadedModel.h"
#include <dlfcn.h>

using namespace rac;

namespace {
/// DLPack's, by RacDtype.
constexpr uint8_t kCodes[RAC_NUM_DTYPES] = {
    kDLFloat, kDLFloat, kDLBfloat, kDLFloat, kDLInt,  kDLUInt,    kDLInt,
    kDLUInt,  kDLInt,   kDLUInt,   kDLInt,   kDLUInt, RAC_DL_BOOL};

RacDtype dtypeOf(DLDataType type) {
  for (int i = 0; i < RAC_NUM_DTYPES; ++i)
    if (kCodes[i] == type.code && dtypeBits(RacDtype(i)) == type.bits)
      return RacDtype(i);
  return RAC_F32;
}
} // namespace

llvm::Expected<std::unique_ptr<LoadedModel>>
LoadedModel::load(llvm::StringRef path, int32_t threads) {
  std::unique_ptr<LoadedModel> model(new LoadedModel);
  model->library = dlopen(path.str().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!model->library)
    return llvm::createStringError(llvm::Twine("cannot load a model: ") +
                                   dlerror());
  auto *prefix =
      static_cast<const char *>(dlsym(model->library, "rac_model_prefix"));
  if (!prefix)
    return llvm::createStringError("'" + path + "' is no compiled model");
  auto find = [&](const char *name, auto &function) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(
        dlsym(model->library, (std::string(prefix) + name).c_str()));
    return function != nullptr;
  };
  int (*create)(const RacOptions *, RacContext **) = nullptr;
  if (!find("_create", create) || !find("_run", model->runModel) ||
      !find("_destroy", model->destroy) ||
      !find("_last_error", model->lastError))
    return llvm::createStringError("'" + path + "' is no compiled model");
  RacOptions options = {};
  options.size = sizeof(options);
  options.threads = threads;
  if (create(&options, &model->context) != RAC_OK)
    return llvm::createStringError(model->lastError(nullptr));
  return std::move(model);
}

LoadedModel::~LoadedModel() {
  if (context)
    destroy(context);
  if (library)
    dlclose(library);
}

llvm::Expected<llvm::ArrayRef<ArrayView>>
LoadedModel::run(llvm::ArrayRef<ArrayView> inputs, unsigned numOutputs) {
  std::vector<DLTensor> tensors;
  for (const ArrayView &input : inputs) {
    DLTensor &tensor = tensors.emplace_back();
    tensor = {};
    tensor.data = const_cast<void *>(input.data);
    tensor.device = {kDLCPU, 0};
    tensor.ndim = int32_t(input.shape.size());
    tensor.dtype = {kCodes[input.dtype], uint8_t(dtypeBits(input.dtype)), 1};
    tensor.shape = const_cast<int64_t *>(input.shape.data());
  }
  // Results of the run before may be reused by this one.
  results.resize(numOutputs);
  std::vector<const DLTensor *> in;
  std::vector<DLTensor *> out;
  for (const DLTensor &tensor : tensors)
    in.push_back(&tensor);
  for (DLTensor &tensor : results)
    out.push_back(&tensor);
  if (runModel(context, in.data(), int32_t(in.size()), out.data(),
               int32_t(out.size())) != RAC_OK)
    return llvm::createStringError(lastError(context));
  views.clear();
  for (const DLTensor &tensor : results)
    views.push_back(
        {dtypeOf(tensor.dtype),
         {tensor.shape, size_t(tensor.ndim)},
         static_cast<const char *>(tensor.data) + tensor.byte_offset});
  return llvm::ArrayRef(views);
}
