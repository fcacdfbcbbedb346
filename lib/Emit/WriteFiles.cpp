//===- WriteFiles.cpp - What the compiler writes beside code --------------===//

#include "CompilerStages.h"
#include "OutputFile.h"
#include "PlanJson.h"
#include "rac/Report/Html.h"
#include "rac/Report/Summary.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rac;

/// To a file, or to standard output for "-".
llvm::Error
Compiler::write(StringRef path,
                llvm::function_ref<void(llvm::raw_ostream &)> writer) {
  if (path == "-") {
    writer(llvm::outs());
    return llvm::Error::success();
  }
  auto file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (llvm::Error error = file->write(writer))
    return error;
  return file->keep();
}

/// The module as text, its large constants by name only; a plan into a file in
/// .json as that.
llvm::Error Compiler::writeText() {
  return write(summary.output, [&](llvm::raw_ostream &os) {
    if (!planJson.empty()) {
      os << planJson << "\n";
      return;
    }
    OpPrintingFlags flags;
    flags.elideLargeResourceString(0);
    module->print(os, flags);
    os << "\n";
  });
}

llvm::Error Compiler::writeReport() {
  llvm::json::Value json = toJson(report);
  std::string text = llvm::formatv("{0:2}\n", json).str();
  if (StringRef(options.reportFile).ends_with(".html")) {
    auto page = toHtml(json);
    if (!page)
      return page.takeError();
    text = std::move(*page);
  }
  return write(options.reportFile, [&](llvm::raw_ostream &os) { os << text; });
}

void Compiler::summarize() {
  WrittenFiles files{summary.output, 0, options.reportFile};
  if (summary.output != "-")
    (void)llvm::sys::fs::file_size(summary.output, files.outputBytes);
  summary.text = summaryText(report, files);
}
