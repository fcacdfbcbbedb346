// Comes before all else where our code has assertions. LLVM's libraries, built
// without them, construct the statistics of passes, whose layout must be the
// same in our code.
#ifndef NDEBUG
#define NDEBUG
#include "llvm/ADT/Statistic.h"
#undef NDEBUG
#include <cassert>
#endif
