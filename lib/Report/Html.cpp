//===- Html.cpp - A report as a page --------------------------------------===//

#include "rac/Report/Html.h"
#include "rac/Report/Config.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;

/// Where the page wants the report; python/rac/report.py knows it too.
constexpr StringLiteral kPlace = "{{rac-report}}";

/// Of this installation if it has one, else of the build.
static std::string pagePath() {
  SmallString<128> installed(sys::path::parent_path(
      sys::fs::getMainExecutable(nullptr, (void *)&pagePath)));
  sys::path::append(installed, "..", "share", "rac", "report.html");
  return sys::fs::exists(installed) ? installed.str().str() : RAC_REPORT_PAGE;
}

Expected<std::string> rac::toHtml(const json::Value &report) {
  std::string path = pagePath();
  auto page = MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!page)
    return createStringError("cannot read the report's page '" + path +
                             "': " + page.getError().message());
  return toHtml(report, (*page)->getBuffer());
}

Expected<std::string> rac::toHtml(const json::Value &report, StringRef page) {
  auto [before, after] = page.split(kPlace);
  if (after.empty())
    return createStringError("the report's page has no place for a report");
  // Within a script nothing may look like a tag. In JSON a `<` is always in a
  // string, where this is the same.
  std::string text = formatv("{0}", report).str();
  SmallVector<StringRef> parts;
  StringRef(text).split(parts, '<');
  return (before + join(parts, "\\u003c") + after).str();
}
