// RUN: rac-opt %s --rac-lower-to-linalg --split-input-file | FileCheck %s --check-prefix=SLICES
// RUN: rac-opt %s --rac-lower-to-linalg=many-threads --canonicalize --split-input-file | FileCheck %s --check-prefix=ROWS

// A slice at a time, for vectors; or each row for itself, for threads.
// SLICES-LABEL: func @scan
// SLICES-NOT: scf.forall
// SLICES: scf.for
// SLICES: linalg.generic
// ROWS-LABEL: func @scan
// ROWS-SAME: %[[X:.*]]: tensor<?x7x5xf16>
// ROWS: scf.forall (%[[I:.*]], %[[J:.*]]) in (%{{.*}}, 5) shared_outs(%[[OUT:.*]] = %{{.*}})
// ROWS: %[[ROW:.*]] = tensor.extract_slice %[[OUT]][%[[I]], 0, %[[J]]] [1, 7, 1] [1, 1, 1] : tensor<?x7x5xf16> to tensor<7xf16>
// ROWS: scf.for %[[STEP:.*]] = %c0 to %c7 step %c1 iter_args(%[[RESULT:.*]] = %[[ROW]], %[[SUM:.*]] = %{{.*}}) -> (tensor<7xf16>, f32)
// ROWS: %[[AT:.*]] = arith.subi %c6, %[[STEP]]
// ROWS: %[[STORED:.*]] = tensor.extract %[[X]][%[[I]], %[[AT]], %[[J]]]
// ROWS: %[[TERM:.*]] = arith.extf %[[STORED]] : f16 to f32
// ROWS: %[[NEXT:.*]] = arith.addf %[[SUM]], %[[TERM]] fastmath<reassoc,contract> : f32
// ROWS: %[[BEFORE:.*]] = arith.truncf %[[SUM]]
// ROWS: tensor.insert %[[BEFORE]] into %[[RESULT]][%[[AT]]]
// ROWS: scf.yield %{{.*}}, %[[NEXT]]
// ROWS: tensor.parallel_insert_slice %{{.*}} into %[[OUT]][%[[I]], 0, %[[J]]] [1, 7, 1] [1, 1, 1]
func.func @scan(%x: tensor<?x7x5xf16>) -> tensor<?x7x5xf16> {
  %0 = rac.scan sum %x axis 1 {exclusive, reverse} : tensor<?x7x5xf16>
  return %0 : tensor<?x7x5xf16>
}

// -----

// There is one row.
// ROWS-LABEL: func @vector
// ROWS-NOT: scf.forall
// ROWS: scf.for
// ROWS: arith.muli
func.func @vector(%x: tensor<?xui32>) -> tensor<?xui32> {
  %0 = rac.scan prod %x axis 0 : tensor<?xui32>
  return %0 : tensor<?xui32>
}

// -----

// The same, in memory where there are dimensions around.
// ROWS-LABEL: func @row
// ROWS-NOT: scf.forall
// ROWS: scf.for %[[I:.*]] = %c0 to %{{.*}} iter_args(%[[RESULT:[^ ]*]] =
// ROWS: tensor.insert %{{.*}} into %[[RESULT]][%c0, %[[I]], %c0] : tensor<1x?x1xf32>
func.func @row(%x: tensor<1x?x1xf32>) -> tensor<1x?x1xf32> {
  %0 = rac.scan sum %x axis 1 : tensor<1x?x1xf32>
  return %0 : tensor<1x?x1xf32>
}

// -----

// Slices without elements have no place.
// SLICES-LABEL: func @nothing
// SLICES-NOT: scf.for
// ROWS-LABEL: func @nothing
// ROWS-NOT: scf.for
func.func @nothing(%x: tensor<?x0xf32>) -> tensor<?x0xf32> {
  %0 = rac.scan sum %x axis 1 : tensor<?x0xf32>
  return %0 : tensor<?x0xf32>
}

// -----

// A loop along each dimension; or one, in which only what is set has its position computed.
// SLICES-LABEL: func @non_zero
// SLICES: scf.for
// SLICES: scf.for
// SLICES: scf.if %{{.*}} -> (tensor<2x?xi64>, index)
// ROWS-LABEL: func @non_zero
// ROWS: %[[FLAT:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0, 1]]
// ROWS: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c1 iter_args(%[[RESULT:.*]] = %{{.*}}, %[[COUNT:.*]] = %c0)
// ROWS-NOT: scf.for
// ROWS: tensor.extract %[[FLAT]][%[[I]]]
// ROWS: scf.if %[[SET:.*]] -> (tensor<2x?xi64>)
// ROWS: arith.remui %[[I]], %c4
// ROWS: arith.divui %[[I]], %c4
// ROWS: tensor.insert %{{.*}} into %{{.*}}[%c0, %[[COUNT]]]
// ROWS: tensor.insert %{{.*}} into %{{.*}}[%c1, %[[COUNT]]]
// ROWS: %[[ONE:.*]] = arith.index_castui %[[SET]] : i1 to index
// ROWS: arith.addi %[[COUNT]], %[[ONE]] : index
func.func @non_zero(%x: tensor<?x4xi1>) -> tensor<2x?xi64> {
  %0 = rac.non_zero %x : (tensor<?x4xi1>) -> tensor<2x?xi64>
  return %0 : tensor<2x?xi64>
}
