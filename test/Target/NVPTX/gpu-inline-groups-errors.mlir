// RUN: rac-opt %s --rac-gpu-inline-groups --split-input-file --verify-diagnostics

func.func @main(%x: memref<4xf32>) {
  // expected-error@+1 {{calls what can't become part of the entry function}}
  call @outside(%x) : (memref<4xf32>) -> ()
  return
}
func.func private @outside(%x: memref<4xf32>)

// -----

func.func @main(%some: i1) {
  // expected-error@+1 {{calls what can't become part of the entry function}}
  call @blocks(%some) : (i1) -> ()
  return
}
func.func private @blocks(%some: i1) {
  cf.cond_br %some, ^a, ^b
^a:
  return
^b:
  return
}

// -----

// Functions that call each other without end.

func.func @main() {
  // expected-error@+1 {{calls what can't become part of the entry function}}
  call @this() : () -> ()
  return
}
func.func private @this() {
  call @that() : () -> ()
  return
}
func.func private @that() {
  call @this() : () -> ()
  return
}
