//===- SymbolicShapesTest.cpp - Sizes as expressions ----------------------===//

#include "rac/Dialect/Rac/IR/SymbolicShapes.h"
#include "mlir/IR/Builders.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace rac;

namespace {

TEST(SymbolicShapes, AShapeStaysWhileOthersAreAsked) {
  MLIRContext context;
  SymbolicShapes shapes(&context);
  Builder builder(&context);
  Block block;
  for (int64_t size = 1; size <= 1000; ++size)
    block.addArgument(RankedTensorType::get({size, 2}, builder.getF32Type()),
                      builder.getUnknownLoc());
  const Dims &first = shapes.shape(block.getArgument(0));
  for (BlockArgument argument : block.getArguments())
    shapes.shape(argument);
  EXPECT_EQ(&first, &shapes.shape(block.getArgument(0)));
}

} // namespace
