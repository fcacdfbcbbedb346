// RUN: rac-opt %s --rac-attach-device=device=epyc-zen4 > %t
// RUN: rac-opt %t --rac-form-groups | diff %t -

// Constants, reshapes and shape arithmetic are no kernels.
func.func @outside(%x: tensor<?x4xf32>) -> (tensor<?xf32>, tensor<2xf32>) {
  %c0 = arith.constant 0 : index
  %dim = tensor.dim %x, %c0 : tensor<?x4xf32>
  %0 = affine.apply affine_map<()[s0] -> (s0 * 4)>()[%dim]
  %1 = rac.reshape %x to [%0] : (tensor<?x4xf32>) -> tensor<?xf32>
  %2 = rac.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  return %1, %2 : tensor<?xf32>, tensor<2xf32>
}

// What is planned already stays as it is planned.
func.func @planned(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = rac.group @mine ins(%x : tensor<4xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32, threads = 3> {
  ^bb0(%arg1: tensor<4xf32>):
    %1 = rac.relu %arg1 : (tensor<4xf32>) -> tensor<4xf32>
    rac.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}
