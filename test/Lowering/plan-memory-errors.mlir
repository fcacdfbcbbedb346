// RUN: rac-opt %s --rac-plan-memory --split-input-file --verify-diagnostics

// expected-error@+1 {{has no entry function 'main'}}
module {
  func.func @other() {
    return
  }
}

// -----

func.func @main() {
  // expected-error@+1 {{is of memory of another kind than the arena}}
  %0 = memref.alloc() : memref<4xf32, 1>
  return
}
