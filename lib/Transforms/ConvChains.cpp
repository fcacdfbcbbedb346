//===- ConvChains.cpp - Depthwise to pointwise convolutions ---------------===//
//
// A convolution with one filter per channel does few operations for each
// element that it leaves, and one of single pixels reads each of these once for
// all of its results. By rows of the image, what lies between them is in the
// cache.
//
//===----------------------------------------------------------------------===//

#include "ChainFinder.h"
#include "Cluster.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace rac;

static bool isF32(ConvOp conv) {
  return llvm::all_of(
             conv->getOperandTypes(),
             [](Type type) { return getElementTypeOrSelf(type).isF32(); }) &&
         getElementTypeOrSelf(conv.getResult()).isF32();
}

/// One filter per channel.
static bool isDepthwise(ConvOp conv) {
  auto filter = conv.getFilter().getType();
  auto groups = static_cast<int64_t>(conv.getGroups());
  return groups > 1 && filter.getDimSize(0) == groups &&
         filter.getDimSize(1) == 1;
}

/// Of single pixels, each read once.
static bool isPointwise(ConvOp conv) {
  auto isOne = [](int64_t size) { return size == 1; };
  auto isZero = [](int64_t size) { return size == 0; };
  return conv.getGroups() == 1 &&
         llvm::all_of(conv.getFilter().getType().getShape().drop_front(2),
                      isOne) &&
         llvm::all_of(conv.getStrides(), isOne) &&
         llvm::all_of(conv.getPadsLow(), isZero) &&
         llvm::all_of(conv.getPadsHigh(), isZero);
}

void ClusterFinder::findConvChain(ConvOp last) {
  if (!isPointwise(last) || !isF32(last))
    return;
  SmallVector<Operation *> members =
      ChainFinder(last, last.getInput(), shapes, [](Operation *op) {
        auto conv = dyn_cast<ConvOp>(op);
        return conv && isDepthwise(conv) && isF32(conv);
      }).find();
  // A softmax over channels is no such chain.
  if (members.empty() || llvm::any_of(members, llvm::IsaPred<SoftmaxOp>))
    return;
  Cluster cluster = Cluster::of(last, members);
  add(cluster);
  addWithEnds(std::move(cluster));
}
