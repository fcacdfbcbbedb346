//===- Places.h - Where loads and stores access buffers ---------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_PLACES_H
#define RAC_LIB_TARGET_NVPTX_PLACES_H

#include "Rows/LaneBody.h"

namespace rac::nvptx {

/// What a `memref.load` or `memref.store` accesses.
mlir::Value bufferOf(mlir::Operation *access);

/// What indexes each dimension of the buffer that an access is a view of: null
/// where that is more than a value. None where a view is of another kind.
std::optional<Values> placeOf(mlir::Operation *access);

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_PLACES_H
