//===- Shapes.cpp - Operands' shapes in oneDNN's terms --------------------===//

#include "Shapes.h"

#include <cstdio>
#include <cstring>

namespace rac::onednn {

bool View::empty() const {
  for (int i = 0; i < rank; ++i)
    if (sizes[i] == 0)
      return true;
  return false;
}

int64_t View::elements() const {
  int64_t count = 1;
  for (int i = 0; i < rank; ++i)
    count *= sizes[i];
  return count;
}

/// A dimension of size 1 may have any stride. oneDNN recognises dense layouts
/// by their strides, so give it the one that the dense layout would have.
static void settleStrides(View &view) {
  int64_t next = 1;
  for (int i = view.rank - 1; i >= 0; --i) {
    if (view.sizes[i] == 1)
      view.strides[i] = next;
    next = view.strides[i] * view.sizes[i];
  }
}

bool readShapes(Problem &problem, const RacLibraryCall &call,
                const int64_t *shape) {
  problem.call = &call;
  if (call.num_inputs < 2 || call.num_inputs > kMaxInputs) {
    snprintf(problem.error, sizeof(problem.error), "it has %d inputs",
             call.num_inputs);
    return false;
  }
  for (int i = 0; i <= call.num_inputs; ++i) {
    View &view = problem.views[i];
    int rank = call.ranks[i];
    const int64_t *sizes = shape, *strides = shape + rank;
    shape += 2 * rank;
    view.rank = rank;
    view.dtype = call.dtypes[i];
    bool packed = i == 1 && call.packed;
    if (packed) {
      view.rank = call.weights_rank;
      view.dtype = call.weights_dtype;
      sizes = call.weights_dims;
    }
    if (view.rank > kMaxDims) {
      snprintf(problem.error, sizeof(problem.error),
               "operand %d has %d dimensions, and oneDNN takes at most %d", i,
               view.rank, kMaxDims);
      return false;
    }
    memcpy(view.sizes, sizes, view.rank * sizeof(int64_t));
    if (packed) // the settled strides are then those of a dense tensor
      for (int64_t j = view.rank - 1, stride = 1; j >= 0;
           --j, stride *= view.sizes[j + 1])
        view.strides[j] = stride;
    else
      memcpy(view.strides, strides, view.rank * sizeof(int64_t));
    settleStrides(view);
  }
  return true;
}

View dense(const View &view) {
  View result = view;
  for (int64_t i = view.rank - 1, stride = 1; i >= 0; stride *= view.sizes[i--])
    result.strides[i] = stride;
  return result;
}

bool isDense(const View &view) {
  View other = dense(view);
  return memcmp(view.strides, other.strides, view.rank * sizeof(int64_t)) == 0;
}

bool toRank(View &view, int rank) {
  int extra = rank - view.rank;
  View from = view;
  for (int i = 0; i < -extra; ++i)
    if (from.sizes[i] != 1)
      return false;
  int64_t outer = from.rank ? from.strides[0] * from.sizes[0] : 1;
  for (int i = 0; i < rank; ++i) {
    view.sizes[i] = i < extra ? 1 : from.sizes[i - extra];
    view.strides[i] = i < extra ? outer : from.strides[i - extra];
  }
  view.rank = rank;
  return true;
}

View channelsSecond(const View &view) {
  View result = view;
  for (int i = 1; i < view.rank; ++i) {
    int from = i == 1 ? view.rank - 1 : i - 1;
    result.sizes[i] = view.sizes[from];
    result.strides[i] = view.strides[from];
  }
  return result;
}

View withGroups(const RacLibraryCall &call, const View &view) {
  bool transposed = call.primitive == RAC_CONV_TRANSPOSE;
  int64_t groups = call.groups;
  View result = view;
  // conv: F x C/g x window -> [g] x F/g x C/g x window.
  // conv_transpose: C x F/g x window -> [g] x F/g x C/g x window.
  int outer = transposed ? 1 : 0, inner = transposed ? 0 : 1, at = 0;
  if (groups > 1) {
    result.rank = view.rank + 1;
    result.sizes[0] = groups;
    result.strides[0] = view.strides[0] * (view.sizes[0] / groups);
    at = 1;
    for (int i = 2; i < view.rank; ++i) {
      result.sizes[i + 1] = view.sizes[i];
      result.strides[i + 1] = view.strides[i];
    }
  }
  int64_t outerSize = view.sizes[outer], innerSize = view.sizes[inner];
  (transposed ? innerSize : outerSize) /= groups;
  result.sizes[at] = outerSize;
  result.strides[at] = view.strides[outer];
  result.sizes[at + 1] = innerSize;
  result.strides[at + 1] = view.strides[inner];
  return result;
}

/// Whether the leading dimensions and the rows can be walked as one dimension.
static bool foldable(const View &view) {
  for (int i = 0; i + 2 < view.rank; ++i)
    if (view.strides[i] != view.strides[i + 1] * view.sizes[i + 1])
      return false;
  return true;
}

static View folded(const View &view) {
  View result = view;
  int64_t rows = 1;
  for (int i = 0; i + 1 < view.rank; ++i)
    rows *= view.sizes[i];
  result.rank = 2;
  result.sizes[0] = rows;
  result.strides[0] = view.strides[view.rank - 2];
  result.sizes[1] = view.sizes[view.rank - 1];
  result.strides[1] = view.strides[view.rank - 1];
  if (rows == 1)
    result.strides[0] = result.strides[1] * result.sizes[1];
  return result;
}

void foldBatch(View *views, int count) {
  const View &result = views[count - 1];
  if (result.rank <= 2)
    return;
  for (int i = 0; i + 2 < result.rank; ++i)
    if (views[1].sizes[i] != 1)
      return;
  for (int i = 0; i < count; ++i) {
    if (i == 1)
      continue;
    // Either constant along all that is folded, or along none of it. The
    // source's rows must be the result's.
    bool all = true, none = true;
    for (int d = 0; d + 1 < result.rank; ++d) {
      all = all && views[i].sizes[d] == result.sizes[d];
      none = none && views[i].sizes[d] == 1;
    }
    if (!(i == 0 || i == count - 1 ? all : all || none) ||
        (all && !foldable(views[i])))
      return;
  }
  for (int i = 0; i < count; ++i)
    views[i] = folded(views[i]);
}

int weightsDims(const RacLibraryCall &call, const View &weights,
                dnnl_dims_t dims) {
  View view = weights;
  int skip = 0;
  if (call.primitive == RAC_MATMUL)
    while (view.rank - skip > 2 && view.sizes[skip] == 1)
      ++skip;
  else
    view = withGroups(call, weights);
  for (int i = skip; i < view.rank; ++i)
    dims[i - skip] = view.sizes[i];
  return view.rank - skip;
}

} // namespace rac::onednn
