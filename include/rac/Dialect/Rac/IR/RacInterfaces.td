//===- RacInterfaces.td - What passes ask of a rac op ----------*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_INTERFACES
#define RAC_DIALECT_RAC_IR_INTERFACES

include "mlir/IR/OpBase.td"

def Rac_ShapeOpInterface : OpInterface<"ShapeOpInterface"> {
  let cppNamespace = "::rac";
  let description = [{
    An op whose result shapes follow from its operands' shapes, its index
    operands and its attributes. The one shape function serves static inference
    and verification (with unknown dimensions left `?`) and reification.
  }];
  let methods = [InterfaceMethod<[{
      Appends the shape of each result. `shapes.dim(operand, i)` and
      `shapes.index(value)` give operand dimensions and index operands as affine
      expressions; a null expression is a dimension that only the run can tell.
      On operands that contradict each other, emits an error at the op.
    }], "::llvm::LogicalResult", "inferDims",
    (ins "::rac::ShapeContext &":$shapes,
         "::llvm::SmallVectorImpl<::rac::Dims> &":$results)>];
  let verify = [{ return ::rac::detail::verifyShapes($_op); }];
}

def Rac_ElementwiseOpInterface : OpInterface<"ElementwiseOpInterface"> {
  let cppNamespace = "::rac";
  let description = [{
    An op that computes each element of its only result from the elements of its
    operands at the same (broadcast) position. Lowering, fusion and costing know
    elementwise ops through this interface alone.
  }];
  let methods = [InterfaceMethod<[{
      Builds the computation of one element from the operands' elements, which
      are signless, and returns the result's element.
    }], "::mlir::Value", "buildScalar",
    (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
         "::mlir::ValueRange":$args)>];
}

def Rac_LoopNestOpInterface : OpInterface<"LoopNestOpInterface"> {
  let cppNamespace = "::rac";
  let description = [{
    An op that says what it computes as loops over its operands and results:
    how often, on which elements, with how many operations. Costs are derived
    from that alone.
  }];
  let methods = [InterfaceMethod<[{
      Appends the op's loop nests in the order in which they run. `NestBuilder`
      makes them. An op that leaves its operand where it is has none.
    }], "void", "getLoopNests",
    (ins "::llvm::SmallVectorImpl<::rac::LoopNest> &":$nests)>];
}

#endif // RAC_DIALECT_RAC_IR_INTERFACES
