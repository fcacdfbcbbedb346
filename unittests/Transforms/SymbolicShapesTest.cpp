//===- SymbolicShapesTest.cpp - Sizes as expressions ----------------------===//

#include "rac/Dialect/Rac/IR/SymbolicShapes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/Parser/Parser.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
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

/// Of a loop that carries a state, a tensor that grows, and one of another
/// size than the first iteration takes.
TEST(SymbolicShapes, ALoopKeepsSizesThatItsIterationsKeep) {
  MLIRContext context;
  context.loadDialect<arith::ArithDialect, func::FuncDialect, RacDialect,
                      scf::SCFDialect, tensor::TensorDialect>();
  auto module = parseSourceString<ModuleOp>(
      R"mlir(
    func.func @f(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>, %n: index)
        -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %0:3 = scf.for %i = %c0 to %n step %c1
          iter_args(%state = %x, %grown = %x, %other = %x)
          -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
        %1 = rac.add %state, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
        %2 = rac.tanh %1 : (tensor<?x4xf32>) -> tensor<?x4xf32>
        %3 = rac.concat %grown, %x axis 0 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
        scf.yield %2, %3, %y : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
      }
      return %0#0, %0#1, %0#2 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
    })mlir",
      &context);
  ASSERT_TRUE(module);
  SymbolicShapes shapes(&context);
  auto function = *module->getOps<func::FuncOp>().begin();
  auto loop = *function.getOps<scf::ForOp>().begin();
  Value x = function.getArgument(0);
  auto rows = [&](Value value) { return shapes.dim(value, 0); };
  EXPECT_EQ(rows(loop.getResult(0)), rows(x));
  EXPECT_EQ(rows(loop.getRegionIterArg(0)), rows(x));
  for (unsigned i : {1, 2}) {
    EXPECT_NE(rows(loop.getRegionIterArg(i)), rows(x));
    EXPECT_NE(rows(loop.getResult(i)), rows(x));
    EXPECT_NE(rows(loop.getResult(i)), rows(loop.getRegionIterArg(i)));
  }
  EXPECT_NE(rows(loop.getRegionIterArg(1)), rows(loop.getRegionIterArg(2)));
}

} // namespace
