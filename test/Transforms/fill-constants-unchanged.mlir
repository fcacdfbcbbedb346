// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-fill-constants | diff %t -

// What has data keeps it.
func.func @main() -> (tensor<2xf32>, tensor<2xf32>) {
  %0 = rac.constant dense_resource<given> : tensor<2xf32>
  %1 = rac.constant dense<[1.0, 2.0]> : tensor<2xf32>
  return %0, %1 : tensor<2xf32>, tensor<2xf32>
}

{-#
  dialect_resources: {
    builtin: {
      given: "0x400000000000803F0000C03F"
    }
  }
#-}
