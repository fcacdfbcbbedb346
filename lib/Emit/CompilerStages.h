//===- CompilerStages.h - The stages of a compilation ---------------------===//

#ifndef RAC_LIB_EMIT_COMPILERSTAGES_H
#define RAC_LIB_EMIT_COMPILERSTAGES_H

#include "DeviceCode.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "rac/Emit/Compiler.h"
#include "rac/Emit/Emit.h"
#include "rac/Import/Import.h"
#include "rac/Pipelines/Pipelines.h"
#include "rac/Report/Report.h"

namespace rac {

/// Keeps what MLIR complains about, to be told as one message.
class Complaints {
public:
  explicit Complaints(mlir::MLIRContext &context) { listenTo(context); }
  void listenTo(mlir::MLIRContext &context) {
    handlers.push_back(std::make_unique<mlir::ScopedDiagnosticHandler>(
        &context, [this](mlir::Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error &&
              first.empty())
            llvm::raw_string_ostream(first)
                << diagnostic.getLocation() << ": " << diagnostic;
          return mlir::success();
        }));
  }
  llvm::Error because(const llvm::Twine &what) {
    return llvm::createStringError(first.empty() ? what : what + ": " + first);
  }

private:
  std::string first;
  llvm::SmallVector<std::unique_ptr<mlir::ScopedDiagnosticHandler>> handlers;
};

/// All that models are made of.
mlir::DialectRegistry makeRegistry();

template <typename Options>
void setVectors(VectorOptions<Options> &options, const TargetSpec &target) {
  options.vectorBits = target.vectorBits;
  options.scalable = target.scalable;
  options.registers = target.vectorRegisters;
  for (const std::string &dot : target.dots)
    options.dots.push_back(dot);
}

/// From loops on buffers to LLVM's dialect, for the target.
inline void populateLLVMPipeline(mlir::OpPassManager &manager,
                                 const TargetSpec &target) {
  TranslationOptions options;
  options.castsBf16 = target.castsBf16;
  populateLLVMPipeline(manager, options);
}

/// One compilation: what its stages hand on to each other.
class Compiler {
public:
  explicit Compiler(const CompileOptions &options);

  llvm::Expected<CompileSummary> run();

private:
  llvm::Error check();
  llvm::Error
  runPasses(llvm::StringRef stage,
            llvm::function_ref<void(mlir::OpPassManager &)> populate);

  // ReadModel.cpp
  llvm::Error import();
  llvm::Error importOnnxFile();
  llvm::Error parse();
  llvm::Error readSignature();
  llvm::Error extractGroup();

  // PlanModel.cpp; of types: PlanTypes.cpp
  llvm::Error findDescriptions();
  llvm::Error fitLaterChips();
  llvm::Error plan();
  llvm::Error assumeSizes();
  void noteSizes();
  llvm::Error setCarbon(PlanOptions &planOptions);
  bool choosesTypes() const;
  llvm::Error planNarrow(const PlanOptions &planOptions);
  llvm::Expected<double> costIn16Bits(mlir::ModuleOp plan);
  llvm::Error chooseTypes(const PlanOptions &planOptions);
  llvm::Error replay();
  llvm::Error checkPlan(mlir::ModuleOp plan);
  llvm::Error costAsGiven();
  void describeFront();

  // LowerModel.cpp
  llvm::Error toLinalg();
  llvm::Error toCode();
  llvm::Error toKernels();
  void reportKernels();
  void noteMemory();
  llvm::Error checkMemory();
  llvm::json::Object description();

  // WriteFiles.cpp
  llvm::Error checkOutputs();
  llvm::Error writeText();
  llvm::Error writeReport();
  void summarize();

  const CompileOptions &options;
  CompileSummary summary;
  Report report;
  std::string front;    ///< as text
  std::string planJson; ///< as planned, before types are carried out
  TargetSpec target;
  ModelSignature signature;
  WeightImage weights;
  std::optional<DeviceImages> kernels; ///< of an accelerator
  // The module's constants lie in the model's storage, so that goes after it; a
  // replayed plan's lie in the context of the model as imported.
  mlir::MLIRContext context;
  std::unique_ptr<mlir::MLIRContext> replayContext;
  Complaints complaints;
  ImportedModel model;
  mlir::OwningOpRef<mlir::ModuleOp> parsed;
  bool isPlanned = false;
  /// The model planned for narrow types, where types are to be chosen.
  mlir::OwningOpRef<mlir::ModuleOp> narrowPlan;
  mlir::OwningOpRef<mlir::ModuleOp> replayed;
  mlir::ModuleOp module;
};

} // namespace rac

#endif
