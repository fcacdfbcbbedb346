//===- OpenMpPool.h - The pool that oneDNN brings ---------------*- C++ -*-===//

#ifndef RAC_RUNTIME_ONEDNN_OPENMPPOOL_H
#define RAC_RUNTIME_ONEDNN_OPENMPPOOL_H

namespace rac::onednn {

/// Limits what the calling thread's OpenMP regions, oneDNN's among them, may
/// use; gives what the limit was.
int limitThreads(int threads);

} // namespace rac::onednn

#endif // RAC_RUNTIME_ONEDNN_OPENMPPOOL_H
