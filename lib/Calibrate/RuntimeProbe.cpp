//===- RuntimeProbe.cpp - Calls of the runtime, to be timed ---------------===//

#include "RuntimeProbe.h"
#include "Sampler.h"

using namespace rac;

void RuntimeProbe::main(RacContext *context) {
  auto &model =
      *static_cast<Model *>(const_cast<RacModelInfo *>(context->info));
  double start = now();
  model.body(context);
  model.seconds = now() - start;
}

RuntimeProbe::RuntimeProbe(int threads) {
  static_cast<RacModelInfo &>(model) = {};
  model.abi_version = RAC_ABI_VERSION;
  model.name = "calibration";
  model.num_sites = 1;
  model.main = main;
  // As compiled for latency: threads that wait look for a while.
  constexpr int spin = 300; // us, docs/ThreadPool.md
  RacOptions options = {};
  options.size = sizeof(options);
  options.threads = threads;
  options.spin_us = spin;
  if (rac_model_create(&model, &options, &context) != RAC_OK)
    error = rac_model_last_error(nullptr);
}

RuntimeProbe::~RuntimeProbe() { rac_model_destroy(context); }

double RuntimeProbe::run(llvm::function_ref<void(RacContext *)> body) {
  model.body = body;
  model.seconds = 0;
  if (rac_model_run(context, nullptr, 0, nullptr, 0) == RAC_OK)
    return model.seconds;
  error = rac_model_last_error(context);
  return 0;
}
