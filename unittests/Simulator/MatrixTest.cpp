//===- MatrixTest.cpp - Tensor cores and asynchronous copies --------------===//

#include "Simulated.h"
#include "gmock/gmock.h"
#include <cstdlib>

using namespace rac::simulated;

namespace {

/// How a product's factors are stored: what type, how many elements a lane's
/// register has, how many registers it has of either.
struct Shape {
  std::string type, sumType;
  int depth, pack, lhsRegisters, rhsRegisters;
  std::string attributes;
};

/// A warp multiplies a 16 x depth by a depth x 8 matrix (given as its
/// transpose) and adds a 16x8 matrix. Each lane picks its elements with the
/// indices that the PTX ISA gives for the shape: the test does not use the
/// simulator's own.
std::string product(const Shape &shape) {
  std::string body = R"(
    gpu.func @multiply(%a: memref<?x$T>, %b: memref<?x$T>, %c: memref<?x$S>) kernel {
      %c0 = arith.constant 0 : index
      %lane = gpu.lane_id
      %four = arith.constant 4 : index
      %group = arith.divui %lane, %four : index
      %place = arith.remui %lane, %four : index
      %zero = arith.constant $Z : $T
      %a.0 = vector.broadcast %zero : $T to vector<$Rx$Px$T>
      %b.0 = vector.broadcast %zero : $T to vector<$Qx$Px$T>
)";
  int id = 0;
  auto line = [&](const std::string &text) { body += "      " + text + "\n"; };
  auto value = [&](const std::string &text) {
    std::string name = "%v" + std::to_string(id++);
    line(name + " = " + text);
    return name;
  };
  auto constant = [&](int number) {
    return value("arith.constant " + std::to_string(number) + " : index");
  };
  auto add = [&](const std::string &a, const std::string &b) {
    return value("arith.addi " + a + ", " + b + " : index");
  };
  auto times = [&](const std::string &a, const std::string &b) {
    return value("arith.muli " + a + ", " + b + " : index");
  };
  std::string depth = constant(shape.depth), pack = constant(shape.pack);
  auto fragment = [&](const std::string &matrix, int registers, bool isLhs) {
    std::string result = "%" + matrix + ".0";
    for (int r = 0; r < registers; ++r)
      for (int i = 0; i < shape.pack; ++i) {
        int rows = isLhs ? 8 * (r % 2) : 0, slice = isLhs ? r / 2 : r;
        std::string row = add("%group", constant(rows));
        std::string column =
            add(times("%place", pack), constant(4 * shape.pack * slice + i));
        std::string at = add(times(row, depth), column);
        std::string element =
            value("memref.load %" + matrix + "[" + at + "] : memref<?x$T>");
        result = value("vector.insert " + element + ", " + result + " [" +
                       std::to_string(r) + ", " + std::to_string(i) +
                       "] : $T into vector<" + std::to_string(registers) +
                       "x$Px$T>");
      }
    return result;
  };
  std::string lhs = fragment("a", shape.lhsRegisters, true);
  std::string rhs = fragment("b", shape.rhsRegisters, false);
  std::string two = constant(2), eight = constant(8), addresses[2], sum;
  line("%s = arith.constant dense<$Z> : vector<2x2x$S>");
  sum = "%s";
  for (int half = 0; half < 2; ++half) {
    std::string row = add("%group", constant(8 * half));
    addresses[half] = add(times(row, eight), times("%place", two));
    std::string pair = value("vector.load %c[" + addresses[half] +
                             "] : memref<?x$S>, vector<2x$S>");
    sum = value("vector.insert " + pair + ", " + sum + " [" +
                std::to_string(half) + "] : vector<2x$S> into vector<2x2x$S>");
  }
  auto multiplied = [&] {
    return value("nvgpu.mma.sync (" + lhs + ", " + rhs + ", " + sum +
                 ") {mmaShape = [16, 8, " + std::to_string(shape.depth) + "]" +
                 shape.attributes +
                 "} : (vector<$Rx$Px$T>, vector<$Qx$Px$T>, vector<2x2x$S>) -> "
                 "vector<2x2x$S>");
  };
  // Bytes are in registers of 32 bits, and a struct has the result.
  auto multipliedBytes = [&] {
    auto registers = [&](const std::string &fragment, int count) {
      std::string list;
      for (int r = 0; r < count; ++r) {
        std::string four = value(
            "vector.extract " + fragment + "[" + std::to_string(r) +
            "] : vector<4xi8> from vector<" + std::to_string(count) + "x4xi8>");
        std::string word = value("vector.bitcast " + four +
                                 " : vector<4xi8> to vector<1xi32>");
        list += (r ? ", " : "") + value("vector.extract " + word +
                                        "[0] : i32 from vector<1xi32>");
      }
      return list;
    };
    std::string a = registers(lhs, 4), b = registers(rhs, 2), sums, elements;
    for (int i = 0; i < 4; ++i)
      sums +=
          (i ? ", " : "") +
          value("vector.extract " + sum + "[" + std::to_string(i / 2) + ", " +
                std::to_string(i % 2) + "] : i32 from vector<2x2xi32>");
    std::string result =
        value("nvvm.mma.sync A[" + a + "] B[" + b + "] C[" + sums +
              "] {intOverflowBehavior = #nvvm.mma_int_overflow<wrapped>, "
              "layoutA = #nvvm.mma_layout<row>, layoutB = "
              "#nvvm.mma_layout<col>, " +
              shape.attributes +
              ", shape = #nvvm.shape<m = 16, n = 8, k = 32>} : (i32, i32, i32) "
              "-> !llvm.struct<(i32, i32, i32, i32)>");
    for (int i = 0; i < 4; ++i)
      elements +=
          (i ? ", " : "") +
          value("llvm.extractvalue " + result + "[" + std::to_string(i) +
                "] : !llvm.struct<(i32, i32, i32, i32)>");
    return value("vector.from_elements " + elements + " : vector<2x2xi32>");
  };
  std::string result = shape.type == "i8" ? multipliedBytes() : multiplied();
  for (int half = 0; half < 2; ++half) {
    std::string pair =
        value("vector.extract " + result + "[" + std::to_string(half) +
              "] : vector<2x$S> from vector<2x2x$S>");
    line("vector.store " + pair + ", %c[" + addresses[half] +
         "] : memref<?x$S>, vector<2x$S>");
  }
  line("gpu.return");
  body += "    }";
  const std::pair<std::string, std::string> parts[] = {
      {"$T", shape.type},
      {"$S", shape.sumType},
      {"$Z", shape.type == "i8" ? "0" : "0.0"},
      {"$R", std::to_string(shape.lhsRegisters)},
      {"$Q", std::to_string(shape.rhsRegisters)},
      {"$P", std::to_string(shape.pack)}};
  for (const auto &[from, to] : parts)
    for (size_t at; (at = body.find(from)) != std::string::npos;)
      body.replace(at, from.size(), to);
  return body;
}

uint16_t toHalf(float value) {
  auto half = static_cast<_Float16>(value);
  uint16_t bits;
  memcpy(&bits, &half, sizeof(bits));
  return bits;
}
uint16_t toBFloat(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits >> 16;
}

/// Small integers: exact in all types, and so are their products' sums.
std::vector<int> factors(size_t count, int seed) {
  std::vector<int> values(count);
  uint32_t state = seed;
  for (int &value : values) {
    state = state * 1664525 + 1013904223; // Numerical Recipes' generator
    value = int(state >> 24) % 15 - 7;
  }
  return values;
}

template <typename T, typename Sum, typename Convert>
void multiply(const Shape &shape, Convert convert) {
  std::vector<int> a = factors(16 * shape.depth, 1);
  std::vector<int> b = factors(8 * shape.depth, 2), c = factors(16 * 8, 3);
  std::vector<T> lhs, rhs;
  for (int value : a)
    lhs.push_back(convert(value));
  for (int value : b)
    rhs.push_back(convert(value));
  Module module(product(shape));
  Array<T> left(lhs), right(rhs);
  Array<Sum> sum(std::vector<Sum>(c.begin(), c.end()));
  ASSERT_EQ(module.launch("multiply", {1, 32}, Params(left, right, sum)), 0);
  std::vector<Sum> result = sum.read();
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 8; ++column) {
      int expected = c[row * 8 + column];
      for (int k = 0; k < shape.depth; ++k)
        expected += a[row * shape.depth + k] * b[column * shape.depth + k];
      ASSERT_EQ(result[row * 8 + column], Sum(expected))
          << row << ", " << column;
    }
}

TEST(Matrix, MultiplyTf32) {
  auto same = [](int value) { return float(value); };
  multiply<float, float>({"f32", "f32", 4, 1, 2, 1, ", tf32Enabled"}, same);
  multiply<float, float>({"f32", "f32", 8, 1, 4, 2, ", tf32Enabled"}, same);
}

TEST(Matrix, MultiplyF16) {
  multiply<uint16_t, float>({"f16", "f32", 8, 2, 2, 1, ""}, toHalf);
  multiply<uint16_t, float>({"f16", "f32", 16, 2, 4, 2, ""}, toHalf);
}

TEST(Matrix, MultiplyBF16) {
  multiply<uint16_t, float>({"bf16", "f32", 8, 2, 2, 1, ""}, toBFloat);
  multiply<uint16_t, float>({"bf16", "f32", 16, 2, 4, 2, ""}, toBFloat);
}

/// A product of bytes with the signs that PTX says.
Shape bytes(const std::string &lhs, const std::string &rhs) {
  return {"i8",
          "i32",
          32,
          4,
          4,
          2,
          "multiplicandAPtxType = #nvvm.mma_type<" + lhs +
              ">, multiplicandBPtxType = #nvvm.mma_type<" + rhs + ">"};
}

TEST(Matrix, MultiplyI8) {
  auto same = [](int value) { return int8_t(value); };
  multiply<int8_t, int32_t>(bytes("s8", "s8"), same);
}

TEST(Matrix, BytesHaveSignsOrNotAndSumsWrap) {
  for (bool lhs : {true, false})
    for (bool rhs : {true, false}) {
      Module module(product(bytes(lhs ? "s8" : "u8", rhs ? "s8" : "u8")));
      Array<uint8_t> a(std::vector<uint8_t>(16 * 32, 200));
      Array<uint8_t> b(std::vector<uint8_t>(8 * 32, 255));
      Array<int32_t> sum(std::vector<int32_t>(16 * 8, INT32_MAX));
      ASSERT_EQ(module.launch("multiply", {1, 32}, Params(a, b, sum)), 0);
      uint32_t each = (lhs ? -56 : 200) * (rhs ? -1 : 255);
      for (int32_t element : sum.read())
        ASSERT_EQ(uint32_t(element), uint32_t(INT32_MAX) + 32 * each);
    }
}

TEST(Matrix, Tf32DropsTheLastBits) {
  Module module(product({"f32", "f32", 8, 1, 4, 2, ", tf32Enabled"}));
  // One, and the least that is more than one in f32.
  Array<float> left(std::vector<float>(16 * 8, 1.0f + 0x1p-23f));
  Array<float> right(std::vector<float>(8 * 8, 1.0f)), sum(16 * 8);
  ASSERT_EQ(module.launch("multiply", {1, 32}, Params(left, right, sum)), 0);
  EXPECT_THAT(sum.read(), testing::Each(8.0f));
}

/// 16x16 halves in shared memory, loaded as four matrices; lane l's registers
/// go to y[8 * l ...].
std::vector<uint16_t> loadMatrices(const char *transposed) {
  Module module(
      std::string(R"(
    gpu.func @load(%x: memref<?xi16>, %y: memref<?xi16>)
        workgroup(%s: memref<16x16xf16, #gpu.address_space<workgroup>>) kernel {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %c16 = arith.constant 16 : index
      %lane = gpu.lane_id
      %at = arith.muli %lane, %c8 : index
      %row = arith.divui %at, %c16 : index
      %column = arith.remui %at, %c16 : index
      %bits = vector.load %x[%at] : memref<?xi16>, vector<8xi16>
      %halves = vector.bitcast %bits : vector<8xi16> to vector<8xf16>
      vector.store %halves, %s[%row, %column] : memref<16x16xf16, #gpu.address_space<workgroup>>, vector<8xf16>
      gpu.barrier
      %r = arith.remui %lane, %c16 : index
      %half = arith.divui %lane, %c16 : index
      %c = arith.muli %half, %c8 : index
      %f = nvgpu.ldmatrix %s[%r, %c] {numTiles = 4 : i32, transpose = )") +
      transposed +
      R"(} : memref<16x16xf16, #gpu.address_space<workgroup>> -> vector<4x2xf16>
      %flat = vector.shape_cast %f : vector<4x2xf16> to vector<8xf16>
      %out = vector.bitcast %flat : vector<8xf16> to vector<8xi16>
      vector.store %out, %y[%at] : memref<?xi16>, vector<8xi16>
      gpu.return
    })");
  std::vector<uint16_t> values(256);
  for (int i = 0; i < 256; ++i)
    values[i] = i;
  Array<uint16_t> x(values), y(256);
  EXPECT_EQ(module.launch("load", {1, 32}, Params(x, y)), 0);
  return y.read();
}

TEST(Matrix, LoadFromSharedMemory) {
  std::vector<uint16_t> plain = loadMatrices("false");
  std::vector<uint16_t> transposed = loadMatrices("true");
  for (int lane = 0; lane < 32; ++lane)
    for (int m = 0; m < 4; ++m)
      for (int i = 0; i < 2; ++i) {
        // Matrices 0 and 1 lie above each other, 2 and 3 on their right.
        int row = 8 * (m % 2), column = 8 * (m / 2);
        int across = lane / 4, along = 2 * (lane % 4) + i;
        size_t at = 8 * lane + 2 * m + i;
        EXPECT_EQ(plain[at], 16 * (row + across) + column + along);
        EXPECT_EQ(transposed[at], 16 * (row + along) + column + across);
      }
}

/// Each lane copies four numbers to shared memory, `count` of them read; after
/// a wait for all but `left` groups it reads them from there.
std::string copies(const char *wait) {
  return std::string(R"(
    gpu.func @copy(%x: memref<?xf32>, %y: memref<?xf32>, %count: index)
        workgroup(%s: memref<128xf32, #gpu.address_space<workgroup>>) kernel {
      %c4 = arith.constant 4 : index
      %lane = gpu.lane_id
      %at = arith.muli %lane, %c4 : index
      %copy = nvgpu.device_async_copy %x[%at], %s[%at], 4, %count {bypassL1}
        : memref<?xf32> to memref<128xf32, #gpu.address_space<workgroup>>
      %group = nvgpu.device_async_create_group %copy
      )") +
         wait +
         R"(
      gpu.barrier
      %v = vector.load %s[%at] : memref<128xf32, #gpu.address_space<workgroup>>, vector<4xf32>
      vector.store %v, %y[%at] : memref<?xf32>, vector<4xf32>
      gpu.return
    })";
}

std::vector<float> ones() { return std::vector<float>(128, 1.0f); }

TEST(Copies, FillWithZeros) {
  Module module(copies("nvgpu.device_async_wait %group {numGroups = 0 : i32}"));
  for (const char *time : {"late", "early"}) {
    setenv("RAC_SIMULATOR_COPIES", time, /*overwrite=*/1);
    for (int64_t count : {4, 3, 0}) {
      Array<float> x(ones()), y(128);
      ASSERT_EQ(module.launch("copy", {1, 32}, Params(x, y, count)), 0);
      std::vector<float> result = y.read();
      for (int i = 0; i < 128; ++i)
        ASSERT_EQ(result[i], i % 4 < count ? 1.0f : 0.0f) << time << i;
    }
  }
  unsetenv("RAC_SIMULATOR_COPIES");
}

TEST(Copies, AMissingWaitShows) {
  Module module(copies("nvgpu.device_async_wait %group {numGroups = 1 : i32}"));
  Array<float> x(ones()), y(128);
  ASSERT_EQ(module.launch("copy", {1, 32}, Params(x, y, int64_t(4))), 0);
  EXPECT_TRUE(std::isnan(y.read()[0]));
}

TEST(Copies, FailWhereNotAligned) {
  std::string body = copies("");
  body.replace(body.find("%x[%at]"), 7, "%x[%lane]");
  Module module(body);
  Array<float> x(ones()), y(128);
  testing::internal::CaptureStderr();
  EXPECT_EQ(module.launch("copy", {1, 32}, Params(x, y, int64_t(4))),
            kLaunchFailed);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::HasSubstr("an asynchronous copy that is not aligned"));
}

} // namespace
