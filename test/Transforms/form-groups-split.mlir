// On several threads the mean of an image that was made by rows is taken in parts of its rows, of
// which each thread finds its own; one thread takes it whole, and so do several of a row.
// RUN: rac-opt %s --rac-form-groups='device=xeon-spr threads=2' | FileCheck %s --check-prefix=TWO
// RUN: rac-opt %s --rac-form-groups='device=xeon-spr threads=1' | FileCheck %s --check-prefix=ONE

// TWO: rac.group @reduce_1 {{.*}} plan <kind = generated, precision = f32, split = 16, cost =
// TWO: rac.group @reduce_2 {{.*}} plan <kind = generated, precision = f32,
// TWO-NOT: split
// ONE-NOT: split =
func.func @f(%x: tensor<1x112x112x64xf32>) -> (tensor<1x1x1x64xf32>, tensor<1x112x112x1xf32>) {
  %0 = rac.softmax %x axis 3 : tensor<1x112x112x64xf32>
  %1 = rac.reduce mean %0 axes [1, 2] {keep_dims} : (tensor<1x112x112x64xf32>) -> tensor<1x1x1x64xf32>
  %2 = rac.reduce mean %0 axes [3] {keep_dims} : (tensor<1x112x112x64xf32>) -> tensor<1x112x112x1xf32>
  return %1, %2 : tensor<1x1x1x64xf32>, tensor<1x112x112x1xf32>
}

// How many sums there are is not known: they can't be cut.

// TWO-LABEL: @batch
// TWO-NOT: split =
func.func @batch(%x: tensor<?x112x112x64xf32>) -> tensor<?x1x1x64xf32> {
  %0 = rac.softmax %x axis 3 : tensor<?x112x112x64xf32>
  %1 = rac.reduce mean %0 axes [1, 2] {keep_dims} : (tensor<?x112x112x64xf32>) -> tensor<?x1x1x64xf32>
  return %1 : tensor<?x1x1x64xf32>
}
