// RUN: rac-opt %s --split-input-file --verify-diagnostics

func.func @broadcast(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error @+1 {{operands don't broadcast to one shape}}
  %0 = rac.add %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @bitcast(%x: tensor<2xf32>) {
  // expected-error @+1 {{element types differ in width}}
  %0 = rac.bitcast %x : (tensor<2xf32>) -> tensor<2xi64>
  return
}

// -----

func.func @matmul_rank(%x: tensor<3xf32>, %y: tensor<3x4xf32>) {
  // expected-error @+1 {{operands need at least two dimensions}}
  %0 = rac.matmul %x, %y : (tensor<3xf32>, tensor<3x4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @matmul_contraction(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>) {
  // expected-error @+1 {{contracted dimensions differ}}
  %0 = rac.matmul %x, %y : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @matmul_batch(%x: tensor<2x4x3xf32>, %y: tensor<3x3x5xf32>) {
  // expected-error @+1 {{batch dimensions don't broadcast}}
  %0 = rac.matmul %x, %y : (tensor<2x4x3xf32>, tensor<3x3x5xf32>) -> tensor<2x4x5xf32>
  return
}

// -----

func.func @matmul_accumulator(%x: tensor<2x3xi8>, %y: tensor<3x5xi8>) {
  // expected-error @+1 {{element types don't fit}}
  %0 = rac.matmul %x, %y : (tensor<2x3xi8>, tensor<3x5xi8>) -> tensor<2x5xf32>
  return
}

// -----

func.func @conv_channels(%x: tensor<1x9x4xf32>, %f: tensor<8x3x3xf32>) {
  // expected-error @+1 {{input has 4 channels, the filter takes 3}}
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x9x4xf32>, tensor<8x3x3xf32>) -> tensor<1x7x8xf32>
  return
}

// -----

func.func @conv_stride(%x: tensor<1x9x4xf32>, %f: tensor<8x4x3xf32>) {
  // expected-error @+1 {{strides has 0, below 1}}
  %0 = rac.conv %x, %f {strides = array<i64: 0>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x9x4xf32>, tensor<8x4x3xf32>) -> tensor<1x7x8xf32>
  return
}

// -----

func.func @conv_window(%x: tensor<1x9x4xf32>, %f: tensor<8x4x3xf32>) {
  // expected-error @+1 {{pads_low needs an entry for each of the 1 spatial dimensions}}
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x9x4xf32>, tensor<8x4x3xf32>) -> tensor<1x7x8xf32>
  return
}

// -----

func.func @conv_groups(%x: tensor<1x9x4xf32>, %f: tensor<7x2x3xf32>) {
  // expected-error @+1 {{groups don't divide the filter's first dimension}}
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 2 : i64} : (tensor<1x9x4xf32>, tensor<7x2x3xf32>) -> tensor<1x7x7xf32>
  return
}

// -----

func.func @pool_rank(%x: tensor<9x4xf32>) {
  // expected-error @+1 {{input needs at least three dimensions}}
  %0 = rac.pool max %x {window = array<i64>, strides = array<i64>, dilations = array<i64>, pads_low = array<i64>, pads_high = array<i64>, ceil_extra = array<i64>} : (tensor<9x4xf32>) -> tensor<9x4xf32>
  return
}

// -----

func.func @reduce_order(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{axes must ascend}}
  %0 = rac.reduce sum %x axes [1, 0] : (tensor<2x3xf32>) -> tensor<f32>
  return
}

// -----

func.func @softmax_axis(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{axis 2 is out of range for rank 2}}
  %0 = rac.softmax %x axis 2 : tensor<2x3xf32>
  return
}

// -----

func.func @gather_elements_rank(%x: tensor<2x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{input and indices differ in rank}}
  %0 = rac.gather_elements %x, %i axis 0 : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_nd_depth(%x: tensor<2x3xf32>, %i: tensor<2x3xi64>) {
  // expected-error @+1 {{indices name more dimensions than the input has}}
  %0 = rac.gather_nd %x, %i batch_dims 0 : (tensor<2x3xf32>, tensor<2x3xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @scatter_nd_updates(%x: tensor<2x3xf32>, %i: tensor<2x1xi64>, %u: tensor<2xf32>) {
  // expected-error @+1 {{updates have the wrong rank}}
  %0 = rac.scatter_nd replace %x, %i, %u : (tensor<2x3xf32>, tensor<2x1xi64>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @attention_width(%q: tensor<1x4x8xf32>, %k: tensor<1x4x6xf32>) {
  // expected-error @+1 {{query and key differ in their last dimension}}
  %0 = rac.attention %q, %k, %k scale 1.0 : (tensor<1x4x8xf32>, tensor<1x4x6xf32>, tensor<1x4x6xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @group_arguments(%x: tensor<4xf32>) {
  // expected-error @+1 {{body arguments differ from the operands in type}}
  %0 = rac.group @g ins(%x : tensor<4xf32>) -> (tensor<4xf32>) {
  ^bb0(%a: tensor<5xf32>):
    %1 = rac.iota axis 0 sizes [4] : tensor<4xi64>
    %2 = rac.cast %1 : (tensor<4xi64>) -> tensor<4xf32>
    rac.yield %2 : tensor<4xf32>
  }
  return
}

// -----

func.func @group_results(%x: tensor<4xf32>) {
  // expected-error @+1 {{yielded values differ from the results in type}}
  %0 = rac.group @g ins(%x : tensor<4xf32>) -> (tensor<5xf32>) {
  ^bb0(%a: tensor<4xf32>):
    rac.yield %a : tensor<4xf32>
  }
  return
}

// -----

func.func @plan_kind(%x: tensor<4xf32>) {
  // expected-error @+1 {{unknown kernel kind 'magic'}}
  %0 = rac.group @g ins(%x : tensor<4xf32>) -> (tensor<4xf32>) plan #rac.plan<kind = magic, precision = f32> {
  ^bb0(%a: tensor<4xf32>):
    rac.yield %a : tensor<4xf32>
  }
  return
}

// -----

func.func @plan_field(%x: tensor<4xf32>) {
  // expected-error @+1 {{a plan has no 'speed'}}
  %0 = rac.group @g ins(%x : tensor<4xf32>) -> (tensor<4xf32>) plan #rac.plan<kind = library, precision = f32, speed = 3> {
  ^bb0(%a: tensor<4xf32>):
    rac.yield %a : tensor<4xf32>
  }
  return
}

// -----

func.func @plan_incomplete(%x: tensor<4xf32>) {
  // expected-error @+1 {{a plan needs a kind and a precision}}
  %0 = rac.group @g ins(%x : tensor<4xf32>) -> (tensor<4xf32>) plan #rac.plan<kind = library> {
  ^bb0(%a: tensor<4xf32>):
    rac.yield %a : tensor<4xf32>
  }
  return
}
