//===- ContractionShape.cpp - A contraction as a matrix product -----------===//

#include "rac/Cost/ContractionShape.h"

using namespace rac;

ContractionShape rac::contractionShape(const WorkNest &nest) {
  ContractionShape shape;
  if (nest.reads.size() < 2 || nest.writes.empty())
    return shape;
  const WorkUse &image = nest.reads[0], &filter = nest.reads[1],
                &result = nest.writes[0];
  for (const auto &terms : image.dims)
    shape.isConv |= terms.size() > 1;
  for (unsigned loop = 0; loop < nest.sizes.size(); ++loop) {
    double size = nest.sizes[loop];
    if (!result.dependsOn(loop))
      shape.k *= size;
    else if (!filter.dependsOn(loop))
      shape.m *= size;
    else if (!image.dependsOn(loop))
      shape.n *= size;
    else
      shape.batch *= size;
  }
  for (const WorkUse::Term &term : image.dims.back())
    if (!result.dependsOn(term.loop))
      shape.channels *= nest.sizes[term.loop];
  // Terms only from the window: each channel on its own.
  // Columns are the last dimension but the channels.
  if (shape.isConv && image.dims.size() > 1)
    for (const WorkUse::Term &term : image.dims[image.dims.size() - 2])
      if (!result.dependsOn(term.loop))
        shape.taps *= nest.sizes[term.loop];
  shape.isDepthwise =
      shape.isConv && shape.batch > 1 && shape.n == 1 && shape.channels == 1;
  return shape;
}

void rac::layOutFilters(Work &work) {
  for (const WorkNest &nest : work.nests) {
    if (!nest.isContraction() || nest.reads.size() < 2)
      continue;
    if (!contractionShape(nest).isConv)
      continue;
    // Its first dimension is the result channels.
    WorkTensor &filter = work.tensors[nest.reads[1].tensor];
    if (!filter.isWeight)
      continue;
    filter.strides[0] = 1;
    double stride = filter.shape[0];
    for (size_t i = filter.shape.size(); i-- > 1;) {
      filter.strides[i] = stride;
      stride *= filter.shape[i];
    }
  }
}
