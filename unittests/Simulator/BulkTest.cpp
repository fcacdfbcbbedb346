//===- BulkTest.cpp - The copy unit, and barriers that count bytes --------===//

#include "Simulated.h"
#include "gmock/gmock.h"
#include <cstdlib>
#include <functional>

using namespace rac::simulated;

namespace {

constexpr int kSuccess = 0, kInvalid = 1;
constexpr int kLine = 64; ///< elements of 128 bytes
constexpr int kFloat16 = 6, kSwizzle128 = 3;

/// An array whose elements all differ, described to the copy unit. Dimensions
/// are the fastest first.
struct Source {
  std::vector<unsigned long long> sizes, strides; ///< strides in bytes
  std::vector<unsigned> box;
  int type = kFloat16, swizzle = kSwizzle128;
  size_t missing = 0; ///< elements that the memory is too short by
  size_t offset = 0;  ///< of the array, in elements

  size_t count() const {
    size_t last = sizes[0];
    for (size_t i = 1; i < sizes.size(); ++i)
      last += (sizes[i] - 1) * strides[i - 1] / 2;
    return last;
  }

  std::vector<uint16_t> values() const {
    std::vector<uint16_t> values(offset + count() - missing);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = uint16_t(i + 1);
    return values;
  }

  int encode(TensorMap &map, const Array<uint16_t> &memory) const {
    auto encode =
        driver<void *, int, unsigned, void *, const unsigned long long *,
               const unsigned long long *, const unsigned *, const unsigned *,
               int, int, int, int>("cuTensorMapEncodeTiled");
    unsigned steps[] = {1, 1, 1, 1, 1};
    return encode(&map, type, unsigned(sizes.size()),
                  reinterpret_cast<void *>(memory.address + 2 * offset),
                  sizes.data(), strides.data(), box.data(), steps, 0, swizzle,
                  0, 0);
  }

  /// What a box from there on has in shared memory: PTX ISA, "128B swizzle".
  std::vector<uint16_t> boxFrom(std::vector<int> from) const {
    std::vector<uint16_t> all = values(), content;
    size_t lines = 1;
    for (size_t i = 1; i < box.size(); ++i)
      lines *= box[i];
    content.resize(lines * kLine);
    for (size_t line = 0; line < lines; ++line)
      for (int place = 0; place < kLine; ++place) {
        size_t rest = line, at = offset;
        bool inside = true;
        for (size_t i = 0; i < sizes.size(); ++i) {
          int index = from[i] + (i ? int(rest % box[i]) : place);
          rest /= i ? box[i] : 1;
          inside &= index >= 0 && index < int(sizes[i]);
          at += index * (i ? strides[i - 1] / 2 : 1);
        }
        size_t part = place / 8 ^ line % 8;
        content[line * kLine + part * 8 + place % 8] = inside ? all[at] : 0;
      }
    return content;
  }
};

/// A kernel of 64 threads, the first of which asks for a box; then all write
/// what is in shared memory. The barrier lies behind the box.
struct Kernel {
  size_t bytes; ///< of the box
  int dims;
  bool fence = true, wait = true, clobber = false;
  int64_t expected = 0, barrier = 0; ///< instead of what is right
  int parity = 0;

  std::string text() const {
    std::string from, parameters;
    for (int i = 0; i < dims; ++i) {
      from += (i ? ", %i" : "%i") + std::to_string(i);
      parameters += ", %i" + std::to_string(i) + ": i32";
    }
    std::string body = R"(
    gpu.func @copy(%map: !llvm.ptr {llvm.align = 64 : i64}$PARAMETERS, %y: memref<?xi16>) kernel {
      %c0 = arith.constant 0 : index
      %step = arith.constant 64 : index
      %count = memref.dim %y, %c0 : memref<?xi16>
      %memory = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
      %shared = memref.view %memory[%c0][%count] : memref<?xi8, #gpu.address_space<workgroup>> to memref<?xi16, #gpu.address_space<workgroup>>
      %address = memref.extract_aligned_pointer_as_index %memory : memref<?xi8, #gpu.address_space<workgroup>> -> index
      %start = arith.index_cast %address : index to i64
      %bytes = arith.constant $BARRIER : i64
      %behind = arith.addi %start, %bytes : i64
      %barrier = llvm.inttoptr %behind : i64 to !llvm.ptr<3>
      %to = llvm.inttoptr %start : i64 to !llvm.ptr<3>
      %target = llvm.addrspacecast %to : !llvm.ptr<3> to !llvm.ptr<7>
      %t = gpu.thread_id x
      %first = arith.cmpi eq, %t, %c0 : index
      scf.if %first {
        %one = arith.constant 1 : i32
        nvvm.mbarrier.init %barrier, %one : !llvm.ptr<3>, i32
        $FENCE
      }
      gpu.barrier
      scf.if %first {
        %expected = arith.constant $EXPECTED : i32
        $CLOBBER
        nvvm.mbarrier.arrive.expect_tx %barrier, %expected : !llvm.ptr<3>, i32
        nvvm.cp.async.bulk.tensor.shared.cluster.global %target, %map, %barrier, box[$FROM] : !llvm.ptr<7>, !llvm.ptr
      }
      $WAIT
      scf.for %i = %t to %count step %step {
        %value = memref.load %shared[%i] : memref<?xi16, #gpu.address_space<workgroup>>
        memref.store %value, %y[%i] : memref<?xi16>
      }
      gpu.return
    })";
    body = replaced(body, "$PARAMETERS", parameters);
    body = replaced(body, "$FROM", from);
    body =
        replaced(body, "$BARRIER", std::to_string(barrier ? barrier : bytes));
    body = replaced(body, "$EXPECTED",
                    std::to_string(expected ? expected : bytes));
    body = replaced(body, "$FENCE", fence ? "nvvm.fence.mbarrier.init" : "");
    body = replaced(body, "$CLOBBER",
                    clobber ? "llvm.store %expected, %barrier : i32, "
                              "!llvm.ptr<3>"
                            : "");
    return replaced(body, "$WAIT",
                    wait ? R"(
      %parity = arith.constant )" +
                               std::to_string(parity) + R"( : i32
      %ticks = arith.constant 1000 : i32
      nvvm.mbarrier.try_wait.parity %barrier, %parity, %ticks : !llvm.ptr<3>, i32, i32)"
                         : "");
  }
};

/// What the launch gives; what was written.
std::pair<int, std::vector<uint16_t>>
copyBox(const Source &source, const std::vector<int> &from,
        const std::function<void(Kernel &)> &change = {}) {
  Array<uint16_t> x(source.values());
  TensorMap map;
  EXPECT_EQ(source.encode(map, x), kSuccess);
  size_t count = source.boxFrom(from).size();
  Array<uint16_t> y(count);
  Kernel kernel{count * 2, int(from.size())};
  if (change)
    change(kernel);
  Module module(kernel.text());
  Grid grid{1, 64, unsigned(kernel.bytes + 16)};
  int result =
      from.size() == 2
          ? module.launch("copy", grid, Params(map, from[0], from[1], y))
          : module.launch("copy", grid,
                          Params(map, from[0], from[1], from[2], y));
  return {result, y.read()};
}

/// 21 rows of 70, apart by 72.
const Source matrix{{70, 21}, {144}, {64, 16}};
/// Three of them, of 50 columns, which lie between others' rows.
const Source batch{{50, 9, 3}, {336, 112}, {64, 8, 1}};

TEST(CopyUnit, CopiesBoxes) {
  for (auto from : std::vector<std::vector<int>>{{0, 0},
                                                 {64, 16},
                                                 {8, 5},
                                                 {-3, -2},
                                                 {70, 0},
                                                 {0, 21},
                                                 {1000, 1000}}) {
    auto [result, got] = copyBox(matrix, from);
    ASSERT_EQ(result, kSuccess);
    EXPECT_EQ(got, matrix.boxFrom(from)) << from[0] << ", " << from[1];
  }
}

TEST(CopyUnit, CopiesBoxesOfBatches) {
  Source moved = batch;
  moved.offset = 8;
  for (int i : {0, 2, 3})
    for (const Source &source : {batch, moved}) {
      auto [result, got] = copyBox(source, {0, 4, i});
      ASSERT_EQ(result, kSuccess);
      EXPECT_EQ(got, source.boxFrom({0, 4, i})) << i;
    }
}

TEST(CopyUnit, CopiesEarly) {
  setenv("RAC_SIMULATOR_COPIES", "early", 1);
  auto [result, got] = copyBox(matrix, {8, 5});
  unsetenv("RAC_SIMULATOR_COPIES");
  ASSERT_EQ(result, kSuccess);
  EXPECT_EQ(got, matrix.boxFrom({8, 5}));
}

int resultOf(const std::function<void(Kernel &)> &change) {
  return copyBox(matrix, {0, 0}, change).first;
}

TEST(CopyUnit, RefusesMistakesOfKernels) {
  // Nobody waits, so that the block ends before.
  EXPECT_EQ(resultOf([](Kernel &k) { k.wait = false; }), kLaunchFailed);
  EXPECT_EQ(resultOf([](Kernel &k) { k.fence = false; }), kLaunchFailed);
  EXPECT_EQ(resultOf([](Kernel &k) { k.clobber = true; }), kLaunchFailed);
  // Too many bytes never come, and too few come before the phase ends.
  EXPECT_EQ(resultOf([](Kernel &k) { k.expected = 4096; }), kLaunchFailed);
  EXPECT_EQ(resultOf([](Kernel &k) { k.expected = 128; }), kLaunchFailed);
  EXPECT_EQ(resultOf([](Kernel &k) { k.expected = 1 << 20; }), kLaunchFailed);
  // Not aligned, outside, where the box is.
  EXPECT_EQ(resultOf([](Kernel &k) { k.barrier = k.bytes + 4; }),
            kLaunchFailed);
  EXPECT_EQ(resultOf([](Kernel &k) { k.barrier = k.bytes + 16; }),
            kLaunchFailed);
  EXPECT_EQ(resultOf([](Kernel &k) { k.barrier = 64; }), kLaunchFailed);
}

TEST(CopyUnit, ShowsNothingBeforeTheWait) {
  // The phase before the first counts as over.
  auto [result, got] = copyBox(matrix, {0, 0}, [](Kernel &k) { k.parity = 1; });
  EXPECT_EQ(result, kLaunchFailed);
  EXPECT_THAT(got, testing::Each(0xFFFF));
}

TEST(CopyUnit, RefusesArrays) {
  auto result = [](const std::function<void(Source &)> &change) {
    Source source = matrix;
    change(source);
    Array<uint16_t> x(source.sizes[1] ? source.values() : matrix.values());
    TensorMap map;
    return source.encode(map, x);
  };
  EXPECT_EQ(result([](Source &) {}), kSuccess);
  EXPECT_EQ(result([](Source &s) { s.strides = {142}; }), kInvalid);
  EXPECT_EQ(result([](Source &s) { s.offset = 4; }), kInvalid);
  EXPECT_EQ(result([](Source &s) { s.sizes[1] = 0; }), kInvalid);
  EXPECT_EQ(result([](Source &s) { s.box[1] = 257; }), kInvalid);
  EXPECT_EQ(result([](Source &s) { s.box[0] = 32; }), kInvalid);
  EXPECT_EQ(result([](Source &s) { s.swizzle = 0; }), kInvalid);
  EXPECT_EQ(result([](Source &s) { s.type = 99; }), kInvalid);
  EXPECT_EQ(result([](Source &s) { s.missing = 1; }), kInvalid);
}

/// Two stages, in turn: which phase a step waits for, and that a box is in the
/// place of the one two steps before.
TEST(CopyUnit, CountsPhases) {
  constexpr int kSteps = 5;
  Source rows{{64, kSteps}, {128}, {64, 1}};
  Array<uint16_t> x(rows.values()), y(kSteps * kLine);
  TensorMap map;
  ASSERT_EQ(rows.encode(map, x), kSuccess);
  Module module(R"(
    gpu.func @steps(%map: !llvm.ptr {llvm.align = 64 : i64}, %y: memref<?xi16>) kernel {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %c8 = arith.constant 8 : index
      %c64 = arith.constant 64 : index
      %c128 = arith.constant 128 : index
      %c256 = arith.constant 256 : index
      %steps = arith.constant 5 : index
      %zero = arith.constant 0 : i32
      %one = arith.constant 1 : i32
      %bytes = arith.constant 128 : i32
      %ticks = arith.constant 1000 : i32
      %memory = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
      %shared = memref.view %memory[%c0][%c128] : memref<?xi8, #gpu.address_space<workgroup>> to memref<?xi16, #gpu.address_space<workgroup>>
      %start = memref.extract_aligned_pointer_as_index %memory : memref<?xi8, #gpu.address_space<workgroup>> -> index
      %t = gpu.thread_id x
      %first = arith.cmpi eq, %t, %c0 : index
      scf.if %first {
        scf.for %stage = %c0 to %c2 step %c1 {
          %b0 = arith.muli %stage, %c8 : index
          %b1 = arith.addi %b0, %c256 : index
          %b2 = arith.addi %b1, %start : index
          %b3 = arith.index_cast %b2 : index to i64
          %barrier = llvm.inttoptr %b3 : i64 to !llvm.ptr<3>
          nvvm.mbarrier.init %barrier, %one : !llvm.ptr<3>, i32
        }
        nvvm.fence.mbarrier.init
      }
      gpu.barrier
      scf.for %step = %c0 to %steps step %c1 {
        %stage = arith.remui %step, %c2 : index
        %turn = arith.divui %step, %c2 : index
        %odd = arith.remui %turn, %c2 : index
        %parity = arith.index_cast %odd : index to i32
        %row = arith.index_cast %step : index to i32
        %b0 = arith.muli %stage, %c8 : index
        %b1 = arith.addi %b0, %c256 : index
        %b2 = arith.addi %b1, %start : index
        %b3 = arith.index_cast %b2 : index to i64
        %barrier = llvm.inttoptr %b3 : i64 to !llvm.ptr<3>
        %a0 = arith.muli %stage, %c128 : index
        %a1 = arith.addi %a0, %start : index
        %a2 = arith.index_cast %a1 : index to i64
        %to = llvm.inttoptr %a2 : i64 to !llvm.ptr<3>
        %target = llvm.addrspacecast %to : !llvm.ptr<3> to !llvm.ptr<7>
        scf.if %first {
          nvvm.mbarrier.arrive.expect_tx %barrier, %bytes : !llvm.ptr<3>, i32
          nvvm.cp.async.bulk.tensor.shared.cluster.global %target, %map, %barrier, box[%zero, %row] : !llvm.ptr<7>, !llvm.ptr
        }
        nvvm.mbarrier.try_wait.parity %barrier, %parity, %ticks : !llvm.ptr<3>, i32, i32
        %i0 = arith.muli %stage, %c64 : index
        %i1 = arith.addi %i0, %t : index
        %value = memref.load %shared[%i1] : memref<?xi16, #gpu.address_space<workgroup>>
        %o0 = arith.muli %step, %c64 : index
        %o1 = arith.addi %o0, %t : index
        memref.store %value, %y[%o1] : memref<?xi16>
        gpu.barrier
      }
      gpu.return
    })");
  ASSERT_EQ(module.launch("steps", {1, 64, 256 + 16}, Params(map, y)),
            kSuccess);
  std::vector<uint16_t> got = y.read();
  for (int i = 0; i < kSteps * kLine; ++i) {
    // The second stage is the second of eight lines.
    int step = i / kLine, place = i % kLine, part = place / 8 ^ step % 2;
    ASSERT_EQ(got[step * kLine + part * 8 + place % 8], i + 1) << i;
  }
}

} // namespace
