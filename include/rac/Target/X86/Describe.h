//===- Describe.h - The x86 machines that code is made for ---*- C++ -*-===//

#ifndef RAC_TARGET_X86_DESCRIBE_H
#define RAC_TARGET_X86_DESCRIBE_H

#include "rac/Target/TargetSpec.h"

namespace rac {

/// This machine. x86 targets have no chips to choose from.
llvm::Expected<TargetSpec> describeX86Host(llvm::StringRef chip);

/// Any machine with AVX-512 (x86-64-v4).
llvm::Expected<TargetSpec> describeX86Avx512(llvm::StringRef chip);

/// Any machine with AVX2 and FMA (x86-64-v3).
llvm::Expected<TargetSpec> describeX86Avx2(llvm::StringRef chip);

} // namespace rac

#endif // RAC_TARGET_X86_DESCRIBE_H
