// RUN: rac-opt %s --split-input-file --verify-diagnostics
//
// Plans are edited by hand: what can't be carried out is an error.

// expected-error @+1 {{a plan can't have -1 threads}}
module attributes {test.plan = #rac.plan<kind = library, precision = f32, threads = -1>} {}

// -----

// expected-error @+1 {{a plan can't have a tile of -8}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f32, tiles = [1, -8]>} {}

// -----

// expected-error @+1 {{a plan can't have a tile of -4}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f32, tiles = [1], reduction = [-4]>} {}

// -----

// expected-error @+1 {{a plan's order names each of its 2 tiles once}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f32, tiles = [1], reduction = [4], order = [1, 1]>} {}

// -----

// expected-error @+1 {{a register tile is rows and vectors, both positive}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f32, registers = [6, 0]>} {}

// -----

// expected-error @+1 {{a library call has no tiles}}
module attributes {test.plan = #rac.plan<kind = library, precision = f32, registers = [6, 4]>} {}

// -----

// expected-error @+1 {{a library call has no tiles}}
module attributes {test.plan = #rac.plan<kind = library, precision = f32, tiles = [1]>} {}

// -----

// expected-error @+1 {{a plan's precision is a number's type, not 'tensor<4xf32>'}}
module attributes {test.plan = #rac.plan<kind = library, precision = tensor<4xf32>>} {}

// -----

func.func @tiles(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{plan has 2 tiles for the 1 dimensions of the first result}}
  %0 = rac.group @g ins(%x : tensor<4xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32, tiles = [1, 0]> {
  ^bb0(%a: tensor<4xf32>):
    %1 = rac.relu %a : (tensor<4xf32>) -> tensor<4xf32>
    rac.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// -----

func.func @outside(%x: tensor<4xf32>) {
  // expected-error @+1 {{expects parent op 'rac.group'}}
  rac.yield %x : tensor<4xf32>
}

// -----

// A body sees only its arguments.
func.func @from_above(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-note @+1 {{required by region isolation constraints}}
  %0 = rac.group @g -> (tensor<4xf32>) {
    // expected-error @+1 {{'rac.relu' op using value defined outside the region}}
    %1 = rac.relu %x : (tensor<4xf32>) -> tensor<4xf32>
    rac.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
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

// -----

func.func @unplanned_alternatives(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'rac.group' op has alternatives but no plan}}
  %y = rac.group @relu ins(%x : tensor<4xf32>) -> (tensor<4xf32>) instead_of [#rac.alternative<form = "relu", plan = <kind = library, precision = f32, cost = #rac.cost<seconds = 1.0, flops = 4.0>>, reason = "2.00 times the time">] {
  ^bb0(%a: tensor<4xf32>):
    %0 = rac.relu %a : (tensor<4xf32>) -> tensor<4xf32>
    rac.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

// expected-error @+1 {{an alternative needs a plan with its cost}}
module attributes {test.a = #rac.alternative<form = "relu", plan = <kind = library, precision = f32>, reason = "2.00 times the time">} {}

// -----

// expected-error @+1 {{an alternative needs a form and a reason}}
module attributes {test.a = #rac.alternative<form = "", plan = <kind = library, precision = f32, cost = #rac.cost<seconds = 1.0, flops = 4.0>>, reason = "2.00 times the time">} {}

// -----

// expected-error @+1 {{a plan can't score 1.000000e+00, less than the bound of 2.000000e+00}}
module attributes {test.a = #rac.search<objective = latency, score = 1.0, bound = 2.0, activations = 0, weights = 0, candidates = 1>} {}

// -----

// expected-error @+1 {{a budget can't be negative}}
module attributes {test.a = #rac.search<objective = latency, score = 1.0, bound = 1.0, max_bytes = -1, activations = 0, weights = 0, candidates = 1>} {}

// -----

// expected-error @+1 {{memory can't be negative}}
module attributes {test.a = #rac.search<objective = latency, score = 1.0, bound = 1.0, activations = -8, weights = 0, candidates = 1>} {}

// -----

// expected-error @+1 {{rivals are #rac.point}}
module attributes {test.a = #rac.search<objective = latency, score = 1.0, bound = 1.0, activations = 0, weights = 0, candidates = 1, rivals = [1]>} {}

// -----

// expected-error @+1 {{a library call has no warps, stages or split}}
module attributes {test.plan = #rac.plan<kind = library, precision = f32, stages = 2>} {}

// -----

// expected-error @+1 {{a block has at most 32 warps, not 33}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f32, warps = 33>} {}

// -----

// expected-error @+1 {{a block has at most 32 warps, not -1}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f32, warps = -1>} {}

// -----

// expected-error @+1 {{a plan can't have -2 stages}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f32, stages = -2>} {}

// -----

// expected-error @+1 {{a plan can't have -1 parts of a sum}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f32, split = -1>} {}

// -----

// expected-error @+1 {{a plan's activations are quantised to 8 bits, with one scale for all or one for each channel, not 'i8'}}
module attributes {test.plan = #rac.plan<kind = library, precision = i8, activation = i8>} {}

// -----

// expected-error @+1 {{all channels of a plan's activations have the same zero point, unlike those of}}
module attributes {test.plan = #rac.plan<kind = library, precision = i8, activation = !quant.uniform<u8:f32:1, {0.1:10, 0.2:11}>>} {}

// -----

// expected-error @+1 {{a plan has quantised activations only where it multiplies in i8 or f8E4M3FN, not 'bf16'}}
module attributes {test.plan = #rac.plan<kind = library, precision = bf16, activation = !quant.uniform<u8:f32, 0.1>>} {}

// -----

// expected-error @+1 {{activations in f8E4M3FN have one scale and no zero point, unlike '!quant.uniform<i8:f32, 1.000000e-01:3>'}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f8E4M3FN, activation = !quant.uniform<i8:f32, 0.1:3>>} {}

// -----

func.func @f(%x: tensor<4x8xf32>, %w: tensor<8x4xf32>) -> tensor<4x4xf32> {
  // expected-error @+1 {{plan in f8E4M3FN says what its activations stand for, where they aren't of that type}}
  %y = rac.group @matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x4xf32>) -> (tensor<4x4xf32>) plan <kind = generated, precision = f8E4M3FN> {
  ^bb0(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>):
    %c = rac.matmul %a, %b : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
    rac.yield %c : tensor<4x4xf32>
  }
  return %y : tensor<4x4xf32>
}

// -----

// expected-error @+1 {{weights of their own type are multiplied in floats of at least 16 bits, not 'f8E4M3FN'}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f8E4M3FN, activation = !quant.uniform<i8:f32, 0.1>, weights = i4, weight_group = 32>} {}

// -----

// expected-error @+1 {{a plan's weights are i8 or i4, not 'i16'}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f32, weights = i16, weight_group = 32>} {}

// -----

// expected-error @+1 {{weights of their own type are multiplied in floats of at least 16 bits, not 'i8'}}
module attributes {test.plan = #rac.plan<kind = generated, precision = i8, weights = i4, weight_group = 32>} {}

// -----

// expected-error @+1 {{a plan has weights and weight_group, which is positive, or neither}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f32, weights = i4>} {}

// -----

// expected-error @+1 {{a library call has its weights in the type that it multiplies}}
module attributes {test.plan = #rac.plan<kind = library, precision = f32, weights = i4, weight_group = 32>} {}

// -----

// expected-error @+1 {{a plan adds parts up in_launch only where blocks of warps have some, by its split or its threads}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f32, tiles = [32, 32], reduction = [32], registers = [16, 16], warps = 4, in_launch = true>} {}

// -----

// expected-error @+1 {{a cluster is blocks along rows and along columns, powers of two, from 2 to 8 blocks}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f16, tiles = [64, 64], reduction = [64], registers = [16, 64], warps = 4, stages = 4, cluster = [3, 1]>} {}

// -----

// expected-error @+1 {{a cluster is blocks along rows and along columns, powers of two, from 2 to 8 blocks}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f16, tiles = [64, 64], reduction = [64], registers = [16, 64], warps = 4, stages = 4, cluster = [4, 4]>} {}

// -----

// expected-error @+1 {{a cluster is blocks along rows and along columns, powers of two, from 2 to 8 blocks}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f16, tiles = [64, 64], reduction = [64], registers = [16, 64], warps = 4, stages = 4, cluster = [1, 1]>} {}

// -----

// expected-error @+1 {{a cluster is blocks along rows and along columns, powers of two, from 2 to 8 blocks}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f16, tiles = [64, 64], reduction = [64], registers = [16, 64], warps = 4, stages = 4, cluster = [2]>} {}

// -----

// expected-error @+1 {{a plan has a cluster only where it says the warps of a block, and no threads share all steps}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f16, threads = 7, tiles = [64, 64], reduction = [64], registers = [16, 64], warps = 4, stages = 4, cluster = [2, 1]>} {}

// -----

// expected-error @+1 {{a plan has a cluster only where it says the warps of a block, and no threads share all steps}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f16, cluster = [2, 1]>} {}

// -----

// expected-error @+1 {{in_launch is true or false}}
module attributes {test.plan = #rac.plan<kind = generated, precision = f32, in_launch = maybe>} {}
