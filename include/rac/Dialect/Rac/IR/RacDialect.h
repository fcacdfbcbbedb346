//===- RacDialect.h - The rac dialect ---------------------------*- C++ -*-===//
//
// Ops, attributes and interfaces of the rac dialect. What they mean is said in
// the .td files beside this one; docs/Dialect.md is made from them.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_DIALECT_RAC_IR_RACDIALECT_H
#define RAC_DIALECT_RAC_IR_RACDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "rac/Dialect/Rac/IR/Interval.h"
#include "rac/Dialect/Rac/IR/LoopNest.h"
#include "rac/Dialect/Rac/IR/Real.h"
#include "rac/Dialect/Rac/IR/ShapeContext.h"

#include "rac/Dialect/Rac/IR/RacInterfaces.h.inc"

#include "rac/Dialect/Rac/IR/RacDialect.h.inc"
#include "rac/Dialect/Rac/IR/RacEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "rac/Dialect/Rac/IR/RacAttributes.h.inc"
#define GET_OP_CLASSES
#include "rac/Dialect/Rac/IR/RacOps.h.inc"

#endif // RAC_DIALECT_RAC_IR_RACDIALECT_H
