//===- Warp.cpp - What the lanes of a warp do together --------------------===//

#include "Block.h"
#include "Floats.h"

#include <cstring>

using namespace rac::simulator;

namespace {

constexpr uint32_t kAllLanes = ~uint32_t(0);

void nothing(Block &, Warp &) {}

struct Shuffle {
  int32_t mode, offset, width;
  int64_t value, result;
  bool valid;
};

/// The lane that `lane` reads, after PTX's shfl; `valid`: whether there is one.
int sourceLane(const Shuffle &shuffle, int lane, bool &valid) {
  int source = lane;
  switch (shuffle.mode) {
  case RAC_SIM_XOR:
    source = lane ^ shuffle.offset;
    break;
  case RAC_SIM_DOWN:
    source = lane + shuffle.offset;
    break;
  case RAC_SIM_UP:
    source = lane - shuffle.offset;
    break;
  case RAC_SIM_IDX:
    source = shuffle.offset;
    break;
  }
  valid = source >= 0 && source < shuffle.width;
  return valid ? source : lane;
}

void shuffleLanes(Block &block, Warp &warp) {
  for (int lane = 0; lane < kWarpSize; ++lane) {
    if (!(warp.arrived >> lane & 1))
      continue;
    Thread &thread = warp.lanes[lane];
    auto &shuffle = *static_cast<Shuffle *>(thread.operands);
    int source = sourceLane(shuffle, lane, shuffle.valid);
    if (warp.exited >> source & 1)
      source = lane;
    if (!(warp.arrived >> source & 1))
      block.fail(thread, "reads the value of lane " + std::to_string(source) +
                             ", which has ended or never was");
    shuffle.result = static_cast<Shuffle *>(warp.lanes[source].operands)->value;
  }
}

/// Whether all lanes take part. Not so after some exited, which have no use for
/// the result.
bool isComplete(Block &block, Warp &warp) {
  if (warp.arrived == kAllLanes)
    return true;
  if (!warp.exited)
    block.fail(warp.lanes[__builtin_ctz(warp.arrived)],
               "an op of a whole warp, of which some lanes have ended or never "
               "were");
  return false;
}

struct Matrices {
  int32_t count;
  bool transposed;
  const char *row;
  char *result;
};

/// ldmatrix: lane l gets elements 2 * (l % 4) and the next of row l / 4.
void loadMatrices(Block &block, Warp &warp) {
  if (!isComplete(block, warp))
    return;
  auto of = [&](int lane) -> Matrices & {
    return *static_cast<Matrices *>(warp.lanes[lane].operands);
  };
  for (int lane = 0; lane < 8 * of(0).count; ++lane)
    if (reinterpret_cast<uintptr_t>(of(lane).row) % 16)
      block.fail(warp.lanes[lane], "ldmatrix of a row that is not aligned");
  for (int m = 0; m < of(0).count; ++m) {
    uint16_t matrix[8][8];
    for (int row = 0; row < 8; ++row)
      memcpy(matrix[row], of(8 * m + row).row, sizeof(matrix[row]));
    for (int lane = 0; lane < kWarpSize; ++lane) {
      uint16_t pair[2];
      for (int i = 0; i < 2; ++i)
        pair[i] = of(0).transposed ? matrix[2 * (lane % 4) + i][lane / 4]
                                   : matrix[lane / 4][2 * (lane % 4) + i];
      memcpy(of(lane).result + 4 * m, pair, sizeof(pair));
    }
  }
}

struct Product {
  int32_t lhsType, rhsType, sumType, depth;
  const char *lhs, *rhs, *sum;
  char *result;
};

// Types of a fragment's elements beside those of Floats.h.
template <typename T> struct Same {
  using Stored = T;
  static T load(T value) { return value; }
  static T store(T value) { return value; }
};

constexpr int kColumns = 8, kMaxDepth = 32;

template <typename T>
inline void multiplyRows(const T (*lhs)[kMaxDepth], const T (*rhs)[kColumns],
                         T (*sum)[kColumns], int rows, int depth) {
  for (int row = 0; row < rows; ++row)
    for (int k = 0; k < depth; ++k)
      for (int column = 0; column < kColumns; ++column)
        sum[row][column] =
            multiplyAdd(lhs[row][k], rhs[k][column], sum[row][column]);
}

/// Fragments as "Warp-level matrix instructions: mma" of the PTX ISA lays them
/// out. A register holds `kPack` elements along the depth; of the lane's group,
/// lane / 4, and place in it, lane % 4:
/// - the left factor's registers lie at row group (+ 8 if there are 16 rows and
///   the register is odd) and element kPack * place of a slice of the depth;
/// - the right factor's at column group and the same elements;
/// - the sum's two elements each at row group, then group + 8, from column
///   2 * place on.
template <typename Left, typename Right, typename Sum, int kRows>
void multiply(Warp &warp) {
  using Stored = typename Left::Stored;
  using StoredRight = typename Right::Stored;
  using StoredSum = typename Sum::Stored;
  using Number = decltype(Sum::load({}));
  constexpr int kHalves = kRows / 8, kRegister = 4;
  constexpr int kPack =
      sizeof(Stored) < kRegister ? kRegister / sizeof(Stored) : 1;
  constexpr int kSlice = 4 * kPack;

  Number lhs[kRows][kMaxDepth], rhs[kMaxDepth][kColumns];
  Number sum[kRows][kColumns];
  int depth = static_cast<Product *>(warp.lanes[0].operands)->depth;
  for (int lane = 0; lane < kWarpSize; ++lane) {
    const auto &own = *static_cast<Product *>(warp.lanes[lane].operands);
    auto *left = reinterpret_cast<const Stored *>(own.lhs);
    auto *right = reinterpret_cast<const StoredRight *>(own.rhs);
    auto *start = reinterpret_cast<const StoredSum *>(own.sum);
    int group = lane / 4, place = lane % 4;
    for (int k = 0; k < depth; k += kSlice)
      for (int half = 0; half < kHalves; ++half)
        for (int i = 0; i < kPack; ++i)
          lhs[group + 8 * half][k + place * kPack + i] = Left::load(*left++);
    for (int k = 0; k < depth; k += kSlice)
      for (int i = 0; i < kPack; ++i)
        rhs[k + place * kPack + i][group] = Right::load(*right++);
    for (int half = 0; half < kHalves; ++half)
      for (int i = 0; i < 2; ++i)
        sum[group + 8 * half][2 * place + i] = Sum::load(*start++);
  }
  multiplyRows(lhs, rhs, sum, kRows, depth);
  for (int lane = 0; lane < kWarpSize; ++lane) {
    auto *result = reinterpret_cast<StoredSum *>(
        static_cast<Product *>(warp.lanes[lane].operands)->result);
    for (int half = 0; half < kHalves; ++half)
      for (int i = 0; i < 2; ++i)
        *result++ = Sum::store(sum[lane / 4 + 8 * half][2 * (lane % 4) + i]);
  }
}

template <typename Factor> void multiplyFloats(Warp &warp) {
  auto &product = *static_cast<Product *>(warp.lanes[0].operands);
  if (product.sumType == RAC_SIM_F16)
    multiply<Factor, Factor, F16, 16>(warp);
  else
    multiply<Factor, Factor, Same<float>, 16>(warp);
}

template <typename Left> void multiplyBytes(Warp &warp) {
  using Sum = Same<int32_t>;
  if (static_cast<Product *>(warp.lanes[0].operands)->rhsType == RAC_SIM_U8)
    multiply<Byte<Left>, Byte<uint8_t>, Sum, 16>(warp);
  else
    multiply<Byte<Left>, Byte<int8_t>, Sum, 16>(warp);
}

void multiplyMatrices(Block &block, Warp &warp) {
  if (!isComplete(block, warp))
    return;
  switch (static_cast<Product *>(warp.lanes[0].operands)->lhsType) {
  case RAC_SIM_F16:
    return multiplyFloats<F16>(warp);
  case RAC_SIM_BF16:
    return multiplyFloats<BF16>(warp);
  case RAC_SIM_TF32:
    return multiplyFloats<Tf32>(warp);
  case RAC_SIM_E4M3:
    return multiplyFloats<E4M3>(warp);
  case RAC_SIM_S8:
    return multiplyBytes<int8_t>(warp);
  case RAC_SIM_U8:
    return multiplyBytes<uint8_t>(warp);
  case RAC_SIM_F64:
    return multiply<Same<double>, Same<double>, Same<double>, 8>(warp);
  }
}

} // namespace

void rac_sim_barrier(RacSimThread *thread, int32_t site) {
  threadOf(thread).owner->barrier(threadOf(thread), site);
}

void rac_sim_warp_barrier(RacSimThread *thread, int32_t site) {
  threadOf(thread).owner->meet(threadOf(thread), site, kAllLanes, nothing,
                               nullptr);
}

int64_t rac_sim_shuffle(RacSimThread *handle, int32_t site, int32_t mode,
                        int64_t value, int32_t offset, int32_t width,
                        char *valid) {
  Thread &thread = threadOf(handle);
  *valid = false;
  if (width < 1 || width > kWarpSize)
    thread.owner->fail(thread,
                       "a shuffle among " + std::to_string(width) + " lanes");
  if (thread.lane() >= width)
    return value;
  Shuffle shuffle = {mode, offset, width, value, value, false};
  thread.owner->meet(thread, site, kAllLanes >> (kWarpSize - width),
                     shuffleLanes, &shuffle);
  *valid = shuffle.valid;
  return shuffle.result;
}

void rac_sim_load_matrices(RacSimThread *thread, int32_t site, int32_t count,
                           int32_t transposed, const void *row, void *result) {
  Matrices matrices = {count, transposed != 0, static_cast<const char *>(row),
                       static_cast<char *>(result)};
  threadOf(thread).owner->meet(threadOf(thread), site, kAllLanes, loadMatrices,
                               &matrices);
}

void rac_sim_mma(RacSimThread *thread, int32_t site, int32_t lhs_type,
                 int32_t rhs_type, int32_t sum_type, int32_t depth,
                 const void *lhs, const void *rhs, const void *sum,
                 void *result) {
  Product product = {lhs_type,
                     rhs_type,
                     sum_type,
                     depth,
                     static_cast<const char *>(lhs),
                     static_cast<const char *>(rhs),
                     static_cast<const char *>(sum),
                     static_cast<char *>(result)};
  threadOf(thread).owner->meet(threadOf(thread), site, kAllLanes,
                               multiplyMatrices, &product);
}
