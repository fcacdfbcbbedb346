//===- Prepared.h - Primitives that are ready to run ------------*- C++ -*-===//

#ifndef RAC_RUNTIME_ONEDNN_PREPARED_H
#define RAC_RUNTIME_ONEDNN_PREPARED_H

#include "../Context.h"
#include "Problem.h"

namespace rac::onednn {

using runtime::Buffer;
using runtime::Library;

constexpr int kMaxArguments = kMaxInputs + 3;
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
  int threads, sum, numArguments, words;
  dnnl_exec_arg_t arguments[kMaxArguments];
  int operands[kMaxArguments];    // where an argument's address is found
  void *addresses[kMaxArguments]; // what the arguments have now
  // Weights that don't come as the primitive takes them. Constant ones are
  // reordered once and kept by the library, others in each call.
  Reorder weights;
  Reorder unpack; // before that, to the plain layout
  dnnl_memory_desc_t weightsLayout;
  Buffer reordered;
  // Where the primitive works on dense copies.
  Reorder source, result;
  bool postOpsApart;
  int32_t sourceZero;
  int64_t shape[]; // the key
};

/// Of Prepared::operands: what is not an operand.
enum {
  kScratchpad = -1,
  kSourceCopy = -2,
  kResultCopy = -3,
  kReordered = -4,
  kSourceZero = -5
};

struct Site {
  Prepared *first; // most recently used first
  int count;
};

/// Constant weights in a layout that they were not packed in: what is best may
/// differ with the number of threads and with dynamic shapes. Kept as long as
/// the context.
struct Reordered {
  Reordered *next;
  const void *from;
  dnnl_memory_desc_t layout;
  Buffer data;
};

} // namespace rac::onednn

struct rac::runtime::Library {
  uint64_t size;
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  // Large enough for every primitive there is.
  Buffer scratchpad, sourceCopy, resultCopy;
  rac::onednn::Reordered *reordered;
  rac::onednn::Site sites[];
};

namespace rac::onednn {

/// The context's library state, made when first asked for.
Library *getLibrary(RacContext *context);

/// Makes the primitive of a call for these shapes and puts it first at its
/// site. Fails the run where there is none.
Prepared *prepare(RacContext *context, Library &library, Problem &problem,
                  const int64_t *shape, int words, int threads);

/// The site's primitive for these shapes, moved to the front; null if there is
/// none. `sum` as of a Problem.
Prepared *find(Site &site, const int64_t *shape, int words, int threads,
               int sum);

/// Constant weights at `from` as the primitive takes them; null: no memory, or
/// oneDNN failed.
void *reorderedOnce(Library &library, Prepared &prepared, void *from);

dnnl_status_t run(Library &library, Reorder &reorder, void *from, void *to);

} // namespace rac::onednn

#endif // RAC_RUNTIME_ONEDNN_PREPARED_H
