//===- RadixSort.cpp - Sorted rows, digit by digit ------------------------===//
//
// Least digits first: each pass counts how often a digit has each value, and
// moves every key to where those of its value are next. Digits that all keys
// share are left out.
//
//===----------------------------------------------------------------------===//

#include "Sort.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

using Values = SmallVector<Value>;

constexpr int64_t kDigitBits = 8, kDigitValues = 1 << kDigitBits;

/// The type of codes, unsigned integers that compare as keys do.
static IntegerType codeType(Type element) {
  return IntegerType::get(
      element.getContext(),
      std::max(8u, computeType(element).getIntOrFloatBitWidth()));
}

/// The code of a stored key. NaN is the largest number.
static Value codeOf(OpBuilder &b, Location loc, Value stored, Type element,
                    bool descends) {
  Value x = loadCompute(b, loc, stored, element);
  IntegerType type = codeType(element);
  unsigned width = type.getWidth();
  auto constant = [&](const APInt &value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, value));
  };
  Value all = constant(APInt::getAllOnes(width)),
        sign = constant(APInt::getSignMask(width)), code = x;
  if (element.isInteger(1)) {
    code = arith::ExtUIOp::create(b, loc, type, x);
  } else if (isa<FloatType>(element)) {
    ScalarBuilder s(b, loc, false);
    Value zero = s.zero(x);
    // Both zeros are equal.
    x = s.select(s.equal(x, zero), zero, x);
    Value raw = arith::BitcastOp::create(b, loc, type, x);
    Value isNegative = s.less(raw, constant(APInt(width, 0)));
    code = arith::XOrIOp::create(b, loc, raw, s.select(isNegative, all, sign));
    code = s.select(s.isNan(x), all, code);
  } else if (!element.isUnsignedInteger()) {
    code = arith::XOrIOp::create(b, loc, x, sign);
  }
  return descends ? Value(arith::XOrIOp::create(b, loc, code, all)) : code;
}

namespace {
/// Sorts codes, unsigned, and the places that they come from.
class DigitSort {
public:
  /// Codes and places are in one of two rows, and go to the other one.
  struct Buffers {
    Value codes, places, counts;
    Values all() const { return {codes, places, counts}; }
    static Buffers of(ValueRange values) {
      return {values[0], values[1], values[2]};
    }
  };

  DigitSort(Location loc, IntegerType type, Value length)
      : loc(loc), type(type), length(length) {}

  Buffers allocate(OpBuilder &b, OpFoldResult size) const;
  /// Sorts what `codeAt` gives for each place; and the row where that ends.
  std::pair<Buffers, Value>
  run(OpBuilder &b, Buffers buffers,
      function_ref<Value(OpBuilder &, Value)> codeAt) const;

private:
  using Step = function_ref<Values(OpBuilder &, Value, ValueRange)>;
  Values loop(OpBuilder &b, Value end, ValueRange init, Step body) const {
    auto loop = scf::ForOp::create(
        b, loc, indexConstant(b, loc, 0), end, indexConstant(b, loc, 1), init,
        [&](OpBuilder &b, Location loc, Value i, ValueRange carried) {
          scf::YieldOp::create(b, loc, body(b, i, carried));
        });
    return Values(loop.getResults());
  }
  Value digit(OpBuilder &b, Value code, Value shift) const {
    auto mask = APInt::getLowBitsSet(type.getWidth(), kDigitBits);
    Value low = arith::AndIOp::create(
        b, loc, arith::ShRUIOp::create(b, loc, code, shift),
        arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, mask)));
    return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), low);
  }
  Value at(OpBuilder &b, Value tensor, ValueRange where) const {
    return tensor::ExtractOp::create(b, loc, tensor, where);
  }
  Value put(OpBuilder &b, Value value, Value tensor, ValueRange where) const {
    return tensor::InsertOp::create(b, loc, value, tensor, where);
  }
  Value add(OpBuilder &b, Value x, Value y) const {
    return ScalarBuilder(b, loc, false).add(x, y);
  }
  Value startDigits(OpBuilder &b, const Buffers &buffers, Value row,
                    Value shift) const;
  Buffers sortByDigit(OpBuilder &b, const Buffers &buffers, Value row,
                      Value shift) const;

  Location loc;
  IntegerType type;
  Value length;
};
} // namespace

DigitSort::Buffers DigitSort::allocate(OpBuilder &b, OpFoldResult size) const {
  Sizes rows = {b.getIndexAttr(2), size};
  return {emptyTensor(b, loc, rows, type),
          emptyTensor(b, loc, rows, b.getI64Type()),
          emptyTensor(b, loc, OpFoldResult(b.getIndexAttr(kDigitValues)),
                      b.getIndexType())};
}

/// Where the first code of each value of a digit belongs.
Value DigitSort::startDigits(OpBuilder &b, const Buffers &buffers, Value row,
                             Value shift) const {
  Value zero = indexConstant(b, loc, 0),
        values = indexConstant(b, loc, kDigitValues);
  Value counts = loop(b, values, buffers.counts,
                      [&](OpBuilder &b, Value i, ValueRange counts) {
                        return Values{put(b, zero, counts[0], i)};
                      })[0];
  counts =
      loop(b, length, counts, [&](OpBuilder &b, Value i, ValueRange counts) {
        Value value = digit(b, at(b, buffers.codes, {row, i}), shift);
        Value more = add(b, at(b, counts[0], value), indexConstant(b, loc, 1));
        return Values{put(b, more, counts[0], value)};
      })[0];
  return loop(b, values, {counts, zero},
              [&](OpBuilder &b, Value i, ValueRange state) {
                Value sum = add(b, state[1], at(b, state[0], i));
                return Values{put(b, state[1], state[0], i), sum};
              })[0];
}

DigitSort::Buffers DigitSort::sortByDigit(OpBuilder &b, const Buffers &buffers,
                                          Value row, Value shift) const {
  Buffers before = buffers;
  before.counts = startDigits(b, buffers, row, shift);
  Value one = indexConstant(b, loc, 1);
  Value other = ScalarBuilder(b, loc, false).sub(one, row);
  return Buffers::of(loop(
      b, length, before.all(), [&](OpBuilder &b, Value i, ValueRange state) {
        auto [codes, places, counts] = Buffers::of(state);
        Value code = at(b, codes, {row, i}), place = at(b, places, {row, i});
        Value value = digit(b, code, shift), to = at(b, counts, value);
        return Values{put(b, code, codes, {other, to}),
                      put(b, place, places, {other, to}),
                      put(b, add(b, to, one), counts, value)};
      }));
}

std::pair<DigitSort::Buffers, Value>
DigitSort::run(OpBuilder &b, Buffers buffers,
               function_ref<Value(OpBuilder &, Value)> codeAt) const {
  Value zero = indexConstant(b, loc, 0);
  Value none = arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, 0));
  // With bits in which some code differs from the one before it, and that one.
  Values filled =
      loop(b, length, {buffers.codes, buffers.places, none, none},
           [&](OpBuilder &b, Value i, ValueRange state) {
             ScalarBuilder s(b, loc, false);
             Value code = codeAt(b, i);
             Value place =
                 arith::IndexCastOp::create(b, loc, b.getI64Type(), i);
             Value before = s.select(s.equal(i, zero), code, state[3]);
             Value differs = arith::OrIOp::create(
                 b, loc, state[2], arith::XOrIOp::create(b, loc, code, before));
             return Values{put(b, code, state[0], {zero, i}),
                           put(b, place, state[1], {zero, i}), differs, code};
           });
  Value digits = indexConstant(b, loc, type.getWidth() / kDigitBits);
  Values sorted =
      loop(b, digits, {filled[0], filled[1], buffers.counts, zero},
           [&](OpBuilder &b, Value i, ValueRange state) {
             ScalarBuilder s(b, loc, false);
             Value shift = arith::IndexCastOp::create(
                 b, loc, type, s.mul(i, indexConstant(b, loc, kDigitBits)));
             Value isMixed =
                 arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                       digit(b, filled[2], shift), zero);
             auto branch = scf::IfOp::create(
                 b, loc, isMixed,
                 [&](OpBuilder &b, Location loc) {
                   Value row = state[3];
                   Values next =
                       sortByDigit(b, Buffers::of(state), row, shift).all();
                   next.push_back(ScalarBuilder(b, loc, false)
                                      .sub(indexConstant(b, loc, 1), row));
                   scf::YieldOp::create(b, loc, next);
                 },
                 [&](OpBuilder &b, Location loc) {
                   scf::YieldOp::create(b, loc, state);
                 });
             return Values(branch.getResults());
           });
  return {Buffers::of(sorted), sorted[3]};
}

Sorted lowering::sortRowsByDigits(OpBuilder &b, Location loc, Value keys,
                                  Type element, bool descends, int64_t axis,
                                  Value length, Value count, Sorted into) {
  Sizes sizes = tensor::getMixedSizes(b, loc, keys), rows = sizes;
  rows.erase(rows.begin() + axis);
  DigitSort sort(loc, codeType(element), length);
  Values init = {into.keys, into.places};
  llvm::append_range(init, sort.allocate(b, sizes[axis]).all());
  Values results = loopOver(
      b, loc, rows, init,
      [&](OpBuilder &b, Location loc, ValueRange row, ValueRange carried) {
        auto placeIn = [&](Value i) {
          Values where(row);
          where.insert(where.begin() + axis, i);
          return where;
        };
        auto [buffers, side] =
            sort.run(b, DigitSort::Buffers::of(carried.drop_front(2)),
                     [&](OpBuilder &b, Value i) {
                       Value stored =
                           tensor::ExtractOp::create(b, loc, keys, placeIn(i));
                       return codeOf(b, loc, stored, element, descends);
                     });
        Value sorted = buffers.places, from = side;
        auto write = scf::ForOp::create(
            b, loc, indexConstant(b, loc, 0), count, indexConstant(b, loc, 1),
            carried.take_front(2),
            [&](OpBuilder &b, Location loc, Value i, ValueRange out) {
              Value place = tensor::ExtractOp::create(b, loc, sorted,
                                                      ValueRange{from, i});
              Value source =
                  arith::IndexCastOp::create(b, loc, b.getIndexType(), place);
              Value key =
                  tensor::ExtractOp::create(b, loc, keys, placeIn(source));
              Values where = placeIn(i);
              scf::YieldOp::create(
                  b, loc,
                  ValueRange{
                      tensor::InsertOp::create(b, loc, key, out[0], where),
                      tensor::InsertOp::create(b, loc, place, out[1], where)});
            });
        Values next(write.getResults());
        llvm::append_range(next, buffers.all());
        return next;
      });
  return {results[0], results[1]};
}
