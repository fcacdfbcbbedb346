//===- NarrowConstants.cpp - Constants in narrower types ------------------===//

#include "NarrowConstants.h"
#include "Constants.h"
#include "rac/Transforms/BlockScale.h"
#include "rac/Transforms/Float8.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"
#include <cmath>

using namespace mlir;
using namespace rac;

ConstantOp rac::constantBehind(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getInput();
  auto constant = value.getDefiningOp<ConstantOp>();
  return constant && constant.getType().getElementType().isF32() ? constant
                                                                 : ConstantOp();
}

/// To nearest even; what is no number stays none.
static uint16_t toBFloat16(float value) {
  auto bits = llvm::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return uint16_t(bits >> 16) | 0x40; // quiet
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static uint16_t toHalf(float value) {
  llvm::APFloat number(value);
  bool losesInfo;
  number.convert(llvm::APFloat::IEEEhalf(), llvm::APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return uint16_t(number.bitcastToAPInt().getZExtValue());
}

/// Element `i` of the bytes of f32s, which may be one for all.
static float floatAt(const ConstantBytes &data, int64_t i) {
  float value;
  memcpy(&value, data.bytes.data() + (data.isSplat ? 0 : i * sizeof(float)),
         sizeof(float));
  return value;
}

Value rac::narrowFloats(OpBuilder &builder, ConstantOp constant,
                        RankedTensorType type) {
  std::optional<ConstantBytes> data = getConstantBytes(constant);
  if (!data)
    return {};
  auto narrow = type.getElementType().isBF16() ? toBFloat16 : toHalf;
  if (data->isSplat) {
    uint16_t bits = narrow(floatAt(*data, 0));
    return ConstantOp::create(
        builder, constant.getLoc(),
        DenseElementsAttr::getFromRawBuffer(
            type, ArrayRef(reinterpret_cast<const char *>(&bits), 2)));
  }
  return makeConstant(builder, constant.getLoc(), type,
                      [&](MutableArrayRef<char> bytes) {
                        for (int64_t i : llvm::seq(type.getNumElements())) {
                          uint16_t bits = narrow(floatAt(*data, i));
                          memcpy(bytes.data() + 2 * i, &bits, sizeof(bits));
                        }
                      });
}

FailureOr<QuantizedWeights>
rac::quantizeWeights(OpBuilder &builder, ConstantOp constant,
                     RankedTensorType type, WeightTerms where,
                     ArrayRef<double> termSteps, std::string &why) {
  std::optional<ConstantBytes> data = getConstantBytes(constant);
  if (!data) {
    why = "its weights' data is not there";
    return failure();
  }
  int64_t channels = type.getDimSize(where.channels),
          inner =
              llvm::product_of(type.getShape().drop_front(where.channels + 1));
  auto channelOf = [&](int64_t i) { return i / inner % channels; };
  auto valueOf = [&](int64_t i) {
    float value = floatAt(*data, i);
    return termSteps.empty()
               ? value
               : value * float(termSteps[where.termOf(i, type.getShape())]);
  };
  QuantizedWeights result;
  result.scales.assign(channels, 0);
  result.sums.assign(channels, 0);
  for (int64_t i : llvm::seq(type.getNumElements())) {
    float value = valueOf(i);
    if (!std::isfinite(value)) {
      why = "its weights are not all finite";
      return failure();
    }
    float &most = result.scales[channelOf(i)];
    most = std::max(most, std::fabs(value));
  }
  constexpr float steps = 127;
  for (float &scale : result.scales) {
    scale /= steps;
    // Also where the largest is so small that it has no 127th part.
    if (scale == 0)
      scale = 1;
  }
  auto stepsType = RankedTensorType::get(type.getShape(), builder.getI8Type());
  result.steps = makeConstant(
      builder, constant.getLoc(), stepsType, [&](MutableArrayRef<char> bytes) {
        for (int64_t i : llvm::seq(type.getNumElements())) {
          int64_t c = channelOf(i);
          float step = std::nearbyint(valueOf(i) / result.scales[c]);
          step = std::clamp(step, -steps, steps);
          bytes[i] = char(int8_t(step));
          result.sums[c] += int64_t(step);
        }
      });
  return result;
}

/// To the nearest; 448 at most.
static char toFloat8(float value) {
  llvm::APFloat number(std::clamp(value, -kMostFloat8, kMostFloat8));
  bool losesInfo;
  number.convert(llvm::APFloat::Float8E4M3FN(),
                 llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return char(number.bitcastToAPInt().getZExtValue());
}

FailureOr<QuantizedWeights> rac::weightsInFloat8(OpBuilder &builder,
                                                 ConstantOp constant,
                                                 RankedTensorType type,
                                                 WeightTerms where,
                                                 std::string &why) {
  std::optional<ConstantBytes> data = getConstantBytes(constant);
  if (!data) {
    why = "its weights' data is not there";
    return failure();
  }
  std::vector<float> values;
  for (int64_t i : llvm::seq(type.getNumElements()))
    values.push_back(floatAt(*data, i));
  if (!llvm::all_of(values, [](float value) { return std::isfinite(value); })) {
    why = "its weights are not all finite";
    return failure();
  }
  QuantizedWeights result;
  llvm::append_range(result.scales,
                     float8Scales(values, type.getShape(), where.channels));
  int64_t inner =
      llvm::product_of(type.getShape().drop_front(where.channels + 1));
  result.steps =
      makeConstant(builder, constant.getLoc(),
                   type.clone(Float8E4M3FNType::get(builder.getContext())),
                   [&](MutableArrayRef<char> bytes) {
                     for (auto [i, value] : llvm::enumerate(values)) {
                       float scale =
                           result.scales[i / inner % result.scales.size()];
                       bytes[i] = toFloat8(value / scale);
                     }
                   });
  return result;
}

FailureOr<BlockWeights> rac::quantizeBlocks(OpBuilder &builder,
                                            ConstantOp constant, int64_t terms,
                                            int64_t columns, bool transposed,
                                            int64_t block, bool nibbles,
                                            std::string &why) {
  std::optional<ConstantBytes> data = getConstantBytes(constant);
  if (!data) {
    why = "its weights' data is not there";
    return failure();
  }
  auto at = [&](int64_t term, int64_t column) {
    return floatAt(*data, transposed ? column * terms + term
                                     : term * columns + column);
  };
  // Two terms lie in a byte.
  block = std::min(block, nibbles ? terms + terms % 2 : terms);
  int64_t blocks = llvm::divideCeil(terms, block);
  SmallVector<float> scales(blocks * columns), own;
  for (int64_t b : llvm::seq(blocks))
    for (int64_t column : llvm::seq(columns)) {
      own.clear();
      for (int64_t term :
           llvm::seq(b * block, std::min(terms, (b + 1) * block)))
        own.push_back(at(term, column));
      if (!llvm::all_of(own,
                        [](float value) { return std::isfinite(value); })) {
        why = "its weights are not all finite";
        return failure();
      }
      scales[b * columns + column] = chooseBlockScale(own, nibbles);
    }
  auto stepOf = [&](int64_t term, int64_t column) {
    return term < terms
               ? roundToStep(at(term, column),
                             scales[term / block * columns + column], nibbles)
               : 0;
  };
  Location loc = constant.getLoc();
  int64_t inBlock = nibbles ? block / 2 : block, rows = blocks * inBlock;
  // Halves of a byte count from -8 on; they are those of a block.
  auto byteAt = [&](int64_t row, int64_t column) {
    int64_t term = row / inBlock * block + row % inBlock;
    int low = stepOf(term, column);
    return char(nibbles ? low + 8 + (stepOf(term + inBlock, column) + 8) * 16
                        : low);
  };
  BlockWeights result;
  result.block = block;
  result.steps = makeConstant(
      builder, loc, RankedTensorType::get({rows, columns}, builder.getI8Type()),
      [&](MutableArrayRef<char> bytes) {
        for (int64_t row : llvm::seq(rows))
          for (int64_t column : llvm::seq(columns))
            bytes[row * columns + column] = byteAt(row, column);
      });
  result.scales = makeFloats(
      builder, loc,
      RankedTensorType::get({blocks, columns}, builder.getF32Type()), scales);
  return result;
}
