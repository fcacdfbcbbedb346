//===- Networks.h - Small networks whose groups are timed -------*- C++ -*-===//

#ifndef RAC_LIB_CALIBRATE_NETWORKS_H
#define RAC_LIB_CALIBRATE_NETWORKS_H

#include <string>
#include <vector>

namespace rac {

/// A model at level 1, as MLIR; its constants have no data.
struct Network {
  std::string name, mlir;
  /// Worth a second look without the library: products in generated code.
  bool withoutLibrary = false;
};

/// Networks of the usual kinds, in sizes that no particular model has: residual
/// and depthwise convolutions, transformers over many and over few rows,
/// passes over memory. `quick`: one small one of each kind.
std::vector<Network> networksToTime(bool quick);

} // namespace rac

#endif // RAC_LIB_CALIBRATE_NETWORKS_H
