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

/// Nothing is written over what is read or over another output, and what cannot
/// be written is said before the work is done.
llvm::Error Compiler::checkOutputs() {
  struct Named {
    StringRef what, path;
  };
  SmallVector<Named> taken = {{"the model", options.model},
                              {"--plan", options.planFile}};
  for (Named output :
       {Named{"-o", summary.output}, Named{"--weights", options.weightsFile},
        Named{"--report", options.reportFile},
        Named{"--pareto", options.paretoFile}}) {
    if (output.path.empty() || output.path == "-")
      continue;
    for (Named other : taken)
      if (!other.path.empty() && nameSameFile(output.path, other.path))
        return llvm::createStringError("'" + output.path + "' cannot be both " +
                                       other.what + " and " + output.what);
    if (auto file = OutputFile::create(output.path); !file)
      return file.takeError();
    taken.push_back(output);
  }
  return llvm::Error::success();
}

/// The module as text, its large constants by name only; a plan into a file in
/// .json as that.
llvm::Error Compiler::writeText() {
  return writeOutput(summary.output, [&](llvm::raw_ostream &os) {
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
  return writeOutput(options.reportFile,
                     [&](llvm::raw_ostream &os) { os << text; });
}

void Compiler::summarize() {
  WrittenFiles files{summary.output, 0, options.reportFile};
  if (summary.output != "-")
    (void)llvm::sys::fs::file_size(summary.output, files.outputBytes);
  summary.text = summaryText(report, files);
}
