//===- JsonReader.cpp - Structs from JSON, strictly -----------------------===//

#include "JsonReader.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace llvm;
using namespace rac;

void JsonReader::at(const Twine &step, function_ref<void()> action) {
  size_t length = path.size();
  path += step.str();
  action();
  path.resize(length);
}

void JsonReader::fail(const Twine &reason) {
  if (!problem.empty())
    return;
  StringRef key = StringRef(path).ltrim('.');
  problem = (Twine(key.empty() ? "the whole" : key) + ": " + reason).str();
}

const json::Value *JsonReader::take(StringRef key, bool mayLack) {
  known.push_back(key);
  if (!problem.empty())
    return nullptr;
  const json::Value *found = current->get(key);
  if (!found && !mayLack && missing.empty())
    missing = key.str();
  return found;
}

/// What most resembles `word`, if anything does.
static StringRef nearest(StringRef word, ArrayRef<StringRef> list) {
  StringRef best;
  unsigned bestDistance = 1 + word.size() / 3;
  for (StringRef candidate : list)
    if (unsigned distance = word.edit_distance(candidate);
        distance <= bestDistance && (best.empty() || distance < bestDistance)) {
      best = candidate;
      bestDistance = distance;
    }
  return best;
}

static std::string suggest(StringRef word, ArrayRef<StringRef> list) {
  StringRef best = nearest(word, list);
  return best.empty() ? "" : ("; did you mean '" + best + "'?").str();
}

/// A misspelt key is also a missing one: the spelling is told first.
void JsonReader::refuseStrangers() {
  std::vector<StringRef> strangers;
  for (const auto &[key, value] : *current)
    if (!is_contained(known, StringRef(key)))
      strangers.push_back(key);
  if (!strangers.empty()) {
    StringRef first = *std::min_element(strangers.begin(), strangers.end());
    return failAt(first, "there is no such key" + suggest(first, known));
  }
  if (!missing.empty())
    failAt(missing, "is missing; write null for what is not known");
}

void JsonReader::schema(StringRef expected) {
  const json::Value *found = take("schema");
  if (found && found->getAsString() != expected)
    failAt("schema", "must be \"" + expected + "\"");
}

void JsonReader::text(StringRef key, std::string &value) {
  const json::Value *found = take(key);
  if (!found)
    return;
  std::optional<StringRef> string = found->getAsString();
  if (!string || string->trim().empty())
    return failAt(key, "must be a string that says something");
  value = string->str();
}

void JsonReader::flag(StringRef key, bool &value) {
  const json::Value *found = take(key);
  if (!found)
    return;
  std::optional<bool> boolean = found->getAsBoolean();
  if (!boolean)
    return failAt(key, "must be true or false");
  value = *boolean;
}

void JsonReader::forEachIn(StringRef key,
                           function_ref<void(const json::Value &)> read) {
  const json::Value *found = take(key);
  if (!found)
    return;
  const json::Array *array = found->getAsArray();
  if (!array)
    return failAt(key, "must be an array");
  for (size_t i = 0; i < array->size(); ++i)
    at("." + key + "[" + Twine(i) + "]", [&] { read((*array)[i]); });
}

void JsonReader::texts(StringRef key, std::vector<std::string> &values) {
  forEachIn(key, [&](const json::Value &element) {
    std::optional<StringRef> string = element.getAsString();
    if (!string || string->trim().empty())
      return fail("must be a string that says something");
    values.push_back(string->str());
  });
}

void JsonReader::counts(StringRef key, std::vector<int64_t> &values) {
  forEachIn(key, [&](const json::Value &element) {
    std::optional<int64_t> integer = element.getAsInteger();
    if (!integer || *integer < 1)
      return fail("must be a whole number of at least 1");
    values.push_back(*integer);
  });
}

void JsonReader::readChoice(StringRef key, ArrayRef<StringLiteral> list,
                            unsigned &index) {
  const json::Value *found = take(key);
  if (!found)
    return;
  std::vector<StringRef> names(list.begin(), list.end());
  std::optional<StringRef> string = found->getAsString();
  auto it = string ? llvm::find(names, *string) : names.end();
  if (it == names.end())
    return failAt(key, "must be one of " + join(names, ", ") +
                           suggest(string.value_or(""), names));
  index = it - names.begin();
}

std::optional<double> JsonReader::readDouble(StringRef key, bool mayLack) {
  const json::Value *found = take(key, mayLack);
  if (!found)
    return std::nullopt;
  std::optional<double> value = found->getAsNumber();
  if (!value || !std::isfinite(*value)) {
    failAt(key, "must be a finite number");
    return std::nullopt;
  }
  return value;
}

static StringRef complaint(double v, NumberRange range) {
  // Beyond 2^53 not every integer is a double.
  constexpr double most = 9007199254740992.0;
  switch (range) {
  case NumberRange::count:
    return v >= 1 && v <= most && v == std::floor(v)
               ? ""
               : "must be a whole number of at least 1";
  case NumberRange::positive:
    return v > 0 ? "" : "must be positive";
  case NumberRange::nonNegative:
    return v >= 0 ? "" : "must not be negative";
  case NumberRange::atLeastOne:
    return v >= 1 ? "" : "must be at least 1";
  }
  llvm_unreachable("all ranges are handled");
}

void rac::describe(JsonReader &reader, JsonReader::Entry &entry) {
  Number &number = entry.number;
  if (auto v = reader.readDouble("v")) {
    number.v = *v;
    if (StringRef reason = complaint(*v, entry.range); !reason.empty())
      reader.failAt("v", reason);
  }
  reader.choice("how", number.how);
  reader.text("src", number.src);
  if (auto unc = reader.readDouble("unc")) {
    number.unc = *unc;
    if (*unc < 0)
      reader.failAt("unc", "must not be negative");
  }
  if (entry.scope)
    reader.choice("scope", *entry.scope);
  number.r2 = reader.readDouble("r2", /*mayLack=*/true);
  if (number.r2 && *number.r2 > 1)
    reader.failAt("r2", "must be at most 1");
  number.mape = reader.readDouble("mape", /*mayLack=*/true);
  if (number.mape && *number.mape < 0)
    reader.failAt("mape", "must not be negative");
}

void JsonReader::readNumber(const json::Value &value, Known &result,
                            NumberRange range) {
  if (value.getAsNull())
    return;
  if (!value.getAsObject())
    return fail("must be null or an object of v, how, src and unc");
  Entry entry{result.emplace(), nullptr, range};
  readObject(value, entry);
}

void JsonReader::readNumber(const json::Value &value, KnownEnergy &result,
                            NumberRange range) {
  if (value.getAsNull())
    return;
  if (!value.getAsObject())
    return fail("must be null or an object of v, how, src, unc and scope");
  EnergyNumber &number = result.emplace();
  Entry entry{number, &number.scope, range};
  readObject(value, entry);
}

void JsonReader::number(StringRef key, Known &value, NumberRange range) {
  if (const json::Value *found = take(key))
    at("." + key, [&] { readNumber(*found, value, range); });
}

void JsonReader::energy(StringRef key, KnownEnergy &value) {
  if (const json::Value *found = take(key))
    at("." + key, [&] { readNumber(*found, value, NumberRange::nonNegative); });
}

template <typename Map>
void JsonReader::readByType(StringRef key, Map &values, NumberRange range) {
  const json::Value *found = take(key);
  if (!found)
    return;
  at("." + key, [&] {
    const json::Object *object = found->getAsObject();
    if (!object)
      return fail("must be an object whose keys are data types");
    std::vector<StringRef> names(std::begin(EnumNames<DataType>::list),
                                 std::end(EnumNames<DataType>::list));
    std::vector<StringRef> strangers;
    for (const auto &[name, value] : *object)
      if (!is_contained(names, StringRef(name)))
        strangers.push_back(name);
    if (!strangers.empty()) {
      StringRef first = *std::min_element(strangers.begin(), strangers.end());
      return failAt(first, "is no data type; there are " + join(names, ", "));
    }
    for (size_t i = 0; i < names.size(); ++i)
      if (const json::Value *value = object->get(names[i]))
        at("." + names[i], [&] {
          readNumber(*value, values[static_cast<DataType>(i)], range);
        });
  });
}

template void JsonReader::readByType(StringRef, NumberByType &, NumberRange);
template void JsonReader::readByType(StringRef, EnergyByType &, NumberRange);
