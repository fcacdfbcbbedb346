//===- WeightsTest.cpp - Weights beside the library -----------------------===//

#include "TestModel.h"

#include <cstdio>
#include <fstream>
#include <gmock/gmock.h>
#include <unistd.h>

using namespace rac::test;
using ::testing::HasSubstr;

namespace {

struct Weights : testing::Test {
  std::string path =
      testing::TempDir() + "rac-weights-" + std::to_string(getpid());
  std::string bytes;
  TestModel model{
      {}, {}, {}, [](RacContext *context) {
        if (static_cast<const char *>(rac_weights(context))[77777] != 'w')
          rac_fail(context, "these are not the weights");
      }};
  RacContext *context = nullptr;

  Weights() : bytes(100001, 'w') {
    model.info.weights_file = path.c_str();
    model.info.weights_size = bytes.size();
    model.info.weights_checksum =
        rac_weights_checksum(bytes.data(), bytes.size());
  }
  ~Weights() override {
    rac_model_destroy(context);
    remove(path.c_str());
  }
  int create() {
    std::ofstream(path, std::ios::binary) << bytes;
    return rac_model_create(&model.info, nullptr, &context);
  }
};

TEST_F(Weights, Mapped) {
  ASSERT_EQ(create(), RAC_OK) << rac_model_last_error(nullptr);
  EXPECT_EQ(rac_model_run(context, nullptr, 0, nullptr, 0), RAC_OK);
}

TEST_F(Weights, Embedded) {
  model.info.weights = reinterpret_cast<const uint8_t *>(bytes.data());
  model.info.weights_file = nullptr;
  ASSERT_EQ(rac_model_create(&model.info, nullptr, &context), RAC_OK);
  EXPECT_EQ(rac_model_run(context, nullptr, 0, nullptr, 0), RAC_OK);
}

TEST_F(Weights, Missing) {
  EXPECT_EQ(rac_model_create(&model.info, nullptr, &context), RAC_NOT_FOUND);
  EXPECT_THAT(rac_model_last_error(nullptr),
              HasSubstr("No such file or directory"));
  EXPECT_EQ(context, nullptr);
}

TEST_F(Weights, Truncated) {
  bytes.pop_back();
  EXPECT_EQ(create(), RAC_NOT_FOUND);
  EXPECT_THAT(rac_model_last_error(nullptr),
              HasSubstr("not this model's: it has 100000 bytes, not 100001"));
}

TEST_F(Weights, AnotherModels) {
  for (char &c : bytes)
    ++c;
  EXPECT_EQ(create(), RAC_NOT_FOUND);
  EXPECT_THAT(rac_model_last_error(nullptr), HasSubstr("its contents differ"));
}

TEST(Checksum, SmallChanges) {
  std::string bytes(200, 'a');
  uint64_t before = rac_weights_checksum(bytes.data(), bytes.size());
  for (char &c : bytes) { // small data are looked at as a whole
    c = 'b';
    EXPECT_NE(rac_weights_checksum(bytes.data(), bytes.size()), before);
    c = 'a';
  }
  EXPECT_EQ(rac_weights_checksum(bytes.data(), bytes.size()), before);
  EXPECT_NE(rac_weights_checksum(bytes.data(), 199), before);
  EXPECT_NE(rac_weights_checksum(nullptr, 0), before);
}

} // namespace
