//===- Compiler.h - From a model file to a library --------------*- C++ -*-===//
//
// All stages in a row. rac-compile is its command line.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_EMIT_COMPILER_H
#define RAC_EMIT_COMPILER_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rac {

enum class EmitKind { Rac, Plan, Linalg, LLVM, Assembly, Ptx, Object, Library };

struct CompileOptions {
  std::string model; ///< an ONNX file, or MLIR at level 1 or 2
  std::string
      output; ///< "-": standard output, for text; empty: after the model
  EmitKind emit = EmitKind::Library;
  std::string target = "host";
  std::string chip;   ///< of the target's; empty: what all of them run
  std::string device; ///< a name, a file or "host"; empty: the target's own
  std::string site;   ///< a name or a file; empty: the world's average
  std::optional<double> runsPerDay; ///< that the report counts a year with
  std::string prefix;               ///< empty: made from the model's name
  std::string weightsFile;          ///< empty: weights go into the library
  std::string reportFile;           ///< .json or .html; empty: none
  std::string planFile;   ///< replayed instead of planning; empty: none
  std::string paretoFile; ///< front of time, energy and memory; JSON if it ends
                          ///< in .json, "-": standard output; empty: none
  std::string objective = "latency"; ///< or energy, edp, carbon
  double maxSeconds = 0;             ///< budget of a run, s; 0: none
  int64_t maxBytes = 0; ///< budget of weights and working memory, B; 0: none
  /// What groups compute in: f32, bf16, f16, int8, f8, or auto for what each
  /// gains by.
  std::string precision = "f32";
  std::string calibration; ///< samples, docs/ErrorBudget.md; empty: none
  std::string errorMetric = "rel-l2";
  std::optional<double> maxError; ///< by that metric, against f32
  std::string group;              ///< the only one to compile; empty: all
  bool randomConstants = false; ///< for those that an MLIR file has no data of
  llvm::StringMap<llvm::SmallVector<int64_t>> shapes; ///< by input
  /// That only the run knows, to plan for: NAME=N or NAME=LOW..HIGH.
  std::vector<std::string> sizes;
  int32_t threads = 0;
  bool useLibrary = true;
  bool profile = false; ///< the library times each group
  std::vector<std::string>
      flags; ///< for the provenance: what shapes the result
  /// Called as each stage begins.
  std::function<void(llvm::StringRef)> progress = [](llvm::StringRef) {};
  /// Called with what makes a result worth less than it seems.
  std::function<void(llvm::StringRef)> warn = [](llvm::StringRef) {};
  /// Called with what is odd or was chosen about the device.
  std::function<void(llvm::StringRef)> note = [](llvm::StringRef) {};
};

/// What there is to tell when it is done.
struct CompileSummary {
  std::string output;
  std::string text; ///< five lines
};

llvm::Expected<CompileSummary> compile(const CompileOptions &options);

} // namespace rac

#endif // RAC_EMIT_COMPILER_H
