//===- Support.h - What all of rac-run uses ---------------------*- C++ -*-===//

#ifndef RAC_TOOLS_RACRUN_SUPPORT_H
#define RAC_TOOLS_RACRUN_SUPPORT_H

#include "rac-c/Library.h"

#include <chrono>
#include <string>
#include <vector>

/// Prints "rac-run: error: <message>" and ends with status 1. A tool that does
/// one thing has nothing to unwind.
[[noreturn]] void die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/// Like printf, into a string.
std::string text(const char *format, ...) __attribute__((format(printf, 1, 2)));

using Clock = std::chrono::steady_clock;
inline double seconds(Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// The smallest that a share of the values stays within (0: the least); 0 of
/// none.
double percentile(std::vector<double> values, double share);
/// "1.234 ms"
std::string milliseconds(double seconds);

/// A dense array in memory.
struct Array {
  int32_t dtype = RAC_F32;
  std::vector<int64_t> shape;
  std::vector<char> bytes;

  /// -1: more than an int64_t holds.
  int64_t elements() const;
};

struct DtypeInfo {
  const char *name;  // rac's
  const char *numpy; // as in .npy files, without the byte order
  uint8_t code, bits;
};
/// Indexed by RacDtype.
extern const DtypeInfo kDtypes[RAC_NUM_DTYPES];
/// -1 if there is no such dtype.
int32_t dtypeNamed(const std::string &name);

std::string shapeText(const std::vector<int64_t> &shape);

/// Element number `index` as a number.
double element(int32_t dtype, const void *data, int64_t index);
void setElement(int32_t dtype, void *data, int64_t index, double value);

#endif // RAC_TOOLS_RACRUN_SUPPORT_H
