// RUN: rac-opt %s --rac-lower-to-linalg --split-input-file | FileCheck %s

// i1 is stored as i8, unsigned as signless.
// CHECK-LABEL: func @booleans
// CHECK-SAME: (%{{.*}}: tensor<?xi8>, %{{.*}}: tensor<?xi8>) -> tensor<?xi8>
// CHECK: arith.cmpi ult
// CHECK: arith.extui %{{.*}} : i1 to i8
// CHECK: arith.cmpi ne, %{{.*}}, %{{.*}} : i8
// CHECK: arith.xori %{{.*}}, %{{.*}} : i1
func.func @booleans(%a: tensor<?xui8>, %b: tensor<?xui8>) -> tensor<?xi1> {
  %0 = rac.less %a, %b : (tensor<?xui8>, tensor<?xui8>) -> tensor<?xi1>
  %1 = rac.not %0 : (tensor<?xi1>) -> tensor<?xi1>
  return %1 : tensor<?xi1>
}

// -----

// Scalars of i1 stay so.
// CHECK-LABEL: func @scalars
// CHECK: %[[STORED:.*]] = tensor.extract %{{.*}}[] : tensor<i8>
// CHECK: %[[BIT:.*]] = arith.cmpi ne, %[[STORED]]
// CHECK: scf.if %[[BIT]] -> (tensor<1xi8>)
// CHECK: %[[BYTE:.*]] = arith.extui %[[BIT]] : i1 to i8
// CHECK: tensor.from_elements %[[BYTE]] : tensor<1xi8>
func.func @scalars(%a: tensor<i1>, %b: tensor<1xi1>) -> tensor<1xi1> {
  %0 = tensor.extract %a[] : tensor<i1>
  %1 = scf.if %0 -> tensor<1xi1> {
    scf.yield %b : tensor<1xi1>
  } else {
    %2 = tensor.from_elements %0 : tensor<1xi1>
    scf.yield %2 : tensor<1xi1>
  }
  return %1 : tensor<1xi1>
}

// -----

// Loops, calls and destinations carry the stored types.
// CHECK-LABEL: func private @callee(tensor<2xi8>) -> tensor<2xi8>
// CHECK-LABEL: func @loops
// CHECK: scf.for {{.*}} -> (tensor<2xi8>)
// CHECK: call @callee(%{{.*}}) : (tensor<2xi8>) -> tensor<2xi8>
// CHECK: bufferization.materialize_in_destination {{.*}} tensor<2xi8>
func.func private @callee(tensor<2xui8>) -> tensor<2xui8>
func.func @loops(%n: index, %a: tensor<2xui8>, %d: tensor<2xui8>) -> tensor<2xui8> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a) -> tensor<2xui8> {
    %1 = func.call @callee(%x) : (tensor<2xui8>) -> tensor<2xui8>
    scf.yield %1 : tensor<2xui8>
  }
  %2 = bufferization.materialize_in_destination %0 in %d : (tensor<2xui8>, tensor<2xui8>) -> tensor<2xui8>
  return %2 : tensor<2xui8>
}

// -----

// CHECK-LABEL: func @group
// CHECK: rac.group @g ins(%{{.*}} : tensor<4xi8>) -> (tensor<4xi8>)
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<4xi8>):
// CHECK: rac.yield %{{.*}} : tensor<4xi8>
func.func @group(%a: tensor<4xui8>) -> tensor<4xui8> {
  %0 = rac.group @g ins(%a : tensor<4xui8>) -> (tensor<4xui8>) {
  ^bb0(%x: tensor<4xui8>):
    rac.yield %x : tensor<4xui8>
  }
  return %0 : tensor<4xui8>
}

// -----

// The bytes of a resource stay where they are.
// CHECK-LABEL: func @constants
// CHECK-DAG: arith.constant dense<[1, 0]> : tensor<2xi8>
// CHECK-DAG: arith.constant dense<[1, -1]> : tensor<2xi8>
// CHECK-DAG: arith.constant dense_resource<bytes> : tensor<2xi8>
// CHECK-DAG: arith.constant dense_resource<bits> : tensor<2xi8>
func.func @constants() -> (tensor<2xi1>, tensor<2xui8>, tensor<2xui8>, tensor<2xi1>) {
  %0 = rac.constant dense<[true, false]> : tensor<2xi1>
  %1 = rac.constant dense<[1, 255]> : tensor<2xui8>
  %2 = rac.constant dense_resource<bytes> : tensor<2xui8>
  %3 = rac.constant dense_resource<bits> : tensor<2xi1>
  return %0, %1, %2, %3 : tensor<2xi1>, tensor<2xui8>, tensor<2xui8>, tensor<2xi1>
}

{-#
  dialect_resources: {
    builtin: { bytes: "0x0100000001FF", bits: "0x010000000100" }
  }
#-}
