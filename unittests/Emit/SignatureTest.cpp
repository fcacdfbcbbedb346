//===- SignatureTest.cpp - Signatures of entry functions ------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "rac/Emit/ModelSignature.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace rac;
using ::testing::ElementsAre;

namespace {

struct SignatureTest : ::testing::Test {
  SignatureTest() { context.loadDialect<mlir::func::FuncDialect>(); }

  ModelSignature read(llvm::StringRef text) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    return llvm::cantFail(computeSignature(*module, "net", "net"));
  }
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

TEST_F(SignatureTest, NamesSymbols) {
  ModelSignature signature = read(R"(
    func.func private @main(
      tensor<?x3x?xf32> {rac.name = "x", rac.dim_names = ["n", "", ""]},
      tensor<?xui8> {rac.name = "y", rac.dim_names = ["n"]})
      -> (tensor<?x?xi1> {rac.name = "z", rac.dim_names = ["n", "x_2"]}))");
  // The model itself uses x_2, so the unnamed dimension is called otherwise.
  EXPECT_THAT(signature.symbols, ElementsAre("n", "x_2_", "x_2"));
  EXPECT_THAT(signature.inputs[0].dims, ElementsAre(-1, 3, -2));
  EXPECT_THAT(signature.inputs[1].dims, ElementsAre(-1));
  EXPECT_THAT(signature.outputs[0].dims, ElementsAre(-1, -3));
  EXPECT_EQ(signature.inputs[0].dtype, RAC_F32);
  EXPECT_EQ(signature.inputs[1].dtype, RAC_U8);
  EXPECT_EQ(signature.outputs[0].dtype, RAC_BOOL);
}

TEST_F(SignatureTest, Describes) {
  ModelSignature signature = read(
      R"(func.func private @main(tensor<?x3xbf16> {rac.name = "a\"b"})
         -> tensor<i64>)");
  EXPECT_EQ(
      describe(signature, llvm::json::Object{{"threads", 2}}),
      R"({"inputs":[{"dtype":"bf16","name":"a\"b","shape":["a\"b_0",3]}],)"
      R"("name":"net","outputs":[{"dtype":"i64","name":"output_0","shape":[]}],)"
      R"("prefix":"net","schema":"rac-model/1","symbols":["a\"b_0"],"threads":2})");
}

TEST_F(SignatureTest, RefusesWhatNoTensorHolds) {
  module = mlir::parseSourceString<mlir::ModuleOp>(
      "func.func private @main(tensor<4xcomplex<f32>>)", &context);
  auto signature = computeSignature(*module, "net", "net");
  ASSERT_FALSE(static_cast<bool>(signature));
  EXPECT_EQ(
      llvm::toString(signature.takeError()),
      "'input_0' has type tensor<4xcomplex<f32>>, which no compiled model "
      "can take or give");
}

TEST(Prefix, IsAnIdentifier) {
  EXPECT_EQ(makePrefix("resnet50"), "resnet50");
  EXPECT_EQ(makePrefix("ch_PP-OCRv4.det"), "ch_PP_OCRv4_det");
  EXPECT_EQ(makePrefix("16k"), "m_16k");
  EXPECT_EQ(makePrefix("rac_model"), "m_rac_model");
  EXPECT_EQ(makePrefix(""), "m_");
  for (const char *bad : {"", "1a", "a-b", "rac_model", "rac"}) {
    llvm::Error error = checkPrefix(bad);
    EXPECT_TRUE(static_cast<bool>(error)) << bad;
    llvm::consumeError(std::move(error));
  }
}

} // namespace
