//===- Sections.h - The parts of a report -----------------------*- C++ -*-===//

#ifndef RAC_LIB_REPORT_SECTIONS_H
#define RAC_LIB_REPORT_SECTIONS_H

#include "rac/Cost/Carbon.h"
#include "rac/Report/Report.h"

namespace rac {

/// What one run emits, as far as it can be known.
std::optional<Carbon> carbonOf(const Report &report, Unknowns &unknowns);
/// The part of the device that a run holds, from 0 to 1.
double shareOf(const Report &report);

llvm::json::Value toJson(const BreakdownReport &breakdown);
llvm::json::Array coefficientsToJson(const Report &report);
llvm::json::Value carbonToJson(const Report &report);
llvm::json::Value memoryToJson(const Report &report);
llvm::json::Value rooflineToJson(const Report &report);

} // namespace rac

#endif // RAC_LIB_REPORT_SECTIONS_H
