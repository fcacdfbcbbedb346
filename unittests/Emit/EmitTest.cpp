//===- EmitTest.cpp - A hand-written model, emitted and run ---------------===//

#include "rac/Emit/Emit.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Parser/Parser.h"
#include "rac-c/Abi.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"
#include <dlfcn.h>

using namespace rac;

namespace {

/// y[i] = x[i] + w[i] for four floats, as lowering would leave it.
constexpr const char *kLowered = R"(
  module attributes {rac.num_sites = 0 : i32, rac.weights_bytes = 64 : i64} {
    memref.global "private" constant @w : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]> {rac.offset = 0 : i64}
    llvm.func @rac_input(!llvm.ptr, i64) -> !llvm.ptr
    llvm.func @rac_output(!llvm.ptr, i64, i64, !llvm.ptr) -> !llvm.ptr
    llvm.func @rac_weights(!llvm.ptr) -> !llvm.ptr
    llvm.func @main(%ctx: !llvm.ptr) {
      %zero = llvm.mlir.constant(0 : i64) : i64
      %one = llvm.mlir.constant(1 : i64) : i64
      %four = llvm.mlir.constant(4 : i64) : i64
      %sizes = llvm.alloca %one x i64 : (i64) -> !llvm.ptr
      llvm.store %four, %sizes : i64, !llvm.ptr
      %x = llvm.call @rac_input(%ctx, %zero) : (!llvm.ptr, i64) -> !llvm.ptr
      %w = llvm.call @rac_weights(%ctx) : (!llvm.ptr) -> !llvm.ptr
      %y = llvm.call @rac_output(%ctx, %zero, %one, %sizes) : (!llvm.ptr, i64, i64, !llvm.ptr) -> !llvm.ptr
      %a = llvm.load %x {alignment = 4 : i64} : !llvm.ptr -> vector<4xf32>
      %b = llvm.load %w {alignment = 4 : i64} : !llvm.ptr -> vector<4xf32>
      %c = llvm.fadd %a, %b : vector<4xf32>
      llvm.store %c, %y {alignment = 4 : i64} : vector<4xf32>, !llvm.ptr
      llvm.return
    }
  })";

struct EmitTest : ::testing::Test {
  EmitTest() {
    context.loadDialect<mlir::func::FuncDialect, mlir::LLVM::LLVMDialect,
                        mlir::memref::MemRefDialect>();
    auto level1 = mlir::parseSourceString<mlir::ModuleOp>(
        R"(func.func private @main(tensor<4xf32> {rac.name = "x"})
           -> (tensor<4xf32> {rac.name = "y"}))",
        &context);
    signature = llvm::cantFail(computeSignature(*level1, "add", "add"));
    llvm::sys::fs::createUniqueDirectory("rac-emit", directory);
    options.target = llvm::cantFail(resolveTarget("host"));
  }
  ~EmitTest() override { llvm::sys::fs::remove_directories(directory); }

  std::string path(llvm::StringRef name) {
    llvm::SmallString<128> result(directory);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }
  void emit(CodeKind kind, llvm::StringRef name) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(kLowered, &context);
    WeightImage weights = llvm::cantFail(takeWeights(*module));
    options.kind = kind;
    options.output = path(name);
    llvm::Error error = emitModel(*module, signature, weights, options);
    EXPECT_EQ(llvm::toString(std::move(error)), "");
  }
  std::string read(llvm::StringRef name) {
    auto buffer = llvm::MemoryBuffer::getFile(path(name));
    return buffer ? (*buffer)->getBuffer().str() : "";
  }
  size_t numFiles() {
    std::error_code problem;
    size_t count = 0;
    for (llvm::sys::fs::directory_iterator i(directory, problem), end;
         i != end && !problem; i.increment(problem))
      ++count;
    return count;
  }
  /// Runs the library on 10, 20, 30, 40.
  void expectSums(llvm::StringRef name);

  mlir::MLIRContext context;
  ModelSignature signature;
  llvm::SmallString<128> directory;
  EmitOptions options;
};

void EmitTest::expectSums(llvm::StringRef name) {
  void *library = dlopen(path(name).c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_TRUE(library) << dlerror();
  auto find = [&](const char *symbol) { return dlsym(library, symbol); };
  auto *create = (int (*)(const RacOptions *, RacContext **))find("add_create");
  auto *run = (int (*)(RacContext *, const DLTensor *const *, int32_t,
                       DLTensor *const *, int32_t))find("add_run");
  auto *destroy = (void (*)(RacContext *))find("add_destroy");
  auto *lastError = (const char *(*)(const RacContext *))find("add_last_error");
  ASSERT_TRUE(create && run && destroy && lastError);
  EXPECT_STREQ((const char *)find("rac_model_prefix"), "add");

  RacContext *model = nullptr;
  ASSERT_EQ(create(nullptr, &model), RAC_OK) << lastError(nullptr);
  float values[] = {10, 20, 30, 40};
  int64_t shape[] = {4};
  DLTensor x = {values, {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, shape, nullptr, 0};
  DLTensor y = {};
  const DLTensor *in[] = {&x};
  DLTensor *out[] = {&y};
  ASSERT_EQ(run(model, in, 1, out, 1), RAC_OK) << lastError(model);
  const auto *sums = static_cast<const float *>(y.data);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(sums[i], 11.0f * (i + 1));
  destroy(model);
  dlclose(library);
}

TEST_F(EmitTest, LibraryRuns) {
  emit(CodeKind::Library, "add.so");
  EXPECT_EQ(numFiles(), 1u);
  expectSums("add.so");
}

TEST_F(EmitTest, WeightsFileIsFoundBesideTheLibrary) {
  options.weightsFile = path("add.bin");
  emit(CodeKind::Library, "add.so");
  EXPECT_EQ(numFiles(), 2u);
  EXPECT_EQ(read("add.bin").size(), 64u);
  expectSums("add.so");
}

TEST_F(EmitTest, SameBytesTwice) {
  emit(CodeKind::Library, "a.so");
  emit(CodeKind::Library, "b.so");
  EXPECT_TRUE(!read("a.so").empty() && read("a.so") == read("b.so"));
}

TEST_F(EmitTest, TextAndObject) {
  emit(CodeKind::LLVM, "add.ll");
  EXPECT_NE(read("add.ll").find("define i32 @add_create("), std::string::npos);
  emit(CodeKind::Assembly, "add.s");
  EXPECT_NE(read("add.s").find("add_create:"), std::string::npos);
  emit(CodeKind::Object, "add.o");
  EXPECT_EQ(read("add.o").substr(1, 3), "ELF");
  EXPECT_EQ(numFiles(), 3u);
}

TEST(SpinTime, ByTheObjective) {
  EXPECT_LT(spinMicroseconds("energy"), spinMicroseconds("edp"));
  EXPECT_LT(spinMicroseconds("edp"), spinMicroseconds("latency"));
  EXPECT_EQ(spinMicroseconds("carbon"), spinMicroseconds("energy"));
  // 0 would be the caller's default, not the model's.
  EXPECT_GT(spinMicroseconds("energy"), 0);
}

TEST_F(EmitTest, FailureLeavesNothing) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(kLowered, &context);
  WeightImage weights = llvm::cantFail(takeWeights(*module));
  options.output = path("no/such/folder/add.so");
  EXPECT_NE(llvm::toString(emitModel(*module, signature, weights, options))
                .find("cannot write"),
            std::string::npos);
  EXPECT_EQ(numFiles(), 0u);
}

} // namespace
