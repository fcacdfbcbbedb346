//===- ThreadParts.h - Which thread touches what of a tensor ----*- C++ -*-===//
//
// Threads have equal parts of a nest's outermost shared loop, in order. So each
// makes a part of the result, and finds of what it reads in its own caches what
// it has made itself.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_THREADPARTS_H
#define RAC_COST_THREADPARTS_H

#include "rac/Cost/Schedule.h"

namespace rac {

/// Where threads make equal parts of one of a tensor's dimensions, in order:
/// how many positions there are along those before it. That is the same in all
/// views of it. None where they don't.
std::optional<double> partsMade(const Work &work, const Schedule &schedule,
                                unsigned tensor);

/// How much of what each of so many threads reads of a tensor it has made
/// itself, where as many have made it in parts (WorkTensor::partsWithin); none
/// where it is a matter of chance.
std::optional<double> ownPart(const Work &work, const Schedule &schedule,
                              unsigned tensor, double threads);

/// Whether each thread reads all that is read of a tensor, as of what all rows
/// of a product are multiplied with where threads share rows.
bool readByEach(const Work &work, const Schedule &schedule, unsigned tensor);

} // namespace rac

#endif // RAC_COST_THREADPARTS_H
