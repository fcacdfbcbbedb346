//===- Describe.h - The SVE machines code is made for --------*- C++ -*-===//

#ifndef RAC_TARGET_ARMSVE_DESCRIBE_H
#define RAC_TARGET_ARMSVE_DESCRIBE_H

#include "rac/Target/TargetSpec.h"

namespace rac {

/// A chip by LLVM's name (neoverse-v1, neoverse-v2, a64fx), or any with SVE if
/// `chip` is empty.
llvm::Expected<TargetSpec> describeArmSVE(llvm::StringRef chip);

/// This machine, which is an AArch64 one.
llvm::Expected<TargetSpec> describeArmSVEHost(llvm::StringRef chip);

} // namespace rac

#endif // RAC_TARGET_ARMSVE_DESCRIBE_H
