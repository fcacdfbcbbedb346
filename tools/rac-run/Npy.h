//===- Npy.h - NumPy's .npy files -------------------------------*- C++ -*-===//

#ifndef RAC_TOOLS_RACRUN_NPY_H
#define RAC_TOOLS_RACRUN_NPY_H

#include "Support.h"

/// Dies with a message if the file can't be read, or holds what has no rac
/// dtype.
Array readNpy(const std::string &path);
/// `data` is dense, row-major.
void writeNpy(const std::string &path, int32_t dtype,
              const std::vector<int64_t> &shape, const void *data);

#endif // RAC_TOOLS_RACRUN_NPY_H
