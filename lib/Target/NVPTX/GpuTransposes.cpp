//===- GpuTransposes.cpp - Copies in another order, through shared memory -===//

#include "Launch.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUTRANSPOSES
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// Rows and columns of what a block turns round: a warp's width, so that it
/// reads and writes whole lines.
constexpr int64_t kSide = 32;
/// Rows of the tile that a block's threads cover at once.
constexpr int64_t kRows = 8;
/// One column more keeps the columns of a tile in different banks.
constexpr int64_t kPadding = 1;
/// Where rows and columns both are fewer, what one thread reads of a line its
/// neighbours read soon, and a tile would mostly be empty.
constexpr int64_t kLeastExtent = 8;

/// The loop whose neighbours are neighbours in the operand's memory.
std::optional<unsigned> contiguousLoop(linalg::GenericOp op,
                                       OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type || map.getNumResults() == 0 || !map.isProjectedPermutation() ||
      !type.getLayout().isIdentity())
    return std::nullopt;
  return map.getDimPosition(map.getNumResults() - 1);
}

/// One operand is read along another loop than the result is written along.
struct Transpose {
  OpOperand *turned;
  unsigned in, out; ///< the loops
};

std::optional<Transpose> findTranspose(linalg::GenericOp op) {
  if (op.getNumReductionLoops() != 0 || op.getNumDpsInits() != 1 ||
      op.hasIndexSemantics() || !op.hasPureBufferSemantics())
    return std::nullopt;
  OpOperand *init = op.getDpsInitOperand(0);
  auto out = contiguousLoop(op, *init);
  AffineMap outMap = op.getMatchingIndexingMap(init);
  if (!out || !outMap.isPermutation() ||
      !op.getMatchingBlockArgument(init).use_empty())
    return std::nullopt;
  std::optional<Transpose> found;
  for (OpOperand *input : op.getDpsInputOperands()) {
    auto in = contiguousLoop(op, *input);
    AffineMap map = op.getMatchingIndexingMap(input);
    if (!in || *in == *out || !map.isFunctionOfDim(*out))
      continue;
    if (found)
      return std::nullopt;
    found = Transpose{input, *in, *out};
  }
  if (!found)
    return std::nullopt;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (unsigned loop : {found->in, found->out})
    if (!ShapedType::isDynamic(ranges[loop]) && ranges[loop] < kLeastExtent)
      return std::nullopt;
  return found;
}

class Kernel {
public:
  Kernel(linalg::GenericOp op, Transpose transpose)
      : op(op), transpose(transpose), loc(op.getLoc()) {}
  void create();

private:
  Value constant(OpBuilder &builder, int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value add(OpBuilder &builder, Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  SmallVector<Value> indicesOf(OpOperand &operand, ArrayRef<Value> at);
  /// `body` for the tile's rows that a thread is at, where within bounds.
  void forRows(OpBuilder &builder, Value threadRow, Value column,
               Value columnLimit, Value firstRow, Value rowLimit,
               llvm::function_ref<void(OpBuilder &, Value)> body);

  linalg::GenericOp op;
  Transpose transpose;
  Location loc;
};

} // namespace

SmallVector<Value> Kernel::indicesOf(OpOperand &operand, ArrayRef<Value> at) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  SmallVector<Value> indices;
  for (unsigned i : llvm::seq(map.getNumResults()))
    indices.push_back(at[map.getDimPosition(i)]);
  return indices;
}

void Kernel::forRows(OpBuilder &builder, Value threadRow, Value column,
                     Value columnLimit, Value firstRow, Value rowLimit,
                     llvm::function_ref<void(OpBuilder &, Value)> body) {
  Value inColumns = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::ult, column, columnLimit);
  for (int64_t step = 0; step < kSide; step += kRows) {
    Value row = add(builder, threadRow, constant(builder, step));
    Value inRows =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                              add(builder, firstRow, row), rowLimit);
    Value inside = arith::AndIOp::create(builder, loc, inColumns, inRows);
    auto guard = scf::IfOp::create(builder, loc, inside, /*withElse=*/false);
    OpBuilder guarded = guard.getThenBodyBuilder();
    body(guarded, row);
  }
}

void Kernel::create() {
  OpBuilder builder(op);
  SmallVector<Value> sizes;
  for (Range range : cast<linalg::LinalgOp>(*op).createLoopRanges(builder, loc))
    sizes.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
  auto [turned, in, out] = transpose;
  Value side = constant(builder, kSide);
  // Tiles along the two loops, last, and single steps along the others.
  SmallVector<Value> grid;
  SmallVector<unsigned> loops;
  for (unsigned loop : llvm::seq(op.getNumLoops()))
    if (loop != in && loop != out) {
      grid.push_back(sizes[loop]);
      loops.push_back(loop);
    }
  for (unsigned loop : {in, out}) {
    grid.push_back(
        builder.createOrFold<arith::CeilDivUIOp>(loc, sizes[loop], side));
    loops.push_back(loop);
  }
  gpu::LaunchOp launch = nvptx::createLaunch(
      builder, loc, nvptx::product(builder, loc, grid), kSide * kRows);
  Type element = op.getMatchingBlockArgument(turned).getType();
  Value tile = launch.addWorkgroupAttribution(
      MemRefType::get({kSide, kSide + kPadding}, element, AffineMap(),
                      gpu::AddressSpaceAttr::get(
                          builder.getContext(),
                          gpu::GPUDialect::getWorkgroupAddressSpace())),
      loc);
  OpBuilder inside(launch.getBody().front().getTerminator());
  SmallVector<Value> position =
      nvptx::delinearize(inside, loc, launch.getBlockIds().x, grid);
  SmallVector<Value> at(op.getNumLoops());
  for (auto [loop, place] : llvm::zip_equal(loops, position))
    at[loop] = place;
  Value firstIn = arith::MulIOp::create(inside, loc, at[in], side);
  Value firstOut = arith::MulIOp::create(inside, loc, at[out], side);
  Value thread = launch.getThreadIds().x;
  Value lane =
      arith::RemUIOp::create(inside, loc, thread, constant(inside, kSide));
  Value row =
      arith::DivUIOp::create(inside, loc, thread, constant(inside, kSide));

  // Lanes along the operand's memory in, along the result's out.
  at[in] = add(inside, firstIn, lane);
  forRows(inside, row, at[in], sizes[in], firstOut, sizes[out],
          [&](OpBuilder &guarded, Value line) {
            at[out] = add(guarded, firstOut, line);
            Value value = memref::LoadOp::create(guarded, loc, turned->get(),
                                                 indicesOf(*turned, at));
            memref::StoreOp::create(guarded, loc, value, tile,
                                    ValueRange{line, lane});
          });
  gpu::BarrierOp::create(inside, loc);
  at[out] = add(inside, firstOut, lane);
  forRows(inside, row, at[out], sizes[out], firstIn, sizes[in],
          [&](OpBuilder &guarded, Value line) {
            at[in] = add(guarded, firstIn, line);
            IRMapping mapping;
            for (OpOperand *input : op.getDpsInputOperands()) {
              Value value =
                  input == turned
                      ? memref::LoadOp::create(guarded, loc, tile,
                                               ValueRange{lane, line})
                            .getResult()
                  : isa<MemRefType>(input->get().getType())
                      ? memref::LoadOp::create(guarded, loc, input->get(),
                                               indicesOf(*input, at))
                            .getResult()
                      : input->get();
              mapping.map(op.getMatchingBlockArgument(input), value);
            }
            Block &body = op.getRegion().front();
            for (Operation &inner : body.without_terminator())
              guarded.clone(inner, mapping);
            OpOperand *init = op.getDpsInitOperand(0);
            memref::StoreOp::create(
                guarded, loc,
                mapping.lookupOrDefault(body.getTerminator()->getOperand(0)),
                init->get(), indicesOf(*init, at));
          });
  op.erase();
}

namespace {
struct GpuTransposesPass : rac::impl::GpuTransposesBase<GpuTransposesPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (!op->getParentOfType<scf::ParallelOp>() &&
          !op->getParentOfType<scf::ForallOp>() &&
          !op->getParentOfType<gpu::LaunchOp>())
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops) {
      auto generic = dyn_cast<linalg::GenericOp>(*op);
      if (!generic && isa<linalg::TransposeOp>(*op)) {
        rewriter.setInsertionPoint(op);
        FailureOr<linalg::GenericOp> made =
            linalg::generalizeNamedOp(rewriter, op);
        if (succeeded(made))
          generic = *made;
      }
      auto transpose = generic ? findTranspose(generic) : std::nullopt;
      if (!transpose)
        continue;
      // Operands that only the result's or this one's loops index.
      bool simple =
          llvm::all_of(generic.getDpsInputOperands(), [&](OpOperand *input) {
            return generic.getMatchingIndexingMap(input)
                .isProjectedPermutation();
          });
      if (!simple)
        continue;
      Kernel(generic, *transpose).create();
      ++numKernels;
    }
  }
};
} // namespace
