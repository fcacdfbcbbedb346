// RUN: rac-opt %s --rac-extract-group=name=missing --split-input-file --verify-diagnostics

// expected-error @+1 {{there is no group 'missing'}}
module {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

func.func @main(%x: tensor<4xf32>, %b: f32) -> tensor<4xf32> {
  // expected-error @+1 {{takes a value of type 'f32', which no model can take}}
  %0 = rac.group @missing ins(%x, %b : tensor<4xf32>, f32) -> (tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>, %c: f32):
    rac.yield %a : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}
