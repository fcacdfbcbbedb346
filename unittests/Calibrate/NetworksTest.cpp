//===- NetworksTest.cpp - The networks that are timed are valid -----------===//

#include "lib/Calibrate/Networks.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace rac;

namespace {

struct Networks : testing::TestWithParam<bool> {};

TEST_P(Networks, AreValidAndHaveNamesOfTheirOwn) {
  MLIRContext context;
  context.loadDialect<RacDialect, func::FuncDialect>();
  std::set<std::string> names;
  for (const Network &network : networksToTime(/*quick=*/GetParam())) {
    SCOPED_TRACE(network.name);
    EXPECT_TRUE(names.insert(network.name).second);
    auto module = parseSourceString<ModuleOp>(network.mlir, &context);
    ASSERT_TRUE(module);
    EXPECT_TRUE(succeeded(verify(*module)));
    EXPECT_TRUE(module->lookupSymbol<func::FuncOp>("main"));
  }
  EXPECT_GE(names.size(), 4u);
}

INSTANTIATE_TEST_SUITE_P(QuickAndWhole, Networks, testing::Bool());

} // namespace
