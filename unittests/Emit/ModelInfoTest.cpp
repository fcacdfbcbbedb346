//===- ModelInfoTest.cpp - The emitted constant against the C struct ------===//

#include "ModelInfo.h"
#include "rac-c/Abi.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/SourceMgr.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

std::unique_ptr<llvm::Module> parse(const char *text,
                                    llvm::LLVMContext &context) {
  llvm::SMDiagnostic problem;
  auto module = llvm::parseAssemblyString(text, problem, context);
  EXPECT_TRUE(module) << problem.getMessage().str();
  module->setDataLayout("e-m:e-i64:64-i128:128-f80:128-n8:16:32:64-S128");
  return module;
}

/// Every member lies where the C compiler looks for it.
TEST(ModelInfo, HasTheLayoutOfC) {
  llvm::LLVMContext context;
  auto module = parse("define void @main(ptr %c) { ret void }", context);
  ModelSignature signature;
  signature.prefix = "net";
  llvm::cantFail(addModelInfo(*module, signature, {}));
  auto *info = module->getNamedGlobal("rac.info");
  ASSERT_TRUE(info);
  auto *type = llvm::cast<llvm::StructType>(info->getValueType());
  const size_t offsets[] = {offsetof(RacModelInfo, abi_version),
                            offsetof(RacModelInfo, name),
                            offsetof(RacModelInfo, num_inputs),
                            offsetof(RacModelInfo, num_outputs),
                            offsetof(RacModelInfo, num_symbols),
                            offsetof(RacModelInfo, inputs),
                            offsetof(RacModelInfo, outputs),
                            offsetof(RacModelInfo, symbols),
                            offsetof(RacModelInfo, describe),
                            offsetof(RacModelInfo, cpu_features),
                            offsetof(RacModelInfo, weights),
                            offsetof(RacModelInfo, weights_size),
                            offsetof(RacModelInfo, weights_file),
                            offsetof(RacModelInfo, weights_checksum),
                            offsetof(RacModelInfo, num_sites),
                            offsetof(RacModelInfo, threads),
                            offsetof(RacModelInfo, spin_us),
                            offsetof(RacModelInfo, num_times),
                            offsetof(RacModelInfo, main),
                            offsetof(RacModelInfo, arena_size),
                            offsetof(RacModelInfo, device)};
  const llvm::StructLayout *layout =
      module->getDataLayout().getStructLayout(type);
  ASSERT_EQ(type->getNumElements(), std::size(offsets));
  for (size_t i = 0; i < std::size(offsets); ++i)
    EXPECT_EQ(layout->getElementOffset(i), offsets[i]) << i;
  EXPECT_EQ(layout->getSizeInBytes(), sizeof(RacModelInfo));
}

TEST(ModelInfo, HidesKernelsUnderNamesOfTheirOwn) {
  llvm::LLVMContext context;
  auto module = parse(R"(
    define void @main(ptr %c) { call void @malloc() call void @net_run() ret void }
    define void @malloc() { ret void }
    define void @net_run() { ret void })",
                      context);
  ModelSignature signature;
  signature.prefix = "net";
  llvm::cantFail(addModelInfo(*module, signature, {}));
  EXPECT_FALSE(module->getFunction("malloc"));
  EXPECT_TRUE(module->getFunction("rac.malloc")->hasInternalLinkage());
  EXPECT_TRUE(module->getFunction("rac.net_run")->hasInternalLinkage());
  EXPECT_EQ(module->getFunction("net_run")->arg_size(), 5u);
}

TEST(ModelInfo, WantsAMain) {
  llvm::LLVMContext context;
  auto module = parse("define void @other(ptr %c) { ret void }", context);
  EXPECT_EQ(llvm::toString(addModelInfo(*module, {}, {})),
            "the lowered module has no 'main' that takes the context");
}

} // namespace
