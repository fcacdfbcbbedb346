// RUN: not rac-opt %s --rac-attach-device=device=epyc-zen44 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: there is no 'epyc-zen44' in {{.*}}devices; there are a100, {{.*}}epyc-zen4,

// RUN: not rac-opt %s --rac-attach-device=device=%t-nowhere.json 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: error: {{.*}}-nowhere.json: No such file or directory

// RUN: sed 's/"tdp_w"/"tpd_w"/' %devices/l4.json > %t.json
// RUN: not rac-opt %s --rac-attach-device=device=%t.json 2>&1 | FileCheck %s --check-prefix=KEY
// KEY: error: {{.*}}.json: power.tpd_w: there is no such key; did you mean 'tdp_w'?

// A level that is said to be faster than a nearer one is odd, and may be.
// RUN: sed 's/"device_bytes_per_s": {"v": 300000000000.0/"device_bytes_per_s": {"v": 9e99/' %devices/l4.json > %t.json
// RUN: rac-opt %s --rac-attach-device=device=%t.json -o %t.mlir 2>&1 | FileCheck %s --check-prefix=ODD
// ODD: remark: {{.*}}.json: DRAM is said to be faster than L2, which is nearer

// RUN: rac-opt %s --rac-attach-device=device=host -o %t.mlir 2>&1 | FileCheck %s --check-prefix=HOST
// HOST: remark: device {{[a-z0-9-]+}}: {{(this is a|none describes a)}} {{.*}} cores may be used

// Groups aren't formed for no device.
// RUN: not rac-opt %s --rac-form-groups 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: the module has no device; rac-attach-device gives it one
module {}
