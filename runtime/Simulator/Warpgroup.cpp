//===- Warpgroup.cpp - Products of four warps together --------------------===//
//
// wgmma reads shared memory by itself, some time between its issue and the wait
// for its group. Here it does so at its issue, when what it reads must have
// been copied and fenced; until the wait, nothing may be copied there.
//
//===----------------------------------------------------------------------===//

#include "Block.h"
#include "Floats.h"

#include <algorithm>
#include <cstring>

using namespace rac::simulator;

namespace {

constexpr int kWarpRows = 16, kMaxColumns = 256;
/// Of the terms of a product, of whatever type.
constexpr int kTermBytes = 32;
template <typename Factor>
constexpr int kDepth = kTermBytes / sizeof(typename Factor::Stored);

struct GroupProduct {
  int32_t lhsType, rhsType, columns, flags;
  const char *registers;
  uint64_t a, b;
  void *sums;
};

/// A matrix in shared memory as a descriptor tells it: PTX ISA, "Matrix
/// descriptor format" and "Swizzling modes". Lines have 128 bytes, whose parts
/// of 16 are in another order in each of eight lines.
template <typename Factor> class Matrix {
public:
  using Stored = typename Factor::Stored;

  Matrix(Block &block, const Thread &thread, uint64_t descriptor, bool lines)
      : block(block), thread(thread), outerInLines(lines) {
    constexpr uint64_t kAddressBits = 18, kPart = (1 << 14) - 1;
    constexpr int kUnit = 4; // sizes are multiples of 16 bytes
    leading = (descriptor >> 16 & kPart) << kUnit;
    stride = (descriptor >> 32 & kPart) << kUnit;
    if (descriptor >> 62 != 1)
      block.fail(thread, "a product of a warp group of a matrix whose lines "
                         "are not swizzled by 128 bytes");
    if (lines && kBytes != 2)
      block.fail(thread, "a product of a warp group of what doesn't have 16 "
                         "bits, nor lies along the terms");
    if (descriptor >> 49 & 7)
      block.fail(thread,
                 "a product of a warp group of a matrix with an offset");
    // So much of the address is in it: a multiprocessor has no more memory.
    auto base = reinterpret_cast<uint64_t>(thread.shared);
    constexpr uint64_t mask = (uint64_t(1) << kAddressBits) - 1;
    start = ((descriptor & kPart) << kUnit) - (base & mask) & mask;
  }

  /// The element of a row of A, or a column of B, in one of the terms.
  Stored load(int outer, int depth) {
    constexpr int kLine = 128, kLines = 8, kPerLine = kLine / kBytes;
    int line = outerInLines ? depth : outer;
    uint64_t at = start + line / kLines * stride + line % kLines * kLine;
    if (outerInLines)
      at += outer / kPerLine * leading + outer % kPerLine * kBytes;
    else
      at += depth * kBytes;
    // Both count from a multiple of 1024 bytes.
    at ^= (at >> 7 & 7) << 4;
    const char *address = thread.shared + at;
    block.checkRead(thread, {address, address + kBytes});
    first = std::min(first, at);
    last = std::max(last, at);
    Stored bits;
    memcpy(&bits, address, kBytes);
    return bits;
  }

  Range range() const {
    return {thread.shared + first, thread.shared + last + kBytes};
  }

private:
  static constexpr int kBytes = sizeof(Stored);

  Block &block;
  const Thread &thread;
  bool outerInLines; ///< neighbours in memory are rows of A or columns of B
  uint64_t start, leading, stride;
  uint64_t first = ~uint64_t(0), last = 0;
};

GroupProduct &of(Warp &warp, int lane) {
  return *static_cast<GroupProduct *>(warp.lanes[lane].operands);
}

/// The warp's rows of the left factor: from memory, or from four registers with
/// neighbouring terms, of rows lane / 4 and eight later, then half of the terms
/// on.
template <typename Factor>
void loadRows(Block &block, Warp &warp,
              typename Factor::Stored (*rows)[kDepth<Factor>]) {
  constexpr int kBytes = sizeof(typename Factor::Stored);
  const Thread &thread = warp.lanes[0];
  const GroupProduct &product = of(warp, 0);
  if (!product.registers) {
    Matrix<Factor> matrix(block, thread, product.a,
                          product.flags & RAC_SIM_LINES_OF_A);
    int first = thread.index / kWarpSize % 4 * kWarpRows;
    for (int row = 0; row < kWarpRows; ++row)
      for (int k = 0; k < kDepth<Factor>; ++k)
        rows[row][k] = matrix.load(first + row, k);
    warp.reads.push_back({matrix.range(), warp.group});
    return;
  }
  constexpr int kRegister = 4, kPack = kRegister / kBytes;
  for (int lane = 0; lane < kWarpSize; ++lane)
    for (int i = 0; i < 4 * kPack; ++i) {
      int number = i / kPack, row = lane / 4 + number % 2 * 8,
          k = lane % 4 * kPack + i % kPack + number / 2 * 4 * kPack;
      memcpy(&rows[row][k], of(warp, lane).registers + i * kBytes, kBytes);
    }
}

template <typename Left, typename Right = Left>
void multiply(Block &block, Warp &warp) {
  using Number = decltype(Left::load({}));
  const GroupProduct &product = of(warp, 0);
  constexpr int depth = kDepth<Left>;
  typename Left::Stored rows[kWarpRows][depth];
  loadRows<Left>(block, warp, rows);
  Matrix<Right> matrix(block, warp.lanes[0], product.b,
                       product.flags & RAC_SIM_LINES_OF_B);
  static thread_local Number right[depth][kMaxColumns];
  for (int column = 0; column < product.columns; ++column)
    for (int k = 0; k < depth; ++k)
      right[k][column] = Right::load(matrix.load(column, k));
  warp.reads.push_back({matrix.range(), warp.group});
  for (int row = 0; row < kWarpRows; ++row) {
    Number sums[kMaxColumns] = {};
    for (int k = 0; k < depth; ++k) {
      Number left = Left::load(rows[row][k]);
      for (int column = 0; column < product.columns; ++column)
        sums[column] = multiplyAdd(left, right[k][column], sums[column]);
    }
    // A lane has two neighbours of each eight columns, in two rows.
    for (int column = 0; column < product.columns; ++column) {
      void *own = of(warp, row % 8 * 4 + column % 8 / 2).sums;
      Number &sum =
          static_cast<Number *>(own)[column / 8 * 4 + row / 8 * 2 + column % 2];
      Number before = product.flags & RAC_SIM_ADD ? sum : Number(0);
      sum = multiplyAdd(Number(1), before, sums[column]);
    }
  }
}

template <typename Left> void multiplyBytes(Block &block, Warp &warp) {
  if (of(warp, 0).rhsType == RAC_SIM_U8)
    multiply<Byte<Left>, Byte<uint8_t>>(block, warp);
  else
    multiply<Byte<Left>, Byte<int8_t>>(block, warp);
}

void multiplyGroup(Block &block, Warp &warp) {
  Thread &thread = warp.lanes[0];
  constexpr int kGroup = 4 * kWarpSize;
  int threads =
      thread.block_size[0] * thread.block_size[1] * thread.block_size[2];
  if (warp.arrived != ~uint32_t(0) ||
      threads < (thread.index / kGroup + 1) * kGroup)
    block.fail(thread, "a product of a warp group, of which some lanes have "
                       "ended or never were");
  warp.issued = (warp.issued + thread.site + 1) * 0x9E3779B97F4A7C15;
  switch (of(warp, 0).lhsType) {
  case RAC_SIM_F16:
    return multiply<F16>(block, warp);
  case RAC_SIM_BF16:
    return multiply<BF16>(block, warp);
  case RAC_SIM_TF32:
    return multiply<Tf32>(block, warp);
  case RAC_SIM_E4M3:
    return multiply<E4M3>(block, warp);
  case RAC_SIM_S8:
    return multiplyBytes<int8_t>(block, warp);
  case RAC_SIM_U8:
    return multiplyBytes<uint8_t>(block, warp);
  }
  block.fail(thread, "a product of a warp group of a type that is not "
                     "simulated");
}

void finishGroups(Block &, Warp &warp) {
  int64_t left = *static_cast<int32_t *>(warp.lanes[0].operands);
  auto done = [&](const Warp::Read &read) {
    return read.group < warp.group - left;
  };
  warp.reads.erase(std::remove_if(warp.reads.begin(), warp.reads.end(), done),
                   warp.reads.end());
}

} // namespace

void rac_sim_group_mma(RacSimThread *handle, int32_t site, int32_t lhs_type,
                       int32_t rhs_type, int32_t columns, int32_t flags,
                       const void *registers, uint64_t a, uint64_t b,
                       void *sums) {
  Thread &thread = threadOf(handle);
  if (columns % 8 || columns < 8 || columns > kMaxColumns)
    thread.owner->fail(thread, "a product of a warp group of " +
                                   std::to_string(columns) + " columns");
  GroupProduct product = {
      lhs_type, rhs_type, columns, flags, static_cast<const char *>(registers),
      a,        b,        sums};
  thread.owner->meet(thread, site, ~uint32_t(0), multiplyGroup, &product);
}

void rac_sim_commit_group_mma(RacSimThread *handle) {
  Thread &thread = threadOf(handle);
  // Of a warp: it met at the product, and does at the next and at the wait.
  if (thread.lane() == 0)
    ++thread.owner->warpOf(thread).group;
}

void rac_sim_wait_group_mma(RacSimThread *handle, int32_t site,
                            int32_t groups) {
  Thread &thread = threadOf(handle);
  thread.owner->meet(thread, site, ~uint32_t(0), finishGroups, &groups);
}
