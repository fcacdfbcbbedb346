// RUN: rac-opt %s --rac-attach-device=device=epyc-zen4 --transform-interpreter | FileCheck %s
// RUN: rac-opt %s --rac-attach-device=device=%devices/epyc-zen4.json --transform-interpreter | FileCheck %s

// A device takes the place of another.
// RUN: rac-opt %s --rac-attach-device=device=h100 --rac-attach-device=device=epyc-zen4 --transform-interpreter | FileCheck %s

// CHECK: module attributes {dlti.target_system_spec = #dlti.target_system_spec<"CPU" = #dlti.target_device_spec<"schema" = "rac-device/1", "id" = "epyc-zen4"
// CHECK-NOT: "GPU"
// CHECK-SAME: "power" = #dlti.map<"idle_w" = unit,

// What a query reads is what the file has: 1 MiB, 460.8 GB/s from 12 channels, 32 op a clock, null.
module attributes {transform.with_named_sequence} {
  // CHECK: func.func private @answers()
  // CHECK-SAME: bandwidth = 4.608000e+11 : f64
  // CHECK-SAME: cores = 96 : i64
  // CHECK-SAME: how = "derived"
  // CHECK-SAME: idle,
  // CHECK-SAME: l2 = 1048576 : i64
  // CHECK-SAME: rate = 3.200000e+01 : f64
  func.func private @answers()

  transform.named_sequence @__transform_main(%module: !transform.any_op) {
    %function = transform.structured.match ops{["func.func"]} in %module : (!transform.any_op) -> !transform.any_op
    %cores = transform.dlti.query ["CPU", "topology", "cores", "v"] at %function : (!transform.any_op) -> !transform.any_param
    %l2 = transform.dlti.query ["CPU", "memory", "L2", "size_bytes", "v"] at %function : (!transform.any_op) -> !transform.any_param
    %bandwidth = transform.dlti.query ["CPU", "memory", "DRAM", "device_bytes_per_s", "v"] at %function : (!transform.any_op) -> !transform.any_param
    %how = transform.dlti.query ["CPU", "memory", "DRAM", "device_bytes_per_s", "how"] at %function : (!transform.any_op) -> !transform.any_param
    %rate = transform.dlti.query ["CPU", "units", "avx512", "ops_per_clock", "f32", "v"] at %function : (!transform.any_op) -> !transform.any_param
    %idle = transform.dlti.query ["CPU", "power", "idle_w"] at %function : (!transform.any_op) -> !transform.any_param
    transform.annotate %function "cores" = %cores : !transform.any_op, !transform.any_param
    transform.annotate %function "l2" = %l2 : !transform.any_op, !transform.any_param
    transform.annotate %function "bandwidth" = %bandwidth : !transform.any_op, !transform.any_param
    transform.annotate %function "how" = %how : !transform.any_op, !transform.any_param
    transform.annotate %function "rate" = %rate : !transform.any_op, !transform.any_param
    transform.annotate %function "idle" = %idle : !transform.any_op, !transform.any_param
    transform.yield
  }
}
