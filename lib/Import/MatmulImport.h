//===- MatmulImport.h - Products, for other importers too -------*- C++ -*-===//

#ifndef RAC_LIB_IMPORT_MATMULIMPORT_H
#define RAC_LIB_IMPORT_MATMULIMPORT_H

#include "GraphImporter.h"

namespace rac::onnximport {

/// numpy's matmul; of integers, in i32.
Value buildMatmul(NodeImporter &n, Value x, Value y);

} // namespace rac::onnximport

#endif // RAC_LIB_IMPORT_MATMULIMPORT_H
