//===- RacBase.td - The rac dialect: what every op shares ------*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_BASE
#define RAC_DIALECT_RAC_IR_BASE

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "rac/Dialect/Rac/IR/RacInterfaces.td"

def Rac_Dialect : Dialect {
  let name = "rac";
  let cppNamespace = "::rac";
  let summary = "What a model computes, and how it shall run.";
  let description = [{
    Three levels live in this dialect. Level 1 says what the model says: ops on
    ranked tensors, one meaning each, independent of ONNX's versions. Level 2 is
    `rac.group`: level-1 ops that run as one kernel, with the plan that says how.
    Level 3 is the handful of ops that a lowered program calls the runtime with.

    Conventions that hold for every level-1 op:
    - Tensors are ranked. A dimension is static or `?`.
    - Elementwise ops broadcast as numpy does, but only a *static* 1 broadcasts:
      two `?` that meet are equal at run time. Whoever builds an op from a model
      where that is not certain first makes it so with `rac.expand`.
    - Convolutions and pools take activations channels-last.
    - Signed integers are signless (`i8`), unsigned ones are `ui8`, booleans `i1`.
    - Sizes, offsets and the like are index values or attributes, never tensors.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  // What reification, canonicalization and buildScalar make.
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect", "::mlir::quant::QuantDialect",
                           "::mlir::tensor::TensorDialect"];
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
}

def Rac_Element : AnyTypeOf<[AnyFloat, AnySignlessInteger, AnyUnsignedInteger]>;
def Rac_Tensor : RankedTensorOf<[Rac_Element]>;
def Rac_FloatTensor : RankedTensorOf<[AnyFloat]>;
/// What steps are stored as.
def Rac_StepsTensor : RankedTensorOf<[AnySignlessInteger, AnyUnsignedInteger, F8E4M3FN]>;
def Rac_IntTensor : RankedTensorOf<[AnySignlessInteger, AnyUnsignedInteger]>;
def Rac_IndexTensor : RankedTensorOf<[I32, I64]>;
def Rac_BoolTensor : RankedTensorOf<[I1]>;

class Rac_Op<string mnemonic, list<Trait> traits = []>
    : Op<Rac_Dialect, mnemonic, traits>;

/// A level-1 op: pure, with a shape function that serves inference (static
/// dimensions), reification (dynamic ones) and verification alike, and loop
/// nests that costs are derived from.
class Rac_TensorOp<string mnemonic, list<Trait> traits = []>
    : Rac_Op<mnemonic, !listconcat([Pure,
        DeclareOpInterfaceMethods<Rac_ShapeOpInterface>,
        DeclareOpInterfaceMethods<Rac_LoopNestOpInterface>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                                  ["reifyResultShapes"]>], traits)> {
  code reifyDefinition = [{
    ::llvm::LogicalResult $cppClass::reifyResultShapes(
        ::mlir::OpBuilder &builder,
        ::mlir::ReifiedRankedShapedTypeDims &shapes) {
      return ::rac::detail::reifyResultShapes(getOperation(), builder, shapes);
    }
  }];
  let extraClassDefinition = reifyDefinition;
}

#endif // RAC_DIALECT_RAC_IR_BASE
