//===- DeviceWriterTest.cpp - What is written is what was read ------------===//

#include "rac/Cost/Config.h"
#include "rac/Cost/DeviceFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace rac;
namespace json = llvm::json;
namespace fs = llvm::sys::fs;

namespace {

std::vector<std::string> allDevices() {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator it(RAC_DESCRIPTIONS_DIR "/devices", error), end;
       !error && it != end; it.increment(error))
    files.push_back(it->path());
  return files;
}

TEST(DeviceWriter, EveryDeviceComesBack) {
  std::vector<std::string> files = allDevices();
  ASSERT_GE(files.size(), 11u);
  for (const std::string &path : files) {
    SCOPED_TRACE(path);
    auto file = llvm::MemoryBuffer::getFile(path);
    Device device = llvm::cantFail(loadDevice(path));
    std::string text = formatDevice(device);
    // Nothing is lost, nothing is added, up to spaces and to how digits are
    // written.
    EXPECT_EQ(llvm::cantFail(json::parse(text)),
              llvm::cantFail(json::parse((*file)->getBuffer())));
    EXPECT_EQ(formatDevice(llvm::cantFail(parseDevice(text, "again"))), text);
  }
}

/// A device with one odd number and text.
Device odd(double v, const std::string &src) {
  Device device = llvm::cantFail(
      loadDevice(RAC_DESCRIPTIONS_DIR "/devices/epyc-zen4.json"));
  device.overheads.launchSeconds =
      Number{v, Origin::measured, src, 0.1, 0.987654321, 12.5};
  return device;
}

TEST(DeviceWriter, NumbersAndTextAreExact) {
  const double values[] = {
      0.1 + 0.2, 1.0 / 3, 1e-300, 5e-324, 1.7976931348623157e308, 0};
  for (double v : values)
    for (std::string src :
         {"a \"quoted\" \\ text", "tab\tand\nline", "\xc3\xa9nergie", "\x01"}) {
      std::string text = formatDevice(odd(v, src));
      Device again = llvm::cantFail(parseDevice(text, "x.json"));
      EXPECT_EQ(again.overheads.launchSeconds->v, v);
      EXPECT_EQ(again.overheads.launchSeconds->src, src);
      EXPECT_EQ(again.overheads.launchSeconds->r2, 0.987654321);
      EXPECT_EQ(again.overheads.launchSeconds->mape, 12.5);
    }
}

TEST(DeviceWriter, LaysOutAsTheFilesAre) {
  std::string text = formatDevice(odd(2.5e-7, "here"));
  EXPECT_THAT(text, testing::StartsWith("{\n  \"schema\": \"rac-device/1\",\n"
                                        "  \"id\": \"epyc-zen4\",\n"));
  EXPECT_THAT(text,
              testing::HasSubstr(
                  "    \"launch_s\": {\"v\": 2.5e-07, \"how\": "
                  "\"measured\", \"src\": \"here\", \"unc\": 0.1, \"r2\": "
                  "0.987654321, \"mape\": 12.5},\n"));
  EXPECT_THAT(text, testing::HasSubstr("  \"host_link\": null,\n"));
  EXPECT_THAT(text, testing::EndsWith("  ]\n}\n"));
}

TEST(DeviceWriter, FilesThatCannotBeWrittenAreNamed) {
  Device device = odd(1, "x");
  EXPECT_THAT(llvm::toString(saveDevice(device, "/nowhere/at/all.json")),
              testing::StartsWith("/nowhere/at/all.json: "));
}

} // namespace
