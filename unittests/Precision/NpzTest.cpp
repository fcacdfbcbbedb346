//===- NpzTest.cpp - Reading what NumPy writes ----------------------------===//
//
// Files that NumPy itself wrote are read in test/python/test_error_budget.py;
// here is what is wrong with files.
//
//===----------------------------------------------------------------------===//

#include "rac/Precision/Samples.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace rac;
using testing::HasSubstr;

namespace {

std::string npy(std::string header, const std::string &data) {
  header += "\n";
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += char(header.size());
  bytes += char(header.size() >> 8);
  return bytes + header + data;
}

std::string number(uint64_t value, unsigned size) {
  std::string text;
  for (unsigned i = 0; i < size; ++i)
    text += char(i < sizeof(value) ? value >> (8 * i) : 0);
  return text;
}

/// A zip archive of one stored member.
std::string zip(const std::string &name, const std::string &data) {
  std::string sizes = number(0, 4) + number(data.size(), 4) +
                      number(data.size(), 4) + number(name.size(), 2);
  std::string local = "PK\3\4" + number(20, 2) + number(0, 8) + sizes +
                      number(0, 2) + name + data;
  std::string central = "PK\1\2" + number(20, 2) + number(20, 2) +
                        number(0, 8) + sizes + number(0, 16) + name;
  return local + central + "PK\5\6" + number(0, 4) + number(1, 2) +
         number(1, 2) + number(central.size(), 4) + number(local.size(), 4) +
         number(0, 2);
}

const std::string kGood =
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }",
        std::string("\0\0\x80\x3f\0\0\0\xc0", 8));

std::string failure(const std::string &bytes) {
  auto array = parseNpy(bytes, "x");
  return array ? "" : llvm::toString(array.takeError());
}

TEST(Npy, Reads) {
  auto array = parseNpy(kGood, "x");
  ASSERT_TRUE(bool(array)) << llvm::toString(array.takeError());
  EXPECT_EQ(array->dtype, RAC_F32);
  EXPECT_EQ(array->shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(array->view().at(0), 1);
  EXPECT_EQ(array->view().at(1), -2);
  auto scalar = parseNpy(npy("{'descr': '|b1', 'fortran_order': False, "
                             "'shape': (), }",
                             "\1"),
                         "x");
  ASSERT_TRUE(bool(scalar)) << llvm::toString(scalar.takeError());
  EXPECT_EQ(scalar->dtype, RAC_BOOL);
  EXPECT_TRUE(scalar->shape.empty());
}

TEST(Npy, SaysWhatIsWrong) {
  auto with = [](const std::string &descr, const std::string &order,
                 const std::string &shape) {
    return failure(npy("{'descr': '" + descr + "', 'fortran_order': " + order +
                           ", 'shape': " + shape + ", }",
                       std::string(8, 0)));
  };
  EXPECT_EQ(with("<f4", "False", "(2,)"), "");
  EXPECT_THAT(with(">f4", "False", "(2,)"), HasSubstr("of a type"));
  EXPECT_THAT(with("<c8", "False", "(1,)"), HasSubstr("of a type"));
  EXPECT_THAT(with("<f4", "True", "(2, 1)"), HasSubstr("Fortran order"));
  EXPECT_THAT(with("<f4", "False", "(3,)"), HasSubstr("holds 8 B"));
  EXPECT_THAT(with("<f4", "False", "(-2,)"), HasSubstr("no shape"));
  EXPECT_THAT(with("<f4", "False", "(2"), HasSubstr("no shape"));
  EXPECT_THAT(with("<f4", "False", "(4611686018427387904, 4)"),
              HasSubstr("larger than memory"));
  EXPECT_THAT(failure("nothing"), HasSubstr("no .npy array"));
  for (size_t size = 0; size < kGood.size(); ++size)
    EXPECT_NE(failure(kGood.substr(0, size)), "") << size;
}

std::string readText(const std::string &bytes) {
  llvm::SmallString<128> path;
  int file;
  EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("npz", "npz", file, path));
  llvm::FileRemover remover(path);
  {
    llvm::raw_fd_ostream os(file, /*shouldClose=*/true);
    os << bytes;
  }
  auto arrays = readNpz(path);
  if (!arrays)
    return llvm::toString(arrays.takeError());
  return arrays->size() == 1 && (*arrays)[0].name == "x" ? "" : "other arrays";
}

TEST(Npz, Reads) { EXPECT_EQ(readText(zip("x.npy", kGood)), ""); }

TEST(Npz, SaysWhatIsWrong) {
  EXPECT_THAT(readText("no archive"), HasSubstr("no .npz file"));
  EXPECT_THAT(readText(zip("x.txt", kGood)), HasSubstr("is no array"));
  EXPECT_THAT(readText(zip("x.npy", "text")), HasSubstr("no .npy array"));
  std::string good = zip("x.npy", kGood);
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_NE(readText(good.substr(0, size)), "") << size;
}

/// Any byte may be any other: then it is read, or refused.
TEST(Npz, SurvivesDamage) {
  std::string good = zip("x.npy", kGood);
  for (size_t i = 0; i < good.size(); ++i)
    for (int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = good;
      damaged[i] ^= flip;
      (void)readText(damaged);
    }
}

} // namespace
