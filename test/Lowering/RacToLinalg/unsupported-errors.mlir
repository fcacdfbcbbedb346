// RUN: rac-opt %s --rac-lower-to-linalg --verify-diagnostics

func.func @constant() -> tensor<4xi1> {
  // expected-error@+1 {{failed to legalize operation 'rac.constant'}}
  %0 = rac.constant sparse<0, true> : tensor<4xi1>
  return %0 : tensor<4xi1>
}
