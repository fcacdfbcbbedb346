//===- PointwiseProducts.h - Products as windows of one pixel ---*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_POINTWISEPRODUCTS_H
#define RAC_LIB_TRANSFORMS_POINTWISEPRODUCTS_H

#include "rac/Dialect/Rac/IR/RacDialect.h"

namespace rac {

/// Has the library compute the group's product of 16 bits as a convolution of
/// one pixel, where its terms are no whole tiles: then its products (oneDNN
/// 3.2) leave tiles alone, or copy the operand, and its convolutions don't.
/// 30,720 rows of 24 terms and 4 columns take 217 us as a product and 43 so;
/// 480 of 400 and 400 take 140 and 80. False: the group stays as it is.
bool makePointwise(GroupOp group);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_POINTWISEPRODUCTS_H
