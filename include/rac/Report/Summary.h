//===- Summary.h - A report in five lines -----------------------*- C++ -*-===//

#ifndef RAC_REPORT_SUMMARY_H
#define RAC_REPORT_SUMMARY_H

#include "rac/Report/Report.h"

namespace rac {

/// What was written, and where the whole report is.
struct WrittenFiles {
  std::string output;
  uint64_t outputBytes = 0; // B
  std::string report;       ///< empty: none
};

/// What the model takes and gives, how it runs, what that costs and emits, and
/// what was written: a line each.
std::string summaryText(const Report &report, const WrittenFiles &files);

/// 0.00123, "s": "1.23 ms". Three digits.
std::string quantityText(double value, llvm::StringRef unit);

} // namespace rac

#endif // RAC_REPORT_SUMMARY_H
