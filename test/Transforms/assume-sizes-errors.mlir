// Each is refused with how it should be.
// RUN: not rac-opt %s --rac-assume-sizes=sizes=n 2>&1 | FileCheck %s
// RUN: not rac-opt %s --rac-assume-sizes=sizes=n=0 2>&1 | FileCheck %s
// RUN: not rac-opt %s --rac-assume-sizes=sizes=n=9..8 2>&1 | FileCheck %s
// RUN: not rac-opt %s --rac-assume-sizes=sizes=n=1..x 2>&1 | FileCheck %s
// RUN: not rac-opt %s --rac-assume-sizes=sizes=n=99999999999999999999 2>&1 | FileCheck %s
// CHECK: error: the size 'n{{.*}}' must be NAME=N or NAME=LOW..HIGH, of numbers from 1 on
func.func @main(%x: tensor<?x?xf32> {rac.dim_names = ["n", ""], rac.name = "x"}) {
  return
}

// RUN: not rac-opt %s --rac-assume-sizes=sizes=m=4 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: no input has a size 'm' that only the run knows; there are: n, x_1
