//===- Json.h - A small JSON reader -----------------------------*- C++ -*-===//

#ifndef RAC_TOOLS_RACRUN_JSON_H
#define RAC_TOOLS_RACRUN_JSON_H

#include <string>
#include <utility>
#include <vector>

struct Json {
  enum Kind { Null, Bool, Number, String, Array, Object } kind = Null;
  double number = 0; // Bool: 0 or 1
  std::string string;
  std::vector<Json> items;                          // of an array
  std::vector<std::pair<std::string, Json>> fields; // of an object

  /// The field of that name, or a null value.
  const Json &operator[](const char *name) const;

  /// False if the text isn't JSON.
  static bool parse(const std::string &text, Json &result);
};

/// With quotes around it.
std::string jsonString(const std::string &text);

#endif // RAC_TOOLS_RACRUN_JSON_H
