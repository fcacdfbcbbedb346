//===- Problem.cpp - A library call in oneDNN's terms ---------------------===//

#include "Descriptors.h"
#include "PostOps.h"
#include "Shapes.h"

#include <oneapi/dnnl/dnnl_debug.h>

#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace rac::onednn {
namespace {

dnnl_status_t makePrimitive(Problem &problem, dnnl_engine_t engine,
                            const_dnnl_memory_desc_t weights,
                            dnnl_primitive_desc_t *result) {
  const RacLibraryCall &call = *problem.call;
  *result = nullptr;
  if (call.primitive == RAC_MATMUL)
    return dnnl_matmul_primitive_desc_create(
        result, engine, problem.source, weights, problem.bias, problem.result,
        problem.attributes);
  dnnl_dims_t dilations;
  for (int i = 0; i < call.spatial; ++i)
    dilations[i] = call.dilations[i] - 1;
  if (call.primitive == RAC_CONV)
    return dnnl_convolution_forward_primitive_desc_create(
        result, engine, dnnl_forward_inference, dnnl_convolution_direct,
        problem.source, weights, problem.bias, problem.result, call.strides,
        dilations, call.pads_low, call.pads_high, problem.attributes);
  return dnnl_deconvolution_forward_primitive_desc_create(
      result, engine, dnnl_forward_inference, dnnl_deconvolution_direct,
      problem.source, weights, problem.bias, problem.result, call.strides,
      dilations, call.pads_low, call.pads_high, problem.attributes);
}

const char *implementationOf(dnnl_primitive_desc_t primitive) {
  const char *name = nullptr;
  dnnl_primitive_desc_query(primitive, dnnl_query_impl_info_str, 0, &name);
  return name ? name : "?";
}

/// Packed weights, in the number of dimensions that the call has them in.
bool describePacked(Problem &problem, const View &weights) {
  const RacLibraryCall &call = *problem.call;
  const auto *format = reinterpret_cast<const PackedFormat *>(call.packed);
  if (!format->valid(call.packed_size))
    return error(problem,
                 "its weights' packed layout is not one of this version");
  if (format->isPlain())
    return describeView(dense(weights), &problem.given) ||
           error(problem, "its weights' strides are not ones that it takes");
  dnnl_format_tag_t tag = findTag(format->tag);
  dnnl_dims_t dims;
  int rank = weightsDims(call, problem.views[1], dims);
  dnnl_memory_desc_t packed = nullptr;
  if (tag == dnnl_format_tag_undef ||
      dnnl_memory_desc_create_with_tag(
          &packed, rank, dims, dataType(weights.dtype), tag) != dnnl_success) {
    snprintf(problem.error, sizeof(problem.error),
             "its weights are packed as %s, which this oneDNN does not know",
             format->tag);
    return false;
  }
  problem.given = packed;
  if (rank == weights.rank)
    return true;
  bool good = dnnl_memory_desc_reshape(&problem.given, packed, weights.rank,
                                       weights.sizes) == dnnl_success;
  dnnl_memory_desc_destroy(packed);
  if (!good) {
    problem.given = nullptr;
    return error(problem, "its packed weights do not fit the batch");
  }
  return true;
}

const char *kNames[] = {"matmul", "conv", "conv_transpose"};

/// Says what could not be had: oneDNN itself tells only that it is so.
bool refuse(Problem &problem, dnnl_status_t status) {
  const RacLibraryCall &call = *problem.call;
  char text[200] = "";
  size_t length = 0;
  for (int i = 0; i <= call.num_inputs && length < sizeof(text); ++i) {
    const View &view = problem.views[i];
    length += snprintf(text + length, sizeof(text) - length, "%s%d:",
                       i == call.num_inputs ? " -> "
                       : i                  ? ", "
                                            : "",
                       view.dtype);
    for (int d = 0; d < view.rank && length < sizeof(text); ++d)
      length +=
          snprintf(text + length, sizeof(text) - length, d ? "x%lld" : "%lld",
                   static_cast<long long>(view.sizes[d]));
  }
  const dnnl_version_t *version = dnnl_version();
  snprintf(problem.error, sizeof(problem.error),
           "oneDNN %d.%d does not support (status %d) %s of dtype:shape %s, %d "
           "post-ops",
           version->major, version->minor, int(status), kNames[call.primitive],
           text, call.num_post_ops);
  return false;
}

bool choose(Problem &problem, dnnl_engine_t engine, const View &weights,
            Weights how) {
  const RacLibraryCall &call = *problem.call;
  // Convolutions on plain filters are slow whatever the operands are, so only a
  // matmul's weights are taken as they are if they aren't packed.
  bool plain = call.packed &&
               reinterpret_cast<const PackedFormat *>(call.packed)->isPlain();
  bool asGiven = how == Weights::AsGiven && !plain &&
                 (call.packed || call.primitive == RAC_MATMUL);
  dnnl_status_t status = dnnl_unimplemented;
  dnnl_primitive_desc_t given = nullptr;
  if (asGiven) {
    status = makePrimitive(problem, engine, problem.given, &given);
    if (status == dnnl_success && !isSlow(given)) {
      problem.primitive = given;
      return true;
    }
  }
  dnnl_memory_desc_t any = nullptr;
  dnnl_memory_desc_create_with_tag(&any, weights.rank, weights.sizes,
                                   dataType(weights.dtype),
                                   dnnl_format_tag_any);
  dnnl_primitive_desc_t preferred = nullptr;
  dnnl_status_t second = makePrimitive(problem, engine, any, &preferred);
  dnnl_memory_desc_destroy(any);
  if (second == dnnl_success && given && isSlow(preferred)) {
    dnnl_primitive_desc_destroy(
        preferred); // no better, and would need a reorder
    preferred = nullptr;
  }
  if (preferred && given)
    dnnl_primitive_desc_destroy(given);
  problem.primitive = preferred ? preferred : given;
  return problem.primitive || refuse(problem, asGiven ? status : second);
}

} // namespace

bool isSlow(dnnl_primitive_desc_t primitive) {
  return strncmp(implementationOf(primitive), "ref", 3) == 0;
}

bool isSlowReorder(dnnl_engine_t engine, const_dnnl_memory_desc_t from,
                   const_dnnl_memory_desc_t to) {
  dnnl_primitive_desc_t reorder = nullptr;
  bool slow =
      dnnl_reorder_primitive_desc_create(&reorder, from, engine, to, engine,
                                         nullptr) == dnnl_success &&
      strncmp(implementationOf(reorder), "simple", 6) == 0;
  if (reorder)
    dnnl_primitive_desc_destroy(reorder);
  return slow;
}

dnnl_memory_desc_t plainLayoutOf(const_dnnl_memory_desc_t md) {
  int rank = 0;
  dnnl_data_type_t type = dnnl_data_type_undef;
  dnnl_dims_t *dims = nullptr, strides;
  dnnl_memory_desc_query(md, dnnl_query_ndims_s32, &rank);
  dnnl_memory_desc_query(md, dnnl_query_data_type, &type);
  dnnl_memory_desc_query(md, dnnl_query_dims, &dims);
  dnnl_dim_t step = 1;
  for (int i = rank - 1; i >= 0; --i) {
    strides[i] = step;
    step *= (*dims)[i];
  }
  dnnl_memory_desc_t plain = nullptr;
  dnnl_memory_desc_create_with_strides(&plain, rank, *dims, type, strides);
  return plain;
}

bool PackedFormat::valid(int64_t size) const {
  return size == sizeof(PackedFormat) && memcmp(magic, "RAC1", 4) == 0 &&
         memchr(tag, 0, sizeof(tag));
}

bool PackedFormat::isPlain() const { return strcmp(tag, kPlainTag) == 0; }

dnnl_format_tag_t findTag(const char *name) {
  for (int tag = dnnl_format_tag_any + 1; tag < dnnl_format_tag_last; ++tag)
    if (strcmp(dnnl_fmt_tag2str(dnnl_format_tag_t(tag)), name) == 0)
      return dnnl_format_tag_t(tag);
  return dnnl_format_tag_undef;
}

/// The operands in oneDNN's terms. Ranks and sizes have not been looked at
/// before.
static bool translate(Problem &problem, View (&views)[kMaxInputs + 1]) {
  const RacLibraryCall &call = *problem.call;
  int count = call.num_inputs + 1, rank = problem.resultView().rank;
  bool conv = call.primitive != RAC_MATMUL;
  if (conv &&
      (call.spatial < 1 || call.spatial > 3 || rank != call.spatial + 2 ||
       problem.views[0].rank != rank || problem.views[1].rank != rank))
    return error(problem, "its operands' ranks are not a convolution's");
  if (!conv &&
      (problem.views[0].rank < 2 || problem.views[1].rank < 2 || rank < 2))
    return error(problem, "its operands' ranks are not a matmul's");
  for (int i = 0; i < count; ++i) {
    if (dataType(problem.views[i].dtype) == dnnl_data_type_undef)
      return error(problem, "an operand's dtype is not one of oneDNN's");
    views[i] = problem.views[i];
    if (problem.copies && (i == 0 || i == call.num_inputs))
      views[i] = dense(views[i]);
    if (!toRank(views[i], rank))
      return error(problem, "an operand's rank is larger than the result's");
  }
  if (!conv) {
    foldBatch(views, count);
    return true;
  }
  if (call.groups < 1 || views[1].sizes[0] % call.groups != 0)
    return error(problem, "its groups do not divide the channels");
  for (int i = 0; i < count; ++i)
    views[i] = i == 1 ? withGroups(call, views[1]) : channelsSecond(views[i]);
  return true;
}

/// What the copies are made from and to.
static bool describeCopies(Problem &problem) {
  const View &source = problem.views[0], &result = problem.resultView();
  return describeView(source, &problem.givenSource) &&
         describeView(dense(source), &problem.denseSource) &&
         describeView(result, &problem.givenResult) &&
         describeView(dense(result), &problem.denseResult);
}

/// One attempt, with problem.copies and problem.postOpsApart as they are.
static bool attempt(Problem &problem, dnnl_engine_t engine, Weights how) {
  const RacLibraryCall &call = *problem.call;
  View views[kMaxInputs + 1] = {};
  if (!translate(problem, views))
    return false;
  if (!describeView(views[0], &problem.source) ||
      !describeView(views[call.num_inputs], &problem.result) ||
      (problem.copies && !describeCopies(problem)))
    return error(problem,
                 "its operands' strides are not ones that oneDNN takes");
  findScales(problem, views);
  if (int operand = problem.biasOperand()) {
    View bias = views[operand];
    if (call.primitive != RAC_MATMUL) { // one dimension there
      bias.rank = 1;
      bias.sizes[0] = views[operand].sizes[1];
      bias.strides[0] = 1;
    }
    if (!describeView(bias, &problem.bias))
      return error(problem, "its bias is not one that oneDNN takes");
  }
  if (!describePostOps(problem, views))
    return false;
  if (call.packed && !describePacked(problem, views[1]))
    return false;
  if (!call.packed && !describeView(views[1], &problem.given))
    return error(problem,
                 "its weights' strides are not ones that oneDNN takes");
  if (!choose(problem, engine, views[1], how))
    return false;
  problem.implementation = implementationOf(problem.primitive);
  return dnnl_memory_desc_clone(&problem.weights,
                                dnnl_primitive_desc_query_md(
                                    problem.primitive, dnnl_query_weights_md,
                                    0)) == dnnl_success ||
         error(problem, "no memory");
}

bool describe(Problem &problem, dnnl_engine_t engine, Weights how) {
  const RacLibraryCall &call = *problem.call;
  if (call.primitive < RAC_MATMUL || call.primitive > RAC_CONV_TRANSPOSE)
    return error(problem, "there is no such primitive");
  bool mayCopy = !isDense(problem.views[0]) || !isDense(problem.resultView());
  // oneDNN has an implementation for nearly everything, but what its kernels
  // don't cover is done by loops that are hundreds of times slower. Then less
  // is asked of it.
  constexpr int kPostOps = 1, kCopy = 2, kApart = 4, kVariants = 8;
  bool mayPart = call.num_post_ops > 0 && knowsPostOps(problem);
  auto choose = [&](int variant) {
    clear(problem);
    problem.scales = 0;
    problem.scaledByPostOps = variant & kPostOps;
    problem.copies = variant & kCopy;
    problem.postOpsApart = variant & kApart;
  };
  int known = -1;
  bool scales = true;
  char firstError[sizeof(problem.error)] = "";
  for (int variant = 0; variant < kVariants; ++variant) {
    // A copy of the result, and what is written before post-ops are applied,
    // have nothing to add to.
    if ((variant & (kCopy | kApart) && problem.sum) ||
        (variant & kCopy && !mayCopy) || (variant & kApart && !mayPart) ||
        (variant & kPostOps && (!scales || variant & kApart)))
      continue;
    choose(variant);
    bool done = attempt(problem, engine, how);
    if (!(variant & kPostOps))
      scales = problem.scales != 0;
    if (!done) {
      if (variant == 0)
        memcpy(firstError, problem.error, sizeof(firstError));
      continue;
    }
    if (!isSlow(problem.primitive))
      return true;
    if (known < 0)
      known = variant;
  }
  clear(problem);
  if (known < 0) {
    memcpy(problem.error, firstError, sizeof(firstError));
    return false;
  }
  choose(known);
  return attempt(problem, engine, how);
}

static void drop(dnnl_memory_desc_t &md) {
  if (md)
    dnnl_memory_desc_destroy(md);
  md = nullptr;
}

void clear(Problem &problem) {
  for (dnnl_memory_desc_t *md :
       {&problem.source, &problem.bias, &problem.result, &problem.given,
        &problem.weights, &problem.givenSource, &problem.denseSource,
        &problem.givenResult, &problem.denseResult})
    drop(*md);
  for (dnnl_memory_desc_t &md : problem.operands)
    drop(md);
  if (problem.attributes)
    dnnl_primitive_attr_destroy(problem.attributes);
  if (problem.primitive)
    dnnl_primitive_desc_destroy(problem.primitive);
  problem.attributes = nullptr;
  problem.primitive = nullptr;
}

} // namespace rac::onednn
