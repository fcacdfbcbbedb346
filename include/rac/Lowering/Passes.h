//===- Passes.h - From planned groups to LLVM -------------------*- C++ -*-===//

#ifndef RAC_LOWERING_PASSES_H
#define RAC_LOWERING_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class DialectRegistry;
class ModuleOp;
namespace affine {
class AffineDialect;
}
namespace arith {
class ArithDialect;
}
namespace bufferization {
class BufferizationDialect;
}
namespace cf {
class ControlFlowDialect;
}
namespace func {
class FuncDialect;
class FuncOp;
} // namespace func
namespace linalg {
class LinalgDialect;
}
namespace math {
class MathDialect;
}
namespace memref {
class MemRefDialect;
}
namespace scf {
class SCFDialect;
}
namespace tensor {
class TensorDialect;
}
namespace LLVM {
class LLVMDialect;
}
} // namespace mlir

namespace rac {
class RacDialect;

/// The function that runs a whole model, in every stage of lowering.
inline constexpr llvm::StringLiteral kEntryName = "main";
/// The function that computes the bytes of the arena from the input shapes.
inline constexpr llvm::StringLiteral kArenaSizeName = "rac_arena_size";

/// How rac's runtime ops take part in bufferization.
void registerBufferizableOpInterfaceModels(mlir::DialectRegistry &registry);

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

#endif // RAC_LOWERING_PASSES_H
