//===- WeightsTest.cpp - Weights as bytes ---------------------------------===//

#include "rac/Emit/Weights.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Parser/Parser.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

constexpr const char *kModule = R"(
  module attributes {rac.weights_bytes = 192 : i64} {
    memref.global "private" constant @a : memref<2xi32> = dense<[1, 2]> {rac.offset = 64 : i64}
    memref.global "private" constant @b : memref<8xi16> = dense<7> {rac.offset = 0 : i64}
    memref.global "private" constant @same : memref<8xi16> = dense<7> {rac.offset = 0 : i64}
    memref.global "private" constant @c : memref<3xi8> = dense_resource<c> {rac.offset = 128 : i64}
    memref.global "private" constant @small : memref<1xi8> = dense<1>
  }
  {-# dialect_resources: { builtin: { c: "0x01000000040506" } } #-})";

struct WeightsTest : ::testing::Test {
  WeightsTest() {
    context.loadDialect<mlir::memref::MemRefDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(kModule, &context);
  }
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

TEST_F(WeightsTest, TakesGlobals) {
  WeightImage image = llvm::cantFail(takeWeights(*module));
  EXPECT_EQ(image.size, 192u);
  ASSERT_EQ(image.spans.size(), 3u);
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  image.write(os);
  std::string expected(192, '\0');
  for (int i = 0; i < 16; i += 2)
    expected[i] = 7;
  expected[64] = 1;
  expected[68] = 2;
  expected[128] = 4, expected[129] = 5, expected[130] = 6;
  EXPECT_EQ(bytes, expected);
  // The global without an offset stays.
  EXPECT_EQ(std::distance(module->getBody()->begin(), module->getBody()->end()),
            1);
}

TEST_F(WeightsTest, RefusesOverlaps) {
  for (auto global : module->getOps<mlir::memref::GlobalOp>())
    if (global.getSymName() == "a")
      global->setAttr("rac.offset",
                      mlir::Builder(&context).getI64IntegerAttr(8));
  auto image = takeWeights(*module);
  ASSERT_FALSE(static_cast<bool>(image));
  EXPECT_EQ(llvm::toString(image.takeError()), "the weights' places overlap");
}

TEST_F(WeightsTest, WritesAnObjectThatLlvmReads) {
  WeightImage image = llvm::cantFail(takeWeights(*module));
  for (uint16_t machine : {llvm::ELF::EM_X86_64, llvm::ELF::EM_AARCH64}) {
    llvm::SmallString<0> bytes;
    llvm::raw_svector_ostream os(bytes);
    writeWeightsObject(image, machine, os);
    auto file = llvm::cantFail(llvm::object::ObjectFile::createELFObjectFile(
        llvm::MemoryBufferRef(bytes, "weights.o")));
    llvm::object::SectionRef section = *std::next(file->section_begin());
    EXPECT_EQ(llvm::cantFail(section.getName()), ".rac.weights");
    EXPECT_EQ(section.getSize(), 192u);
    EXPECT_EQ(section.getAlignment().value(), 64u);
    llvm::StringRef contents = llvm::cantFail(section.getContents());
    EXPECT_EQ(contents[64], 1);
    llvm::object::SymbolRef symbol =
        *llvm::object::symbol_iterator(file->symbol_begin());
    EXPECT_EQ(llvm::cantFail(symbol.getName()), kWeightsSymbol);
  }
}

} // namespace
