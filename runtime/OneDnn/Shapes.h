//===- Shapes.h - Operands' shapes in oneDNN's terms ------------*- C++ -*-===//

#ifndef RAC_RUNTIME_ONEDNN_SHAPES_H
#define RAC_RUNTIME_ONEDNN_SHAPES_H

#include "Problem.h"

namespace rac::onednn {

/// The same sizes, row-major without gaps. Sizes of 1 must have settled
/// strides.
View dense(const View &view);
bool isDense(const View &view);

/// Adds or takes away sizes of 1 in front. False: there are others.
bool toRank(View &view, int rank);

/// N x spatial x C -> N x C x spatial: the order of dimensions only, not of
/// memory.
View channelsSecond(const View &view);

/// A convolution's filter as oneDNN counts its dimensions.
View withGroups(const RacLibraryCall &call, const View &view);

/// Of a matmul's operands, all of one rank, the result's last: makes the
/// leading dimensions part of the rows where the weights have none; one large
/// product is faster than many small ones.
void foldBatch(View *views, int count);

} // namespace rac::onednn

#endif // RAC_RUNTIME_ONEDNN_SHAPES_H
