// RUN: rac-opt %s --rac-separate-empties --split-input-file | FileCheck %s

func.func private @f(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<8xf32>

// Each result has its own, made where it is written.

// CHECK-LABEL: func.func @main
// CHECK-NEXT: %[[A:.*]] = tensor.empty() : tensor<8xf32>
// CHECK-NEXT: %[[X:.*]] = call @f(%arg0, %[[A]])
// CHECK-NEXT: %[[B:.*]] = tensor.empty() : tensor<8xf32>
// CHECK-NEXT: %[[Y:.*]] = call @f(%[[X]], %[[B]])
// CHECK-NEXT: %[[C:.*]] = tensor.empty() : tensor<8xf32>
// CHECK-NEXT: %[[Z:.*]] = call @f(%[[Y]], %[[C]])
// CHECK-NEXT: return %[[Z]]
func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  %empty = tensor.empty() : tensor<8xf32>
  %0 = call @f(%x, %empty) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %1 = call @f(%0, %empty) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %2 = call @f(%1, %empty) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %2 : tensor<8xf32>
}

// -----

// Sizes that only the run knows come along.

// CHECK-LABEL: func.func @main
// CHECK-NEXT: %[[A:.*]] = tensor.empty(%arg1)
// CHECK-NEXT: linalg.copy {{.*}}outs(%[[A]]
// CHECK-NEXT: %[[B:.*]] = tensor.empty(%arg1)
// CHECK-NEXT: linalg.exp {{.*}}outs(%[[B]]
func.func @main(%x: tensor<?xf32>, %n: index) -> (tensor<?xf32>, tensor<?xf32>) {
  %empty = tensor.empty(%n) : tensor<?xf32>
  %0 = linalg.copy ins(%x : tensor<?xf32>) outs(%empty : tensor<?xf32>) -> tensor<?xf32>
  %1 = linalg.exp ins(%x : tensor<?xf32>) outs(%empty : tensor<?xf32>) -> tensor<?xf32>
  return %0, %1 : tensor<?xf32>, tensor<?xf32>
}

// -----

// One that a loop uses stays outside of it.

// CHECK-LABEL: func.func @main
// CHECK: linalg.exp
// CHECK-NEXT: tensor.empty
// CHECK-NEXT: scf.for
// CHECK-NOT: tensor.empty
func.func @main(%x: tensor<8xf32>, %n: index) -> tensor<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %empty = tensor.empty() : tensor<8xf32>
  %0 = linalg.exp ins(%x : tensor<8xf32>) outs(%empty : tensor<8xf32>) -> tensor<8xf32>
  %1 = scf.for %i = %c0 to %n step %c1 iter_args(%y = %0) -> tensor<8xf32> {
    %2 = linalg.exp ins(%y : tensor<8xf32>) outs(%empty : tensor<8xf32>) -> tensor<8xf32>
    scf.yield %2 : tensor<8xf32>
  }
  return %1 : tensor<8xf32>
}

// -----

// Else both results would be one buffer.

// CHECK-LABEL: func.func @kernel
// CHECK-DAG: %[[A:.*]] = tensor.empty() : tensor<8xf32>
// CHECK-DAG: %[[B:.*]] = tensor.empty() : tensor<8xf32>
// CHECK: scf.forall (%{{.*}}) in (8) shared_outs(%{{.*}} = %[[A]], %{{.*}} = %[[B]])
// CHECK: return
func.func @kernel(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %empty = tensor.empty() : tensor<8xf32>
  %0:2 = scf.forall (%i) in (8) shared_outs(%a = %empty, %b = %empty) -> (tensor<8xf32>, tensor<8xf32>) {
    %y = tensor.extract_slice %x[%i] [1] [1] : tensor<8xf32> to tensor<1xf32>
    %u = tensor.extract_slice %a[%i] [1] [1] : tensor<8xf32> to tensor<1xf32>
    %v = tensor.extract_slice %b[%i] [1] [1] : tensor<8xf32> to tensor<1xf32>
    %p = linalg.exp ins(%y : tensor<1xf32>) outs(%u : tensor<1xf32>) -> tensor<1xf32>
    %q = linalg.log ins(%y : tensor<1xf32>) outs(%v : tensor<1xf32>) -> tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %p into %a[%i] [1] [1] : tensor<1xf32> into tensor<8xf32>
      tensor.parallel_insert_slice %q into %b[%i] [1] [1] : tensor<1xf32> into tensor<8xf32>
    }
  }
  return %0#0, %0#1 : tensor<8xf32>, tensor<8xf32>
}
