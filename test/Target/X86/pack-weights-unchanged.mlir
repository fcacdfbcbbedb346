// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-pack-weights | diff %t -

// One of the callers brings weights that aren't known.
func.func @main(%x: tensor<4x2xf32>, %y: tensor<2x3xf32>, %d: tensor<4x3xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %w = rac.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %0 = call @product(%x, %w, %d) : (tensor<4x2xf32>, tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %1 = call @product(%x, %y, %d) : (tensor<4x2xf32>, tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  return %0, %1 : tensor<4x3xf32>, tensor<4x3xf32>
}
func.func private @product(%x: tensor<4x2xf32>, %w: tensor<2x3xf32>, %d: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %0 = rac.library_call matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) outs(%d : tensor<4x3xf32>) {post_ops = []} -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// The weights are used for something else as well.
func.func @other(%x: tensor<2x2xf32>, %d: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %w = rac.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %0:2 = call @twice(%x, %w, %d) : (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>)
  return %0#0, %0#1 : tensor<2x2xf32>, tensor<2x2xf32>
}
func.func private @twice(%x: tensor<2x2xf32>, %w: tensor<2x2xf32>, %d: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %0 = rac.library_call matmul ins(%x, %w : tensor<2x2xf32>, tensor<2x2xf32>) outs(%d : tensor<2x2xf32>) {post_ops = []} -> tensor<2x2xf32>
  return %0, %w : tensor<2x2xf32>, tensor<2x2xf32>
}

// A call on buffers.
func.func @on_buffers(%x: memref<4x2xf32>, %w: memref<2x3xf32>, %d: memref<4x3xf32>) {
  call @product_on_buffers(%x, %w, %d) : (memref<4x2xf32>, memref<2x3xf32>, memref<4x3xf32>) -> ()
  return
}
func.func private @product_on_buffers(%x: memref<4x2xf32>, %w: memref<2x3xf32>, %d: memref<4x3xf32>) {
  rac.library_call matmul ins(%x, %w : memref<4x2xf32>, memref<2x3xf32>) outs(%d : memref<4x3xf32>) {post_ops = []}
  return
}
