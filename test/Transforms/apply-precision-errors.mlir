// RUN: rac-opt %s --split-input-file --rac-apply-precision --verify-diagnostics

func.func @weights(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) -> tensor<2x4xf32> {
  %0 = rac.group @product ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) -> (tensor<2x4xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32, 0.1>> {
  ^bb0(%a: tensor<2x4xf32>, %b: tensor<4x4xf32>):
    // expected-error @+1 {{has no constant weights, and can't be computed in 'i8', as its plan says}}
    %1 = rac.matmul %a, %b : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
    rac.yield %1 : tensor<2x4xf32>
  }
  return %0 : tensor<2x4xf32>
}

// -----

func.func @infinite(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %w = rac.constant dense<[[1.0, 0x7F800000], [0.5, 2.0]]> : tensor<2x2xf32>
  %0 = rac.group @product ins(%x, %w : tensor<2x2xf32>, tensor<2x2xf32>) -> (tensor<2x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32, 0.1>> {
  ^bb0(%a: tensor<2x2xf32>, %b: tensor<2x2xf32>):
    // expected-error @+1 {{can't be computed in 'i8', as its plan says: its weights are not all finite}}
    %1 = rac.matmul %a, %b : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    rac.yield %1 : tensor<2x2xf32>
  }
  return %0 : tensor<2x2xf32>
}

// -----

func.func @batch(%x: tensor<3x2x4xf32>) -> tensor<3x2x4xf32> {
  %w = rac.constant dense<1.0> : tensor<3x4x4xf32>
  %0 = rac.group @product ins(%x, %w : tensor<3x2x4xf32>, tensor<3x4x4xf32>) -> (tensor<3x2x4xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32, 0.1>> {
  ^bb0(%a: tensor<3x2x4xf32>, %b: tensor<3x4x4xf32>):
    // expected-error @+1 {{has a batch of weights, which can't be in 'i8'}}
    %1 = rac.matmul %a, %b : (tensor<3x2x4xf32>, tensor<3x4x4xf32>) -> tensor<3x2x4xf32>
    rac.yield %1 : tensor<3x2x4xf32>
  }
  return %0 : tensor<3x2x4xf32>
}

// -----

func.func @odd_group(%x: tensor<2x4xf32>) -> tensor<2x1xf32> {
  %w = rac.constant dense<[[1.0], [0.5], [1.0], [0.0]]> : tensor<4x1xf32>
  %0 = rac.group @product ins(%x, %w : tensor<2x4xf32>, tensor<4x1xf32>) -> (tensor<2x1xf32>) plan <kind = generated, precision = f32, weights = i4, weight_group = 3> {
  ^bb0(%a: tensor<2x4xf32>, %b: tensor<4x1xf32>):
    // expected-error @+1 {{can't have weights of 'i4', as its plan says: two of a group lie in a byte, and it has an odd number}}
    %1 = rac.matmul %a, %b : (tensor<2x4xf32>, tensor<4x1xf32>) -> tensor<2x1xf32>
    rac.yield %1 : tensor<2x1xf32>
  }
  return %0 : tensor<2x1xf32>
}

// -----

func.func @several(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = rac.constant dense<1.0> : tensor<4x4xf32>
  // expected-error @+1 {{multiplies more than once, which can't be in 'i8'}}
  %0 = rac.group @products ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) -> (tensor<2x4xf32>) plan <kind = generated, precision = i8, activation = !quant.uniform<u8:f32, 0.1>> {
  ^bb0(%a: tensor<2x4xf32>, %b: tensor<4x4xf32>):
    %1 = rac.matmul %a, %b : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
    %2 = rac.matmul %1, %b : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
    rac.yield %2 : tensor<2x4xf32>
  }
  return %0 : tensor<2x4xf32>
}

// -----

func.func @channels(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = rac.constant dense<1.0> : tensor<4x4xf32>
  %0 = rac.group @product ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) -> (tensor<2x4xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32:1, {0.1:10, 0.2:10}>> {
  ^bb0(%a: tensor<2x4xf32>, %b: tensor<4x4xf32>):
    // expected-error @+1 {{has a plan with steps of 2 channels, dimension 1, and a first operand 'tensor<2x4xf32>'}}
    %1 = rac.matmul %a, %b : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
    rac.yield %1 : tensor<2x4xf32>
  }
  return %0 : tensor<2x4xf32>
}

// -----

func.func @rows(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %w = rac.constant dense<1.0> : tensor<2x2xf32>
  %0 = rac.group @product ins(%x, %w : tensor<2x2xf32>, tensor<2x2xf32>) -> (tensor<2x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32:0, {0.1:10, 0.2:10}>> {
  ^bb0(%a: tensor<2x2xf32>, %b: tensor<2x2xf32>):
    // expected-error @+1 {{has a plan with steps of 2 channels, dimension 0, and a first operand 'tensor<2x2xf32>'}}
    %1 = rac.matmul %a, %b : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    rac.yield %1 : tensor<2x2xf32>
  }
  return %0 : tensor<2x2xf32>
}

// -----

func.func @made_inside(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %w = rac.constant dense<1.0> : tensor<2x2xf32>
  %0 = rac.group @product ins(%x, %w : tensor<2x2xf32>, tensor<2x2xf32>) -> (tensor<2x2xf32>) plan <kind = library, precision = i8, activation = !quant.uniform<u8:f32:1, {0.1:10, 0.2:10}>> {
  ^bb0(%a: tensor<2x2xf32>, %b: tensor<2x2xf32>):
    %t = rac.transpose %a, [1, 0] : (tensor<2x2xf32>) -> tensor<2x2xf32>
    // expected-error @+1 {{has its first operand made in the group, which can't have steps by channel, as its plan says}}
    %1 = rac.matmul %t, %b : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    rac.yield %1 : tensor<2x2xf32>
  }
  return %0 : tensor<2x2xf32>
}

// -----

func.func @float8_weights(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) -> tensor<2x4xf32> {
  %0 = rac.group @product ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) -> (tensor<2x4xf32>) plan <kind = generated, precision = f8E4M3FN, activation = !quant.uniform<i8:f32, 0.1>> {
  ^bb0(%a: tensor<2x4xf32>, %b: tensor<4x4xf32>):
    // expected-error @+1 {{has no constant weights, and can't be computed in 'f8E4M3FN', as its plan says}}
    %1 = rac.matmul %a, %b : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
    rac.yield %1 : tensor<2x4xf32>
  }
  return %0 : tensor<2x4xf32>
}

// -----

func.func @no_steps(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = rac.constant dense<1.0> : tensor<4x4xf32>
  // expected-error @+1 {{is planned in 'i8', but multiplies f32: in f32, tf32, f16, bf16, or with steps of its activations (activation) in i8 or f8E4M3FN}}
  %0 = rac.group @product ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) -> (tensor<2x4xf32>) plan <kind = library, precision = i8> {
  ^bb0(%a: tensor<2x4xf32>, %b: tensor<4x4xf32>):
    %1 = rac.matmul %a, %b : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
    rac.yield %1 : tensor<2x4xf32>
  }
  return %0 : tensor<2x4xf32>
}

// -----

func.func @wider(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %w = rac.constant dense<1.0> : tensor<4x4xf32>
  // expected-error @+1 {{is planned in 'f64', but multiplies f32: in f32, tf32, f16, bf16, or with steps of its activations (activation) in i8 or f8E4M3FN}}
  %0 = rac.group @product ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) -> (tensor<2x4xf32>) plan <kind = library, precision = f64> {
  ^bb0(%a: tensor<2x4xf32>, %b: tensor<4x4xf32>):
    %1 = rac.matmul %a, %b : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
    rac.yield %1 : tensor<2x4xf32>
  }
  return %0 : tensor<2x4xf32>
}
