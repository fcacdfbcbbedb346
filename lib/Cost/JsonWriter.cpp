//===- JsonWriter.cpp - JSON from structs ---------------------------------===//

#include "JsonWriter.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include <charconv>

using namespace llvm;
using namespace rac;

/// As few digits as give the same double again.
static std::string shortest(double value) {
  char digits[32]; // the longest is -2.2250738585072014e-308
  auto [end, error] = std::to_chars(digits, std::end(digits), value);
  return std::string(digits, end);
}

void JsonWriter::key(StringRef name) {
  element();
  put(name);
  out += ": ";
}

void JsonWriter::element() {
  if (!first)
    out += ",";
  first = false;
  newLine();
}

void JsonWriter::put(StringRef value) {
  out += formatv("{0}", json::Value(json::fixUTF8(value))).str();
}

void JsonWriter::put(const Number &number, const EnergyScope *scope) {
  out += "{\"v\": " + shortest(number.v) + ", \"how\": ";
  put(nameOf(number.how));
  out += ", \"src\": ";
  put(number.src);
  out += ", \"unc\": " + shortest(number.unc);
  if (scope) {
    out += ", \"scope\": ";
    put(nameOf(*scope));
  }
  if (number.r2)
    out += ", \"r2\": " + shortest(*number.r2);
  if (number.mape)
    out += ", \"mape\": " + shortest(*number.mape);
  out += "}";
}
