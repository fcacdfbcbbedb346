//===- Call.cpp - Library calls of generated code -------------------------===//

#include "PostOps.h"
#include "Prepared.h"
#include "Team.h"

using namespace rac::onednn;
using rac::runtime::fail;

/// Problem::sum. Compiled code has a result lie where that operand does only if
/// they are of one type and shape (SumsInPlace.cpp).
static int findSum(const RacLibraryCall &call, void *const *data) {
  if (call.num_post_ops == 0 || call.post_ops[0].kind != RAC_POST_ADD)
    return 0;
  int operand = call.post_ops[0].operand;
  return data[operand] == data[call.num_inputs] ? operand : 0;
}

/// Reads the shapes and does what needs no primitive. True: there is nothing
/// left to do.
static bool runEmpty(RacContext *context, Problem &problem,
                     const RacLibraryCall &call, void *const *data,
                     const int64_t *shape) {
  bool good = readShapes(problem, call, shape);
  if (good && problem.resultView().empty())
    return true;
  if (good && !problem.views[0].empty() && !problem.views[1].empty())
    return false;
  if (!good || !knowsPostOps(problem))
    fail(context, RAC_UNSUPPORTED, "library call %d: %s", call.site,
         problem.error);
  computeEmptySum(problem, data);
  return true;
}

/// Applies what oneDNN left to do, on all threads.
static void finish(RacContext *context, const RacLibraryCall &call,
                   void *const *data, const int64_t *shape) {
  struct Work {
    Problem problem;
    void *const *data;
  };
  Work work = {{}, data};
  readShapes(work.problem, call, shape);
  auto body = [](RacContext *, void *env, int64_t low, int64_t high) {
    auto &work = *static_cast<Work *>(env);
    applyPostOps(work.problem, work.data, low, high);
  };
  rac_parallel_for(context, numRows(work.problem), /*grain=*/16, call.threads,
                   body, &work);
}

static void *addressOf(Library &library, Prepared &prepared, void *const *data,
                       void *weights, int operand) {
  switch (operand) {
  case kScratchpad:
    return library.scratchpad.data;
  case kSourceCopy:
    return library.sourceCopy.data;
  case kResultCopy:
    return library.resultCopy.data;
  case kReordered:
    return weights;
  case kSourceZero:
    return &prepared.sourceZero;
  default:
    return data[operand];
  }
}

static dnnl_status_t execute(Library &library, Prepared &prepared,
                             const RacLibraryCall &call, void *const *data) {
  dnnl_status_t status = dnnl_success;
  void *weights = prepared.reordered.data;
  if (prepared.weights.primitive && call.packed) {
    weights = reorderedOnce(library, prepared, data[1]);
    if (!weights)
      return dnnl_out_of_memory;
  } else if (prepared.weights.primitive) {
    status = run(library, prepared.weights, data[1], weights);
  }
  for (int i = 0; i < prepared.numArguments; ++i) {
    void *address =
        addressOf(library, prepared, data, weights, prepared.operands[i]);
    if (prepared.addresses[i] == address)
      continue;
    prepared.addresses[i] = address;
    dnnl_memory_set_data_handle(prepared.arguments[i].memory, address);
  }
  if (!status && prepared.source.primitive)
    status = run(library, prepared.source, data[0], library.sourceCopy.data);
  if (!status)
    status = dnnl_primitive_execute(prepared.primitive, library.stream,
                                    prepared.numArguments, prepared.arguments);
  if (!status && prepared.result.primitive)
    status = run(library, prepared.result, library.resultCopy.data,
                 data[call.num_inputs]);
  return status;
}

extern "C" void rac_library_call(RacContext *context,
                                 const RacLibraryCall *call, void *const *data,
                                 const int64_t *shape) {
  if (rac::runtime::currentWorker)
    fail(context, RAC_FAILED, "library call %d: within a parallel loop",
         call->site);
  int threads = context->threads, words = 0, sum = findSum(*call, data);
  if (call->threads > 0 && call->threads < threads)
    threads = call->threads;
  for (int i = 0; i <= call->num_inputs; ++i)
    words += 2 * call->ranks[i];

  rac::runtime::ThreadPool *pool =
      threads > 1 ? rac::runtime::poolOf(context) : nullptr;
  if (threads > poolSize(pool))
    threads = poolSize(pool);
  useTeam(pool, threads);
  Library *library = getLibrary(context);
  Prepared *prepared =
      find(library->sites[call->site], shape, words, threads, sum);
  if (!prepared) {
    Problem problem = {};
    if (runEmpty(context, problem, *call, data, shape))
      return;
    problem.sum = sum;
    prepared = prepare(context, *library, problem, shape, words, threads);
  }
  dnnl_status_t status = execute(*library, *prepared, *call, data);
  if (status != dnnl_success)
    fail(context, RAC_FAILED, "library call %d: oneDNN failed (status %d)",
         call->site, int(status));
  if (prepared->postOpsApart)
    finish(context, *call, data, shape);
}
