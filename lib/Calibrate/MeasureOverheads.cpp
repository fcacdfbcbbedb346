//===- MeasureOverheads.cpp - Launches, threads, library calls ------------===//

#include "Measure.h"
#include "RuntimeProbe.h"
#include "rac/Calibrate/Config.h"

using namespace rac;

/// A loop of `threads` parts that do nothing, as generated code calls it.
static Probe loopProbe(RuntimeProbe &model, const std::string &what,
                       int threads) {
  auto run = [&model, threads](int64_t times) {
    return model.run([&](RacContext *context) {
      auto nothing = [](RacContext *, void *, int64_t, int64_t) {};
      for (int64_t time = 0; time < times; ++time)
        rac_parallel_for(context, threads, /*grain=*/1, threads, nothing,
                         nullptr);
    });
  };
  return {what, run};
}

#if RAC_HAVE_ONEDNN
namespace {
/// A product so small that calling takes longer than computing.
struct SmallProduct {
  static constexpr int64_t kSize = 8;
  const int32_t ranks[3] = {2, 2, 2};
  const int32_t dtypes[3] = {RAC_F32, RAC_F32, RAC_F32};
  /// Sizes and strides, of each operand.
  const int64_t shape[12] = {1,     kSize, kSize, 1,     kSize, kSize,
                             kSize, 1,     1,     kSize, kSize, 1};
  float left[kSize] = {}, right[kSize * kSize] = {}, result[kSize] = {};
  void *data[3] = {left, right, result};
  RacLibraryCall call = {};

  SmallProduct() {
    call.primitive = RAC_MATMUL;
    call.num_inputs = 2;
    call.ranks = ranks;
    call.dtypes = dtypes;
    call.threads = 1;
  }
};
} // namespace
#endif

void rac::measureOverheads(Bench &bench) {
  Overheads &overheads = bench.device().overheads;
  int cores = bench.cores();
  RuntimeProbe model(cores);
  std::vector<Probe> probes = {
      loopProbe(model, "a launch", 1),
      loopProbe(model, "threads, started and joined", cores)};
#if RAC_HAVE_ONEDNN
  SmallProduct product;
  probes.push_back({"a library call", [&](int64_t times) {
                      return model.run([&](RacContext *context) {
                        for (int64_t time = 0; time < times; ++time)
                          rac_library_call(context, &product.call, product.data,
                                           product.shape);
                      });
                    }});
#endif
  if (!model.problem().empty())
    return bench.note("overheads: " + model.problem());
  std::vector<Timing> timings = bench.time(probes);
  if (!model.problem().empty())
    return bench.note("overheads: " + model.problem());

  double launch = timings[0].seconds;
  bench.set(overheads.launchSeconds, "overheads.launch_s", "s", launch,
            timings[0].spread, "a loop of one part that does nothing");
  if (cores > 1) {
    double loop = (timings[1].seconds - launch) / (cores - 1);
    bench.set(overheads.forkJoinSeconds, "overheads.fork_join_s", "s",
              std::max(0.0, loop), timings[1].spread,
              "loops of " + llvm::Twine(cores) +
                  " parts that do nothing, one after the other");
  } else {
    bench.note("overheads.fork_join_s: takes two cores");
  }
#if RAC_HAVE_ONEDNN
  bench.set(overheads.libraryCallSeconds, "overheads.library_call_s", "s",
            std::max(0.0, timings[2].seconds - launch), timings[2].spread,
            "a product of 1x8 and 8x8 by oneDNN, less a launch");
#else
  bench.note("overheads.library_call_s: rac was built without oneDNN");
#endif
}
