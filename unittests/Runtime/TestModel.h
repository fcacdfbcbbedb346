//===- TestModel.h - Hand-made models ---------------------------*- C++ -*-===//

#ifndef RAC_UNITTESTS_RUNTIME_TESTMODEL_H
#define RAC_UNITTESTS_RUNTIME_TESTMODEL_H

#include "runtime/Context.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace rac::test {

/// What the compiler would emit as constants.
struct TestModel {
  struct Tensor {
    std::string name;
    int32_t dtype;
    std::vector<int64_t> dims;
  };

  std::vector<Tensor> inputs, outputs;
  std::vector<std::string> symbols;
  RacModelInfo info = {};

  TestModel(std::vector<Tensor> inputs, std::vector<Tensor> outputs,
            std::vector<std::string> symbols, void (*main)(RacContext *))
      : inputs(std::move(inputs)), outputs(std::move(outputs)),
        symbols(std::move(symbols)) {
    fill(this->inputs, inputInfos);
    fill(this->outputs, outputInfos);
    for (std::string &symbol : this->symbols)
      symbolNames.push_back(symbol.c_str());
    info.abi_version = RAC_ABI_VERSION;
    info.name = "test";
    info.num_inputs = int32_t(inputInfos.size());
    info.num_outputs = int32_t(outputInfos.size());
    info.num_symbols = int32_t(symbolNames.size());
    info.inputs = inputInfos.data();
    info.outputs = outputInfos.data();
    info.symbols = symbolNames.data();
    info.num_sites = 4;
    info.main = main;
  }
  TestModel(const TestModel &) = delete;

private:
  static void fill(std::vector<Tensor> &from, std::vector<RacTensorInfo> &to) {
    for (Tensor &tensor : from)
      to.push_back({tensor.name.c_str(), tensor.dtype,
                    int32_t(tensor.dims.size()), tensor.dims.data()});
  }

  std::vector<RacTensorInfo> inputInfos, outputInfos;
  std::vector<const char *> symbolNames;
};

inline RacOptions makeOptions(int threads = 0, int spin = 0) {
  RacOptions options = {};
  options.size = sizeof(options);
  options.threads = threads;
  options.spin_us = spin;
  return options;
}

/// A context that goes away by itself.
struct TestContext {
  RacContext *context = nullptr;

  explicit TestContext(const TestModel &model, int threads = 1, int spin = 0) {
    RacOptions options = makeOptions(threads, spin);
    EXPECT_EQ(rac_model_create(&model.info, &options, &context), RAC_OK)
        << rac_model_last_error(nullptr);
  }
  TestContext(const TestContext &) = delete;
  ~TestContext() { rac_model_destroy(context); }

  int run(std::vector<const DLTensor *> inputs,
          std::vector<DLTensor *> outputs) {
    return rac_model_run(context, inputs.data(), int32_t(inputs.size()),
                         outputs.data(), int32_t(outputs.size()));
  }
  std::string error() const { return rac_model_last_error(context); }
};

/// A tensor over `data` (which must outlive it).
struct TestTensor : DLTensor {
  std::vector<int64_t> sizes;

  TestTensor(void *data, std::vector<int64_t> shape, int32_t dtype = RAC_F32)
      : DLTensor{}, sizes(std::move(shape)) {
    this->data = data;
    device = {kDLCPU, 0};
    ndim = int32_t(sizes.size());
    this->dtype = rac::runtime::dlpackType(dtype);
    this->shape = sizes.data();
  }
  TestTensor(const TestTensor &) = delete;
};

} // namespace rac::test

#endif // RAC_UNITTESTS_RUNTIME_TESTMODEL_H
