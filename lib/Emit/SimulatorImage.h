//===- SimulatorImage.h - Kernels for the simulator -------------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_SIMULATORIMAGE_H
#define RAC_LIB_EMIT_SIMULATORIMAGE_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/Support/Error.h"

namespace rac {

/// A shared object for this machine that build/lib/librac_simulator.so runs:
/// what a RacImage of the chip "simulator" holds. The kernels are functions of
/// the LLVM dialect, as the simulator's pipeline leaves them.
llvm::Expected<llvm::SmallVector<char, 0>>
makeSimulatorImage(mlir::gpu::GPUModuleOp kernels);

} // namespace rac

#endif // RAC_LIB_EMIT_SIMULATORIMAGE_H
