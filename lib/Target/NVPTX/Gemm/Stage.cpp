//===- Stage.cpp - Sums in shared memory on their way ---------------------===//

#include "Stage.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rac::gemm;

gpu::LaunchOp rac::gemm::beginLaunch(Emit &e, Index blocks, int64_t threads,
                                     int64_t sharedBytes, int64_t cluster) {
  Value one = e.value(e.number(1));
  Value memory =
      arith::ConstantIntOp::create(e.b, e.loc, e.b.getI32Type(), sharedBytes);
  bool hasCluster = cluster > 1;
  auto op = gpu::LaunchOp::create(
      e.b, e.loc, e.value(blocks), one, one, e.value(e.number(threads)), one,
      one, memory, /*asyncTokenType=*/Type(), /*asyncDependencies=*/{},
      /*workgroupAttributions=*/{}, /*privateAttributions=*/{},
      hasCluster ? e.value(e.number(cluster)) : Value(),
      hasCluster ? one : Value(), hasCluster ? one : Value());
  // The cluster's numbers and sizes, which the builder leaves out.
  for (int64_t i = 0; hasCluster && i < 6; ++i)
    op.getBody().addArgument(e.b.getIndexType(), e.loc);
  e.b.setInsertionPointToStart(&op.getBody().front());
  gpu::TerminatorOp::create(e.b, e.loc);
  e.b.setInsertionPointToStart(&op.getBody().front());
  return op;
}

Value rac::gemm::sharedView(Emit &e, Type element, int64_t elements,
                            int64_t offset) {
  auto space = gpu::AddressSpaceAttr::get(e.b.getContext(),
                                          gpu::AddressSpace::Workgroup);
  auto bytes = MemRefType::get({ShapedType::kDynamic}, e.b.getI8Type(),
                               MemRefLayoutAttrInterface(), space);
  Value all = gpu::DynamicSharedMemoryOp::create(e.b, e.loc, bytes);
  auto type =
      MemRefType::get({elements}, element, MemRefLayoutAttrInterface(), space);
  return memref::ViewOp::create(e.b, e.loc, type, all,
                                e.value(e.number(offset)), ValueRange());
}

Value rac::gemm::sumOf(Emit &e, Value x, Value y) {
  if (isa<FloatType>(getElementTypeOrSelf(x.getType())))
    return arith::AddFOp::create(e.b, e.loc, x, y);
  return arith::AddIOp::create(e.b, e.loc, x, y);
}

/// Lanes that store together, eight along the rows and four pairs along the
/// columns, use different banks, and groups of 16 bytes are aligned.
static int64_t pitchOf(int64_t inner, bool alongColumns, int64_t bytes) {
  int64_t aligned = llvm::alignTo(inner, 16 / std::min<int64_t>(bytes, 16));
  return aligned + (alongColumns ? 8 : std::max<int64_t>(4, 16 / bytes));
}

int64_t Stage::bytes(int64_t rows, int64_t columns, int64_t slices,
                     int64_t elementBytes) {
  return slices * elementBytes *
         std::max(rows * pitchOf(columns, true, elementBytes),
                  columns * pitchOf(rows, false, elementBytes));
}

Stage::Stage(Emit &e, Type type, const Shape &shape)
    : shape(shape),
      pitch(pitchOf(shape.alongColumns ? shape.columns : shape.rows,
                    shape.alongColumns, bytesOf(type))),
      sliceElements(pitch * (shape.alongColumns ? shape.rows : shape.columns)),
      memory(sharedView(e, type, shape.slices * sliceElements, 0)) {}

Index Stage::at(Emit &e, Index slice, Index row, Index column) const {
  return e.add(e.mul(slice, e.number(sliceElements)),
               e.add(e.mul(row, e.number(rowStride())),
                     e.mul(column, e.number(columnStride()))));
}

void Stage::put(Emit &e, Index at, Value sum) const {
  memref::StoreOp::create(e.b, e.loc, sum, memory, e.value(at));
}

SmallVector<Value> Stage::take(Emit &e, Index row, Index column) const {
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  auto type = VectorType::get(shape.vector, element);
  int64_t align = std::min<int64_t>(16, shape.vector * bytesOf(element));
  Index start = at(e, e.number(0), row, column);
  Value sum;
  for (int64_t slice = 0; slice < shape.slices; ++slice) {
    Value part = vector::LoadOp::create(
        e.b, e.loc, type, memory,
        e.value(e.add(start, e.number(slice * sliceElements))),
        /*nontemporal=*/false, llvm::MaybeAlign(align));
    sum = sum ? sumOf(e, sum, part) : part;
  }
  SmallVector<Value> sums;
  for (int64_t i = 0; i < shape.vector; ++i)
    sums.push_back(vector::ExtractOp::create(e.b, e.loc, sum, i));
  return sums;
}

void Stage::forEachGroup(Emit &e, Index thread, int64_t threads,
                         llvm::function_ref<Value(Index, Index)> isInside,
                         Body body) const {
  int64_t inner = shape.alongColumns ? shape.columns : shape.rows;
  int64_t perLine = inner / shape.vector;
  int64_t total = shape.rows * shape.columns / shape.vector;
  auto loop =
      scf::ForOp::create(e.b, e.loc, e.value(thread), e.value(e.number(total)),
                         e.value(e.number(threads)));
  OpBuilder::InsertionGuard restore(e.b);
  e.b.setInsertionPointToStart(loop.getBody());
  Index group = loop.getInductionVar();
  Index line = e.div(group, e.number(perLine));
  Index place = e.mul(e.rem(group, e.number(perLine)), e.number(shape.vector));
  Index row = shape.alongColumns ? line : place,
        column = shape.alongColumns ? place : line;
  e.enter(isInside(row, column));
  body(row, column, take(e, row, column));
}
