//===- HtmlTest.cpp - A report in a page ----------------------------------===//

#include "rac/Report/Html.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

TEST(Html, TheReportTakesItsPlace) {
  llvm::json::Value report = llvm::json::Object{{"a", 1}};
  EXPECT_EQ(llvm::cantFail(toHtml(report, "<p>{{rac-report}}</p>")),
            R"(<p>{"a":1}</p>)");
}

TEST(Html, NoTagCanComeFromAReport) {
  llvm::json::Value report = llvm::json::Object{{"a", "</script><!--"}};
  std::string page = llvm::cantFail(toHtml(report, "{{rac-report}}."));
  EXPECT_EQ(page, R"({"a":"\u003c/script>\u003c!--"}.)");
  // It is the same JSON.
  EXPECT_EQ(
      llvm::cantFail(llvm::json::parse(llvm::StringRef(page).drop_back())),
      report);
}

TEST(Html, APageWithoutAPlaceIsRefused) {
  llvm::Expected<std::string> page = toHtml(nullptr, "<p></p>");
  ASSERT_FALSE(page);
  EXPECT_EQ(llvm::toString(page.takeError()),
            "the report's page has no place for a report");
}

} // namespace
