//===- GroupSamples.h - Groups as compiled models run them ------*- C++ -*-===//

#ifndef RAC_LIB_CALIBRATE_GROUPSAMPLES_H
#define RAC_LIB_CALIBRATE_GROUPSAMPLES_H

#include "FitGroups.h"
#include "Networks.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace rac {

/// How a network is compiled and run.
struct NetworkRun {
  int64_t threads = 1;
  bool library = true;
  double seconds = 0.3; ///< of timed runs
};

/// Compiles networks for a device by rac-compile and runs them by rac-run,
/// which stand beside this program, and keeps the groups' times.
class GroupSamples {
public:
  explicit GroupSamples(std::string deviceFile);
  ~GroupSamples();
  GroupSamples(const GroupSamples &) = delete;

  /// Compiles and runs it; adds its groups, but those without a time.
  llvm::Error add(const Network &network, const NetworkRun &run);
  llvm::ArrayRef<GroupSample> list() const { return samples; }

private:
  llvm::Error compile(const Network &network, const NetworkRun &run);
  llvm::Expected<llvm::json::Value> time(const NetworkRun &run);
  std::string path(llvm::StringRef name) const;
  /// Calls a tool; what it printed, or why it failed.
  llvm::Expected<std::string> call(llvm::StringRef tool,
                                   std::vector<std::string> arguments) const;

  std::string deviceFile, folder;
  mlir::MLIRContext context;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
  std::vector<GroupSample> samples;
};

} // namespace rac

#endif // RAC_LIB_CALIBRATE_GROUPSAMPLES_H
