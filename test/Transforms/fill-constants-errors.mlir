// RUN: rac-opt %s --rac-fill-constants --split-input-file --verify-diagnostics

func.func @too_large() -> tensor<9223372036854775807xf32> {
  // expected-error@+1 {{a constant of type 'tensor<9223372036854775807xf32>' has no size in memory}}
  %0 = rac.constant dense_resource<absent> : tensor<9223372036854775807xf32>
  return %0 : tensor<9223372036854775807xf32>
}

// -----

func.func @unknown() -> tensor<?xf32> {
  // expected-error@+1 {{a constant of type 'tensor<?xf32>' has no size in memory}}
  %0 = arith.constant dense_resource<absent> : tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @wide() -> tensor<2xi128> {
  // expected-error@+1 {{a constant of type 'tensor<2xi128>' can't be filled}}
  %0 = rac.constant dense_resource<absent> : tensor<2xi128>
  return %0 : tensor<2xi128>
}
