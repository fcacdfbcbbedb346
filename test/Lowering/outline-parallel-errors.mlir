// RUN: rac-opt %s --rac-outline-parallel --verify-diagnostics

// What goes to other threads goes through memory.
func.func @tensor(%x: tensor<4xf32>, %m: memref<4xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{can't pass a value of type 'tensor<4xf32>' to a parallel body}}
  rac.parallel_for %n grain %n threads 0 {
  ^bb0(%low: index, %high: index):
    %0 = tensor.extract %x[%c0] : tensor<4xf32>
    memref.store %0, %m[%low] : memref<4xf32>
  }
  return
}
