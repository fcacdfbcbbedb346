//===- NonNegative.h - Non-negative least squares ---------------*- C++ -*-===//

#ifndef RAC_LIB_CALIBRATE_NONNEGATIVE_H
#define RAC_LIB_CALIBRATE_NONNEGATIVE_H

#include <Eigen/Dense>

namespace rac {

/// The x >= 0 with the least |a x - b|, by the active-set method of Lawson and
/// Hanson (Solving Least Squares Problems, 1974, chapter 23). Where several x
/// are best, one of them. Columns of `a` have length 1 or 0.
Eigen::VectorXd solveNonNegative(const Eigen::MatrixXd &a,
                                 const Eigen::VectorXd &b);

} // namespace rac

#endif // RAC_LIB_CALIBRATE_NONNEGATIVE_H
