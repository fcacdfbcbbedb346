// RUN: rac-opt %s | rac-opt | FileCheck %s
// RUN: rac-opt %s --emit-bytecode | rac-opt | FileCheck %s
//
// Every elementwise op survives printing and parsing.

// CHECK-LABEL: @add(
// CHECK: rac.add 
func.func @add(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = rac.add %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @sub(
// CHECK: rac.sub 
func.func @sub(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = rac.sub %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @mul(
// CHECK: rac.mul 
func.func @mul(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = rac.mul %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @div(
// CHECK: rac.div 
func.func @div(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = rac.div %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @mod(
// CHECK: rac.mod 
func.func @mod(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = rac.mod %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @rem(
// CHECK: rac.rem 
func.func @rem(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = rac.rem %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @max(
// CHECK: rac.max 
func.func @max(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = rac.max %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @min(
// CHECK: rac.min 
func.func @min(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = rac.min %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @pow(
// CHECK: rac.pow 
func.func @pow(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = rac.pow %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @neg(
// CHECK: rac.neg 
func.func @neg(%a: tensor<?x4xf32>) {
  %y = rac.neg %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @abs(
// CHECK: rac.abs 
func.func @abs(%a: tensor<?x4xf32>) {
  %y = rac.abs %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @sign(
// CHECK: rac.sign 
func.func @sign(%a: tensor<?x4xf32>) {
  %y = rac.sign %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @floor(
// CHECK: rac.floor 
func.func @floor(%a: tensor<?x4xf32>) {
  %y = rac.floor %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @ceil(
// CHECK: rac.ceil 
func.func @ceil(%a: tensor<?x4xf32>) {
  %y = rac.ceil %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @round(
// CHECK: rac.round 
func.func @round(%a: tensor<?x4xf32>) {
  %y = rac.round %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @sqrt(
// CHECK: rac.sqrt 
func.func @sqrt(%a: tensor<?x4xf32>) {
  %y = rac.sqrt %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @reciprocal(
// CHECK: rac.reciprocal 
func.func @reciprocal(%a: tensor<?x4xf32>) {
  %y = rac.reciprocal %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @exp(
// CHECK: rac.exp 
func.func @exp(%a: tensor<?x4xf32>) {
  %y = rac.exp %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @log(
// CHECK: rac.log 
func.func @log(%a: tensor<?x4xf32>) {
  %y = rac.log %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @sin(
// CHECK: rac.sin 
func.func @sin(%a: tensor<?x4xf32>) {
  %y = rac.sin %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @cos(
// CHECK: rac.cos 
func.func @cos(%a: tensor<?x4xf32>) {
  %y = rac.cos %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @tan(
// CHECK: rac.tan 
func.func @tan(%a: tensor<?x4xf32>) {
  %y = rac.tan %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @asin(
// CHECK: rac.asin 
func.func @asin(%a: tensor<?x4xf32>) {
  %y = rac.asin %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @acos(
// CHECK: rac.acos 
func.func @acos(%a: tensor<?x4xf32>) {
  %y = rac.acos %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @atan(
// CHECK: rac.atan 
func.func @atan(%a: tensor<?x4xf32>) {
  %y = rac.atan %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @sinh(
// CHECK: rac.sinh 
func.func @sinh(%a: tensor<?x4xf32>) {
  %y = rac.sinh %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @cosh(
// CHECK: rac.cosh 
func.func @cosh(%a: tensor<?x4xf32>) {
  %y = rac.cosh %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @tanh(
// CHECK: rac.tanh 
func.func @tanh(%a: tensor<?x4xf32>) {
  %y = rac.tanh %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @asinh(
// CHECK: rac.asinh 
func.func @asinh(%a: tensor<?x4xf32>) {
  %y = rac.asinh %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @acosh(
// CHECK: rac.acosh 
func.func @acosh(%a: tensor<?x4xf32>) {
  %y = rac.acosh %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @atanh(
// CHECK: rac.atanh 
func.func @atanh(%a: tensor<?x4xf32>) {
  %y = rac.atanh %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @erf(
// CHECK: rac.erf 
func.func @erf(%a: tensor<?x4xf32>) {
  %y = rac.erf %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @relu(
// CHECK: rac.relu 
func.func @relu(%a: tensor<?x4xf32>) {
  %y = rac.relu %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @sigmoid(
// CHECK: rac.sigmoid 
func.func @sigmoid(%a: tensor<?x4xf32>) {
  %y = rac.sigmoid %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @silu(
// CHECK: rac.silu 
func.func @silu(%a: tensor<?x4xf32>) {
  %y = rac.silu %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @gelu(
// CHECK: rac.gelu 
func.func @gelu(%a: tensor<?x4xf32>) {
  %y = rac.gelu %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @gelu_tanh(
// CHECK: rac.gelu_tanh 
func.func @gelu_tanh(%a: tensor<?x4xf32>) {
  %y = rac.gelu_tanh %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @softplus(
// CHECK: rac.softplus 
func.func @softplus(%a: tensor<?x4xf32>) {
  %y = rac.softplus %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @hard_swish(
// CHECK: rac.hard_swish 
func.func @hard_swish(%a: tensor<?x4xf32>) {
  %y = rac.hard_swish %a : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @leaky_relu(
// CHECK: rac.leaky_relu 
func.func @leaky_relu(%a: tensor<?x4xf32>) {
  %y = rac.leaky_relu %a {alpha = 0.5 : f64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @elu(
// CHECK: rac.elu 
func.func @elu(%a: tensor<?x4xf32>) {
  %y = rac.elu %a {alpha = 0.5 : f64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @equal(
// CHECK: rac.equal 
func.func @equal(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = rac.equal %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>
  return
}
// CHECK-LABEL: @less(
// CHECK: rac.less 
func.func @less(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = rac.less %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>
  return
}
// CHECK-LABEL: @less_equal(
// CHECK: rac.less_equal 
func.func @less_equal(%a: tensor<?x4xf32>, %b: tensor<4xf32>) {
  %y = rac.less_equal %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>
  return
}
// CHECK-LABEL: @and(
// CHECK: rac.and 
func.func @and(%a: tensor<?x4xi32>, %b: tensor<4xi32>) {
  %y = rac.and %a, %b : (tensor<?x4xi32>, tensor<4xi32>) -> tensor<?x4xi32>
  return
}
// CHECK-LABEL: @or(
// CHECK: rac.or 
func.func @or(%a: tensor<?x4xi32>, %b: tensor<4xi32>) {
  %y = rac.or %a, %b : (tensor<?x4xi32>, tensor<4xi32>) -> tensor<?x4xi32>
  return
}
// CHECK-LABEL: @xor(
// CHECK: rac.xor 
func.func @xor(%a: tensor<?x4xi32>, %b: tensor<4xi32>) {
  %y = rac.xor %a, %b : (tensor<?x4xi32>, tensor<4xi32>) -> tensor<?x4xi32>
  return
}
// CHECK-LABEL: @shift_left(
// CHECK: rac.shift_left 
func.func @shift_left(%a: tensor<?x4xi32>, %b: tensor<4xi32>) {
  %y = rac.shift_left %a, %b : (tensor<?x4xi32>, tensor<4xi32>) -> tensor<?x4xi32>
  return
}
// CHECK-LABEL: @shift_right(
// CHECK: rac.shift_right 
func.func @shift_right(%a: tensor<?x4xi32>, %b: tensor<4xi32>) {
  %y = rac.shift_right %a, %b : (tensor<?x4xi32>, tensor<4xi32>) -> tensor<?x4xi32>
  return
}
// CHECK-LABEL: @not(
// CHECK: rac.not 
func.func @not(%a: tensor<?x4xi32>) {
  %y = rac.not %a : (tensor<?x4xi32>) -> tensor<?x4xi32>
  return
}
// CHECK-LABEL: @is_nan(
// CHECK: rac.is_nan 
func.func @is_nan(%a: tensor<?x4xf32>) {
  %y = rac.is_nan %a : (tensor<?x4xf32>) -> tensor<?x4xi1>
  return
}
// CHECK-LABEL: @is_inf(
// CHECK: rac.is_inf 
func.func @is_inf(%a: tensor<?x4xf32>) {
  %y = rac.is_inf %a : (tensor<?x4xf32>) -> tensor<?x4xi1>
  return
}
// CHECK-LABEL: @hard_sigmoid(
// CHECK: rac.hard_sigmoid 
func.func @hard_sigmoid(%a: tensor<4xf32>) {
  %y = rac.hard_sigmoid %a {alpha = 0.2 : f64, beta = 0.5 : f64} : (tensor<4xf32>) -> tensor<4xf32>
  return
}
// CHECK-LABEL: @clip(
// CHECK: rac.clip 
func.func @clip(%a: tensor<?x4xf32>, %l: tensor<f32>, %h: tensor<f32>) {
  %y = rac.clip %a, %l, %h : (tensor<?x4xf32>, tensor<f32>, tensor<f32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @select(
// CHECK: rac.select 
func.func @select(%c: tensor<?x1xi1>, %a: tensor<?x4xf32>, %b: tensor<f32>) {
  %y = rac.select %c, %a, %b : (tensor<?x1xi1>, tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  return
}
// CHECK-LABEL: @cast(
// CHECK: rac.cast 
func.func @cast(%a: tensor<?x4xf32>) {
  %y = rac.cast %a : (tensor<?x4xf32>) -> tensor<?x4xui8>
  return
}
// CHECK-LABEL: @bitcast(
// CHECK: rac.bitcast 
func.func @bitcast(%a: tensor<?x4xf32>) {
  %y = rac.bitcast %a : (tensor<?x4xf32>) -> tensor<?x4xi32>
  return
}
// CHECK-LABEL: @quantize(
// CHECK: rac.quantize 
func.func @quantize(%a: tensor<?x4xf32>) {
  %y = rac.quantize %a {steps_type = !quant.uniform<u8:f32, 2.0e-2:128>} : (tensor<?x4xf32>) -> tensor<?x4xui8>
  return
}
// CHECK-LABEL: @dequantize(
// CHECK: rac.dequantize 
func.func @dequantize(%a: tensor<?x4xi8>) {
  %y = rac.dequantize %a {steps_type = !quant.uniform<i8<-127:127>:f32, 2.0e-2>} : (tensor<?x4xi8>) -> tensor<?x4xf32>
  return
}
