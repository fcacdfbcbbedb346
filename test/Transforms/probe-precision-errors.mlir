// RUN: rac-opt %s --rac-probe-precision --split-input-file --verify-diagnostics
// RUN: not rac-opt %s --rac-probe-precision=half=f8 2>&1 | FileCheck %s

// CHECK: half is bf16 or f16, not 'f8'

// expected-error @+1 {{has no entry function 'main'}}
module {
}
