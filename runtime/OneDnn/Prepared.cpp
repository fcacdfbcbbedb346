//===- Prepared.cpp - Primitives that are ready to run --------------------===//
//
// Each call site keeps the primitives that it has made, by operands' shapes.
// What is found there is ready: only addresses are exchanged.
//
//===----------------------------------------------------------------------===//

#include "Prepared.h"

#include <cstring>
#include <initializer_list>

using namespace rac::onednn;
using rac::runtime::allocateZeroed;
using rac::runtime::fail;
using rac::runtime::release;

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
  for (Reorder *reorder : {&prepared->weights, &prepared->unpack,
                           &prepared->source, &prepared->result})
    destroy(*reorder);
  if (prepared->weightsLayout)
    dnnl_memory_desc_destroy(prepared->weightsLayout);
  if (prepared->primitive)
    dnnl_primitive_destroy(prepared->primitive);
  prepared->reordered.free();
  release(prepared, prepared->size);
}

static void destroy(Reordered *weights) {
  if (weights->layout)
    dnnl_memory_desc_destroy(weights->layout);
  weights->data.free();
  release(weights, sizeof(Reordered));
}

static void destroyLibrary(RacContext *context) {
  Library *library = context->library;
  while (Reordered *weights = library->reordered) {
    library->reordered = weights->next;
    destroy(weights);
  }
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

Library *rac::onednn::getLibrary(RacContext *context) {
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

/// From packed weights to a plain layout and from there to the wanted one:
/// where oneDNN has no code for the direct way, its element by element takes
/// 16 ms for what these do in one.
static bool makeRepacking(Library &library, Prepared &prepared,
                          const Problem &problem) {
  if (!isSlowReorder(library.engine, problem.given, problem.weights))
    return makeReorder(library, prepared.weights, problem.given,
                       problem.weights);
  dnnl_memory_desc_t plain = plainLayoutOf(problem.weights);
  bool good = plain &&
              makeReorder(library, prepared.unpack, problem.given, plain) &&
              makeReorder(library, prepared.weights, plain, problem.weights);
  if (plain)
    dnnl_memory_desc_destroy(plain);
  return good;
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
  if (problem.bias && !add(DNNL_ARG_BIAS, problem.bias, problem.biasOperand()))
    return false;
  for (int i = problem.firstPostOp; i < call.num_post_ops; ++i)
    if (problem.operands[i] &&
        !add(DNNL_ARG_ATTR_MULTIPLE_POST_OP(i - problem.firstPostOp) |
                 DNNL_ARG_SRC_1,
             problem.operands[i], call.post_ops[i].operand))
      return false;
  auto addVector = [&](int kind, dnnl_dim_t size, dnnl_data_type_t type,
                       int operand) {
    dnnl_memory_desc_t vector = nullptr;
    bool good = dnnl_memory_desc_create_with_tag(&vector, 1, &size, type,
                                                 dnnl_a) == dnnl_success &&
                add(kind, vector, operand);
    if (vector)
      dnnl_memory_desc_destroy(vector);
    return good;
  };
  if (problem.scales && !addVector(DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS,
                                   problem.views[problem.scales].elements(),
                                   dnnl_f32, problem.scales))
    return false;
  prepared.sourceZero = call.source_zero;
  if (call.source_zero != 0 &&
      !addVector(DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, 1, dnnl_s32,
                 kSourceZero))
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
  if (!call.packed) {
    if (!prepared.reordered.reserve(bytes))
      return false;
    memset(prepared.reordered.data, 0, bytes); // padding within blocks
  }
  return dnnl_memory_desc_clone(&prepared.weightsLayout, problem.weights) ==
             dnnl_success &&
         (call.packed ? makeRepacking(library, prepared, problem)
                      : makeReorder(library, prepared.weights, problem.given,
                                    problem.weights));
}

Prepared *rac::onednn::prepare(RacContext *context, Library &library,
                               Problem &problem, const int64_t *shape,
                               int words, int threads) {
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
    prepared->sum = problem.sum;
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

Prepared *rac::onednn::find(Site &site, const int64_t *shape, int words,
                            int threads, int sum) {
  for (Prepared **at = &site.first; *at; at = &(*at)->next) {
    Prepared *prepared = *at;
    if (prepared->threads != threads || prepared->sum != sum ||
        memcmp(prepared->shape, shape, words * sizeof(int64_t)) != 0)
      continue;
    *at = prepared->next;
    prepared->next = site.first;
    site.first = prepared;
    return prepared;
  }
  return nullptr;
}

dnnl_status_t rac::onednn::run(Library &library, Reorder &reorder, void *from,
                               void *to) {
  dnnl_memory_set_data_handle(reorder.from, from);
  dnnl_memory_set_data_handle(reorder.to, to);
  dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, reorder.from},
                                 {DNNL_ARG_TO, reorder.to}};
  return dnnl_primitive_execute(reorder.primitive, library.stream, 2,
                                arguments);
}

/// What was packed for another shape, as the primitive takes it.
static bool repack(Library &library, Prepared &prepared, void *from, void *to) {
  if (!prepared.unpack.primitive)
    return run(library, prepared.weights, from, to) == dnnl_success;
  Buffer plain = {};
  const_dnnl_memory_desc_t layout = nullptr;
  bool good = dnnl_memory_get_memory_desc(prepared.unpack.to, &layout) ==
                  dnnl_success &&
              plain.reserve(sizeOf(layout)) &&
              run(library, prepared.unpack, from, plain.data) == dnnl_success &&
              run(library, prepared.weights, plain.data, to) == dnnl_success;
  plain.free();
  return good;
}

void *rac::onednn::reorderedOnce(Library &library, Prepared &prepared,
                                 void *from) {
  for (Reordered *known = library.reordered; known; known = known->next)
    if (known->from == from &&
        dnnl_memory_desc_equal(known->layout, prepared.weightsLayout))
      return known->data.data;
  auto *made = static_cast<Reordered *>(allocateZeroed(sizeof(Reordered)));
  if (!made)
    return nullptr;
  uint64_t bytes = sizeOf(prepared.weightsLayout);
  made->from = from;
  bool good = made->data.reserve(bytes) &&
              dnnl_memory_desc_clone(&made->layout, prepared.weightsLayout) ==
                  dnnl_success;
  if (good) {
    memset(made->data.data, 0, bytes); // padding within blocks
    good = repack(library, prepared, from, made->data.data);
  }
  if (!good) {
    destroy(made);
    return nullptr;
  }
  made->next = library.reordered;
  library.reordered = made;
  return made->data.data;
}
