//===- Padding.cpp - Zeros around what windows read -----------------------===//
//
// Generated code copies an image into the middle of zeros, and windows read
// that: a fill, a copy and what computes, one after the other.
//
//===----------------------------------------------------------------------===//

#include "rac/Cost/Work.h"

using namespace mlir;
using namespace rac;

/// What the positions of windows reach over; the tensor's own shape where it is
/// read within its bounds.
static SmallVector<double, 4>
shapeRead(const WorkNest &nest, const WorkUse &use, const WorkTensor &tensor) {
  SmallVector<double, 4> shape(tensor.shape);
  for (auto [terms, size] : llvm::zip_equal(use.dims, shape)) {
    double span = 1;
    for (const WorkUse::Term &term : terms)
      span += term.step * (nest.sizes[term.loop] - 1);
    if (terms.size() > 1)
      size = std::max(size, span);
  }
  return shape;
}

/// Each element of a tensor.
static WorkUse allOf(unsigned tensor, size_t rank) {
  WorkUse use;
  use.tensor = tensor;
  use.dims.resize(rank);
  use.scattered.resize(rank);
  for (unsigned dim = 0; dim < rank; ++dim)
    use.dims[dim].push_back({dim, 1});
  return use;
}

static WorkNest moving(ArrayRef<double> sizes, DataType type) {
  WorkNest nest;
  nest.sizes.assign(sizes.begin(), sizes.end());
  nest.reductions.resize(sizes.size());
  nest.type = type;
  nest.pads = true;
  return nest;
}

void rac::padImages(Work &work) {
  for (size_t n = 0; n < work.nests.size(); ++n)
    for (size_t r = 0; r < work.nests[n].reads.size(); ++r) {
      WorkNest &nest = work.nests[n];
      WorkUse &read = nest.reads[r];
      WorkTensor image = work.tensors[read.tensor];
      SmallVector<double, 4> shape = shapeRead(nest, read, image);
      if (shape == image.shape)
        continue;
      WorkTensor padded;
      padded.shape = shape;
      padded.elementBytes = image.elementBytes;
      padded.strides.assign(shape.size(), 1);
      for (size_t i = shape.size(); i-- > 1;)
        padded.strides[i - 1] = padded.strides[i] * shape[i];
      unsigned from = read.tensor, to = work.tensors.size();
      read.tensor = to;
      work.tensors.push_back(padded);
      WorkNest fill = moving(shape, nest.type),
               copy = moving(image.shape, nest.type);
      fill.writes.push_back(allOf(to, shape.size()));
      copy.reads.push_back(allOf(from, shape.size()));
      copy.writes.push_back(allOf(to, shape.size()));
      WorkNest both[] = {std::move(fill), std::move(copy)};
      work.nests.insert(work.nests.begin() + n, std::begin(both),
                        std::end(both));
      n += std::size(both);
    }
}
