//===- RacToLinalg.cpp - Level-1 ops to linalg on tensors -----------------===//

#include "rac/Lowering/RacToLinalg.h"
#include "Patterns.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"

using namespace mlir;

namespace rac {
#define GEN_PASS_DEF_RACTOLINALG
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

void rac::populateRacToLinalgPatterns(const TypeConverter &converter,
                                      RewritePatternSet &patterns,
                                      const RacToLinalgOptions &options) {
  lowering::populateElementwise(converter, patterns);
  lowering::populateReduction(converter, patterns, options.manyThreads);
  lowering::populateNormalization(converter, patterns, options.keepSubnormals);
  lowering::populateShape(converter, patterns);
  lowering::populateAssembly(converter, patterns);
  lowering::populateMatmul(converter, patterns, options.keepSubnormals,
                           options.fixedPoint);
  lowering::populateConvolution(converter, patterns);
  lowering::populateQuant(converter, patterns);
  lowering::populatePool(converter, patterns, options.loopWindows);
  lowering::populateGather(converter, patterns);
  lowering::populateScatter(converter, patterns, options.manyThreads);
  lowering::populateResize(converter, patterns);
  lowering::populateSelection(converter, patterns, options.manyThreads);
  lowering::populateSuppression(converter, patterns, options.manyThreads);
  lowering::populateTopK(converter, patterns, options.manyThreads);
  lowering::populateRecurrent(converter, patterns);
}

namespace {
struct RacToLinalg : rac::impl::RacToLinalgBase<RacToLinalg> {
  using RacToLinalgBase::RacToLinalgBase;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    rac::StorageTypeConverter converter;
    ConversionTarget target(*context);
    RewritePatternSet patterns(context);
    rac::RacToLinalgOptions options;
    options.keepSubnormals = keepSubnormals;
    options.loopWindows = loopWindows;
    options.fixedPoint = fixedPoint;
    options.manyThreads = manyThreads;
    rac::populateRacToLinalgPatterns(converter, patterns, options);
    rac::populateStorageTypePatterns(converter, patterns, target);
    target.addLegalDialect<affine::AffineDialect, linalg::LinalgDialect,
                           math::MathDialect, cf::ControlFlowDialect>();
    target.addLegalOp<rac::ProfileOp, scf::ForallOp, scf::InParallelOp>();

    ConversionConfig config;
    config.foldingMode = DialectConversionFoldingMode::Never;
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns), config)))
      signalPassFailure();
  }
};
} // namespace
