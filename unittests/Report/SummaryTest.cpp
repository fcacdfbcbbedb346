//===- SummaryTest.cpp - A report in five lines ---------------------------===//

#include "rac/Report/Summary.h"
#include "Reports.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

TEST(Summary, QuantitiesHaveThreeDigitsAndAPrefix) {
  EXPECT_EQ(quantityText(0, "s"), "0.00 s");
  EXPECT_EQ(quantityText(1, "s"), "1.00 s");
  EXPECT_EQ(quantityText(0.00123, "s"), "1.23 ms");
  EXPECT_EQ(quantityText(12.34, "J"), "12.3 J");
  EXPECT_EQ(quantityText(123.4, "J"), "123 J");
  EXPECT_EQ(quantityText(1234, "J"), "1.23 kJ");
  EXPECT_EQ(quantityText(999.9, "g"), "1.00 kg");
  EXPECT_EQ(quantityText(9.996e-4, "g"), "1.00 mg");
  EXPECT_EQ(quantityText(2e-15, "g"), "0.00 pg");
}

TEST(Summary, FiveLines) {
  Report told = report();
  told.threads = 2;
  told.peakBytes = 1 << 20;
  told.weightsBytes = 3 << 19;
  EXPECT_EQ(summaryText(told, {"m.so", 1 << 21, "m.html"}),
            "model    x: f32[2] -> y: f32[2]\n"
            "plan     2 kernels, of which the library computes 1; weights 1.5 "
            "MiB, working memory 1.0 MiB\n"
            "a run    4.00 s (1.50 s to 7.00 s), 36.0 kJ (18.0 kJ to 72.0 kJ), "
            "predicted for 2 threads of d\n"
            "carbon   4.02 gCO2e a run, 1.47 MgCO2e a year at 1000 runs a day; "
            "site s, 400 g/kWh (the default: --site)\n"
            "written  m.so, 2.0 MiB; report m.html\n");
}

TEST(Summary, AGpuHasMultiprocessors) {
  Report told = report();
  told.device->kind = DeviceKind::gpu;
  told.threads = 4;
  EXPECT_NE(summaryText(told, {"m.so", 0, ""})
                .find("predicted for 4 multiprocessors of d\n"),
            std::string::npos);
}

TEST(Summary, WhatIsNotKnownIsSaid) {
  Report told = report();
  told.groups[0].joulesOrigin = JoulesOrigin::tdp;
  told.groups[1].seconds = std::nullopt;
  told.assumedSizes = {{"n", 1}, {"m", 64}};
  std::string text = summaryText(told, {"m.so", 0, ""});
  EXPECT_NE(text.find("working memory by the inputs' shapes"),
            std::string::npos);
  EXPECT_NE(text.find("a run    unknown, 36.0 kJ at most (by TDP), predicted "
                      "for 1 thread of d, n = 1, m = 64\n"),
            std::string::npos);
  EXPECT_NE(text.find("carbon   unknown\n"), std::string::npos);
  EXPECT_NE(text.find("written  m.so, 0.0 MiB\n"), std::string::npos);
}

} // namespace
