// RUN: rac-opt %s --rac-to-llvm --split-input-file --verify-diagnostics

// Tensors must be buffers by now.
// expected-error@+1 {{failed to legalize operation 'func.func'}}
func.func @tensor(%context: !llvm.ptr, %x: tensor<4xf32>) {
  %0 = rac.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// Parallel loops must be functions by now.
func.func @loop(%context: !llvm.ptr, %n: index) {
  // expected-error@+1 {{failed to legalize operation 'rac.parallel_for'}}
  rac.parallel_for %n grain %n threads 0 {
  ^bb0(%low: index, %high: index):
  }
  return
}

// -----

// The library has no such numbers.
func.func @type(%context: !llvm.ptr, %x: memref<4x8xi64>, %w: memref<8x4xi64>, %y: memref<4x4xi64>) {
  // expected-error@+2 {{the library takes no 'i64'}}
  // expected-error@+1 {{failed to legalize operation 'rac.library_call'}}
  rac.library_call matmul ins(%x, %w : memref<4x8xi64>, memref<8x4xi64>) outs(%y : memref<4x4xi64>) {post_ops = []}
  return
}

// -----

// Nobody gave the function its context.
func.func @no_context() {
  // expected-error@+1 {{is in no function whose first argument is the context}}
  %n = rac.input_dim 0, 0
  return
}

// -----

// The runtime knows kernels by their numbers.
module attributes {rac.kernels = ["first"]} {
  func.func @launch(%context: !llvm.ptr, %n: index) {
    // expected-error@+2 {{launches a kernel that the module's rac.kernels doesn't list}}
    // expected-error@+1 {{failed to legalize operation 'rac.launch'}}
    rac.launch @kernels::@second grid(%n, %n, %n) block(%n, %n, %n) shared 0 args()
    return
  }
}
