//===- Describe.h - The NVIDIA GPUs that code is made for -------*- C++ -*-===//

#ifndef RAC_TARGET_NVPTX_DESCRIBE_H
#define RAC_TARGET_NVPTX_DESCRIBE_H

#include "rac/Target/TargetSpec.h"

namespace rac {

/// Any NVIDIA GPU from sm_80 on, or one chip of theirs (`sm_90a`), or several:
/// `sm_80,sm_89` are kernels of sm_80, assembled for both. The host code runs
/// on any x86-64 machine with SSE 4.2.
llvm::Expected<TargetSpec> describeNVPTX(llvm::StringRef chips);

} // namespace rac

#endif // RAC_TARGET_NVPTX_DESCRIBE_H
