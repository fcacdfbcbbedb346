//===- Calls.h - Kernels call the simulator ---------------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_SIMULATOR_CALLS_H
#define RAC_LIB_TARGET_NVPTX_SIMULATOR_CALLS_H

#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include <array>

namespace rac::simulator {

/// Numbers the op among those of its kernel at which threads meet.
constexpr llvm::StringLiteral kSite = "rac.site";

/// A kernel's first arguments, before its parameters: what rac-c/Simulator.h
/// calls a thread, and the thread's number along x.
enum KernelArgument : unsigned { kThread, kThreadX, kNumKernelArguments };

inline mlir::Value kernelArgument(mlir::Operation *op, KernelArgument which) {
  return op->getParentOfType<mlir::LLVM::LLVMFuncOp>().getArgument(which);
}

/// Calls a function of rac-c/Simulator.h, whose first argument is the thread.
/// Null if it returns nothing.
mlir::FailureOr<mlir::Value> call(mlir::ConversionPatternRewriter &rewriter,
                                  mlir::Operation *op, llvm::StringRef name,
                                  mlir::Type result,
                                  llvm::ArrayRef<mlir::Value> arguments);

/// An op that means nothing where threads run one after the other.
template <typename OpT>
struct EraseLowering : mlir::ConvertOpToLLVMPattern<OpT> {
  using mlir::ConvertOpToLLVMPattern<OpT>::ConvertOpToLLVMPattern;
  mlir::LogicalResult
  matchAndRewrite(OpT op, typename OpT::Adaptor adaptor,
                  mlir::ConversionPatternRewriter &rewriter) const override {
    rewriter.eraseOp(op);
    return mlir::success();
  }
};

mlir::Value constantI32(mlir::OpBuilder &builder, mlir::Location loc,
                        int32_t value);
mlir::Value siteOf(mlir::OpBuilder &builder, mlir::Operation *op);

/// A kernel's memory for values that the simulator reads or writes, until the
/// end of the scope. It is allocated at the kernel's start so that the stack
/// doesn't grow in a loop, and shared by all that need some at other times:
/// each thread of a block has its own, which together must fit a cache.
class StackScope {
public:
  StackScope(mlir::OpBuilder &builder, mlir::Operation *op)
      : builder(builder), op(op) {}
  StackScope(const StackScope &) = delete;
  ~StackScope();

  mlir::Value allocate(mlir::Type type);
  mlir::Value spill(mlir::Value value);

private:
  mlir::OpBuilder &builder;
  mlir::Operation *op;
  llvm::SmallVector<mlir::Value> memory;
};

/// mma.sync of 16x8x32: types of the factors and the sums, and their registers.
/// The result's are those of `op`'s.
mlir::FailureOr<mlir::Value>
multiplyRegisters(mlir::ConversionPatternRewriter &rewriter,
                  mlir::Operation *op, std::array<int32_t, 3> types,
                  mlir::ValueRange lhs, mlir::ValueRange rhs,
                  mlir::ValueRange sums);

/// Lets a kernel assert that what it reads or writes one by one, or in rows,
/// lies inside of the buffers.
void addBoundsChecks(mlir::Operation *kernel);

/// nvgpu's ops: tensor cores and asynchronous copies.
void populateNvgpuToSimulator(mlir::LLVMTypeConverter &converter,
                              mlir::RewritePatternSet &patterns);
/// Products of four warps, and what orders them with what is around them.
void populateWarpgroupsToSimulator(mlir::LLVMTypeConverter &converter,
                                   mlir::RewritePatternSet &patterns);
/// The copy unit and the barriers that count its bytes.
void populateBulkToSimulator(mlir::LLVMTypeConverter &converter,
                             mlir::RewritePatternSet &patterns);
/// Floats of 8 bits.
void populateFloat8ToSimulator(mlir::LLVMTypeConverter &converter,
                               mlir::RewritePatternSet &patterns);
/// The thread's numbers, and what threads do together.
void populateThreadsToSimulator(mlir::LLVMTypeConverter &converter,
                                mlir::RewritePatternSet &patterns);

} // namespace rac::simulator

#endif // RAC_LIB_TARGET_NVPTX_SIMULATOR_CALLS_H
