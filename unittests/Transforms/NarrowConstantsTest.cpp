//===- NarrowConstantsTest.cpp - Constants of every value of 16 bits ------===//

#include "NarrowConstants.h"
#include "Constants.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace mlir;
using namespace rac;

namespace {

/// Every value of 16 bits as f32; what is halfway to the next, and just beside
/// that.
SmallVector<float> probes(const llvm::fltSemantics &semantics) {
  auto widen = [&](uint16_t bits) {
    llvm::APFloat value(semantics, llvm::APInt(16, bits));
    bool losesInfo;
    value.convert(llvm::APFloat::IEEEsingle(),
                  llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    return value.convertToFloat();
  };
  SmallVector<float> values;
  for (unsigned bits = 0; bits < 1 << 16; ++bits) {
    float value = widen(bits), next = widen(bits + 1);
    float middle = static_cast<float>((double(value) + next) / 2);
    values.append({value, middle, std::nextafterf(middle, -INFINITY),
                   std::nextafterf(middle, INFINITY)});
  }
  return values;
}

template <typename TypeT> void expectNearest() {
  MLIRContext context;
  context.loadDialect<RacDialect>();
  FloatType type = TypeT::get(&context);
  const llvm::fltSemantics &semantics = type.getFloatSemantics();
  SmallVector<float> values = probes(semantics);
  OpBuilder builder(&context);
  Location loc = builder.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, loc);
  builder.setInsertionPointToStart(module->getBody());
  auto shape = RankedTensorType::get(values.size(), builder.getF32Type());
  auto constant =
      makeFloats(builder, loc, shape, values).getDefiningOp<ConstantOp>();
  Value narrow = narrowFloats(builder, constant,
                              RankedTensorType::get(values.size(), type));
  ASSERT_TRUE(narrow);
  std::optional<ConstantBytes> data = getConstantBytes(narrow);
  ASSERT_TRUE(data && !data->isSplat);
  for (auto [i, value] : llvm::enumerate(values)) {
    uint16_t got;
    memcpy(&got, data->bytes.data() + 2 * i, sizeof(got));
    llvm::APFloat wanted(value);
    bool losesInfo;
    wanted.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    llvm::APFloat found(semantics, llvm::APInt(16, got));
    if (wanted.isNaN())
      EXPECT_TRUE(found.isNaN()) << value;
    else
      EXPECT_TRUE(found.bitwiseIsEqual(wanted)) << value;
  }
}

TEST(NarrowConstants, ToBfloat16AreTheNearest) {
  expectNearest<BFloat16Type>();
}

TEST(NarrowConstants, ToHalfAreTheNearest) { expectNearest<Float16Type>(); }

} // namespace
