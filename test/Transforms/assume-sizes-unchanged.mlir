// Where all sizes are known there is nothing to say.
// RUN: rac-opt %s --rac-assume-sizes | FileCheck %s --implicit-check-not=rac.assumed_sizes
// RUN: not rac-opt %s --rac-assume-sizes=sizes=n=4 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: no input has a size 'n' that only the run knows
// CHECK: @main
func.func @main(%x: tensor<4xf32>) {
  return
}
