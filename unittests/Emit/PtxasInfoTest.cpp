//===- PtxasInfoTest.cpp --------------------------------------------------===//

#include "PtxasInfo.h"
#include "gtest/gtest.h"

using namespace rac;

TEST(PtxasInfo, TellsKernelsApart) {
  // As CUDA 13.0's ptxas prints it.
  auto kernels = parsePtxasInfo(R"(ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'copy' for 'sm_90a'
ptxas info    : Function properties for copy
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 4 registers, used 0 barriers
ptxas info    : Compile time = 1.447 ms
ptxas info    : Compiling entry function 'matmul_0' for 'sm_90a'
ptxas info    : Function properties for matmul_0
    96 bytes stack frame, 128 bytes spill stores, 64 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers, 96 bytes cumulative stack size, 1024 bytes smem, 8 bytes cmem[4]
ptxas info    : Compile time = 1.467 ms
)");
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels[0].name, "copy");
  EXPECT_EQ(kernels[0].chip, "sm_90a");
  EXPECT_EQ(kernels[0].registers, 4);
  EXPECT_EQ(kernels[0].spillBytes, 0);
  EXPECT_EQ(kernels[0].sharedBytes, 0);
  EXPECT_EQ(kernels[1].name, "matmul_0");
  EXPECT_EQ(kernels[1].registers, 255);
  EXPECT_EQ(kernels[1].stackBytes, 96);
  EXPECT_EQ(kernels[1].spillBytes, 128 + 64);
  EXPECT_EQ(kernels[1].sharedBytes, 1024);
}

TEST(PtxasInfo, PassesOverFunctionsAndOldForms) {
  // A function that the kernel calls, and version 11's lines.
  auto kernels = parsePtxasInfo(
      "ptxas info : 0 bytes gmem\n"
      "ptxas info : Compiling entry function 'k' for 'sm_80'\n"
      "ptxas info : Function properties for k\n"
      "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
      "ptxas info : Used 32 registers, 16384 bytes smem, 368 bytes cmem[0]\n"
      "ptxas info : Function properties for __internal_helper\n"
      "    40 bytes stack frame, 4 bytes spill stores, 4 bytes spill loads\n");
  ASSERT_EQ(kernels.size(), 1u);
  EXPECT_EQ(kernels[0].registers, 32);
  EXPECT_EQ(kernels[0].sharedBytes, 16384);
  EXPECT_EQ(kernels[0].stackBytes, 0);
  EXPECT_EQ(kernels[0].spillBytes, 0);
}

TEST(PtxasInfo, FindsNothingInOtherText) {
  EXPECT_TRUE(parsePtxasInfo("").empty());
  EXPECT_TRUE(parsePtxasInfo("ptxas fatal   : Unresolved extern function\n"
                             "Used 3 registers\nCompiling entry function")
                  .empty());
}
