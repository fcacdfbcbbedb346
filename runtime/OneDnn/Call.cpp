//===- Call.cpp - Library calls of generated code -------------------------===//
//
// Each call site keeps the primitives that it has made, by operands' shapes.
// What is found there is ready: only addresses are exchanged.
//
//===----------------------------------------------------------------------===//

#include "../Context.h"
#include "OpenMpPool.h"
#include "PostOps.h"

#include <cstdio>
#include <cstring>
#include <initializer_list>

using namespace rac::onednn;
using rac::runtime::allocate;
using rac::runtime::allocateZeroed;
using rac::runtime::Buffer;
using rac::runtime::fail;
using rac::runtime::Library;
using rac::runtime::release;

namespace {

constexpr int kMaxArguments = kMaxInputs + 2;
/// Primitives that one site keeps; the least recently used goes first.
constexpr int kMostPerSite = 64;

/// A change of layout before or after.
struct Reorder {
  dnnl_primitive_t primitive; // null: there is none
  dnnl_memory_t from, to;
};

/// A primitive with all that executing it takes.
struct Prepared {
  Prepared *next;
  uint64_t size; // of this block
  dnnl_primitive_t primitive;
  int threads, numArguments, words;
  dnnl_exec_arg_t arguments[kMaxArguments];
  int operands[kMaxArguments];    // where an argument's address is found
  void *addresses[kMaxArguments]; // what the arguments have now
  // Weights that don't come as the primitive takes them.
  Reorder weights;
  Buffer reordered;
  const void
      *reorderedFrom; // constant weights that have been reordered already
  // Where the primitive works on dense copies.
  Reorder source, result;
  bool postOpsApart;
  int64_t shape[]; // the key
};

/// Of Prepared::operands: what is not an operand.
enum { kScratchpad = -1, kSourceCopy = -2, kResultCopy = -3, kReordered = -4 };

struct Site {
  Prepared *first; // most recently used first
  int count;
};

} // namespace

struct rac::runtime::Library {
  uint64_t size;
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  // Large enough for every primitive there is.
  Buffer scratchpad, sourceCopy, resultCopy;
  Site sites[];
};

//===----------------------------------------------------------------------===//
// Making primitives
//===----------------------------------------------------------------------===//

static void destroy(Reorder &reorder) {
  for (dnnl_memory_t memory : {reorder.from, reorder.to})
    if (memory)
      dnnl_memory_destroy(memory);
  if (reorder.primitive)
    dnnl_primitive_destroy(reorder.primitive);
}

static void destroy(Prepared *prepared) {
  for (int i = 0; i < prepared->numArguments; ++i)
    dnnl_memory_destroy(prepared->arguments[i].memory);
  for (Reorder *reorder :
       {&prepared->weights, &prepared->source, &prepared->result})
    destroy(*reorder);
  if (prepared->primitive)
    dnnl_primitive_destroy(prepared->primitive);
  prepared->reordered.free();
  release(prepared, prepared->size);
}

static void destroyLibrary(RacContext *context) {
  Library *library = context->library;
  for (int32_t i = 0; i < context->info->num_sites; ++i)
    while (Prepared *prepared = library->sites[i].first) {
      library->sites[i].first = prepared->next;
      destroy(prepared);
    }
  if (library->stream)
    dnnl_stream_destroy(library->stream);
  if (library->engine)
    dnnl_engine_destroy(library->engine);
  for (Buffer *buffer :
       {&library->scratchpad, &library->sourceCopy, &library->resultCopy})
    buffer->free();
  release(library, library->size);
  context->library = nullptr;
}

static Library *getLibrary(RacContext *context) {
  if (context->library)
    return context->library;
  uint64_t size = sizeof(Library) + context->info->num_sites * sizeof(Site);
  auto *library = static_cast<Library *>(allocateZeroed(size));
  if (!library)
    fail(context, RAC_OUT_OF_MEMORY,
         "no memory for the kernel library's state");
  library->size = size;
  context->library = library;
  context->destroyLibrary = destroyLibrary;
  if (dnnl_engine_create(&library->engine, dnnl_cpu, 0) != dnnl_success ||
      dnnl_stream_create(&library->stream, library->engine,
                         dnnl_stream_in_order) != dnnl_success) {
    destroyLibrary(context);
    fail(context, RAC_UNSUPPORTED, "oneDNN has no CPU engine");
  }
  return library;
}

/// Adds an argument without an address yet.
static bool addArgument(Library &library, Prepared &prepared, int kind,
                        const_dnnl_memory_desc_t md, int operand) {
  int i = prepared.numArguments;
  prepared.arguments[i].arg = kind;
  prepared.operands[i] = operand;
  if (dnnl_memory_create(&prepared.arguments[i].memory, md, library.engine,
                         DNNL_MEMORY_NONE) != dnnl_success)
    return false;
  ++prepared.numArguments;
  return true;
}

static bool makeReorder(Library &library, Reorder &reorder,
                        const_dnnl_memory_desc_t from,
                        const_dnnl_memory_desc_t to) {
  dnnl_primitive_desc_t description = nullptr;
  dnnl_status_t status = dnnl_reorder_primitive_desc_create(
      &description, from, library.engine, to, library.engine, nullptr);
  if (!status)
    status = dnnl_primitive_create(&reorder.primitive, description);
  if (description)
    dnnl_primitive_desc_destroy(description);
  if (!status)
    status = dnnl_memory_create(&reorder.from, from, library.engine,
                                DNNL_MEMORY_NONE);
  if (!status)
    status =
        dnnl_memory_create(&reorder.to, to, library.engine, DNNL_MEMORY_NONE);
  return status == dnnl_success;
}

static uint64_t sizeOf(const_dnnl_memory_desc_t md) {
  return dnnl_memory_desc_get_size(md);
}

static bool fillIn(Library &library, Prepared &prepared,
                   const Problem &problem) {
  const RacLibraryCall &call = *problem.call;
  const_dnnl_memory_desc_t scratchpad = dnnl_primitive_desc_query_md(
      problem.primitive, dnnl_query_scratchpad_md, 0);
  bool reordered = !dnnl_memory_desc_equal(problem.given, problem.weights);
  prepared.postOpsApart = problem.postOpsApart;
  auto add = [&](int kind, const_dnnl_memory_desc_t md, int operand) {
    return addArgument(library, prepared, kind, md, operand);
  };
  if (dnnl_primitive_create(&prepared.primitive, problem.primitive) !=
          dnnl_success ||
      !add(DNNL_ARG_SRC, problem.source, problem.copies ? kSourceCopy : 0) ||
      !add(DNNL_ARG_WEIGHTS, problem.weights, reordered ? kReordered : 1) ||
      !add(DNNL_ARG_DST, problem.result,
           problem.copies ? kResultCopy : call.num_inputs))
    return false;
  if (call.has_bias && !add(DNNL_ARG_BIAS, problem.bias, 2))
    return false;
  for (int i = 0; i < call.num_post_ops; ++i)
    if (problem.operands[i] &&
        !add(DNNL_ARG_ATTR_MULTIPLE_POST_OP(i) | DNNL_ARG_SRC_1,
             problem.operands[i], call.post_ops[i].operand))
      return false;
  uint64_t bytes = sizeOf(scratchpad);
  if (bytes > 0 && (!library.scratchpad.reserve(bytes) ||
                    !add(DNNL_ARG_SCRATCHPAD, scratchpad, kScratchpad)))
    return false;
  if (problem.copies &&
      (!library.sourceCopy.reserve(sizeOf(problem.denseSource)) ||
       !library.resultCopy.reserve(sizeOf(problem.denseResult)) ||
       !makeReorder(library, prepared.source, problem.givenSource,
                    problem.denseSource) ||
       !makeReorder(library, prepared.result, problem.denseResult,
                    problem.givenResult)))
    return false;
  if (!reordered)
    return true;
  bytes = sizeOf(problem.weights);
  if (!prepared.reordered.reserve(bytes))
    return false;
  memset(prepared.reordered.data, 0, bytes); // padding within blocks
  return makeReorder(library, prepared.weights, problem.given, problem.weights);
}

static Prepared *prepare(RacContext *context, Library &library,
                         Problem &problem, const int64_t *shape, int words,
                         int threads) {
  const RacLibraryCall &call = *problem.call;
  if (!describe(problem, library.engine, Weights::AsGiven)) {
    clear(problem);
    fail(context, RAC_UNSUPPORTED, "library call %d: %s", call.site,
         problem.error);
  }
  uint64_t size = sizeof(Prepared) + words * sizeof(int64_t);
  auto *prepared = static_cast<Prepared *>(allocateZeroed(size));
  bool good = prepared != nullptr;
  if (good) {
    prepared->size = size;
    prepared->words = words;
    prepared->threads = threads;
    memcpy(prepared->shape, shape, words * sizeof(int64_t));
    good = fillIn(library, *prepared, problem);
  }
  clear(problem);
  if (!good) {
    if (prepared)
      destroy(prepared);
    fail(context, RAC_OUT_OF_MEMORY,
         "library call %d: no memory for a primitive", call.site);
  }
  Site &site = library.sites[call.site];
  prepared->next = site.first;
  site.first = prepared;
  if (++site.count > kMostPerSite) {
    Prepared **last = &site.first;
    while ((*last)->next)
      last = &(*last)->next;
    destroy(*last);
    *last = nullptr;
    --site.count;
  }
  return prepared;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// The site's primitive for these shapes, moved to the front; null if there is
/// none.
static Prepared *find(Site &site, const int64_t *shape, int words,
                      int threads) {
  for (Prepared **at = &site.first; *at; at = &(*at)->next) {
    Prepared *prepared = *at;
    if (prepared->threads != threads ||
        memcmp(prepared->shape, shape, words * sizeof(int64_t)) != 0)
      continue;
    *at = prepared->next;
    prepared->next = site.first;
    site.first = prepared;
    return prepared;
  }
  return nullptr;
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

static dnnl_status_t run(Library &library, Reorder &reorder, void *from,
                         void *to) {
  dnnl_memory_set_data_handle(reorder.from, from);
  dnnl_memory_set_data_handle(reorder.to, to);
  dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, reorder.from},
                                 {DNNL_ARG_TO, reorder.to}};
  return dnnl_primitive_execute(reorder.primitive, library.stream, 2,
                                arguments);
}

static void *addressOf(Library &library, Prepared &prepared, void *const *data,
                       int operand) {
  switch (operand) {
  case kScratchpad:
    return library.scratchpad.data;
  case kSourceCopy:
    return library.sourceCopy.data;
  case kResultCopy:
    return library.resultCopy.data;
  case kReordered:
    return prepared.reordered.data;
  default:
    return data[operand];
  }
}

static dnnl_status_t execute(Library &library, Prepared &prepared,
                             const RacLibraryCall &call, void *const *data) {
  for (int i = 0; i < prepared.numArguments; ++i) {
    void *address = addressOf(library, prepared, data, prepared.operands[i]);
    if (prepared.addresses[i] == address)
      continue;
    prepared.addresses[i] = address;
    dnnl_memory_set_data_handle(prepared.arguments[i].memory, address);
  }
  dnnl_status_t status = dnnl_success;
  if (prepared.weights.primitive &&
      (!call.packed || prepared.reorderedFrom != data[1])) {
    status = run(library, prepared.weights, data[1], prepared.reordered.data);
    prepared.reorderedFrom = data[1];
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
  int threads = context->threads, words = 0;
  if (call->threads > 0 && call->threads < threads)
    threads = call->threads;
  for (int i = 0; i <= call->num_inputs; ++i)
    words += 2 * call->ranks[i];

  Library *library = getLibrary(context);
  Prepared *prepared = find(library->sites[call->site], shape, words, threads);
  // A run has limited oneDNN to the context's threads already
  // (ThreadPool::enter).
  int before = threads == context->threads ? threads : limitThreads(threads);
  if (!prepared) {
    Problem problem = {};
    if (runEmpty(context, problem, *call, data, shape))
      return void(limitThreads(before));
    prepared = prepare(context, *library, problem, shape, words, threads);
  }
  dnnl_status_t status = execute(*library, *prepared, *call, data);
  if (before != threads)
    limitThreads(before);
  if (status != dnnl_success)
    fail(context, RAC_FAILED, "library call %d: oneDNN failed (status %d)",
         call->site, int(status));
  if (prepared->postOpsApart)
    finish(context, *call, data, shape);
}
