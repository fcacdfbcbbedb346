//===- Problem.h - A library call in oneDNN's terms -------------*- C++ -*-===//
//
// The one way from a RacLibraryCall to a primitive descriptor, for running it
// as well as for choosing its weights' layout when the model is compiled.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_RUNTIME_ONEDNN_PROBLEM_H
#define RAC_RUNTIME_ONEDNN_PROBLEM_H

#include "rac-c/Library.h"

#include <oneapi/dnnl/dnnl.h>

namespace rac::onednn {

constexpr int kMaxDims = 12; // oneDNN's own limit, DNNL_MAX_NDIMS
constexpr int kMaxInputs = 3 + 32;

/// One operand's shape in memory, in the order of dimensions that rac sees it
/// in.
struct View {
  int rank;
  int32_t dtype;
  int64_t sizes[kMaxDims], strides[kMaxDims];

  bool empty() const;
  int64_t elements() const;
};

/// All that is needed to make a primitive. Clear it at the end, also after
/// failure.
struct Problem {
  const RacLibraryCall *call;
  // As in memory; of packed weights, what they stand for.
  View views[kMaxInputs + 1];
  char error[360];

  dnnl_memory_desc_t source, bias, result, operands[kMaxInputs];
  // The weights as they come, and as the primitive takes them.
  dnnl_memory_desc_t given, weights;
  dnnl_primitive_attr_t attributes;
  dnnl_primitive_desc_t primitive;
  const char *implementation;

  // Post-ops at the start that oneDNN has of its own: a product of integers
  // times scales of the weights, and a bias after that. The operands' numbers;
  // 0: there is none.
  int scales, addend;
  bool scaledByPostOps; // not so
  int firstPostOp;      // of those that are left
  // The operand of the first post-op where that is an addition and the operand
  // lies where the result goes; 0: there is none. To be set before describe().
  int sum;

  // What is done beside the primitive where oneDNN's is too slow for all at
  // once.
  bool postOpsApart; // by applyPostOps
  bool copies;       // source and result are dense copies, from and to …
  dnnl_memory_desc_t givenSource, denseSource, givenResult, denseResult;

  const View &resultView() const { return views[call->num_inputs]; }
  /// An operand's number; 0: there is none.
  int biasOperand() const { return call->has_bias ? 2 : addend; }
};

enum class Weights {
  AsGiven,  // for a run: as they come, or as preferred if that is far better
  Preferred // for packing
};

/// Reads the operands' shapes. False: `error` says what is wrong.
bool readShapes(Problem &problem, const RacLibraryCall &call,
                const int64_t *shape);

/// After readShapes: makes descriptors of everything. The calling thread's
/// team (Team.h) is what the primitive will be made for.
bool describe(Problem &problem, dnnl_engine_t engine, Weights weights);

/// Whether this is not one of oneDNN's kernels but its reference loops.
bool isSlow(dnnl_primitive_desc_t primitive);

/// Whether a change of layout goes element by element.
bool isSlowReorder(dnnl_engine_t engine, const_dnnl_memory_desc_t from,
                   const_dnnl_memory_desc_t to);

/// The same elements with the last dimension's as neighbours, then those of
/// the one before, and so on; null: no memory.
dnnl_memory_desc_t plainLayoutOf(const_dnnl_memory_desc_t md);

/// Frees the descriptors.
void clear(Problem &problem);

/// A layout of weights that has a name in oneDNN, as it is stored in a model.
struct PackedFormat {
  char magic[4]; // "RAC1"
  char tag[44];  // oneDNN's name: good for all its versions

  bool valid(int64_t size) const;
  /// Dense, in the order of dimensions that rac sees: what the primitive takes
  /// has no name, so that each context lays the weights out, once.
  bool isPlain() const;
};
constexpr char kPlainTag[] = "plain";

dnnl_format_tag_t findTag(const char *name);

/// The dimensions of packed weights as oneDNN has them; its number of
/// dimensions.
int weightsDims(const RacLibraryCall &call, const View &weights,
                dnnl_dims_t dims);

} // namespace rac::onednn

#endif // RAC_RUNTIME_ONEDNN_PROBLEM_H
