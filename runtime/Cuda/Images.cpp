//===- Images.cpp - Which code runs on a device ---------------------------===//

#include "Images.h"

#include <cstdlib>
#include <cstring>

/// The text behind `prefix`, or null if it doesn't begin with that.
static const char *behind(const char *text, const char *prefix) {
  size_t length = strlen(prefix);
  return strncmp(text, prefix, length) == 0 ? text + length : nullptr;
}

bool rac::runtime::cuda::canRun(const char *chip, int major, int minor) {
  const char *machine = behind(chip, "sm_"), *ptx = behind(chip, "compute_");
  if (!machine && !ptx)
    return true;
  char *suffix;
  long code = strtol(machine ? machine : ptx, &suffix, 10);
  int forMajor = int(code / 10), forMinor = int(code % 10);
  // "90a": features of this chip alone, in PTX too. "100f": of its family.
  if (*suffix == 'a')
    return forMajor == major && forMinor == minor;
  if (machine || *suffix == 'f')
    return forMajor == major && forMinor <= minor;
  return code <= major * 10 + minor;
}
