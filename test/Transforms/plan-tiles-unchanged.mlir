// RUN: rac-opt %s > %t
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-plan-tiles))' | diff %t -

// Nothing is combined.
func.func @elementwise(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %0 = rac.group @exp ins(%x : tensor<4x64xf32>) -> (tensor<4x64xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<4x64xf32>):
    %1 = rac.exp %a : (tensor<4x64xf32>) -> tensor<4x64xf32>
    rac.yield %1 : tensor<4x64xf32>
  }
  return %0 : tensor<4x64xf32>
}

// Everything is.
func.func @whole(%x: tensor<64xf32>) -> tensor<64xf32> {
  %0 = rac.group @softmax ins(%x : tensor<64xf32>) -> (tensor<64xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<64xf32>):
    %1 = rac.softmax %a axis 0 : tensor<64xf32>
    rac.yield %1 : tensor<64xf32>
  }
  return %0 : tensor<64xf32>
}

// Nothing is left of what is combined, or dimensions of another number.
func.func @nothing_left(%x: tensor<6x32xf32>, %y: tensor<4x6x32xf32>) -> (tensor<f32>, tensor<6x32xf32>) {
  %0 = rac.group @sum ins(%x : tensor<6x32xf32>) -> (tensor<f32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<6x32xf32>):
    %1 = rac.reduce sum %a axes [0, 1] : (tensor<6x32xf32>) -> tensor<f32>
    rac.yield %1 : tensor<f32>
  }
  %2 = rac.group @max ins(%y : tensor<4x6x32xf32>) -> (tensor<6x32xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<4x6x32xf32>):
    %1 = rac.reduce max %a axes [0] : (tensor<4x6x32xf32>) -> tensor<6x32xf32>
    rac.yield %1 : tensor<6x32xf32>
  }
  return %0, %2 : tensor<f32>, tensor<6x32xf32>
}

// Someone has chosen; nobody has planned; the library computes it.
func.func @chosen(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %0 = rac.group @softmax ins(%x : tensor<4x64xf32>) -> (tensor<4x64xf32>) plan <kind = generated, precision = f32, tiles = [2, 0]> {
  ^bb0(%a: tensor<4x64xf32>):
    %1 = rac.softmax %a axis 1 : tensor<4x64xf32>
    rac.yield %1 : tensor<4x64xf32>
  }
  %2 = rac.group @softmax ins(%0 : tensor<4x64xf32>) -> (tensor<4x64xf32>) {
  ^bb0(%a: tensor<4x64xf32>):
    %3 = rac.softmax %a axis 1 : tensor<4x64xf32>
    rac.yield %3 : tensor<4x64xf32>
  }
  %4 = rac.group @softmax ins(%2 : tensor<4x64xf32>) -> (tensor<4x64xf32>) plan <kind = library, precision = f32> {
  ^bb0(%a: tensor<4x64xf32>):
    %5 = rac.softmax %a axis 1 : tensor<4x64xf32>
    rac.yield %5 : tensor<4x64xf32>
  }
  return %4 : tensor<4x64xf32>
}

// Someone has chosen no tiles, by what they cost.
func.func @untiled(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %0 = rac.group @softmax ins(%x : tensor<4x64xf32>) -> (tensor<4x64xf32>) plan <kind = generated, precision = f32, cost = #rac.cost<seconds = 1.0e-6, joules = 2.0e-6, flops = 3.0e+3, bytes = [L1d = 4.0e+3]>> {
  ^bb0(%a: tensor<4x64xf32>):
    %1 = rac.softmax %a axis 1 : tensor<4x64xf32>
    rac.yield %1 : tensor<4x64xf32>
  }
  return %0 : tensor<4x64xf32>
}

// The result has other dimensions than what is combined.
func.func @reduced(%x: tensor<4x64xf32>) -> tensor<4xf32> {
  %0 = rac.group @reduce ins(%x : tensor<4x64xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<4x64xf32>):
    %1 = rac.softmax %a axis 1 : tensor<4x64xf32>
    %2 = rac.reduce sum %1 axes [1] : (tensor<4x64xf32>) -> tensor<4xf32>
    rac.yield %2 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// The result has no dimensions.
func.func @sum(%x: tensor<4x64xf32>) -> tensor<f32> {
  %0 = rac.group @sum ins(%x : tensor<4x64xf32>) -> (tensor<f32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<4x64xf32>):
    %1 = rac.exp %a : (tensor<4x64xf32>) -> tensor<4x64xf32>
    %2 = rac.reduce sum %1 axes [0, 1] : (tensor<4x64xf32>) -> tensor<f32>
    rac.yield %2 : tensor<f32>
  }
  return %0 : tensor<f32>
}

// Someone has planned, who knew what it costs.
func.func @planned(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %0 = rac.group @softmax ins(%x : tensor<4x64xf32>) -> (tensor<4x64xf32>) plan <kind = generated, precision = f32, cost = #rac.cost<seconds = 1.0e-3, flops = 1024.0>> {
  ^bb0(%a: tensor<4x64xf32>):
    %1 = rac.softmax %a axis 1 : tensor<4x64xf32>
    rac.yield %1 : tensor<4x64xf32>
  }
  return %0 : tensor<4x64xf32>
}
