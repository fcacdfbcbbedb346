// RUN: rac-opt %s --split-input-file --rac-apply-precision | FileCheck %s

// What only moves elements, or takes the largest, moves narrow ones: nothing wide lies in memory between.

// CHECK-LABEL: func.func @moves
// CHECK: rac.group @moved
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<1x4x4x2xbf16>, %[[B:.*]]: tensor<1x2x2x2xbf16>):
// CHECK-NEXT: %[[P:.*]] = rac.pool max %[[A]] {{.*}} : (tensor<1x4x4x2xbf16>) -> tensor<1x2x2x2xbf16>
// CHECK-NEXT: %[[C:.*]] = rac.concat %[[P]], %[[B]] axis 3 : (tensor<1x2x2x2xbf16>, tensor<1x2x2x2xbf16>) -> tensor<1x2x2x4xbf16>
// CHECK-NEXT: rac.yield %[[C]]
func.func @moves(%x: tensor<1x4x4x2xf32>, %y: tensor<1x2x2x2xf32>) -> tensor<1x2x2x4xf32> {
  %w = rac.constant dense<1.5> : tensor<2x2xf32>
  %v = rac.constant dense<1.5> : tensor<4x4xf32>
  %0 = rac.group @a ins(%x, %w : tensor<1x4x4x2xf32>, tensor<2x2xf32>) -> (tensor<1x4x4x2xf32>) plan <kind = library, precision = bf16> {
  ^bb0(%a: tensor<1x4x4x2xf32>, %b: tensor<2x2xf32>):
    %p = rac.matmul %a, %b : (tensor<1x4x4x2xf32>, tensor<2x2xf32>) -> tensor<1x4x4x2xf32>
    rac.yield %p : tensor<1x4x4x2xf32>
  }
  %1 = rac.group @b ins(%y, %w : tensor<1x2x2x2xf32>, tensor<2x2xf32>) -> (tensor<1x2x2x2xf32>) plan <kind = library, precision = bf16> {
  ^bb0(%a: tensor<1x2x2x2xf32>, %b: tensor<2x2xf32>):
    %p = rac.matmul %a, %b : (tensor<1x2x2x2xf32>, tensor<2x2xf32>) -> tensor<1x2x2x2xf32>
    rac.yield %p : tensor<1x2x2x2xf32>
  }
  %2 = rac.group @moved ins(%0, %1 : tensor<1x4x4x2xf32>, tensor<1x2x2x2xf32>) -> (tensor<1x2x2x4xf32>) plan <kind = generated, precision = bf16> {
  ^bb0(%a: tensor<1x4x4x2xf32>, %b: tensor<1x2x2x2xf32>):
    %p = rac.pool max %a {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, ceil_extra = array<i64: 0, 0>} : (tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32>
    %c = rac.concat %p, %b axis 3 : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x4xf32>
    rac.yield %c : tensor<1x2x2x4xf32>
  }
  %3 = rac.group @last ins(%2, %v : tensor<1x2x2x4xf32>, tensor<4x4xf32>) -> (tensor<1x2x2x4xf32>) plan <kind = library, precision = bf16> {
  ^bb0(%a: tensor<1x2x2x4xf32>, %b: tensor<4x4xf32>):
    %p = rac.matmul %a, %b : (tensor<1x2x2x4xf32>, tensor<4x4xf32>) -> tensor<1x2x2x4xf32>
    rac.yield %p : tensor<1x2x2x4xf32>
  }
  return %3 : tensor<1x2x2x4xf32>
}

// -----

// What the group computes is rounded before it is moved, and steps move as bytes. An average computes.

// CHECK-LABEL: func.func @computed
// CHECK: rac.group @moved
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<?x4xf32>):
// CHECK-NEXT: %[[R:.*]] = rac.relu %[[A]]
// CHECK-NEXT: %[[N:.*]] = rac.cast %[[R]] : (tensor<?x4xf32>) -> tensor<?x4xbf16>
// CHECK-NEXT: %[[T:.*]] = rac.transpose %[[N]], [1, 0] : (tensor<?x4xbf16>) -> tensor<4x?xbf16>
// CHECK-NEXT: rac.yield %[[T]]
// CHECK: rac.group @steps
// CHECK-NEXT: ^bb0(%[[Q:.*]]: tensor<4x2xui8>):
// CHECK-NEXT: %[[S:.*]] = rac.transpose %[[Q]], [1, 0] : (tensor<4x2xui8>) -> tensor<2x4xui8>
// CHECK-NEXT: %[[D:.*]] = rac.dequantize %[[S]]
// CHECK-NEXT: rac.yield %[[D]]
// CHECK: rac.group @average
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<1x4x2xbf16>):
// CHECK-NEXT: %[[W:.*]] = rac.cast %[[X]] : (tensor<1x4x2xbf16>) -> tensor<1x4x2xf32>
// CHECK-NEXT: rac.pool average %[[W]]
func.func @computed(%x: tensor<?x4xf32>, %q: tensor<4x2xui8>, %z: tensor<1x4x2xbf16>) -> (tensor<4x?xbf16>, tensor<2x4xf32>, tensor<1x2x2xf32>) {
  %0 = rac.group @moved ins(%x : tensor<?x4xf32>) -> (tensor<4x?xbf16>) plan <kind = generated, precision = bf16> {
  ^bb0(%a: tensor<?x4xf32>):
    %r = rac.relu %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
    %t = rac.transpose %r, [1, 0] : (tensor<?x4xf32>) -> tensor<4x?xf32>
    %n = rac.cast %t : (tensor<4x?xf32>) -> tensor<4x?xbf16>
    rac.yield %n : tensor<4x?xbf16>
  }
  %1 = rac.group @steps ins(%q : tensor<4x2xui8>) -> (tensor<2x4xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<4x2xui8>):
    %d = rac.dequantize %a {steps_type = !quant.uniform<u8:f32, 0.5:7>} : (tensor<4x2xui8>) -> tensor<4x2xf32>
    %t = rac.transpose %d, [1, 0] : (tensor<4x2xf32>) -> tensor<2x4xf32>
    rac.yield %t : tensor<2x4xf32>
  }
  %2 = rac.group @average ins(%z : tensor<1x4x2xbf16>) -> (tensor<1x2x2xf32>) plan <kind = generated, precision = bf16> {
  ^bb0(%a: tensor<1x4x2xbf16>):
    %w = rac.cast %a : (tensor<1x4x2xbf16>) -> tensor<1x4x2xf32>
    %p = rac.pool average %w {window = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, ceil_extra = array<i64: 0>} : (tensor<1x4x2xf32>) -> tensor<1x2x2xf32>
    rac.yield %p : tensor<1x2x2xf32>
  }
  return %0, %1, %2 : tensor<4x?xbf16>, tensor<2x4xf32>, tensor<1x2x2xf32>
}
