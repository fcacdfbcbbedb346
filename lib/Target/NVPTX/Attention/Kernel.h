//===- Kernel.h - The kernel of softmax(f(q k)) v ---------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_ATTENTION_KERNEL_H
#define RAC_LIB_TARGET_NVPTX_ATTENTION_KERNEL_H

#include "../Gemm/Emit.h"
#include "../Rows/Combiner.h"
#include "../Rows/LaneBody.h"
#include "Attention.h"

namespace rac::attention {

constexpr int64_t kWarp = 32;
/// The rows and columns that tensor cores do at once; of a row a lane has two
/// halves of an atom.
constexpr int64_t kAtomRows = 16, kAtomColumns = 8;
/// And their depth.
constexpr int64_t kFloatDepth = 8, kHalfDepth = 16;
/// What a copy in the background moves at most. So much room is between lines
/// in shared memory too: lanes that load together, eight lines and four
/// neighbours or the other way round, then use different banks.
constexpr int64_t kCopyBytes = 16;

/// A product's tile: for each row of an atom that a lane has a part of (two,
/// eight apart), two neighbouring columns.
using Tile = mlir::Value; // vector<2x2xf32>

/// A value split in two numbers of tf32, which together are nearly as exact.
struct Split {
  mlir::Value high, low;
};

/// Whether there is something to load for each score.
bool readsBetween(const Attention &attention);

class Kernel {
public:
  Kernel(mlir::OpBuilder &builder, const Attention &attention);
  void create();

protected:
  /// How a block's rows are shared, and of how many columns it has a tile.
  struct Shape {
    int64_t warps;  ///< of a block, each with its own rows
    int64_t groups; ///< of 16 rows of a warp
    int64_t columns;
  };
  static Shape chooseShape(const Attention &attention);
  Kernel(mlir::OpBuilder &builder, const Attention &attention,
         const Shape &shape);

  /// What goes from one tile of columns to the next: of each of a lane's rows
  /// the largest score and the sum, and the output's tiles.
  struct State {
    nvptx::Values largest, sum;
    llvm::SmallVector<Tile> output; ///< of a group of rows after the other
    nvptx::Values flat() const;
  };
  State stateFrom(mlir::ValueRange values) const;

  mlir::Value constant(float value) {
    return mlir::arith::ConstantOp::create(e.b, loc,
                                           e.b.getF32FloatAttr(value));
  }
  nvptx::Values positionOf(mlir::linalg::LinalgOp op,
                           llvm::ArrayRef<unsigned> loops, mlir::Value row,
                           mlir::Value column);
  void findRows(mlir::gpu::LaunchOp launch, gemm::Index tiles);
  void loadTile(mlir::linalg::LinalgOp op, mlir::OpOperand &operand,
                nvptx::Values position, unsigned lineLoop, unsigned elementLoop,
                mlir::Value first, mlir::Value end, int64_t lines,
                int64_t elements, mlir::Value shared, gemm::Index stage);
  void loadColumns(mlir::Value first, gemm::Index stage);
  Split split(llvm::ArrayRef<mlir::Value> registers);
  Tile multiply(const Split &a, const Split &b, Tile sum);
  mlir::Value sharedAt(mlir::Value memory, int64_t pitch, gemm::Index line,
                       gemm::Index element);
  /// Products of halves: a fragment is what the atom takes.
  mlir::Value loadFragment(mlir::Value memory, int64_t pitch, gemm::Index start,
                           int64_t line, int64_t element, bool linesFirst,
                           bool transpose);
  std::pair<mlir::Value, mlir::Value> splitPair(mlir::Value fragments);
  Tile multiplyHalves(mlir::Value a, mlir::Value b, Tile sum);
  mlir::Value halfWeights(llvm::ArrayRef<nvptx::Values> scores, int64_t group,
                          int64_t tile);
  void loadQueries();
  llvm::SmallVector<Tile> computeHalfScores(gemm::Index stage);
  void addHalfProducts(State &state, llvm::ArrayRef<nvptx::Values> weights,
                       gemm::Index stage);
  /// Those of f32.
  llvm::SmallVector<Tile> computeScores(gemm::Index stage);
  void addProducts(State &state, llvm::ArrayRef<nvptx::Values> weights,
                   gemm::Index stage);
  mlir::Value exponential(mlir::Value x, mlir::Value less,
                          mlir::Value scaledLess);
  mlir::Value loadBetween(mlir::linalg::LinalgOp op, mlir::OpOperand &operand,
                          nvptx::Values position, unsigned half,
                          int64_t number);
  mlir::Value finishScore(mlir::Value score, mlir::Value row,
                          mlir::Value column, unsigned half, int64_t number);
  void addTile(State &state, mlir::Value first, gemm::Index stage);
  mlir::Value overQuad(mlir::Value value, bool largest);
  void write(mlir::ValueRange pair, mlir::Value row, mlir::Value element);
  void store(const State &state);

  const Attention &attention;
  gemm::Emit e;
  mlir::Location loc;
  int64_t columnsOfTile, depth, values, depthPitch, valuePitch;
  int64_t warps, groups; ///< see Shape
  int64_t threads, blockRows;
  nvptx::Values outerSizes;
  mlir::Value rowCount, columnCount;

  unsigned lanesRows() const { return 2 * groups; }
  int64_t columnTiles() const { return columnsOfTile / kAtomColumns; }
  int64_t valueTiles() const { return values / kAtomColumns; }
  int64_t padding() const { return kCopyBytes / bytes(); }
  int64_t bytes() const { return bytesOf(attention.element); }

  // In the kernel:
  nvptx::Values outer;
  mlir::Value thread, lane, quadRow,
      quadColumn;                  ///< the lane's place in an atom
  mlir::Value firstRow;            ///< of the block
  nvptx::Values rows, clampedRows; ///< of the lane
  mlir::Value warpRow;             ///< in the block
  mlir::Value sharedQ, sharedK, sharedV;
  llvm::SmallVector<mlir::Value>
      queries; ///< of halves: by group and step of the depth
  /// What was loaded for one tile of scores, by operand and place.
  llvm::DenseMap<std::pair<mlir::OpOperand *, int64_t>, mlir::Value> loaded;
};

} // namespace rac::attention

#endif // RAC_LIB_TARGET_NVPTX_ATTENTION_KERNEL_H
