//===- Pack.cpp - Weights in the library's own layout ---------------------===//

#include "Pack.h"
#include "Descriptors.h"
#include "Shapes.h"
#include "Team.h"

#include <oneapi/dnnl/dnnl_debug.h>

#include <cstdio>
#include <cstring>
#include <initializer_list>

using namespace rac::onednn;

namespace {

/// What the functions below need; torn down on every way out.
struct Session {
  Problem problem = {};
  dnnl_engine_t engine = nullptr;
  dnnl_stream_t stream = nullptr;
  dnnl_memory_desc_t plain = nullptr, packed = nullptr;

  explicit Session(int threads) {
    useTeam(/*pool=*/nullptr, threads); // nothing runs on more than one
    dnnl_engine_create(&engine, dnnl_cpu, 0);
  }
  ~Session() {
    clear(problem);
    for (dnnl_memory_desc_t md : {plain, packed})
      if (md)
        dnnl_memory_desc_destroy(md);
    if (stream)
      dnnl_stream_destroy(stream);
    if (engine)
      dnnl_engine_destroy(engine);
  }
};

int refuse(RacPackFormat &format, const char *text) {
  snprintf(format.message, sizeof(format.message), "%s", text);
  return RAC_UNSUPPORTED;
}

/// The name of a layout that gives the very same descriptor, or null.
const char *nameOf(const_dnnl_memory_desc_t md, int rank,
                   const dnnl_dims_t dims, dnnl_data_type_t type) {
  for (int i = dnnl_format_tag_any + 1; i < dnnl_format_tag_last; ++i) {
    auto tag = dnnl_format_tag_t(i);
    dnnl_memory_desc_t candidate = nullptr;
    if (dnnl_memory_desc_create_with_tag(&candidate, rank, dims, type, tag) !=
        dnnl_success)
      continue;
    bool same = dnnl_memory_desc_equal(candidate, md);
    dnnl_memory_desc_destroy(candidate);
    if (same)
      return dnnl_fmt_tag2str(tag);
  }
  return nullptr;
}

dnnl_data_type_t typeOf(const_dnnl_memory_desc_t md) {
  dnnl_data_type_t type = dnnl_data_type_undef;
  dnnl_memory_desc_query(md, dnnl_query_data_type, &type);
  return type;
}

} // namespace

/// The layout that oneDNN prefers on so many threads.
static int preferredFormat(const RacLibraryCall &call, const int64_t *shape,
                           int threads, RacPackFormat &format) {
  format = {};
  Session session(threads);
  Problem &problem = session.problem;
  if (!session.engine)
    return refuse(format, "oneDNN has no CPU engine");
  if (!readShapes(problem, call, shape) ||
      !describe(problem, session.engine, Weights::Preferred))
    return refuse(format, problem.error);
  snprintf(format.implementation, sizeof(format.implementation), "%s",
           problem.implementation);

  // The layout is stored for the weights' own dimensions, without those that
  // they only have because the source has a batch.
  dnnl_dims_t dims;
  int rank = weightsDims(call, problem.views[1], dims), have = 0;
  dnnl_memory_desc_query(problem.weights, dnnl_query_ndims_s32, &have);
  dnnl_status_t status =
      have == rank ? dnnl_memory_desc_clone(&session.packed, problem.weights)
                   : dnnl_memory_desc_reshape(&session.packed, problem.weights,
                                              rank, dims);
  const char *name = status == dnnl_success ? nameOf(session.packed, rank, dims,
                                                     typeOf(problem.weights))
                                            : nullptr;
  PackedFormat blob = {{'R', 'A', 'C', '1'}, ""};
  static_assert(sizeof(blob) == sizeof(format.blob),
                "the blob is a PackedFormat");
  // Of bytes with a zero point the layout has sums of weights beside them, and
  // of signed ones where a kernel has no tiles, as that for a few rows.
  bool plain = problem.views[1].dtype == RAC_I8 &&
               (!name || problem.views[0].dtype == RAC_I8);
  if (plain)
    name = kPlainTag;
  if (!name || strlen(name) >= sizeof(blob.tag))
    return refuse(format, "oneDNN's layout of the weights has no name");
  snprintf(blob.tag, sizeof(blob.tag), "%s", name);
  memcpy(format.blob, &blob, sizeof(blob));
  format.bytes = plain ? problem.views[1].elements()
                       : int64_t(dnnl_memory_desc_get_size(session.packed));
  return RAC_OK;
}

/// Whether a kernel on so many threads takes weights of this format as they
/// are.
static bool serves(const RacPackFormat &format, const RacLibraryCall &plain,
                   const int64_t *shape, int threads) {
  Session session(threads);
  RacLibraryCall call = plain;
  call.packed = format.blob;
  call.packed_size = sizeof(format.blob);
  call.weights_rank = plain.ranks[1];
  call.weights_dims = shape + 2 * plain.ranks[0];
  call.weights_dtype = plain.dtypes[1];
  Problem &problem = session.problem;
  return session.engine && readShapes(problem, call, shape) &&
         describe(problem, session.engine, Weights::AsGiven) &&
         dnnl_memory_desc_equal(problem.given, problem.weights) &&
         !isSlow(problem.primitive);
}

int rac_onednn_pack_format(const RacLibraryCall *call, const int64_t *shape,
                           int threads, RacPackFormat *format) {
  if (call->threads > 0 && call->threads < threads)
    threads = call->threads;
  int status = preferredFormat(*call, shape, threads, *format);
  if (status != RAC_OK || threads == 1 || serves(*format, *call, shape, 1))
    return status;
  RacPackFormat sequential;
  if (preferredFormat(*call, shape, 1, sequential) == RAC_OK &&
      serves(sequential, *call, shape, threads))
    *format = sequential;
  return RAC_OK;
}

int rac_onednn_pack(const RacLibraryCall *call, const int64_t *shape,
                    RacPackFormat *format, const void *plain, void *packed) {
  Session session(/*threads=*/1);
  Problem &problem = session.problem;
  if (!session.engine)
    return refuse(*format, "oneDNN has no CPU engine");
  const auto &blob = *reinterpret_cast<const PackedFormat *>(format->blob);
  if (!readShapes(problem, *call, shape))
    return refuse(*format, problem.error);
  View view = call->primitive == RAC_MATMUL
                  ? problem.views[1]
                  : withGroups(*call, problem.views[1]);
  dnnl_dims_t dims;
  int rank = weightsDims(*call, problem.views[1], dims),
      extra = view.rank - rank;
  dnnl_data_type_t type = dataType(view.dtype);
  dnnl_primitive_desc_t description = nullptr;
  dnnl_primitive_t reorder = nullptr;
  dnnl_memory_t from = nullptr, to = nullptr;
  dnnl_status_t status =
      dnnl_stream_create(&session.stream, session.engine, dnnl_stream_in_order);
  if (!status)
    status = dnnl_memory_desc_create_with_strides(&session.plain, rank, dims,
                                                  type, view.strides + extra);
  View own = view;
  own.rank = rank;
  memcpy(own.sizes, dims, rank * sizeof(int64_t));
  if (!status && blob.isPlain())
    status = describeView(dense(own), &session.packed) ? dnnl_success
                                                       : dnnl_out_of_memory;
  else if (!status)
    status = dnnl_memory_desc_create_with_tag(&session.packed, rank, dims, type,
                                              findTag(blob.tag));
  if (!status)
    status = dnnl_reorder_primitive_desc_create(&description, session.plain,
                                                session.engine, session.packed,
                                                session.engine, nullptr);
  if (!status)
    status = dnnl_primitive_create(&reorder, description);
  if (!status)
    status = dnnl_memory_create(&from, session.plain, session.engine,
                                const_cast<void *>(plain));
  if (!status)
    status = dnnl_memory_create(&to, session.packed, session.engine, packed);
  if (!status) {
    // Padding within blocks must be zeros.
    memset(packed, 0, dnnl_memory_desc_get_size(session.packed));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    status = dnnl_primitive_execute(reorder, session.stream, 2, arguments);
  }
  if (!status)
    status = dnnl_stream_wait(session.stream);
  if (from)
    dnnl_memory_destroy(from);
  if (to)
    dnnl_memory_destroy(to);
  if (reorder)
    dnnl_primitive_destroy(reorder);
  if (description)
    dnnl_primitive_desc_destroy(description);
  return status ? refuse(*format, "oneDNN could not lay out the weights")
                : RAC_OK;
}
