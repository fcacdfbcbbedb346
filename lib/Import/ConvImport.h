//===- ConvImport.h - Convolutions, for other importers too -----*- C++ -*-===//

#ifndef RAC_LIB_IMPORT_CONVIMPORT_H
#define RAC_LIB_IMPORT_CONVIMPORT_H

#include "Window.h"

namespace rac::onnximport {

/// The convolution of a channels-first input by the node's attributes; its
/// result is channels-last.
Value buildConv(NodeImporter &n, Value input, Value filter);

} // namespace rac::onnximport

#endif // RAC_LIB_IMPORT_CONVIMPORT_H
