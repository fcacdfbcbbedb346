// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-outline-groups | diff %t -

// Without a group there is nothing to outline, whatever else there is. Inputs are known as not to be written.
func.func @main(%x: tensor<4xf32> {bufferization.writable = false}) -> tensor<4xf32> {
  %0 = call @kernel(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @kernel(%x: tensor<4xf32>) -> tensor<4xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32>} {
  %0 = rac.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
