// RUN: rac-opt %s --split-input-file --rac-apply-precision | FileCheck %s

// A product in bf16: its operands are cast where they come from, a constant when the model is
// compiled, and what passes between two such groups lies in memory as bf16.

// CHECK-LABEL: func.func @chain
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>)
// CHECK: %[[C:.*]] = rac.group @cast_0 ins(%[[X]] : tensor<?x4xf32>) -> (tensor<?x4xbf16>) plan <kind = generated, precision = bf16>
// CHECK: %[[W:.*]] = rac.constant dense<1.500000e+00> : tensor<4x4xbf16>
// CHECK: %[[Y:.*]] = rac.group @first ins(%[[C]], %[[W]] : tensor<?x4xbf16>, tensor<4x4xbf16>) -> (tensor<?x4xbf16>)
// CHECK: %[[P:.*]] = rac.matmul %{{.*}}, %{{.*}} : (tensor<?x4xbf16>, tensor<4x4xbf16>) -> tensor<?x4xf32>
// CHECK: %[[R:.*]] = rac.relu %[[P]]
// CHECK: %[[N:.*]] = rac.cast %[[R]] : (tensor<?x4xf32>) -> tensor<?x4xbf16>
// CHECK: rac.yield %[[N]]
// CHECK: rac.group @second ins(%[[Y]], %[[W]] : tensor<?x4xbf16>, tensor<4x4xbf16>) -> (tensor<?x4xf32>)
// CHECK-NEXT: ^bb0
// CHECK-NEXT: rac.matmul
// CHECK-NEXT: rac.yield
func.func @chain(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %w = rac.constant dense<1.5> : tensor<4x4xf32>
  %0 = rac.group @first ins(%x, %w : tensor<?x4xf32>, tensor<4x4xf32>) -> (tensor<?x4xf32>) plan <kind = library, precision = bf16> {
  ^bb0(%a: tensor<?x4xf32>, %b: tensor<4x4xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
    %2 = rac.relu %1 : (tensor<?x4xf32>) -> tensor<?x4xf32>
    rac.yield %2 : tensor<?x4xf32>
  }
  %3 = rac.group @second ins(%0, %w : tensor<?x4xf32>, tensor<4x4xf32>) -> (tensor<?x4xf32>) plan <kind = library, precision = bf16> {
  ^bb0(%a: tensor<?x4xf32>, %b: tensor<4x4xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
    rac.yield %1 : tensor<?x4xf32>
  }
  return %3 : tensor<?x4xf32>
}

// -----

// A residual is read as bf16 too, and a normalisation between computes in f32. The reshape between
// groups passes bf16 on.

// CHECK-LABEL: func.func @residual
// CHECK: %[[Y:.*]] = rac.group @product {{.*}} -> (tensor<6x4xbf16>)
// CHECK: %[[S:.*]] = rac.reshape %[[Y]] to [2, 3, 4] : (tensor<6x4xbf16>) -> tensor<2x3x4xbf16>
// CHECK: rac.group @norm ins(%[[S]], %{{.*}} : tensor<2x3x4xbf16>, tensor<4xf32>) -> (tensor<2x3x4xbf16>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<2x3x4xbf16>, %[[G:.*]]: tensor<4xf32>):
// CHECK-NEXT: %[[WIDE:.*]] = rac.cast %[[A]] : (tensor<2x3x4xbf16>) -> tensor<2x3x4xf32>
// CHECK: rac.softmax %[[WIDE]]
// CHECK: rac.cast %{{.*}} : (tensor<2x3x4xf32>) -> tensor<2x3x4xbf16>
// CHECK: rac.group @last
// CHECK: ^bb0(%{{.*}}: tensor<2x3x4xbf16>, %{{.*}}: tensor<4x4xbf16>, %[[RES:.*]]: tensor<2x3x4xbf16>):
// CHECK-NEXT: rac.cast %[[RES]]
// CHECK-NEXT: %[[P:.*]] = rac.matmul
// CHECK-NEXT: rac.add %[[P]], %{{.*}} : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
func.func @residual(%x: tensor<6x4xf32>, %g: tensor<4xf32>) -> tensor<2x3x4xf32> {
  %w = rac.constant dense<1.5> : tensor<4x4xf32>
  %0 = rac.group @product ins(%x, %w : tensor<6x4xf32>, tensor<4x4xf32>) -> (tensor<6x4xf32>) plan <kind = library, precision = bf16> {
  ^bb0(%a: tensor<6x4xf32>, %b: tensor<4x4xf32>):
    %1 = rac.matmul %a, %b : (tensor<6x4xf32>, tensor<4x4xf32>) -> tensor<6x4xf32>
    rac.yield %1 : tensor<6x4xf32>
  }
  %s = rac.reshape %0 to [2, 3, 4] : (tensor<6x4xf32>) -> tensor<2x3x4xf32>
  %3 = rac.group @norm ins(%s, %g : tensor<2x3x4xf32>, tensor<4xf32>) -> (tensor<2x3x4xf32>) plan <kind = generated, precision = bf16> {
  ^bb0(%a: tensor<2x3x4xf32>, %b: tensor<4xf32>):
    %1 = rac.softmax %a axis 2 : tensor<2x3x4xf32>
    %2 = rac.mul %1, %b : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
    rac.yield %2 : tensor<2x3x4xf32>
  }
  %4 = rac.group @last ins(%3, %w, %s : tensor<2x3x4xf32>, tensor<4x4xf32>, tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>) plan <kind = library, precision = bf16> {
  ^bb0(%a: tensor<2x3x4xf32>, %b: tensor<4x4xf32>, %r: tensor<2x3x4xf32>):
    %1 = rac.matmul %a, %b : (tensor<2x3x4xf32>, tensor<4x4xf32>) -> tensor<2x3x4xf32>
    %2 = rac.add %1, %r : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    rac.yield %2 : tensor<2x3x4xf32>
  }
  return %4 : tensor<2x3x4xf32>
}

// -----

// What one of two users wants in f32 stays so; the other gets a cast of its own. The cast of a
// transposed operand goes before the transpose.

// CHECK-LABEL: func.func @both
// CHECK: %[[Y:.*]] = rac.group @relu {{.*}} -> (tensor<4x8xf32>)
// CHECK: %[[C:.*]] = rac.group @cast_{{.*}} ins(%[[Y]] : tensor<4x8xf32>) -> (tensor<4x8xbf16>)
// CHECK: rac.group @product ins(%[[C]],
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<4x8xbf16>
// CHECK-NEXT: rac.transpose %[[A]], [1, 0] : (tensor<4x8xbf16>) -> tensor<8x4xbf16>
// CHECK: rac.group @wide ins(%[[Y]]
func.func @both(%x: tensor<4x8xf32>) -> (tensor<8x4xf32>, tensor<4x8xf32>) {
  %w = rac.constant dense<1.5> : tensor<4x4xf32>
  %0 = rac.group @relu ins(%x : tensor<4x8xf32>) -> (tensor<4x8xf32>) plan <kind = generated, precision = bf16> {
  ^bb0(%a: tensor<4x8xf32>):
    %1 = rac.relu %a : (tensor<4x8xf32>) -> tensor<4x8xf32>
    rac.yield %1 : tensor<4x8xf32>
  }
  %2 = rac.group @product ins(%0, %w : tensor<4x8xf32>, tensor<4x4xf32>) -> (tensor<8x4xf32>) plan <kind = library, precision = bf16> {
  ^bb0(%a: tensor<4x8xf32>, %b: tensor<4x4xf32>):
    %t = rac.transpose %a, [1, 0] : (tensor<4x8xf32>) -> tensor<8x4xf32>
    %1 = rac.matmul %t, %b : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
    rac.yield %1 : tensor<8x4xf32>
  }
  %3 = rac.group @wide ins(%0 : tensor<4x8xf32>) -> (tensor<4x8xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<4x8xf32>):
    %1 = rac.exp %a : (tensor<4x8xf32>) -> tensor<4x8xf32>
    rac.yield %1 : tensor<4x8xf32>
  }
  return %2, %3 : tensor<8x4xf32>, tensor<4x8xf32>
}

// -----

// i8: steps of the activation from the plan, of the weights from their columns; the zero point's part
// of the sums is a constant. The producer ends in the steps that its only user wants.

// CHECK-LABEL: func.func @bytes
// CHECK: rac.group @relu {{.*}} -> (tensor<3x2xui8>)
// CHECK: rac.quantize %{{.*}} {steps_type = !quant.uniform<u8:f32, 1.000000e-01:10>} : (tensor<3x2xf32>) -> tensor<3x2xui8>
// CHECK: rac.constant dense<{{\[}}[127, -64], [64, 127]]> : tensor<2x2xi8>
// CHECK-NEXT: rac.constant dense<[7.87401571E-4, 0.00157480314]> : tensor<2xf32>
// CHECK-NEXT: rac.constant dense<[-1.50393701{{[0-9]*}}, -0.992125{{[0-9]*}}]> : tensor<2xf32>
// CHECK: rac.group @product
// CHECK: ^bb0(%[[A:.*]]: tensor<3x2xui8>, %[[B:.*]]: tensor<2x2xi8>, %[[S:.*]]: tensor<2xf32>, %[[O:.*]]: tensor<2xf32>):
// CHECK-NEXT: %[[P:.*]] = rac.matmul %[[A]], %[[B]] : (tensor<3x2xui8>, tensor<2x2xi8>) -> tensor<3x2xi32>
// CHECK-NEXT: %[[F:.*]] = rac.cast %[[P]] : (tensor<3x2xi32>) -> tensor<3x2xf32>
// CHECK-NEXT: %[[M:.*]] = rac.mul %[[F]], %[[S]]
// CHECK-NEXT: %[[Q:.*]] = rac.add %[[M]], %[[O]]
// CHECK-NEXT: rac.yield %[[Q]]
func.func @bytes(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = rac.constant dense<[[1.0, -1.0], [0.5, 2.0]]> : tensor<2x2xf32>
  %0 = rac.group @relu ins(%x : tensor<3x2xf32>) -> (tensor<3x2xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<3x2xf32>):
    %1 = rac.relu %a : (tensor<3x2xf32>) -> tensor<3x2xf32>
    rac.yield %1 : tensor<3x2xf32>
  }
  %2 = rac.group @product ins(%0, %w : tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<3x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32, 0.1:10>> {
  ^bb0(%a: tensor<3x2xf32>, %b: tensor<2x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
    rac.yield %1 : tensor<3x2xf32>
  }
  return %2 : tensor<3x2xf32>
}

// -----

// A convolution has the zero point itself, since padding does not count; a channel of zeros has a scale.

// CHECK-LABEL: func.func @padded
// CHECK: rac.group @quantize_0 {{.*}} -> (tensor<1x4x1xi8>)
// CHECK: rac.constant dense<{{.*}}127{{.*}}0{{.*}}> : tensor<2x1x1xi8>
// CHECK: rac.conv %{{.*}} {{{.*}}input_zero = -3 : i64{{.*}}} : (tensor<1x4x1xi8>, tensor<2x1x1xi8>) -> tensor<1x6x2xi32>
func.func @padded(%x: tensor<1x4x1xf32>) -> tensor<1x6x2xf32> {
  %w = rac.constant dense<[[[2.0]], [[0.0]]]> : tensor<2x1x1xf32>
  %2 = rac.group @conv ins(%x, %w : tensor<1x4x1xf32>, tensor<2x1x1xf32>) -> (tensor<1x6x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<i8:f32, 0.1:-3>> {
  ^bb0(%a: tensor<1x4x1xf32>, %b: tensor<2x1x1xf32>):
    %1 = rac.conv %a, %b {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64} : (tensor<1x4x1xf32>, tensor<2x1x1xf32>) -> tensor<1x6x2xf32>
    rac.yield %1 : tensor<1x6x2xf32>
  }
  return %2 : tensor<1x6x2xf32>
}

// -----

// Weights alone: two terms of a column share a scale. Of 4 bits the value furthest from zero is -8 steps,
// and a byte holds two terms, each 8 more than its steps. What fills up the last group is zero.

// CHECK-LABEL: func.func @weights
// CHECK: %[[Q8:.*]] = rac.constant dense<{{\[}}[127], [64], [127], [0]]> : tensor<4x1xi8>
// CHECK: %[[S8:.*]] = rac.constant dense<{{\[}}[0.00787401571], [0.0157480314]]> : tensor<2x1xf32>
// CHECK: rac.group @eight ins(%{{.*}}, %[[Q8]], %[[S8]] :
// CHECK: rac.dequantize_weights %{{.*}}, %{{.*}} {blocks = array<i64: 2, 1>} : (tensor<4x1xi8>, tensor<2x1xf32>) -> tensor<4x1xf32>
// CHECK: %[[Q4:.*]] = rac.constant dense<{{\[}}[64], [-128]]> : tensor<2x1xi8>
// CHECK: %[[S4:.*]] = rac.constant dense<{{\[}}[-1.250000e-01], [-2.500000e-01]]> : tensor<2x1xf32>
// CHECK: rac.group @four ins(%{{.*}}, %[[Q4]], %[[S4]] :
// CHECK: rac.dequantize_weights %{{.*}}, %{{.*}} {blocks = array<i64: 2, 1>, nibbles} : (tensor<2x1xi8>, tensor<2x1xf32>) -> tensor<4x1xf32>
func.func @weights(%x: tensor<3x4xf32>) -> (tensor<3x1xf32>, tensor<3x1xf32>) {
  %w = rac.constant dense<[[1.0], [0.5], [2.0], [0.0]]> : tensor<4x1xf32>
  %v = rac.constant dense<[[1.0, 0.5, 2.0, 0.0]]> : tensor<1x4xf32>
  %0 = rac.group @eight ins(%x, %w : tensor<3x4xf32>, tensor<4x1xf32>) -> (tensor<3x1xf32>) plan <kind = generated, precision = f32, weights = i8, weight_group = 2> {
  ^bb0(%a: tensor<3x4xf32>, %b: tensor<4x1xf32>):
    %1 = rac.matmul %a, %b : (tensor<3x4xf32>, tensor<4x1xf32>) -> tensor<3x1xf32>
    rac.yield %1 : tensor<3x1xf32>
  }
  %2 = rac.group @four ins(%x, %v : tensor<3x4xf32>, tensor<1x4xf32>) -> (tensor<3x1xf32>) plan <kind = generated, precision = f32, weights = i4, weight_group = 2> {
  ^bb0(%a: tensor<3x4xf32>, %b: tensor<1x4xf32>):
    %t = rac.transpose %b, [1, 0] : (tensor<1x4xf32>) -> tensor<4x1xf32>
    %1 = rac.matmul %a, %t : (tensor<3x4xf32>, tensor<4x1xf32>) -> tensor<3x1xf32>
    rac.yield %1 : tensor<3x1xf32>
  }
  return %0, %2 : tensor<3x1xf32>, tensor<3x1xf32>
}

// -----

// A byte's halves are those of a group.

// CHECK-LABEL: func.func @ragged
// CHECK: %[[Q:.*]] = rac.constant dense<{{\[}}[0], [-124], [-120], [-120]]> : tensor<4x1xi8>
// CHECK: rac.dequantize_weights %{{.*}}, %{{.*}} {blocks = array<i64: 4, 1>, nibbles, rows = 5 : i64} : (tensor<4x1xi8>, tensor<2x1xf32>) -> tensor<5x1xf32>
func.func @ragged(%x: tensor<3x5xf32>) -> tensor<3x1xf32> {
  %w = rac.constant dense<[[1.0], [0.5], [1.0], [0.0], [0.0]]> : tensor<5x1xf32>
  %0 = rac.group @four ins(%x, %w : tensor<3x5xf32>, tensor<5x1xf32>) -> (tensor<3x1xf32>) plan <kind = generated, precision = f32, weights = i4, weight_group = 4> {
  ^bb0(%a: tensor<3x5xf32>, %b: tensor<5x1xf32>):
    %1 = rac.matmul %a, %b : (tensor<3x5xf32>, tensor<5x1xf32>) -> tensor<3x1xf32>
    rac.yield %1 : tensor<3x1xf32>
  }
  return %0 : tensor<3x1xf32>
}

// -----

// A group of fewer terms than the plan's has no more.

// CHECK-LABEL: func.func @few
// CHECK: rac.dequantize_weights %{{.*}}, %{{.*}} {blocks = array<i64: 4, 1>, nibbles, rows = 3 : i64} : (tensor<2x1xi8>, tensor<1x1xf32>) -> tensor<3x1xf32>
func.func @few(%x: tensor<3x3xf32>) -> tensor<3x1xf32> {
  %w = rac.constant dense<[[1.0], [0.5], [1.0]]> : tensor<3x1xf32>
  %0 = rac.group @four ins(%x, %w : tensor<3x3xf32>, tensor<3x1xf32>) -> (tensor<3x1xf32>) plan <kind = generated, precision = f32, weights = i4, weight_group = 32> {
  ^bb0(%a: tensor<3x3xf32>, %b: tensor<3x1xf32>):
    %1 = rac.matmul %a, %b : (tensor<3x3xf32>, tensor<3x1xf32>) -> tensor<3x1xf32>
    rac.yield %1 : tensor<3x1xf32>
  }
  return %0 : tensor<3x1xf32>
}

// -----

// Some want bytes, others 16 bits: it lies in memory in these, and bytes are made of them.

// CHECK-LABEL: func.func @bytes_and_halves
// CHECK: %[[Y:.*]] = rac.group @relu {{.*}} -> (tensor<?x2xbf16>)
// CHECK: %[[Q:.*]] = rac.group @quantize_0 ins(%[[Y]] : tensor<?x2xbf16>) -> (tensor<?x2xui8>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<?x2xbf16>):
// CHECK-NEXT: %[[W:.*]] = rac.cast %[[A]] : (tensor<?x2xbf16>) -> tensor<?x2xf32>
// CHECK-NEXT: rac.quantize %[[W]]
// CHECK: rac.group @bytes ins(%[[Q]],
// CHECK: rac.group @halves ins(%[[Y]],
func.func @bytes_and_halves(%x: tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %w = rac.constant dense<[[1.0, -1.0], [0.5, 2.0]]> : tensor<2x2xf32>
  %0 = rac.group @relu ins(%x : tensor<?x2xf32>) -> (tensor<?x2xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<?x2xf32>):
    %1 = rac.relu %a : (tensor<?x2xf32>) -> tensor<?x2xf32>
    rac.yield %1 : tensor<?x2xf32>
  }
  %2 = rac.group @bytes ins(%0, %w : tensor<?x2xf32>, tensor<2x2xf32>) -> (tensor<?x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32, 0.1:10>> {
  ^bb0(%a: tensor<?x2xf32>, %b: tensor<2x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
    rac.yield %1 : tensor<?x2xf32>
  }
  %3 = rac.group @halves ins(%0, %w : tensor<?x2xf32>, tensor<2x2xf32>) -> (tensor<?x2xf32>) plan <kind = library, precision = bf16> {
  ^bb0(%a: tensor<?x2xf32>, %b: tensor<2x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
    rac.yield %1 : tensor<?x2xf32>
  }
  return %2, %3 : tensor<?x2xf32>, tensor<?x2xf32>
}

// -----

// The library can't make bytes of a product of 16 bits, but it can write those.

// CHECK-LABEL: func.func @halves_to_bytes
// CHECK: %[[Y:.*]] = rac.group @halves {{.*}} -> (tensor<?x2xbf16>)
// CHECK: %[[Q:.*]] = rac.group @quantize_{{.*}} ins(%[[Y]] : tensor<?x2xbf16>) -> (tensor<?x2xui8>)
// CHECK: rac.group @bytes ins(%[[Q]],
func.func @halves_to_bytes(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = rac.constant dense<[[1.0, -1.0], [0.5, 2.0]]> : tensor<2x2xf32>
  %0 = rac.group @halves ins(%x, %w : tensor<?x2xf32>, tensor<2x2xf32>) -> (tensor<?x2xf32>) plan <kind = library, precision = bf16> {
  ^bb0(%a: tensor<?x2xf32>, %b: tensor<2x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
    rac.yield %1 : tensor<?x2xf32>
  }
  %2 = rac.group @bytes ins(%0, %w : tensor<?x2xf32>, tensor<2x2xf32>) -> (tensor<?x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32, 0.1:10>> {
  ^bb0(%a: tensor<?x2xf32>, %b: tensor<2x2xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
    rac.yield %1 : tensor<?x2xf32>
  }
  return %2 : tensor<?x2xf32>
}
