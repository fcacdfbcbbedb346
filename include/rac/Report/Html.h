//===- Html.h - A report as a page ------------------------------*- C++ -*-===//

#ifndef RAC_REPORT_HTML_H
#define RAC_REPORT_HTML_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace rac {

/// One file that needs nothing else, not even a network: the page of share/rac
/// with the report in it. Python's rac.report fills the same page.
llvm::Expected<std::string> toHtml(const llvm::json::Value &report);

/// The same with a page of one's own.
llvm::Expected<std::string> toHtml(const llvm::json::Value &report,
                                   llvm::StringRef page);

} // namespace rac

#endif // RAC_REPORT_HTML_H
