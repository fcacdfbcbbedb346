//===- Samples.h - Inputs to calibrate a model with -------------*- C++ -*-===//
//
// Reads what --calibration names (docs/ErrorBudget.md).
//
//===----------------------------------------------------------------------===//

#ifndef RAC_PRECISION_SAMPLES_H
#define RAC_PRECISION_SAMPLES_H

#include "rac/Emit/ModelSignature.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace rac {

/// A dense array that somebody else holds.
struct ArrayView {
  RacDtype dtype = RAC_F32;
  llvm::ArrayRef<int64_t> shape;
  const void *data = nullptr;

  int64_t elements() const;
  /// Element number `index` as a number.
  double at(int64_t index) const;
};

/// A dense array in memory.
struct HostArray {
  RacDtype dtype = RAC_F32;
  std::vector<int64_t> shape;
  std::vector<char> bytes;

  static HostArray of(ArrayView view);
  ArrayView view() const { return {dtype, shape, bytes.data()}; }
  int64_t elements() const { return view().elements(); }
};

/// Bits of an element in memory.
unsigned dtypeBits(RacDtype dtype);
/// "f32[2, 3]"
std::string arrayText(RacDtype dtype, llvm::ArrayRef<int64_t> shape);

/// An array for each input of the model, in the order of its signature.
using Sample = std::vector<HostArray>;

/// NumPy's .npy format, from memory. `name` is for messages.
llvm::Expected<HostArray> parseNpy(llvm::StringRef bytes,
                                   const llvm::Twine &name);

struct NamedArray {
  std::string name;
  HostArray array;
};
/// NumPy's .npz: a zip archive of .npy files, in the order of the archive.
llvm::Expected<std::vector<NamedArray>> readNpz(llvm::StringRef path);

/// All samples of a folder or a file, each checked against the signature.
llvm::Expected<std::vector<Sample>>
readSamples(llvm::StringRef path, const ModelSignature &signature);

/// As good as nothing: numbers from 0 to 1, integers 0 and 1, and sizes that
/// only the run knows as `dim`.
std::vector<Sample> randomSamples(const ModelSignature &signature,
                                  unsigned count, int64_t dim);

} // namespace rac

#endif // RAC_PRECISION_SAMPLES_H
