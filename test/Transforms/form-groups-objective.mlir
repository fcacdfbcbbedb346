// What is made small decides the plan; all numbers are the device file's or stated here.

// RUN: rac-opt %s --rac-form-groups="device=epyc-zen4 threads=8 objective=latency" | FileCheck %s --check-prefix=LATENCY
// RUN: rac-opt %s --rac-form-groups="device=epyc-zen4 threads=8 objective=energy" | FileCheck %s --check-prefix=ENERGY
// RUN: not rac-opt %s --rac-form-groups="device=neoverse-v1 objective=energy" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not rac-opt %s --rac-form-groups="device=epyc-zen4 objective=beauty" 2>&1 | FileCheck %s --check-prefix=OBJECTIVE

// The product's work is worth eight threads; handing it out takes time that is little beside it.
// LATENCY: #rac.search<objective = latency, {{.*}}exact = true
// LATENCY: rac.group @matmul_0 {{.*}}plan <kind = library, precision = f32, cost

// Eight cores at work for an eighth of the time cost what one costs, but handing out work costs more.
// ENERGY: #rac.search<objective = energy, {{.*}}exact = true
// ENERGY: rac.group @matmul_0 {{.*}}plan <kind = library, precision = f32, threads = 1, cost

// UNKNOWN: error: device neoverse-v1 has no numbers to tell energy from, so there is no planning for energy
// OBJECTIVE: error: there is no objective 'beauty'; there are latency, energy, edp and carbon
func.func @f(%a: tensor<512x512xf32>, %b: tensor<512x512xf32>) -> tensor<512x512xf32> {
  %0 = rac.matmul %a, %b : (tensor<512x512xf32>, tensor<512x512xf32>) -> tensor<512x512xf32>
  return %0 : tensor<512x512xf32>
}
