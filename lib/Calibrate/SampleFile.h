//===- SampleFile.h - Networks and windows measured elsewhere ---*- C++ -*-===//

#ifndef RAC_LIB_CALIBRATE_SAMPLEFILE_H
#define RAC_LIB_CALIBRATE_SAMPLEFILE_H

#include "mlir/IR/OwningOpRef.h"
#include "rac/Cost/CostModel.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace rac {

struct SampledGroup {
  Candidate candidate;
  PlanAttr plan;
  double seconds = 0; ///< none of a group that launches nothing
};

struct SampledNetwork {
  std::string name;
  /// A whole model: predictions are compared with it, nothing is fitted to it.
  bool isModel = false;
  std::vector<SampledGroup> groups;
  double modelBytes = 0; ///< as Assumptions::modelBytes
  double seconds = 0;    ///< of a run among many
};

/// What a meter said while one thing was done again and again.
struct SampledWindow {
  std::string name;
  double seconds = 0, joules = 0;
  /// Of a network, `runs` times; else what is listed here.
  std::string network;
  double runs = 0;
  /// The device is at work, with so many of its cores.
  bool isActive = false;
  double cores = 0;
  std::map<std::string, double> ops;   ///< by "unit.type"
  std::map<std::string, double> bytes; ///< by level
};

/// The content of a file of schema rac-samples/1. What failed there is left
/// out.
class SampleFile {
public:
  SampleFile();
  llvm::Error load(llvm::StringRef path);

  std::vector<SampledNetwork> networks;
  std::vector<SampledWindow> windows;
  std::string date, device;

private:
  llvm::Error addNetwork(const llvm::json::Object &row);
  void addWindow(const llvm::json::Object &row);

  mlir::MLIRContext context;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
};

} // namespace rac

#endif // RAC_LIB_CALIBRATE_SAMPLEFILE_H
