// Rows of 20 begin with 16 in whole tiles where vectors are of 16 bytes, with none where they are longer: a mask of vscale. The
// code generator is not told so, or it would take vscale for odd, and read the rest of the row 16 columns further on.

// RUN: rac-compile %s --target=arm-sve --threads=1 --emit=llvm | FileCheck %s
// CHECK: %[[V:.+]] = {{.*}}call i64 @llvm.vscale.i64()
// CHECK: %[[HIDDEN:.+]] = {{.*}}call i64 asm "", "=r,0"(i64
// CHECK: and i64 %[[HIDDEN]], 16
// CHECK-NOT: trunc i64 %[[V]] to i1

func.func @main(%x: tensor<10x20xf32>) -> tensor<10x20xf32> {
  %y = rac.softmax %x axis 1 {log} : tensor<10x20xf32>
  return %y : tensor<10x20xf32>
}
