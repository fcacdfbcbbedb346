// RUN: rac-opt %s --rac-form-groups=device=epyc-zen4 --split-input-file | FileCheck %s
// RUN: rac-opt %s "--rac-form-groups=device=epyc-zen4 library=false" --split-input-file | FileCheck %s --check-prefix=GENERATED

// CHECK-LABEL: @conv_chain
// GENERATED-LABEL: @conv_chain
func.func @conv_chain(%x: tensor<1x56x56x64xf32>, %f: tensor<64x64x3x3xf32>, %b: tensor<64xf32>, %r: tensor<1x56x56x64xf32>) -> tensor<1x56x56x64xf32> {
  // CHECK: rac.group @conv_add_add_0 ins(%arg0, %arg1, %arg2, %arg3 : {{.*}}) -> (tensor<1x56x56x64xf32>) plan <kind = library, precision = f32, cost = #rac.cost<seconds = {{.*}}, flops = {{.*}}, bytes = {{.*}}>> instead_of [#rac.alternative<
  // CHECK: rac.conv
  // CHECK-NEXT: rac.add
  // CHECK-NEXT: rac.add
  // CHECK-NEXT: rac.relu
  // CHECK-NEXT: rac.yield
  // GENERATED-NOT: kind = library
  %0 = rac.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x56x56x64xf32>, tensor<64x64x3x3xf32>) -> tensor<1x56x56x64xf32>
  %1 = rac.add %0, %b : (tensor<1x56x56x64xf32>, tensor<64xf32>) -> tensor<1x56x56x64xf32>
  %2 = rac.add %r, %1 : (tensor<1x56x56x64xf32>, tensor<1x56x56x64xf32>) -> tensor<1x56x56x64xf32>
  %3 = rac.relu %2 : (tensor<1x56x56x64xf32>) -> tensor<1x56x56x64xf32>
  return %3 : tensor<1x56x56x64xf32>
}

// -----

// What the library can't do in passing: a second use, the chain as divisor, an
// operand for each row.
// CHECK-LABEL: @chain_ends
func.func @chain_ends(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %r: tensor<256x1xf32>) -> (tensor<256x256xf32>, tensor<256x256xf32>, tensor<256x256xf32>, tensor<256x256xf32>) {
  // CHECK: rac.group @matmul_0
  // CHECK: rac.matmul
  // CHECK-NEXT: rac.yield
  // CHECK: rac.group @relu_1 {{.*}}kind = generated
  %0 = rac.matmul %x, %w : (tensor<256x256xf32>, tensor<256x256xf32>) -> tensor<256x256xf32>
  %1 = rac.relu %0 : (tensor<256x256xf32>) -> tensor<256x256xf32>
  // CHECK: rac.group @matmul_2
  // CHECK: rac.group @div_3 {{.*}}kind = generated
  %2 = rac.matmul %w, %x : (tensor<256x256xf32>, tensor<256x256xf32>) -> tensor<256x256xf32>
  %3 = rac.div %x, %2 : (tensor<256x256xf32>, tensor<256x256xf32>) -> tensor<256x256xf32>
  // CHECK: rac.group @matmul_4
  // CHECK: rac.group @mul_5 {{.*}}kind = generated
  %4 = rac.matmul %w, %w : (tensor<256x256xf32>, tensor<256x256xf32>) -> tensor<256x256xf32>
  %5 = rac.mul %4, %r : (tensor<256x256xf32>, tensor<256x1xf32>) -> tensor<256x256xf32>
  return %0, %1, %3, %5 : tensor<256x256xf32>, tensor<256x256xf32>, tensor<256x256xf32>, tensor<256x256xf32>
}

// -----

// Transposes are strides of the library's operands and result.
// CHECK-LABEL: @attention_product
func.func @attention_product(%p: tensor<1x8x128x128xf32>, %v: tensor<1x128x8x64xf32>) -> tensor<1x128x8x64xf32> {
  // CHECK: rac.group @matmul_transpose_0 {{.*}}kind = library
  // CHECK: rac.transpose
  // CHECK-NEXT: rac.matmul
  // CHECK-NEXT: rac.transpose
  // CHECK-NEXT: rac.yield
  %0 = rac.transpose %v, [0, 2, 1, 3] : (tensor<1x128x8x64xf32>) -> tensor<1x8x128x64xf32>
  %1 = rac.matmul %p, %0 : (tensor<1x8x128x128xf32>, tensor<1x8x128x64xf32>) -> tensor<1x8x128x64xf32>
  %2 = rac.transpose %1, [0, 2, 1, 3] : (tensor<1x8x128x64xf32>) -> tensor<1x128x8x64xf32>
  return %2 : tensor<1x128x8x64xf32>
}

// -----

// Neither matrix dimension would be dense.
// CHECK-LABEL: @no_dense_dimension
func.func @no_dense_dimension(%p: tensor<64x128x128xf32>, %v: tensor<128x64x64xf32>) -> tensor<64x128x64xf32> {
  // CHECK: rac.group @transpose_0
  // CHECK: rac.group @matmul_1
  // CHECK-NOT: rac.transpose
  %0 = rac.transpose %v, [2, 0, 1] : (tensor<128x64x64xf32>) -> tensor<64x128x64xf32>
  %1 = rac.matmul %p, %0 : (tensor<64x128x128xf32>, tensor<64x128x64xf32>) -> tensor<64x128x64xf32>
  return %1 : tensor<64x128x64xf32>
}

// -----

// A product so small that calling the library takes longer.
// CHECK-LABEL: @tiny
func.func @tiny(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  // CHECK: rac.group @matmul_0 {{.*}}kind = generated
  %0 = rac.matmul %x, %w : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// Bytes times signed bytes can be the library's business.
// CHECK-LABEL: @integer
func.func @integer(%x: tensor<256x256xi8>, %w: tensor<256x256xi8>) -> tensor<256x256xi32> {
  // CHECK: rac.group @matmul_0 {{.*}}kind = library, precision = i8
  %0 = rac.matmul %x, %w : (tensor<256x256xi8>, tensor<256x256xi8>) -> tensor<256x256xi32>
  return %0 : tensor<256x256xi32>
}

// -----

// Elementwise ops of one shape are one kernel; small constants are in it.
// CHECK-LABEL: @elementwise
func.func @elementwise(%x: tensor<?x4xf32>, %y: tensor<4xf32>) -> tensor<?x4xf32> {
  %c = rac.constant dense<2.0> : tensor<f32>
  %d = rac.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  // CHECK: %[[D:.*]] = rac.constant dense<[1.0
  // CHECK: rac.group @exp_mul_add_0 ins(%arg0, %[[D]], %arg1 :
  // CHECK: rac.constant dense<2.0
  // CHECK-NOT: rac.group
  %0 = rac.exp %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = rac.mul %0, %c : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %2 = rac.add %1, %d : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %3 = rac.sub %2, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %3 : tensor<?x4xf32>
}

// -----

// A producer of fewer elements would be computed for each of many.
// CHECK-LABEL: @broadcast_producer
func.func @broadcast_producer(%x: tensor<64x64xf32>, %y: tensor<64xf32>) -> tensor<64x64xf32> {
  // CHECK: rac.group @exp_0
  // CHECK: rac.group @add_1
  %0 = rac.exp %y : (tensor<64xf32>) -> tensor<64xf32>
  %1 = rac.add %x, %0 : (tensor<64x64xf32>, tensor<64xf32>) -> tensor<64x64xf32>
  return %1 : tensor<64x64xf32>
}

// -----

// CHECK-LABEL: @around_softmax
func.func @around_softmax(%x: tensor<8x64xf32>, %m: tensor<1x64xf32>) -> tensor<8x64xf32> {
  // CHECK: rac.group @add_softmax_mul_0
  // CHECK-NOT: rac.group
  %c = rac.constant dense<2.0> : tensor<f32>
  %0 = rac.add %x, %m : (tensor<8x64xf32>, tensor<1x64xf32>) -> tensor<8x64xf32>
  %1 = rac.softmax %0 axis 1 : tensor<8x64xf32>
  %2 = rac.mul %1, %c : (tensor<8x64xf32>, tensor<f32>) -> tensor<8x64xf32>
  return %2 : tensor<8x64xf32>
}

// -----

// Two reductions are two kernels, whatever stands between them.
// CHECK-LABEL: @two_reductions
func.func @two_reductions(%x: tensor<8x64xf32>) -> tensor<8xf32> {
  // CHECK: rac.group @softmax_0
  // CHECK: rac.group @exp_reduce_1
  %0 = rac.softmax %x axis 1 : tensor<8x64xf32>
  %1 = rac.exp %0 : (tensor<8x64xf32>) -> tensor<8x64xf32>
  %2 = rac.reduce sum %1 axes [1] : (tensor<8x64xf32>) -> tensor<8xf32>
  return %2 : tensor<8xf32>
}

// -----

// A cast is computed again wherever it is needed; nothing keeps its result.
// CHECK-LABEL: @cheap_copies
func.func @cheap_copies(%x: tensor<64xi32>, %y: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  // CHECK: rac.group @cast_add_{{[0-9]+}}
  // CHECK: rac.group @cast_exp_{{[0-9]+}}
  // CHECK-NOT: rac.group
  %0 = rac.cast %x : (tensor<64xi32>) -> tensor<64xf32>
  %1 = rac.add %0, %y : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %2 = rac.exp %0 : (tensor<64xf32>) -> tensor<64xf32>
  return %1, %2 : tensor<64xf32>, tensor<64xf32>
}

// -----

// Reshapes, constants and shape arithmetic stay outside; dead ops go.
// CHECK-LABEL: @outside
func.func @outside(%x: tensor<?x4xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  // CHECK: tensor.dim
  // CHECK: affine.apply
  // CHECK: rac.reshape
  // CHECK: rac.group @exp_0
  // CHECK-NOT: rac.log
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %m = affine.apply affine_map<()[s0] -> (s0 * 4)>()[%n]
  %0 = rac.reshape %x to [%m] : (tensor<?x4xf32>) -> tensor<?xf32>
  %1 = rac.exp %0 : (tensor<?xf32>) -> tensor<?xf32>
  %2 = rac.log %0 : (tensor<?xf32>) -> tensor<?xf32>
  return %1 : tensor<?xf32>
}

// -----

// Sizes are operands of a group.
// CHECK-LABEL: @sizes
func.func @sizes(%x: tensor<1x4xf32>, %n: index) -> tensor<?x4xf32> {
  // CHECK: rac.group @expand_exp_0 ins(%arg0, %arg1 : tensor<1x4xf32>, index)
  %0 = rac.expand %x to [%n, 4] : (tensor<1x4xf32>) -> tensor<?x4xf32>
  %1 = rac.exp %0 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}

// -----

// Bodies of control flow are planned on their own.
// CHECK-LABEL: @control_flow
func.func @control_flow(%x: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  // CHECK: rac.group @exp_{{[0-9]+}}
  // CHECK: scf.if
  // CHECK: rac.group @relu_{{[0-9]+}}
  // CHECK: else
  // CHECK: rac.group @sigmoid_{{[0-9]+}}
  %0 = rac.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = scf.if %c -> tensor<4xf32> {
    %2 = rac.relu %0 : (tensor<4xf32>) -> tensor<4xf32>
    scf.yield %2 : tensor<4xf32>
  } else {
    %2 = rac.sigmoid %0 : (tensor<4xf32>) -> tensor<4xf32>
    scf.yield %2 : tensor<4xf32>
  }
  return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @several_results
func.func @several_results(%x: tensor<8xf32>, %k: index) -> (tensor<?xf32>, tensor<?xi64>) {
  // CHECK: %{{.*}}:2 = rac.group @top_k_0 ins(%arg0, %arg1 : tensor<8xf32>, index) -> (tensor<?xf32>, tensor<?xi64>)
  %v, %i = rac.top_k %x, %k axis 0 {largest} : (tensor<8xf32>) -> (tensor<?xf32>, tensor<?xi64>)
  return %v, %i : tensor<?xf32>, tensor<?xi64>
}

// -----

// Casts that every user computes again: nothing is left of them, nor of what they alone needed.
// CHECK-LABEL: @copied_everywhere
func.func @copied_everywhere(%x: tensor<?xui8>) -> (tensor<?xi32>, tensor<?xi32>, tensor<?xi1>) {
  // CHECK-NOT: rac.cast
  // CHECK: rac.group @cast_cast_add
  // CHECK: rac.group @cast_cast_abs
  // CHECK: rac.group @cast_cast_cast
  // CHECK-NOT: rac.group
  %0 = rac.cast %x : (tensor<?xui8>) -> tensor<?xi16>
  %1 = rac.cast %0 : (tensor<?xi16>) -> tensor<?xi32>
  %2 = rac.add %1, %1 : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
  %3 = rac.abs %1 : (tensor<?xi32>) -> tensor<?xi32>
  %4 = rac.cast %1 : (tensor<?xi32>) -> tensor<?xi1>
  return %2, %3, %4 : tensor<?xi32>, tensor<?xi32>, tensor<?xi1>
}

// -----

// What is dead goes with all that is in it.
// CHECK-LABEL: @dead_loop
func.func @dead_loop(%x: tensor<8xf32>, %n: index) -> tensor<8xf32> {
  // CHECK-NOT: rac.parallel_for
  // CHECK: rac.group @relu_0
  rac.parallel_for %n grain %n threads 0 {
  ^bb0(%low: index, %high: index):
    %size = arith.subi %high, %low : index
  }
  %0 = rac.relu %x : (tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
