// RUN: rac-opt %s --split-input-file --verify-diagnostics

func.func @input() {
  // expected-error @+1 {{value is non-negative}}
  %n = rac.input_dim -1, 0
  return
}

// -----

func.func @profile() {
  // expected-error @+1 {{value is non-negative}}
  rac.profile -1
  return
}

// -----

func.func @too_few_sizes() {
  // expected-error @+1 {{has 0 sizes for 1 dynamic dimensions}}
  %m = rac.input_buffer 0 [] : memref<?x4xf32>
  return
}

// -----

func.func @too_many_sizes(%n: index) {
  // expected-error @+1 {{has 1 sizes for 0 dynamic dimensions}}
  %m = rac.output_buffer 0 [%n] : memref<4xf32>
  return
}

// -----

func.func @negative_output() {
  // expected-error @+1 {{value is non-negative}}
  %m = rac.output_buffer -2 [] : memref<4xf32>
  return
}

// -----

func.func @strided(%n: index) {
  // expected-error @+1 {{gives dense memory, not 'memref<?xf32, strided<[2]>>'}}
  %m = rac.scratch [%n] : memref<?xf32, strided<[2]>>
  return
}

// -----

func.func @mapped() {
  // expected-error @+1 {{gives dense memory}}
  %m = rac.heap [] : memref<4x4xf32, affine_map<(i, j) -> (j, i)>>
  return
}

// -----

// The arena is bytes, as many as are asked for.
func.func @arena(%n: index) {
  // expected-error @+1 {{must be 1D memref of 8-bit signless integer values}}
  %m = rac.arena %n : memref<?xf32>
  return
}

// -----

func.func @arena_of_fixed_size(%n: index) {
  // expected-error @+1 {{has 1 sizes for 0 dynamic dimensions}}
  %m = rac.arena %n : memref<64xi8>
  return
}

// -----

func.func @weights_before_the_first() {
  // expected-error @+1 {{value is non-negative}}
  %m = rac.weights -64 : memref<4xf32>
  return
}

// -----

func.func @weights_of_no_size() {
  // expected-error @+1 {{must be statically shaped memref}}
  %m = rac.weights 0 : memref<?xf32>
  return
}

// -----

func.func @block_of_strided(%m: memref<4xf32, strided<[2]>>, %n: index) {
  // expected-error @+1 {{is of dense memory, not 'memref<4xf32, strided<[2]>>'}}
  %b = rac.block %m at %n [] : memref<4xf32, strided<[2]>> to memref<2xf32>
  return
}

// -----

func.func @block_of_others(%m: memref<4xf32>, %n: index) {
  // expected-error @+1 {{has other elements than its source}}
  %b = rac.block %m at %n [] : memref<4xf32> to memref<2xi32>
  return
}

// -----

func.func @block_without_size(%m: memref<4xf32>, %n: index) {
  // expected-error @+1 {{has 0 sizes for 1 dynamic dimensions}}
  %b = rac.block %m at %n [] : memref<4xf32> to memref<?xf32>
  return
}

// -----

func.func @no_range(%n: index) {
  // expected-error @+1 {{body takes the range's two ends, of type index}}
  rac.parallel_for %n grain %n threads 0 {
  ^bb0(%low: index):
  }
  return
}

// -----

func.func @no_threads(%n: index) {
  // expected-error @+1 {{value is non-negative}}
  rac.parallel_for %n grain %n threads -1 {
  ^bb0(%low: index, %high: index):
  }
  return
}

// -----

func.func @no_weights(%a: tensor<2x3xf32>, %d: tensor<2x4xf32>) {
  // expected-error @+1 {{needs a source, weights, and a bias if it has one}}
  %0 = rac.library_call matmul ins(%a : tensor<2x3xf32>) outs(%d : tensor<2x4xf32>) {post_ops = []} -> tensor<2x4xf32>
  return
}

// -----

func.func @no_destination(%a: memref<2x3xf32>, %b: memref<3x4xf32>) {
  // expected-error @+1 {{needs one destination}}
  "rac.library_call"(%a, %b) {primitive = 0 : i32, post_ops = [], operandSegmentSizes = array<i32: 2, 0>} : (memref<2x3xf32>, memref<3x4xf32>) -> ()
  return
}

// -----

func.func @packed(%a: memref<2x3xf32>, %b: memref<128xi8>, %d: memref<2x4xf32>) {
  // expected-error @+1 {{packed weights need weights_type}}
  rac.library_call matmul ins(%a, %b : memref<2x3xf32>, memref<128xi8>) outs(%d : memref<2x4xf32>) {packed = array<i8: 1>, post_ops = []}
  return
}

// -----

func.func @post_op(%a: memref<2x3xf32>, %b: memref<3x4xf32>, %d: memref<2x4xf32>) {
  // expected-error @+1 {{post-op names input 2}}
  rac.library_call matmul ins(%a, %b : memref<2x3xf32>, memref<3x4xf32>) outs(%d : memref<2x4xf32>) {post_ops = [#rac.post_op<kind = add, operand = 2>]}
  return
}

// -----

func.func @ranks(%a: memref<2x2x3xf32>, %b: memref<3x4xf32>, %d: memref<2x4xf32>) {
  // expected-error @+1 {{source and destination need one rank of at least two}}
  rac.library_call matmul ins(%a, %b : memref<2x2x3xf32>, memref<3x4xf32>) outs(%d : memref<2x4xf32>) {post_ops = []}
  return
}

// -----

func.func @no_window(%a: memref<1x4x3xf32>, %b: memref<2x3x1xf32>, %d: memref<1x4x2xf32>) {
  // expected-error @+1 {{a convolution needs strides, dilations and pads}}
  rac.library_call conv ins(%a, %b : memref<1x4x3xf32>, memref<2x3x1xf32>) outs(%d : memref<1x4x2xf32>) {post_ops = []}
  return
}

// -----

func.func @short_window(%a: memref<1x4x4x3xf32>, %b: memref<2x3x1x1xf32>, %d: memref<1x4x4x2xf32>) {
  // expected-error @+1 {{need an entry for each spatial dimension}}
  rac.library_call conv ins(%a, %b : memref<1x4x4x3xf32>, memref<2x3x1x1xf32>) outs(%d : memref<1x4x4x2xf32>) {strides = array<i64: 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, post_ops = []}
  return
}

// -----

func.func @permutations(%a: memref<2x3xf32>, %b: memref<3x4xf32>, %d: memref<2x4xf32>) {
  // expected-error @+1 {{needs a permutation for each operand}}
  rac.library_call matmul ins(%a, %b : memref<2x3xf32>, memref<3x4xf32>) outs(%d : memref<2x4xf32>) {permutations = [array<i64>], post_ops = []}
  return
}

// -----

func.func @permutation(%a: memref<2x3xf32>, %b: memref<3x4xf32>, %d: memref<2x4xf32>) {
  // expected-error @+1 {{has a permutation that doesn't fit its operand, 'memref<3x4xf32>'}}
  rac.library_call matmul ins(%a, %b : memref<2x3xf32>, memref<3x4xf32>) outs(%d : memref<2x4xf32>) {permutations = [array<i64>, array<i64: 0, 2, 1>, array<i64>], post_ops = []}
  return
}

// -----

func.func @groups(%a: memref<1x4x3xf32>, %b: memref<2x3x1xf32>, %d: memref<1x4x2xf32>) {
  // expected-error @+1 {{value is positive}}
  rac.library_call conv ins(%a, %b : memref<1x4x3xf32>, memref<2x3x1xf32>) outs(%d : memref<1x4x2xf32>) {groups = 0, strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, post_ops = []}
  return
}

// -----

func.func @flat_grid(%n: index) {
  // expected-error @+1 {{takes three sizes each of the grid and of a block}}
  rac.launch @kernels::@k grid(%n) block(%n, %n, %n) shared 0 args()
  return
}

// -----

func.func @flat_block(%n: index) {
  // expected-error @+1 {{takes three sizes each of the grid and of a block}}
  rac.launch @kernels::@k grid(%n, %n, %n) block(%n, %n) shared 0 args()
  return
}

// -----

func.func @negative_shared(%n: index) {
  // expected-error @+1 {{value is non-negative}}
  rac.launch @kernels::@k grid(%n, %n, %n) block(%n, %n, %n) shared -16 args()
  return
}

// -----

func.func @row(%n: index, %m: memref<?x4xf32>) {
  // expected-error @+1 {{has 1 indices for a buffer of rank 2}}
  %0 = rac.read %m[%n] : memref<?x4xf32>
  return
}

// -----

func.func @other_element(%n: index, %m: memref<?xf32>) {
  // expected-error @+1 {{the result is an element}}
  %0 = "rac.read"(%m, %n) : (memref<?xf32>, index) -> f64
  return
}

// -----

func.func @counters_of_others(%n: index) {
  // expected-error @+1 {{must be 1D memref of 32-bit signless integer values}}
  %0 = rac.counters %n : memref<?xi64>
  return
}

// -----

func.func @status_of_others() {
  // expected-error @+1 {{must be 0D memref of 32-bit signless integer values}}
  %0 = rac.kernel_status : memref<i64>
  return
}

// -----

func.func @map_of_no_type(%m: memref<?xf16>, %n: index) {
  // expected-error @+1 {{is a pointer to a tensor map, not 'index'}}
  %0 = rac.tensor_map %m[%n] sizes(%n, %n) strides(%n) box [8, 64] : memref<?xf16> -> index
  return
}

// -----

func.func @map_of_a_row(%m: memref<?xf16>, %n: index) {
  // expected-error @+1 {{has 2 to 5 dimensions, not 1}}
  %0 = rac.tensor_map %m[%n] sizes(%n) strides() box [64] : memref<?xf16> -> !llvm.ptr
  return
}

// -----

func.func @map_of_more_strides(%m: memref<?xf16>, %n: index) {
  // expected-error @+1 {{takes a stride for each dimension but the last}}
  %0 = rac.tensor_map %m[%n] sizes(%n, %n) strides(%n, %n) box [8, 64] : memref<?xf16> -> !llvm.ptr
  return
}

// -----

func.func @map_of_a_flat_box(%m: memref<?xf16>, %n: index) {
  // expected-error @+1 {{takes a size of the box for each dimension}}
  %0 = rac.tensor_map %m[%n] sizes(%n, %n) strides(%n) box [64] : memref<?xf16> -> !llvm.ptr
  return
}

// -----

func.func @map_of_short_lines(%m: memref<?xf16>, %n: index) {
  // expected-error @+1 {{copies boxes with lines of 128 B}}
  %0 = rac.tensor_map %m[%n] sizes(%n, %n) strides(%n) box [8, 32] : memref<?xf16> -> !llvm.ptr
  return
}

// -----

func.func @map_of_a_tall_box(%m: memref<?xf16>, %n: index) {
  // expected-error @+1 {{copies boxes of 1 to 256 elements in each dimension}}
  %0 = rac.tensor_map %m[%n] sizes(%n, %n) strides(%n) box [512, 64] : memref<?xf16> -> !llvm.ptr
  return
}

// -----

func.func @stride(%a: memref<1x4x3xf32>, %b: memref<2x3x1xf32>, %d: memref<1x4x2xf32>) {
  // expected-error @+1 {{has a stride or dilation of 0}}
  rac.library_call conv ins(%a, %b : memref<1x4x3xf32>, memref<2x3x1xf32>) outs(%d : memref<1x4x2xf32>) {strides = array<i64: 0>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, post_ops = []}
  return
}
