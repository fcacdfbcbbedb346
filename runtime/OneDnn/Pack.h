//===- Pack.h - Weights in the library's own layout -------------*- C++ -*-===//
//
// For the compiler: constant weights are laid out once, when the model is
// compiled.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_RUNTIME_ONEDNN_PACK_H
#define RAC_RUNTIME_ONEDNN_PACK_H

#include "rac-c/Library.h"

struct RacPackFormat {
  uint8_t blob[48];        // RacLibraryCall.packed; 48 is its packed_size
  int64_t bytes;           // of the packed weights; align them to 64
  char implementation[64]; // which of oneDNN's kernels this is for
  char message[384];       // why not, where the status isn't RAC_OK
};

/// Asks oneDNN which layout of the weights it prefers on `threads` threads
/// (>= 1; call.threads lowers it). What its kernels take depends on that
/// number: of its preferences for `threads` and for one, the first that serves
/// both is taken, since a model may run on fewer threads than it was compiled
/// for. `call` is as at run time but with `packed` null; `shape` as of
/// rac_library_call, with the plain weights' sizes and strides; for sizes that
/// only the run knows, a likely value. RAC_UNSUPPORTED: leave the weights as
/// they are, or don't call.
extern "C" int rac_onednn_pack_format(const RacLibraryCall *call,
                                      const int64_t *shape, int threads,
                                      RacPackFormat *format);

/// Lays out `plain` as `format` says, into format->bytes bytes at `packed`.
extern "C" int rac_onednn_pack(const RacLibraryCall *call, const int64_t *shape,
                               RacPackFormat *format, const void *plain,
                               void *packed);

#endif // RAC_RUNTIME_ONEDNN_PACK_H
