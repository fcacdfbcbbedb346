// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-refine-shapes | diff %t -

// Types that are as static as they can be, and sizes that are the arguments' own.
func.func @known(%x: tensor<?x4xf32> {rac.dim_names = ["n", ""]}, %b: tensor<4xf32>) -> tensor<?x4xf32> {
  %0 = rac.add %x, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// Dimensions of two names may differ: the second may be 1 and repeat.
func.func @two_names(%x: tensor<?xf32> {rac.dim_names = ["n"]}, %y: tensor<?xf32> {rac.dim_names = ["m"]}) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %0 = rac.expand %y to [%n] : (tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// How many elements aren't zero only the run can tell.
func.func @counted(%x: tensor<4xf32>) -> tensor<1x?xi64> {
  %0 = rac.non_zero %x : (tensor<4xf32>) -> tensor<1x?xi64>
  return %0 : tensor<1x?xi64>
}
