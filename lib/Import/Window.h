//===- Window.h - What convolutions and pools have in common ----*- C++ -*-===//

#ifndef RAC_LIB_IMPORT_WINDOW_H
#define RAC_LIB_IMPORT_WINDOW_H

#include "GraphImporter.h"

namespace rac::onnximport {

/// The window attributes of a node, one value per spatial dimension.
struct Window {
  llvm::SmallVector<int64_t> kernel, strides, dilations, low, high;
  /// Set where auto_pad depends on sizes that only the run knows: padding to
  /// add beforehand, `low` and `high` being 0.
  Exprs dynamicLow, dynamicHigh;

  int64_t reach(size_t i) const { return dilations[i] * (kernel[i] - 1) + 1; }
};

/// Reads and checks the attributes, for an input with channels first. `kernel`
/// is the filter's window where there is one.
std::optional<Window> readWindow(NodeImporter &n, Value input,
                                 llvm::ArrayRef<int64_t> kernel);

/// The permutations between N x C x spatial and N x spatial x C.
llvm::SmallVector<int64_t> toChannelsLast(int64_t rank);
llvm::SmallVector<int64_t> toChannelsFirst(int64_t rank);

} // namespace rac::onnximport

#endif // RAC_LIB_IMPORT_WINDOW_H
