//===- TranspositionTest.cpp - What writes in another order costs ---------===//

#include "RoundModel.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace rac;

namespace {

/// A transposition of `rows` x `columns` numbers, after `op` on each, to
/// `type`.
struct Transposed : ParsedOps {
  Transposed(int64_t rows, int64_t columns, const std::string &op = "",
             const std::string &type = "f32")
      : ParsedOps("(%x: " + of(rows, columns, "f32") + ") -> " +
                      of(columns, rows, type),
                  op + " %1 = rac.transpose " + (op.empty() ? "%x" : "%0") +
                      ", [1, 0] : (" + of(rows, columns, type) + ") -> " +
                      of(columns, rows, type) +
                      " return %1 : " + of(columns, rows, type)) {}

  static std::string of(int64_t a, int64_t b, const std::string &type) {
    return "tensor<" + std::to_string(a) + "x" + std::to_string(b) + "x" +
           type + ">";
  }
};

// Square blocks take log2(16) shuffles a vector, one a clock of 10 ns; three
// rows side by side two; what fits neither moves element by element.
TEST(Transposition, BySize) {
  auto compute = [](int64_t rows, int64_t columns) {
    Transposed p(rows, columns);
    return Model()(p, KernelKind::generated).breakdown.computeSeconds;
  };
  // Four rows of blocks: each after the first takes 8 clocks to begin.
  EXPECT_DOUBLE_EQ(compute(32, 64), 32 * 64 / 16 * 4e-8 + 3 * 8e-8);
  EXPECT_DOUBLE_EQ(compute(3, 64), 3 * 64 / 16 * 2e-8);
  EXPECT_DOUBLE_EQ(compute(7, 64), 2 * (2 * 7 * 64) / (2e8 / 16));
  // The last blocks do again what those before them have done.
  EXPECT_DOUBLE_EQ(compute(48, 68), 48 * 80 / 16 * 4e-8 + 4 * 8e-8);
}

// Where the result may lie in an input's place, what is left of blocks moves
// element by element: three moves and an addition each.
TEST(Transposition, InPlace) {
  ParsedOps p("(%x: tensor<48x68xf32>, %y: tensor<68x48xf32>) -> "
              "tensor<68x48xf32>",
              R"(%0 = rac.transpose %x, [1, 0] : (tensor<48x68xf32>) ->
                   tensor<68x48xf32>
                 %1 = rac.add %0, %y : (tensor<68x48xf32>, tensor<68x48xf32>) ->
                   tensor<68x48xf32>
                 return %1 : tensor<68x48xf32>)");
  double whole = 48 * 64, rest = 48 * 4;
  EXPECT_DOUBLE_EQ(Model()(p, KernelKind::generated).breakdown.computeSeconds,
                   2 * whole / 2e8 + whole / 16 * 4e-8 +
                       2 * 4 * rest / (2e8 / 16) + 4 * 8e-8);
}

// What is computed beside it takes vectors; of half as wide ones two shuffles
// go in a clock.
TEST(Transposition, Compute) {
  auto compute = [](const std::string &op, const std::string &type) {
    Transposed p(32, 64, op, type);
    return Model()(p, KernelKind::generated).breakdown.computeSeconds;
  };
  double starts = 3 * 8e-8, values = 32 * 64;
  EXPECT_DOUBLE_EQ(compute("%0 = rac.neg %x : (tensor<32x64xf32>) -> "
                           "tensor<32x64xf32>",
                           "f32"),
                   2 * values / 2e8 + values / 16 * 4e-8 + starts);
  EXPECT_DOUBLE_EQ(compute("%0 = rac.cast %x : (tensor<32x64xf32>) -> "
                           "tensor<32x64xbf16>",
                           "bf16"),
                   2 * values / 2e8 + values / 16 * 2e-8 + starts);
}

// Loops over neighbours are one: 7 x 7 pixels are 49.
TEST(Transposition, OfPixels) {
  ParsedOps p("(%x: tensor<1x32x7x7xf32>) -> tensor<1x7x7x32xf32>",
              R"(%0 = rac.transpose %x, [0, 2, 3, 1] :
                   (tensor<1x32x7x7xf32>) -> tensor<1x7x7x32xf32>
                 return %0 : tensor<1x7x7x32xf32>)");
  double seconds = Model()(p, KernelKind::generated).breakdown.computeSeconds;
  double blocks = 32 * 64 / 16 * 4e-8;
  EXPECT_NEAR(seconds, blocks + 6 * 8e-8, 1e-12);
}

// Rows of 36 numbers, 144 B, begin in four places of a line, in three of which
// vectors lie across it: each that the cache doesn't have waits for 4.5 clocks.
TEST(Transposition, AcrossLines) {
  auto compute = [](const Assumptions &assumptions) {
    Transposed p(36, 64);
    return Model(roundDevice(), assumptions)(p, KernelKind::generated)
        .breakdown.computeSeconds;
  };
  double within = 48 * 64 / 16 * 4e-8 + 3 * 8e-8;
  EXPECT_DOUBLE_EQ(compute(Assumptions()), within);
  EXPECT_DOUBLE_EQ(compute(cold()), within + 0.75 * 36 * 64 / 16 * 4.5e-8);
}

} // namespace
