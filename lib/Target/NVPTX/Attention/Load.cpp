//===- Load.cpp - From memory to shared memory ----------------------------===//

#include "Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::attention;
using gemm::Index;
using nvptx::Values;

Value Kernel::sharedAt(Value memory, int64_t pitch, Index line, Index element) {
  return e.value(e.add(e.mul(line, e.number(pitch)), element));
}

/// Starts to copy `lines` of an operand from `first` on, of which there are
/// `end`; beyond there are zeros.
void Kernel::loadTile(linalg::LinalgOp op, OpOperand &operand, Values position,
                      unsigned lineLoop, unsigned elementLoop, Value first,
                      Value end, int64_t lines, int64_t elements, Value shared,
                      Index stage) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  Value memory = operand.get();
  // Neighbouring threads load neighbours.
  nvptx::Multiples multiples;
  bool alongElements =
      nvptx::accessOf(memory, map, lineLoop) != nvptx::Access::contiguous;
  int64_t lanes = 1, most = kCopyBytes / bytes();
  if (nvptx::accessOf(memory, map, elementLoop) == nvptx::Access::contiguous &&
      nvptx::hasAlignedRows(memory, most, multiples) && multiples.empty())
    lanes = most;
  int64_t across = elements / lanes, count = lines * across;
  int64_t pitch = elements + padding();
  auto known = gemm::known(end);
  bool whole = known && *known % lines == 0;
  for (int64_t start = 0; start < count; start += threads) {
    OpBuilder::InsertionGuard restore(e.b);
    Index number = e.add(thread, e.number(start));
    if (start + threads > count) {
      e.enter(e.less(number, e.number(count)));
    }
    Index line = alongElements ? e.div(number, e.number(across))
                               : e.rem(number, e.number(lines));
    Index element = e.mul(alongElements ? e.rem(number, e.number(across))
                                        : e.div(number, e.number(lines)),
                          e.number(lanes));
    Value at = e.value(e.add(first, line));
    Value exists = whole ? Value() : e.less(at, end);
    position[lineLoop] = e.select(exists, at, e.number(0));
    position[elementLoop] = e.value(element);
    Value to =
        e.value(e.add(stage, e.add(e.mul(line, e.number(pitch)), element)));
    if (lanes > 1) {
      Value filled =
          exists ? e.select(exists, e.number(lanes), e.number(0)) : Value();
      nvgpu::DeviceAsyncCopyOp::create(
          e.b, loc, nvgpu::DeviceAsyncTokenType::get(e.b.getContext()), shared,
          to, memory, nvptx::indicesOf(e.b, loc, map, position),
          e.b.getIndexAttr(lanes), filled, e.b.getUnitAttr());
      continue;
    }
    auto load = [&]() {
      return nvptx::loadLanes(e.b, loc, memory, map, position, elementLoop, 1)
          .front();
    };
    Value loaded;
    if (exists) {
      auto guard = scf::IfOp::create(e.b, loc, attention.element, exists,
                                     /*withElse=*/true);
      OpBuilder::InsertionGuard inside(e.b);
      e.b.setInsertionPointToStart(guard.thenBlock());
      scf::YieldOp::create(e.b, loc, load());
      e.b.setInsertionPointToStart(guard.elseBlock());
      scf::YieldOp::create(e.b, loc, e.zero(attention.element));
      loaded = guard.getResult(0);
    } else {
      loaded = load();
    }
    memref::StoreOp::create(e.b, loc, loaded, shared, to);
  }
}

/// Starts to copy the keys and values of the columns from `first` on, if there
/// are any, to one of two places.
void Kernel::loadColumns(Value first, Index stage) {
  OpBuilder::InsertionGuard restore(e.b);
  e.enter(e.less(first, columnCount));
  Value zero = e.value(e.number(0));
  linalg::LinalgOp scores = attention.scores, output = attention.output;
  loadTile(scores, *attention.k,
           positionOf(scores, attention.scoreLoops, zero, zero),
           attention.scoreLoops.back(), attention.depthLoop, first, columnCount,
           columnsOfTile, depth, sharedK,
           e.mul(stage, e.number(columnsOfTile * depthPitch)));
  // What a weight of zero is multiplied with beyond is no number of any kind.
  loadTile(output, *attention.v,
           positionOf(output, attention.outputLoops, zero, zero),
           attention.outputLoops.back(), attention.valueLoop, first,
           columnCount, columnsOfTile, values, sharedV,
           e.mul(stage, e.number(columnsOfTile * valuePitch)));
}
