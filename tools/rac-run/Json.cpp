//===- Json.cpp - A small JSON reader -------------------------------------===//

#include "Json.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

/// Recursive descent over a text that ends with a zero.
struct Parser {
  const char *at;
  int depth = 0;

  void skip() { at += strspn(at, " \t\r\n"); }
  bool take(char c) {
    skip();
    if (*at != c)
      return false;
    ++at;
    return true;
  }
  bool word(const char *expected) {
    size_t length = strlen(expected);
    if (strncmp(at, expected, length) != 0)
      return false;
    at += length;
    return true;
  }

  bool string(std::string &result) {
    if (!take('"'))
      return false;
    for (; *at && *at != '"'; ++at) {
      if (*at != '\\') {
        result += *at;
        continue;
      }
      const char *from = "\"\\/bfnrt", *to = "\"\\/\b\f\n\r\t";
      if (*++at == 'u') {
        if (!codePoint(result))
          return false;
      } else if (const char *found = *at ? strchr(from, *at) : nullptr) {
        result += to[found - from];
      } else {
        return false;
      }
    }
    return take('"');
  }

  /// \uXXXX, at the u; leaves `at` on the last digit. Pairs of surrogates
  /// aren't joined.
  bool codePoint(std::string &result) {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i) {
      char c = *++at;
      if (!c || !strchr("0123456789abcdefABCDEF", c))
        return false;
      code = code * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    if (code < 0x80) {
      result += char(code);
    } else if (code < 0x800) {
      result += char(0xc0 | code >> 6);
      result += char(0x80 | (code & 63));
    } else {
      result += char(0xe0 | code >> 12);
      result += char(0x80 | (code >> 6 & 63));
      result += char(0x80 | (code & 63));
    }
    return true;
  }

  bool number(Json &result) {
    char *end = nullptr;
    result.kind = Json::Number;
    result.number = strtod(at, &end);
    bool good = end != at && strchr("-0123456789", *at);
    at = end;
    return good;
  }

  bool value(Json &result) {
    if (++depth > 100)
      return false;
    skip();
    bool good = true;
    if (*at == '{')
      good = object(result);
    else if (*at == '[')
      good = array(result);
    else if (*at == '"')
      result.kind = Json::String, good = string(result.string);
    else if (word("true"))
      result.kind = Json::Bool, result.number = 1;
    else if (word("false"))
      result.kind = Json::Bool;
    else if (!word("null"))
      good = number(result);
    --depth;
    return good;
  }

  bool array(Json &result) {
    result.kind = Json::Array;
    ++at;
    if (take(']'))
      return true;
    do {
      result.items.emplace_back();
      if (!value(result.items.back()))
        return false;
    } while (take(','));
    return take(']');
  }

  bool object(Json &result) {
    result.kind = Json::Object;
    ++at;
    if (take('}'))
      return true;
    do {
      result.fields.emplace_back();
      if (!string(result.fields.back().first) || !take(':') ||
          !value(result.fields.back().second))
        return false;
    } while (take(','));
    return take('}');
  }
};

} // namespace

bool Json::parse(const std::string &text, Json &result) {
  Parser parser{text.c_str()};
  if (!parser.value(result))
    return false;
  parser.skip();
  return *parser.at == 0;
}

const Json &Json::operator[](const char *name) const {
  static const Json null;
  for (auto &field : fields)
    if (field.first == name)
      return field.second;
  return null;
}

std::string jsonString(const std::string &text) {
  std::string result = "\"";
  for (char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\')
      (result += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      snprintf(escaped, sizeof(escaped), "\\u%04x", c), result += escaped;
    else
      result += c;
  }
  return result + '"';
}
