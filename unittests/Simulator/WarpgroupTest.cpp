//===- WarpgroupTest.cpp - Products of four warps together ----------------===//

#include "Simulated.h"
#include "gmock/gmock.h"
#include <cstdlib>
#include <cstring>
#include <random>

using namespace rac::simulated;

namespace {

constexpr int kRows = 64, kDepth = 16, kColumns = 80, kThreads = 128;
/// The left factor's lines, then those of the right one: of 80 columns along
/// lines two tiles of 64, 16 lines each; of terms along lines 80 lines.
constexpr int kLeftBytes = kRows * 128, kBytes = kLeftBytes + kColumns * 128;

/// Where an element is whose line has 128 bytes: PTX ISA, "128B swizzle".
size_t swizzled(int line, int place, int bytes = 2) {
  int part = place * bytes / 16 ^ line % 8;
  return line * 128 + part * 16 + place * bytes % 16;
}

/// A kernel that copies shared memory's content, multiplies, and writes each
/// thread's part of the sums.
struct Kernel {
  bool columnsInLines = false, fence = true, overwrite = false, tf32 = false;
  int threads = kThreads;

  std::string text() const {
    int sums = kColumns / 2;
    std::string type = "!llvm.struct<(f32", stores;
    for (int i = 1; i < sums; ++i)
      type += ", f32";
    type += ")>";
    for (int i = 0; i < sums; ++i) {
      std::string n = std::to_string(i);
      stores += "%e" + n + " = llvm.extractvalue %sums[" + n + "] : " + type +
                "\n%i" + n + " = arith.constant " + n + " : index\n%at" + n +
                " = arith.addi %first, %i" + n + " : index\nmemref.store %e" +
                n + ", %y[%at" + n + "] : memref<?xf32>\n";
    }
    std::string copy = R"(
      scf.for %i = %own to %count step %all {
        %token = nvgpu.device_async_copy %x[%i], %shared[%i], 8 : memref<?xf16> to memref<?xf16, #gpu.address_space<workgroup>>
      }
      nvvm.cp.async.commit.group
)";
    std::string body = R"(
    gpu.func @multiply(%x: memref<?xf16>, %y: memref<?xf32>) kernel {
      %c0 = arith.constant 0 : index
      %own8 = arith.constant 8 : index
      %count = memref.dim %x, %c0 : memref<?xf16>
      %bytes = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
      %shared = memref.view %bytes[%c0][%count] : memref<?xi8, #gpu.address_space<workgroup>> to memref<?xf16, #gpu.address_space<workgroup>>
      %t = gpu.thread_id x
      %n = gpu.block_dim x
      %own = arith.muli %t, %own8 : index
      %all = arith.muli %n, %own8 : index
      $COPY
      nvvm.cp.async.wait.group 0
      $FENCE
      gpu.barrier
      %address = memref.extract_aligned_pointer_as_index %bytes : memref<?xi8, #gpu.address_space<workgroup>> -> index
      %start = arith.index_cast %address : index to i64
      %mask = arith.constant 262143 : i64
      %low = arith.andi %start, %mask : i64
      %four = arith.constant 4 : i64
      %units = arith.shrui %low, %four : i64
      // Swizzled by 128 bytes, 1024 from eight lines to the next, 2048 from 64
      // columns to the next.
      %fixed = arith.constant 4611686293313683456 : i64
      %a = arith.ori %units, %fixed : i64
      %left = arith.constant $LEFT : i64
      %b = arith.addi %a, %left : i64
      %none = llvm.mlir.undef : $TYPE
      nvvm.wgmma.fence.aligned
      %sums = nvvm.wgmma.mma_async %a, %b, %none, <m = 64, n = $N, k = $K>, D[<f32>, <zero>], A[<$FACTOR>, <one>, <row>], B[<$FACTOR>, <one>, <$LAYOUT>] : $TYPE -> $TYPE
      nvvm.wgmma.commit.group.sync.aligned
      $OVERWRITE
      nvvm.wgmma.wait.group.sync.aligned 0
      %part = arith.constant $SUMS : index
      %first = arith.muli %t, %part : index
      $STORES
      gpu.return
    })";
    body = replaced(body, "$COPY", copy);
    body = replaced(
        body, "$FENCE",
        fence ? "nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, "
                "space = #nvvm.shared_space<cta>}"
              : "");
    body = replaced(body, "$OVERWRITE", overwrite ? copy : "");
    body = replaced(body, "$STORES", stores);
    body = replaced(body, "$TYPE", type);
    body = replaced(body, "$LEFT", std::to_string(kLeftBytes / 16));
    body = replaced(body, "$N", std::to_string(kColumns));
    body = replaced(body, "$K", tf32 ? "8" : "16");
    body = replaced(body, "$FACTOR", tf32 ? "tf32" : "f16");
    body = replaced(body, "$SUMS", std::to_string(sums));
    return replaced(body, "$LAYOUT", columnsInLines ? "row" : "col");
  }

  int launch(const Array<uint16_t> &x, const Array<float> &y) const {
    Module module(text());
    return module.launch("multiply", {1, unsigned(threads), kBytes},
                         Params(x, y));
  }
};

/// Small whole numbers in f16, which sums are exact of.
uint16_t half(int number) {
  static const uint16_t bits[] = {0xC000, 0xBC00, 0, 0x3C00, 0x4000};
  return bits[number + 2];
}

/// Such numbers in f32, or nearly: what tf32 has no room for counts for
/// nothing.
uint32_t single(int number) {
  constexpr uint32_t ignored = (1 << 13) - 1;
  auto value = float(number);
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits | ignored;
}

void expectProduct(bool columnsInLines, bool tf32 = false) {
  std::mt19937 random(1);
  const int depth = tf32 ? kDepth / 2 : kDepth, bytes = tf32 ? 4 : 2;
  int left[kRows][kDepth], right[kDepth][kColumns];
  std::vector<uint16_t> memory(kBytes / 2);
  auto put = [&](size_t at, int number) {
    uint32_t bits = tf32 ? single(number) : half(number);
    memcpy(reinterpret_cast<char *>(memory.data()) + at, &bits, size_t(bytes));
  };
  for (int row = 0; row < kRows; ++row)
    for (int k = 0; k < depth; ++k) {
      left[row][k] = int(random() % 5) - 2;
      put(swizzled(row, k, bytes), left[row][k]);
    }
  for (int column = 0; column < kColumns; ++column)
    for (int k = 0; k < depth; ++k) {
      right[k][column] = int(random() % 5) - 2;
      size_t at = columnsInLines ? column / 64 * 2048 + swizzled(k, column % 64)
                                 : swizzled(column, k, bytes);
      put(kLeftBytes + at, right[k][column]);
    }
  Array<uint16_t> x(memory);
  Array<float> y(kThreads * kColumns / 2);
  Kernel kernel;
  kernel.columnsInLines = columnsInLines;
  kernel.tf32 = tf32;
  ASSERT_EQ(kernel.launch(x, y), 0);
  std::vector<float> sums = y.read();
  // "Register fragments of D": PTX ISA, wgmma of m64nNk16.
  for (int thread = 0; thread < kThreads; ++thread)
    for (int i = 0; i < kColumns / 2; ++i) {
      int row = thread / 32 * 16 + thread % 32 / 4 + i / 2 % 2 * 8,
          column = i / 4 * 8 + thread % 4 * 2 + i % 2, want = 0;
      for (int k = 0; k < depth; ++k)
        want += left[row][k] * right[k][column];
      ASSERT_EQ(sums[thread * (kColumns / 2) + i], float(want))
          << row << ", " << column;
    }
}

TEST(Warpgroups, Multiply) { expectProduct(/*columnsInLines=*/false); }

TEST(Warpgroups, MultiplyAlongColumns) {
  expectProduct(/*columnsInLines=*/true);
}

TEST(Warpgroups, MultiplyTf32) {
  expectProduct(/*columnsInLines=*/false, /*tf32=*/true);
}

TEST(Warpgroups, NeedAProxyFence) {
  Array<uint16_t> x(kBytes / 2);
  Array<float> y(kThreads * kColumns / 2);
  Kernel kernel;
  kernel.fence = false;
  EXPECT_EQ(kernel.launch(x, y), kLaunchFailed);
}

TEST(Warpgroups, AreNotOverwritten) {
  Array<uint16_t> x(kBytes / 2);
  Array<float> y(kThreads * kColumns / 2);
  Kernel kernel;
  kernel.overwrite = true;
  EXPECT_EQ(kernel.launch(x, y), kLaunchFailed);
}

TEST(Warpgroups, AreWhole) {
  Array<uint16_t> x(kBytes / 2);
  Array<float> y(kThreads * kColumns / 2);
  Kernel kernel;
  kernel.threads = 96;
  EXPECT_EQ(kernel.launch(x, y), kLaunchFailed);
}

} // namespace
