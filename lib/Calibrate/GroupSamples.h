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
  /// As rac-compile has it; empty: the network's own.
  std::string precision = {};
  double seconds = 0.3; ///< of timed runs
};

/// Compiles networks for a device by rac-compile and runs them by rac-run,
/// which stand beside this program, and keeps the groups' times.
///
/// A folder has of each run the plan (NAME.mlir), the library (NAME.so) and
/// the seconds of the plan's groups in their order (NAME.json), and what all
/// was compiled for, device.json.
class GroupSamples {
public:
  /// `folder`: where it all is and stays; empty: nowhere, once this is gone.
  explicit GroupSamples(std::string folder);
  ~GroupSamples();
  GroupSamples(const GroupSamples &) = delete;

  std::string deviceFile() const { return path("device.json"); }
  /// Compiles and runs it; adds its groups, but those without a time.
  llvm::Error add(const Network &network, const NetworkRun &run);
  /// Adds what earlier runs have left in the folder.
  llvm::Error load();
  llvm::ArrayRef<GroupSample> list() const { return samples; }

private:
  llvm::Error compile(const Network &network, const NetworkRun &run,
                      const std::string &name);
  /// Medians over processes of medians over runs, s, by group.
  llvm::Expected<std::vector<double>> time(const NetworkRun &run,
                                           const std::string &name);
  llvm::Error take(const std::string &name);
  std::string path(const llvm::Twine &name) const;
  /// Calls a tool; what it printed, or why it failed.
  llvm::Expected<std::string> call(llvm::StringRef tool,
                                   std::vector<std::string> arguments) const;

  std::string folder;
  bool isTemporary = false;
  mlir::MLIRContext context;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
  std::vector<GroupSample> samples;
};

} // namespace rac

#endif // RAC_LIB_CALIBRATE_GROUPSAMPLES_H
