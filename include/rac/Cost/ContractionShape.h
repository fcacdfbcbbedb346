//===- ContractionShape.h - A contraction as a matrix product ---*- C++ -*-===//

#ifndef RAC_COST_CONTRACTIONSHAPE_H
#define RAC_COST_CONTRACTIONSHAPE_H

#include "rac/Cost/Work.h"

namespace rac {

/// The sizes of the matrix products that a contraction is, `batch` of them: m
/// rows by n columns, k terms a sum. Of a convolution the rows are the pixels
/// of all images, the columns a group's result channels, the terms a group's
/// channels times the window.
struct ContractionShape {
  double batch = 1, m = 1, n = 1, k = 1;
  /// Those of the k that lie side by side: of a window's tap, or all; and the
  /// taps of a window in a row, which lie beside each other.
  double channels = 1, taps = 1;
  bool isConv = false;
  /// A convolution with one channel a group.
  bool isDepthwise = false;
};

/// Of a nest with two factors; the columns are the second one's.
ContractionShape contractionShape(const WorkNest &nest);

} // namespace rac

#endif // RAC_COST_CONTRACTIONSHAPE_H
