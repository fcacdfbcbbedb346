//===- RacOps.td - Every op of the rac dialect -----------------*- tablegen -*-===//

include "rac/Dialect/Rac/IR/ContractionOps.td"
include "rac/Dialect/Rac/IR/ElementwiseOps.td"
include "rac/Dialect/Rac/IR/IndexingOps.td"
include "rac/Dialect/Rac/IR/PlanOps.td"
include "rac/Dialect/Rac/IR/QuantOps.td"
include "rac/Dialect/Rac/IR/RecurrentOps.td"
include "rac/Dialect/Rac/IR/ReductionOps.td"
include "rac/Dialect/Rac/IR/RuntimeOps.td"
include "rac/Dialect/Rac/IR/ShapeOps.td"
