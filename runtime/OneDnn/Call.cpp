//===- Call.cpp - Library calls of generated code ---------------------------===//
//
// Each call site keeps the primitives that it has made, by operands' shapes. What is
// found there is ready: only addresses are exchanged.
//
//===----------------------------------------------------------------------===//

#include "../Context.h"
#include "Degenerate.h"
#include "OpenMpPool.h"

#include <cstdio>
#include <cstring>

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

/// A primitive with all that executing it takes.
struct Prepared {
  Prepared *next;
  uint64_t size; // of this block
  dnnl_primitive_t primitive;
  int threads, numArguments, words;
  dnnl_exec_arg_t arguments[kMaxArguments];
  int operands[kMaxArguments];    // where an argument's address is found, or kScratchpad
  void *addresses[kMaxArguments]; // what the arguments have now
  // Weights that don't come as the primitive takes them.
  dnnl_primitive_t reorder;
  dnnl_exec_arg_t reorderArguments[2];
  Buffer reordered;
  bool reorderOnce; // constant weights …
  const void *reorderedFrom; // … that have been reordered already
  int64_t shape[];  // the key
};

constexpr int kScratchpad = -1;

struct Site {
  Prepared *first; // most recently used first
  int count;
};

} // namespace

struct rac::runtime::Library {
  uint64_t size;
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  Buffer scratchpad; // large enough for every primitive there is
  Site sites[];
};

//===----------------------------------------------------------------------===//
// Making primitives
//===----------------------------------------------------------------------===//

static void destroy(Prepared *prepared) {
  for (int i = 0; i < prepared->numArguments; ++i)
    if (prepared->arguments[i].memory)
      dnnl_memory_destroy(prepared->arguments[i].memory);
  // The reorder's second argument is the primitive's weights, destroyed above.
  if (prepared->reorderArguments[0].memory)
    dnnl_memory_destroy(prepared->reorderArguments[0].memory);
  if (prepared->reorder)
    dnnl_primitive_destroy(prepared->reorder);
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
  library->scratchpad.free();
  release(library, library->size);
  context->library = nullptr;
}

static Library *getLibrary(RacContext *context) {
  if (context->library)
    return context->library;
  uint64_t size = sizeof(Library) + context->info->num_sites * sizeof(Site);
  auto *library = static_cast<Library *>(allocateZeroed(size));
  if (!library)
    fail(context, RAC_OUT_OF_MEMORY, "no memory for the kernel library's state");
  library->size = size;
  context->library = library;
  context->destroyLibrary = destroyLibrary;
  if (dnnl_engine_create(&library->engine, dnnl_cpu, 0) != dnnl_success ||
      dnnl_stream_create(&library->stream, library->engine, dnnl_stream_in_order) !=
          dnnl_success) {
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

/// Makes the weights come in the layout that the primitive wants.
static bool addReorder(Library &library, Prepared &prepared, const Problem &problem) {
  dnnl_primitive_desc_t description = nullptr;
  dnnl_status_t status =
      dnnl_reorder_primitive_desc_create(&description, problem.given, library.engine,
                                         problem.weights, library.engine, nullptr);
  if (!status)
    status = dnnl_primitive_create(&prepared.reorder, description);
  if (description)
    dnnl_primitive_desc_destroy(description);
  uint64_t bytes = dnnl_memory_desc_get_size(problem.weights);
  if (status || !prepared.reordered.reserve(bytes))
    return false;
  memset(prepared.reordered.data, 0, bytes); // padding within blocks
  prepared.reorderOnce = problem.call->packed != nullptr;
  dnnl_memory_t weights = prepared.arguments[1].memory;
  prepared.addresses[1] = prepared.reordered.data;
  prepared.reorderArguments[1] = {DNNL_ARG_TO, weights};
  prepared.reorderArguments[0].arg = DNNL_ARG_FROM;
  return dnnl_memory_set_data_handle(weights, prepared.reordered.data) == dnnl_success &&
         dnnl_memory_create(&prepared.reorderArguments[0].memory, problem.given,
                            library.engine, DNNL_MEMORY_NONE) == dnnl_success;
}

static bool fillIn(Library &library, Prepared &prepared, const Problem &problem) {
  const RacLibraryCall &call = *problem.call;
  const_dnnl_memory_desc_t scratchpad =
      dnnl_primitive_desc_query_md(problem.primitive, dnnl_query_scratchpad_md, 0);
  if (dnnl_primitive_create(&prepared.primitive, problem.primitive) != dnnl_success ||
      !addArgument(library, prepared, DNNL_ARG_SRC, problem.source, 0) ||
      !addArgument(library, prepared, DNNL_ARG_WEIGHTS, problem.weights, 1) ||
      !addArgument(library, prepared, DNNL_ARG_DST, problem.result, call.num_inputs))
    return false;
  if (call.has_bias && !addArgument(library, prepared, DNNL_ARG_BIAS, problem.bias, 2))
    return false;
  for (int i = 0; i < call.num_post_ops; ++i)
    if (problem.operands[i] &&
        !addArgument(library, prepared,
                     DNNL_ARG_ATTR_MULTIPLE_POST_OP(i) | DNNL_ARG_SRC_1,
                     problem.operands[i], call.post_ops[i].operand))
      return false;
  uint64_t bytes = dnnl_memory_desc_get_size(scratchpad);
  if (bytes > 0 && (!library.scratchpad.reserve(bytes) ||
                    !addArgument(library, prepared, DNNL_ARG_SCRATCHPAD, scratchpad,
                                 kScratchpad)))
    return false;
  return dnnl_memory_desc_equal(problem.given, problem.weights) ||
         addReorder(library, prepared, problem);
}

static Prepared *prepare(RacContext *context, Library &library, Problem &problem,
                         const int64_t *shape, int words, int threads) {
  const RacLibraryCall &call = *problem.call;
  if (!describe(problem, library.engine, Weights::AsGiven)) {
    freeProblem(problem);
    fail(context, RAC_UNSUPPORTED, "library call %d: %s", call.site, problem.error);
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
  freeProblem(problem);
  if (!good) {
    if (prepared)
      destroy(prepared);
    fail(context, RAC_OUT_OF_MEMORY, "library call %d: no memory for a primitive",
         call.site);
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

/// The site's primitive for these shapes, moved to the front; null if there is none.
static Prepared *find(Site &site, const int64_t *shape, int words, int threads) {
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

/// Reads the shapes and does what needs no primitive. True: there is nothing left to do.
static bool runEmpty(RacContext *context, Problem &problem, const RacLibraryCall &call,
                     void *const *data, const int64_t *shape) {
  bool good = readShapes(problem, call, shape);
  if (good && problem.result_().empty())
    return true;
  if (good && !problem.views[0].empty() && !problem.views[1].empty())
    return false;
  if (!good || !runDegenerate(problem, data))
    fail(context, RAC_UNSUPPORTED, "library call %d: %s", call.site, problem.error);
  return true;
}

static dnnl_status_t execute(Library &library, Prepared &prepared, void *const *data) {
  for (int i = 0; i < prepared.numArguments; ++i) {
    int operand = prepared.operands[i];
    if (prepared.reorder && operand == 1)
      continue;
    void *address = operand == kScratchpad ? library.scratchpad.data : data[operand];
    if (prepared.addresses[i] == address)
      continue;
    prepared.addresses[i] = address;
    dnnl_memory_set_data_handle(prepared.arguments[i].memory, address);
  }
  if (prepared.reorder && !(prepared.reorderOnce && prepared.reorderedFrom == data[1])) {
    prepared.reorderedFrom = data[1];
    dnnl_memory_set_data_handle(prepared.reorderArguments[0].memory, data[1]);
    dnnl_status_t status = dnnl_primitive_execute(prepared.reorder, library.stream, 2,
                                                  prepared.reorderArguments);
    if (status)
      return status;
  }
  return dnnl_primitive_execute(prepared.primitive, library.stream, prepared.numArguments,
                                prepared.arguments);
}

extern "C" void rac_library_call(RacContext *context, const RacLibraryCall *call,
                                 void *const *data, const int64_t *shape) {
  if (rac::runtime::currentWorker)
    fail(context, RAC_FAILED, "library call %d: within a parallel loop", call->site);
  int threads = context->threads, words = 0;
  if (call->threads > 0 && call->threads < threads)
    threads = call->threads;
  for (int i = 0; i <= call->num_inputs; ++i)
    words += 2 * call->ranks[i];

  Library *library = getLibrary(context);
  Prepared *prepared = find(library->sites[call->site], shape, words, threads);
  // A run has limited oneDNN to the context's threads already (ThreadPool::enter).
  int before = threads == context->threads ? threads : limitThreads(threads);
  if (!prepared) {
    Problem problem = {};
    if (runEmpty(context, problem, *call, data, shape))
      return void(limitThreads(before));
    prepared = prepare(context, *library, problem, shape, words, threads);
  }
  dnnl_status_t status = execute(*library, *prepared, data);
  if (before != threads)
    limitThreads(before);
  if (status != dnnl_success)
    fail(context, RAC_FAILED, "library call %d: oneDNN failed (status %d)", call->site,
         int(status));
}
