// RUN: rac-opt %s --rac-bind-entry --split-input-file --verify-diagnostics

// expected-error@+1 {{entry function must take and return buffers, not 'tensor<4xf32>'}}
func.func @main(%x: tensor<4xf32>) {
  return
}

// -----

// expected-error@+1 {{entry function must be one block}}
func.func @main() {
  cf.br ^bb1
^bb1:
  return
}
