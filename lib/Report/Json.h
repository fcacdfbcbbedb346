//===- Json.h - Numbers and texts of reports as JSON ------------*- C++ -*-===//

#ifndef RAC_LIB_REPORT_JSON_H
#define RAC_LIB_REPORT_JSON_H

#include "rac/Cost/Device.h"
#include "rac/Dialect/Rac/IR/Interval.h"
#include "llvm/Support/JSON.h"

namespace rac {

/// Names come from models and may hold anything.
inline llvm::json::Value utf8(llvm::StringRef value) {
  return llvm::json::isUTF8(value) ? value.str() : llvm::json::fixUTF8(value);
}

inline llvm::json::Value orNull(llvm::StringRef value) {
  return value.empty() ? llvm::json::Value(nullptr) : utf8(value);
}

template <typename T> llvm::json::Value orNull(const std::optional<T> &value) {
  return value ? llvm::json::Value(*value) : llvm::json::Value(nullptr);
}

inline llvm::json::Value texts(llvm::ArrayRef<std::string> values) {
  llvm::json::Array array;
  for (const std::string &value : values)
    array.push_back(utf8(value));
  return array;
}

/// `key`, and `key`_range: the least and the most that it may be.
inline void setInterval(llvm::json::Object &object, llvm::StringRef key,
                        const std::optional<Interval> &value) {
  object[key] = value ? llvm::json::Value(value->value) : nullptr;
  object[(key + "_range").str()] =
      value ? llvm::json::Array{value->low, value->high}
            : llvm::json::Value(nullptr);
}

/// As in device files.
inline llvm::json::Value toJson(const Known &number) {
  if (!number)
    return nullptr;
  return llvm::json::Object{{"v", number->v},
                            {"how", nameOf(number->how)},
                            {"src", utf8(number->src)},
                            {"unc", number->unc}};
}

} // namespace rac

#endif // RAC_LIB_REPORT_JSON_H
