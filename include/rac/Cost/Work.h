//===- Work.h - What some ops compute, and on how much data -----*- C++ -*-===//
//
// The loop nests of level-1 ops (LoopNestOpInterface) with sizes filled in:
// what is counted, tiled and costed.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_WORK_H
#define RAC_COST_WORK_H

#include "mlir/IR/BuiltinOps.h"
#include "rac/Cost/AssumedSizes.h"
#include "rac/Cost/Device.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

namespace rac {

/// What stands in for what only the run knows.
struct Assumptions {
  /// Of a size that isn't known, nor follows from those that the module assumes
  /// (AssumedSizes): most likely, at least, at most.
  int64_t dim = 64, dimLow = 64, dimHigh = 64;
  /// What else a run touches before it comes back to a group's weights, B: they
  /// are still in a level that holds that much.
  double modelBytes = 0;
  /// Nothing is in a cache before.
  bool cold = false;
};

/// Ops that would run as one kernel: a group, or what could become one.
struct Candidate {
  llvm::SmallVector<mlir::Operation *> ops;
  /// Tensors read from and left in memory.
  llvm::SmallVector<mlir::Value> inputs, outputs;

  static Candidate of(llvm::ArrayRef<mlir::Operation *> ops);
  static Candidate of(GroupOp group);
};

/// A tensor of a candidate. Sizes are doubles: they may be assumed ones, and
/// their products large.
struct WorkTensor {
  mlir::Value value;
  llvm::SmallVector<double, 4> shape, strides; ///< elements; row-major
  double elementBytes = 0;
  bool isInput = false, isOutput = false;
  bool isWeight = false; ///< the same in every run
  /// B of other memory that was touched since this was, or since its place in
  /// the arena was free; none: not known.
  std::optional<double> since;
  /// B of other memory that whoever touched it last touched meanwhile.
  double meanwhile = 0;
  /// Threads that made it; 0: all of the run's.
  int64_t makers = 1;
  /// Where each of them has made an equal part of one dimension, in order: how
  /// many positions there are along those before it; none: otherwise.
  std::optional<double> partsWithin;
  /// Of a result that lies where threads may have been before: the part of its
  /// place that the same ones have touched last, if each writes an equal part,
  /// in order; none: not known.
  std::optional<double> ownPlace;
  /// Cores among whose own caches it is spread.
  double cores = 1;

  /// Gives it this shape, without gaps.
  void reshape(llvm::ArrayRef<double> sizes) {
    shape.assign(sizes.begin(), sizes.end());
    strides.assign(sizes.size(), 1);
    for (size_t i = sizes.size(); i-- > 1;)
      strides[i - 1] = strides[i] * shape[i];
  }
  double bytes() const {
    double count = elementBytes;
    for (double size : shape)
      count *= size;
    return count;
  }
};

/// What an iteration touches of a tensor: along each dimension the sum of
/// step * position over some loops.
struct WorkUse {
  struct Term {
    unsigned loop;
    double step;
    bool operator==(const Term &o) const {
      return loop == o.loop && step == o.step;
    }
  };
  unsigned tensor = 0;
  llvm::SmallVector<llvm::SmallVector<Term, 2>, 4> dims;
  llvm::SmallBitVector scattered;
  /// Of the nest's operations, those on what is read here before a contraction
  /// multiplies it.
  double operations = 0;

  bool operator==(const WorkUse &o) const {
    return tensor == o.tensor && dims == o.dims;
  }
  bool dependsOn(unsigned loop) const;
};

/// A loop nest with sizes.
struct WorkNest {
  llvm::SmallVector<double, 6> sizes;
  llvm::SmallBitVector reductions;
  llvm::SmallVector<WorkUse, 3> reads;
  llvm::SmallVector<WorkUse, 1> writes;
  DataType type = DataType::f32;
  double multiplyAdds = 0, operations = 0, functions = 0; ///< an iteration
  /// Operations that generated code's functions take beyond kFunctionTerms.
  double moreTerms = 0;
  /// Operations that the library's functions take beyond those of this op.
  double libraryTerms = 0;
  /// Operations that other vectors could do while the divider is busy, which
  /// does one at a time.
  double dividing = 0;
  bool isTriangle = false, isScan = false; ///< LoopNest.h
  llvm::SmallBitVector sorted;             ///< LoopNest.h
  bool pads = false; ///< fills or copies what windows read: padImages
  /// A slice, which others of its kernel read where it lies.
  bool isPart = false;
  /// Copies a part of a concatenation, into another one's where it is that's.
  bool joins = false;

  double iterations() const {
    double count = 1;
    for (double size : sizes)
      count *= size;
    return count;
  }
  bool isContraction() const { return multiplyAdds > 0; }
  /// Operations: a multiply-add is two, a function the terms of a polynomial.
  double flops() const;
  /// An iteration's on vectors beside multiply-adds, in generated code.
  double terms() const;
};

/// Terms of the polynomials that functions like exp are computed with.
constexpr double kFunctionTerms = 16;

struct Work {
  llvm::SmallVector<WorkTensor, 4> tensors;
  llvm::SmallVector<WorkNest, 4> nests;
  /// Whether some size was assumed.
  bool isDynamic = false;
  /// B that a run touches in all; infinite: not known.
  double runBytes = std::numeric_limits<double>::infinity();

  double flops() const;
  /// Of multiply-adds that are sums of products.
  double contractionFlops() const;
};

/// Each of the candidate's loop nests, as its ops state them.
Work analyzeWork(const Candidate &candidate, const AssumedSizes &sizes);

/// Whether a value is the same in every run: a constant, through views of it,
/// and through the arguments of a group.
bool isConstant(mlir::Value value);

/// What tensors of f32 take where a plan's precision is another: all of them
/// in 16 bits, vectors such as biases left out; in 8 bits the factors of
/// products.
void narrowWork(Work &work, mlir::Type precision);

/// Elementwise nests move into the loops of the only nest that reads what they
/// write, as lowering does: it then never is in memory. With
/// `afterContractions` they also move into the contraction before them, whose
/// results are still in registers: the library does so, and generated code.
void fuseNests(Work &work, bool afterContractions);

/// Generated code adds up the first dimension that a sum goes over in so many
/// parts, and then the parts (rac-split-sums).
void splitSums(Work &work, int64_t parts);

/// Generated convolutions read constant filters laid out with a group's result
/// channels, the lanes, innermost.
void layOutFilters(Work &work);

/// What windows read beyond an image's edges are zeros around a copy of it,
/// which generated code makes first.
void padImages(Work &work);

/// B of all constants of a module: what a run of it reads of weights.
double weightBytes(mlir::ModuleOp module);

} // namespace rac

#endif // RAC_COST_WORK_H
