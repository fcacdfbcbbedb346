// RUN: rac-opt %s --rac-extract-group=name=product | FileCheck %s
// RUN: rac-opt %s --rac-extract-group=name=rows | FileCheck %s --check-prefix=ROWS

// Constants, and what is made of them, come along; what is computed becomes an input. The plan stays.

// CHECK: module attributes {test.kept}
// CHECK-NOT: func.func
// CHECK: func.func @main(%[[X:.*]]: tensor<?x4xf32>) -> tensor<?x4xf32> {
// CHECK-DAG: %[[W:.*]] = rac.constant dense_resource<weights> : tensor<16xf32>
// CHECK: %[[R:.*]] = rac.reshape %[[W]]
// CHECK: %[[Y:.*]] = rac.group @product ins(%[[X]], %[[R]] : tensor<?x4xf32>, tensor<4x4xf32>) -> (tensor<?x4xf32>) plan <kind = library, precision = f32>
// CHECK: return %[[Y]]
// CHECK-NOT: rac.group

// A size becomes an input too.

// ROWS: func.func @main(%[[X:.*]]: tensor<?x4xf32>, %[[N:.*]]: tensor<i64>) -> tensor<?x4xf32> {
// ROWS: %[[E:.*]] = tensor.extract %[[N]][] : tensor<i64>
// ROWS: %[[I:.*]] = arith.index_cast %[[E]] : i64 to index
// ROWS: rac.group @rows ins(%[[X]], %[[I]] : tensor<?x4xf32>, index)

module attributes {test.kept} {
func.func @main(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> {
  %w = rac.constant dense_resource<weights> : tensor<16xf32>
  %r = rac.reshape %w to [4, 4] : (tensor<16xf32>) -> tensor<4x4xf32>
  %0 = rac.group @relu ins(%x : tensor<?x4xf32>) -> (tensor<?x4xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<?x4xf32>):
    %3 = rac.relu %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
    rac.yield %3 : tensor<?x4xf32>
  }
  %1 = rac.group @product ins(%0, %r : tensor<?x4xf32>, tensor<4x4xf32>) -> (tensor<?x4xf32>) plan <kind = library, precision = f32> {
  ^bb0(%a: tensor<?x4xf32>, %b: tensor<4x4xf32>):
    %3 = rac.matmul %a, %b : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
    rac.yield %3 : tensor<?x4xf32>
  }
  %2 = rac.group @rows ins(%1, %n : tensor<?x4xf32>, index) -> (tensor<?x4xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<?x4xf32>, %b: index):
    %3 = rac.reshape %a to [%b, 4] : (tensor<?x4xf32>) -> tensor<?x4xf32>
    rac.yield %3 : tensor<?x4xf32>
  }
  return %2 : tensor<?x4xf32>
}
func.func private @other()
}
