//===- GpuTransposes.cpp - Copies in another order, through shared memory -===//

#include "Launch.h"
#include "Rows/LaneBody.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUTRANSPOSES
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

namespace {

/// Lanes of a warp. Each reads and writes a word of neighbours, so that the
/// warp has whole lines.
constexpr int64_t kWarp = 32;
constexpr int64_t kWordBytes = 4;
/// Warps of a block: lines of the tile that it covers at once. All elements of
/// a word are covered by as many.
constexpr int64_t kWarps = 8;
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

/// A block turns a square round. A thread reads words of neighbours along the
/// operand's rows. What it later puts together along the result's rows comes
/// from as many lines as a word has elements, which therefore lie a warp's
/// width of lines apart: so lanes that read at once have neighbouring lines,
/// which one word more keeps in different banks.
class Kernel {
public:
  Kernel(linalg::GenericOp op, Transpose transpose)
      : op(op), transpose(transpose), loc(op.getLoc()) {
    chooseWord();
  }
  void create();

private:
  Value constant(OpBuilder &builder, int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value add(OpBuilder &builder, Value a, int64_t b) {
    return b == 0 ? a
                  : arith::AddIOp::create(builder, loc, a, constant(builder, b))
                        .getResult();
  }
  Value add(OpBuilder &builder, Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  Value scaled(OpBuilder &builder, Value a, int64_t b) {
    return b == 1 ? a
                  : arith::MulIOp::create(builder, loc, a, constant(builder, b))
                        .getResult();
  }
  void chooseWord();
  Value areInside(OpBuilder &builder, ArrayRef<Value> at);
  void read(OpBuilder &builder, Values at, Value warp, Value lane, Value tile);
  void write(OpBuilder &builder, Values at, Value warp, Value lane, Value tile);
  void compute(OpBuilder &builder, ValueRange at, ValueRange turned);

  linalg::GenericOp op;
  Transpose transpose;
  Location loc;
  int64_t word = 1; ///< elements
  int64_t side = kWarp;
  Values sizes;
};

} // namespace

/// As many elements as a word holds, where all words of both buffers are
/// aligned and tiles not mostly empty.
void Kernel::chooseWord() {
  Type element = getElementTypeOrSelf(transpose.turned->get());
  int64_t elements = std::max<int64_t>(1, kWordBytes / bytesOf(element));
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (unsigned loop : {transpose.in, transpose.out})
    if (ShapedType::isDynamic(ranges[loop]) || ranges[loop] % elements != 0 ||
        ranges[loop] < elements * kWarp)
      return;
  for (OpOperand *operand : {transpose.turned, op.getDpsInitOperand(0)}) {
    Multiples unknown;
    if (!hasAlignedRows(operand->get(), elements, unknown) || !unknown.empty())
      return;
  }
  word = elements;
  side = word * kWarp;
}

/// Whether the loops are where there is an element; null if tiles are whole.
Value Kernel::areInside(OpBuilder &builder, ArrayRef<Value> at) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  Value inside;
  for (unsigned loop : {transpose.in, transpose.out}) {
    if (!ShapedType::isDynamic(ranges[loop]) && ranges[loop] % side == 0)
      continue;
    Value within = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::ult, at[loop], sizes[loop]);
    inside =
        inside ? arith::AndIOp::create(builder, loc, inside, within).getResult()
               : within;
  }
  return inside;
}

/// Lanes along the operand's memory. Loads come first: the more of them are
/// under way at once, the better.
void Kernel::read(OpBuilder &builder, Values at, Value warp, Value lane,
                  Value tile) {
  OpOperand *turned = transpose.turned;
  unsigned in = transpose.in, out = transpose.out;
  AffineMap map = op.getMatchingIndexingMap(turned);
  Value first = at[out], place = scaled(builder, lane, word);
  at[in] = add(builder, at[in], place);
  Value line = add(builder, first, warp);
  SmallVector<Values> words;
  for (int64_t step = 0; step < side; step += kWarps) {
    at[out] = add(builder, line, step);
    auto load = [&](OpBuilder &b) {
      return loadLanes(b, loc, turned->get(), map, at, in, word);
    };
    Value inside = areInside(builder, at);
    if (!inside) {
      words.push_back(load(builder));
      continue;
    }
    auto choice = scf::IfOp::create(
        builder, loc, inside,
        [&](OpBuilder &b, Location) { scf::YieldOp::create(b, loc, load(b)); },
        [&](OpBuilder &b, Location) {
          Value zero = arith::ConstantOp::create(
              b, loc, b.getZeroAttr(getElementTypeOrSelf(turned->get())));
          scf::YieldOp::create(b, loc, Values(word, zero));
        });
    words.emplace_back(choice.getResults());
  }
  // Line `line` of each `word` goes to the line-th warp's width of lines.
  AffineMap plain = builder.getMultiDimIdentityMap(2);
  Value apart = scaled(
      builder,
      arith::RemUIOp::create(builder, loc, warp, constant(builder, word)),
      kWarp);
  Value near =
      arith::DivUIOp::create(builder, loc, warp, constant(builder, word));
  Value row = add(builder, apart, near);
  for (auto [i, values] : llvm::enumerate(words))
    storeLanes(builder, loc, values, tile, plain,
               {add(builder, row, i * kWarps / word), place}, 1);
}

/// Lanes along the result's memory.
void Kernel::write(OpBuilder &builder, Values at, Value warp, Value lane,
                   Value tile) {
  auto [turned, in, out] = transpose;
  AffineMap plain = builder.getMultiDimIdentityMap(2);
  Value first = at[in];
  at[out] = add(builder, at[out], scaled(builder, lane, word));
  for (int64_t step = 0; step < side; step += kWarps * word) {
    Value place = add(builder, scaled(builder, warp, word), step);
    at[in] = add(builder, first, place);
    OpBuilder inside = builder;
    if (Value within = areInside(builder, at))
      inside = scf::IfOp::create(builder, loc, within, /*withElse=*/false)
                   .getThenBodyBuilder();
    SmallVector<Values> words;
    for (int64_t j : llvm::seq(word))
      words.push_back(loadLanes(inside, loc, tile, plain,
                                {add(inside, lane, j * kWarp), place}, 1,
                                word));
    for (int64_t i : llvm::seq(word))
      compute(inside, moved(inside, loc, at, in, i),
              llvm::map_to_vector(
                  words, [&](const Values &values) { return values[i]; }));
  }
}

/// The result's elements from `at` on, of those of the turned operand.
void Kernel::compute(OpBuilder &builder, ValueRange at, ValueRange turned) {
  std::optional<unsigned> lane = transpose.out;
  SmallVector<Values> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    operands.emplace_back();
    if (&operand == transpose.turned)
      operands.back() = Values(turned);
    else if (!op.getMatchingBlockArgument(&operand).use_empty())
      operands.back() =
          loadLanes(builder, loc, operand.get(),
                    op.getMatchingIndexingMap(&operand), at, lane, 1);
    // Rows of others may be aligned in any way.
    for (int64_t i = 1;
         !operands.back().empty() && &operand != transpose.turned && i < word;
         ++i)
      llvm::append_range(operands.back(),
                         loadLanes(builder, loc, operand.get(),
                                   op.getMatchingIndexingMap(&operand),
                                   moved(builder, loc, at, lane, i), lane, 1));
  }
  Values results;
  for (int64_t i : llvm::seq(word)) {
    Values arguments = llvm::map_to_vector(operands, [&](const Values &values) {
      return values.empty() ? Value() : values[i];
    });
    llvm::append_range(results,
                       inlineBody(builder, cast<linalg::LinalgOp>(*op),
                                  moved(builder, loc, at, lane, i), arguments));
  }
  OpOperand *init = op.getDpsInitOperand(0);
  storeLanes(builder, loc, results, init->get(),
             op.getMatchingIndexingMap(init), at, lane);
}

void Kernel::create() {
  OpBuilder builder(op);
  for (Range range : cast<linalg::LinalgOp>(*op).createLoopRanges(builder, loc))
    sizes.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
  auto [turned, in, out] = transpose;
  // Tiles along the two loops, last, and single steps along the others.
  Values grid;
  SmallVector<unsigned> loops;
  for (unsigned loop : llvm::seq(op.getNumLoops()))
    if (loop != in && loop != out) {
      grid.push_back(sizes[loop]);
      loops.push_back(loop);
    }
  for (unsigned loop : {in, out}) {
    grid.push_back(builder.createOrFold<arith::CeilDivUIOp>(
        loc, sizes[loop], constant(builder, side)));
    loops.push_back(loop);
  }
  gpu::LaunchOp launch =
      createLaunch(builder, loc, product(builder, loc, grid), kWarp * kWarps);
  Value tile = launch.addWorkgroupAttribution(
      MemRefType::get({side, side + word}, getElementTypeOrSelf(turned->get()),
                      AffineMap(),
                      gpu::AddressSpaceAttr::get(
                          builder.getContext(),
                          gpu::GPUDialect::getWorkgroupAddressSpace())),
      loc);
  OpBuilder inside(launch.getBody().front().getTerminator());
  Values position = delinearize(inside, loc, launch.getBlockIds().x, grid);
  Values at(op.getNumLoops());
  for (auto [loop, place] : llvm::zip_equal(loops, position))
    at[loop] = loop == in || loop == out ? scaled(inside, place, side) : place;
  Value thread = launch.getThreadIds().x;
  Value lane =
      arith::RemUIOp::create(inside, loc, thread, constant(inside, kWarp));
  Value warp =
      arith::DivUIOp::create(inside, loc, thread, constant(inside, kWarp));
  read(inside, at, warp, lane, tile);
  gpu::BarrierOp::create(inside, loc);
  write(inside, at, warp, lane, tile);
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
