//===- GpuMma.cpp - Products on tensor cores as NVVM has them -------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUMMA
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;

namespace {

/// The registers of a fragment, two elements each.
SmallVector<Value> registersOf(OpBuilder &builder, Location loc, Value vector) {
  auto type = cast<VectorType>(vector.getType());
  auto word = VectorType::get(1, builder.getI32Type());
  SmallVector<Value> registers;
  for (int64_t i = 0; i < type.getDimSize(0); ++i) {
    Value pair = vector::ExtractOp::create(builder, loc, vector, i);
    Value bits = vector::BitCastOp::create(builder, loc, word, pair);
    registers.push_back(vector::ExtractOp::create(builder, loc, bits, 0));
  }
  return registers;
}

void lower(nvgpu::MmaSyncOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  auto type = cast<VectorType>(op.getType());
  SmallVector<Value> sums;
  for (int64_t i = 0; i < type.getDimSize(0); ++i)
    for (int64_t j = 0; j < type.getDimSize(1); ++j)
      sums.push_back(vector::ExtractOp::create(builder, loc, op.getMatrixC(),
                                               ArrayRef<int64_t>{i, j}));
  SmallVector<Type> elements(sums.size(), type.getElementType());
  auto structure =
      LLVM::LLVMStructType::getLiteral(builder.getContext(), elements);
  Value product = NVVM::MmaOp::create(
      builder, loc, structure, registersOf(builder, loc, op.getMatrixA()),
      registersOf(builder, loc, op.getMatrixB()), sums, op.getMmaShapeAsArray(),
      /*b1Op=*/std::nullopt,
      /*intOverflow=*/std::nullopt,
      std::array{NVVM::MMATypes::bf16, NVVM::MMATypes::bf16},
      std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  Value result = op.getMatrixC();
  for (int64_t i = 0; i < type.getDimSize(0); ++i)
    for (int64_t j = 0; j < type.getDimSize(1); ++j) {
      Value element = LLVM::ExtractValueOp::create(builder, loc, product,
                                                   i * type.getDimSize(1) + j);
      result = vector::InsertOp::create(builder, loc, element, result,
                                        ArrayRef<int64_t>{i, j});
    }
  op.replaceAllUsesWith(result);
  op.erase();
}

struct GpuMmaPass : rac::impl::GpuMmaBase<GpuMmaPass> {
  void runOnOperation() override {
    SmallVector<nvgpu::MmaSyncOp> ops;
    getOperation().walk([&](nvgpu::MmaSyncOp op) {
      if (getElementTypeOrSelf(op.getMatrixA()).isBF16())
        ops.push_back(op);
    });
    for (nvgpu::MmaSyncOp op : ops)
      lower(op);
    // Of vectors of more than one dimension LLVM has no slices.
    RewritePatternSet patterns(&getContext());
    vector::populateVectorExtractStridedSliceToExtractInsertChainPatterns(
        patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
