//===- Transposition.h - Nests that write in another order ------*- C++ -*-===//

#ifndef RAC_LIB_COST_TRANSPOSITION_H
#define RAC_LIB_COST_TRANSPOSITION_H

#include "rac/Cost/Schedule.h"

namespace rac {

/// Whether neighbouring iterations of `loop` touch neighbours in memory.
bool isContiguous(const WorkTensor &tensor, const WorkUse &use, unsigned loop);

/// Whether they do, or touch the same.
bool isLane(const Work &work, const WorkUse &use, unsigned loop);

/// What writes in another order than it reads goes by square blocks in
/// registers (TransposeEmitter.cpp), or a few rows side by side
/// (InterleaveEmitter.cpp): fills in the schedule's loops, lanes and shuffles.
/// Others, of which only scalars are moved, it leaves as they are.
void matchTransposition(const Work &work, const WorkNest &nest,
                        const VectorShape &target, NestSchedule &schedule);

} // namespace rac

#endif // RAC_LIB_COST_TRANSPOSITION_H
