//===- ElementwiseOps.td - One element in, one element out -----*- tablegen -*-===//

#ifndef RAC_DIALECT_RAC_IR_ELEMENTWISE
#define RAC_DIALECT_RAC_IR_ELEMENTWISE

include "rac/Dialect/Rac/IR/RacBase.td"

/// `scalar` is the body of buildScalar: `a` holds the operands' elements, `s` is
/// a ScalarBuilder for operand 0's signedness.
class Rac_ElementwiseOp<string mnemonic, string scalar, list<Trait> traits = []>
    : Rac_TensorOp<mnemonic,
        !listconcat([DeclareOpInterfaceMethods<Rac_ElementwiseOpInterface>], traits)> {
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
  let extraClassDefinition = reifyDefinition # [{
    ::llvm::LogicalResult $cppClass::inferDims(
        ::rac::ShapeContext &shapes,
        ::llvm::SmallVectorImpl<::rac::Dims> &results) {
      return ::rac::detail::inferBroadcastDims(getOperation(), shapes, results);
    }
    void $cppClass::getLoopNests(
        ::llvm::SmallVectorImpl<::rac::LoopNest> &nests) {
      nests.push_back(::rac::elementwiseNest(
          ::mlir::cast<::rac::ElementwiseOpInterface>(getOperation())));
    }
    ::mlir::Value $cppClass::buildScalar(::mlir::OpBuilder &builder,
                                         ::mlir::Location loc,
                                         ::mlir::ValueRange a) {
      ::rac::ScalarBuilder s(builder, loc, getOperation());
      }] # scalar # [{
    }
  }];
}

class Rac_Unary<string mnemonic, string what, string scalar, Type type = Rac_FloatTensor>
    : Rac_ElementwiseOp<mnemonic, scalar, [SameOperandsAndResultElementType]> {
  let summary = what;
  let description = "```mlir\n%y = rac." # mnemonic #
      " %x : (tensor<?x4xf32>) -> tensor<?x4xf32>\n```";
  let arguments = (ins type:$input);
  let results = (outs type:$result);
}

class Rac_Binary<string mnemonic, string what, string scalar, Type type = Rac_Tensor>
    : Rac_ElementwiseOp<mnemonic, scalar, [SameOperandsAndResultElementType]> {
  let summary = what;
  string example = !if(!eq(type, Rac_IntTensor), "i32", !if(!eq(type, Rac_BoolTensor), "i1", "f32"));
  let description = "```mlir\n%y = rac." # mnemonic #
      " %a, %b : (tensor<?x4x" # example # ">, tensor<4x" # example # ">) -> tensor<?x4x" # example # ">\n```";
  let arguments = (ins type:$lhs, type:$rhs);
  let results = (outs type:$result);
}

def Rac_SameOperandElementType : PredOpTrait<"operands have the same element type",
    CPred<"::mlir::getElementTypeOrSelf($_op.getOperand(0)) == "
          "::mlir::getElementTypeOrSelf($_op.getOperand(1))">>;

class Rac_Compare<string mnemonic, string what, string scalar>
    : Rac_ElementwiseOp<mnemonic, scalar, [Rac_SameOperandElementType]> {
  let summary = what;
  let description = "```mlir\n%y = rac." # mnemonic #
      " %a, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>\n```";
  let arguments = (ins Rac_Tensor:$lhs, Rac_Tensor:$rhs);
  let results = (outs Rac_BoolTensor:$result);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

def Rac_AddOp : Rac_Binary<"add", "Adds.", "return s.add(a[0], a[1]);">;
def Rac_SubOp : Rac_Binary<"sub", "Subtracts the second operand from the first.", "return s.sub(a[0], a[1]);">;
def Rac_MulOp : Rac_Binary<"mul", "Multiplies.", "return s.mul(a[0], a[1]);">;
def Rac_DivOp : Rac_Binary<"div", "Divides; integers towards zero, and by zero gives zero.", "return s.div(a[0], a[1]);">;
def Rac_ModOp : Rac_Binary<"mod", "Remainder with the divisor's sign (Python's %); an integer by zero gives zero.", "return s.mod(a[0], a[1]);">;
def Rac_RemOp : Rac_Binary<"rem", "Remainder with the dividend's sign (C's fmod); an integer by zero gives zero.", "return s.rem(a[0], a[1]);">;
def Rac_MaxOp : Rac_Binary<"max", "The larger; NaN if either is NaN.", "return s.max(a[0], a[1]);">;
def Rac_MinOp : Rac_Binary<"min", "The smaller; NaN if either is NaN.", "return s.min(a[0], a[1]);">;
def Rac_PowOp : Rac_Binary<"pow", "The first operand to the power of the second.", "return s.pow(a[0], a[1]);">;

def Rac_NegOp : Rac_Unary<"neg", "Negates.", "return s.neg(a[0]);", Rac_Tensor>;
def Rac_AbsOp : Rac_Unary<"abs", "Absolute value.", "return s.abs(a[0]);", Rac_Tensor>;
def Rac_SignOp : Rac_Unary<"sign", "-1, 0 or 1 by the sign; NaN stays NaN.", "return s.sign(a[0]);", Rac_Tensor>;
def Rac_FloorOp : Rac_Unary<"floor", "Largest whole number not above.", "return s.floor(a[0]);">;
def Rac_CeilOp : Rac_Unary<"ceil", "Smallest whole number not below.", "return s.ceil(a[0]);">;
def Rac_RoundOp : Rac_Unary<"round", "Nearest whole number, ties to even.", "return s.roundEven(a[0]);">;
def Rac_SqrtOp : Rac_Unary<"sqrt", "Square root.", "return s.sqrt(a[0]);">;
def Rac_ReciprocalOp : Rac_Unary<"reciprocal", "One divided by the operand.", "return s.div(s.one(a[0]), a[0]);">;

//===----------------------------------------------------------------------===//
// Exponential, trigonometric, special
//===----------------------------------------------------------------------===//

def Rac_ExpOp : Rac_Unary<"exp", "Natural exponential.", "return s.exp(a[0]);">;
def Rac_LogOp : Rac_Unary<"log", "Natural logarithm.", "return s.log(a[0]);">;
def Rac_SinOp : Rac_Unary<"sin", "Sine of radians.", "return s.unary<::mlir::math::SinOp>(a[0]);">;
def Rac_CosOp : Rac_Unary<"cos", "Cosine of radians.", "return s.unary<::mlir::math::CosOp>(a[0]);">;
def Rac_TanOp : Rac_Unary<"tan", "Tangent of radians.", "return s.unary<::mlir::math::TanOp>(a[0]);">;
def Rac_AsinOp : Rac_Unary<"asin", "Arc sine, in radians.", "return s.unary<::mlir::math::AsinOp>(a[0]);">;
def Rac_AcosOp : Rac_Unary<"acos", "Arc cosine, in radians.", "return s.unary<::mlir::math::AcosOp>(a[0]);">;
def Rac_AtanOp : Rac_Unary<"atan", "Arc tangent, in radians.", "return s.unary<::mlir::math::AtanOp>(a[0]);">;
def Rac_SinhOp : Rac_Unary<"sinh", "Hyperbolic sine.", "return s.unary<::mlir::math::SinhOp>(a[0]);">;
def Rac_CoshOp : Rac_Unary<"cosh", "Hyperbolic cosine.", "return s.unary<::mlir::math::CoshOp>(a[0]);">;
def Rac_TanhOp : Rac_Unary<"tanh", "Hyperbolic tangent.", "return s.tanh(a[0]);">;
def Rac_AsinhOp : Rac_Unary<"asinh", "Inverse hyperbolic sine.", "return s.unary<::mlir::math::AsinhOp>(a[0]);">;
def Rac_AcoshOp : Rac_Unary<"acosh", "Inverse hyperbolic cosine.", "return s.unary<::mlir::math::AcoshOp>(a[0]);">;
def Rac_AtanhOp : Rac_Unary<"atanh", "Inverse hyperbolic tangent.", "return s.unary<::mlir::math::AtanhOp>(a[0]);">;
def Rac_ErfOp : Rac_Unary<"erf", "The error function.", "return s.erf(a[0]);">;

//===----------------------------------------------------------------------===//
// Activations that kernels and libraries know as one thing
//===----------------------------------------------------------------------===//

def Rac_ReluOp : Rac_Unary<"relu", "max(x, 0).", "return s.max(a[0], s.zero(a[0]));", Rac_Tensor>;
def Rac_SigmoidOp : Rac_Unary<"sigmoid", "1 / (1 + exp(-x)).", "return s.sigmoid(a[0]);">;
def Rac_SiluOp : Rac_Unary<"silu", "x * sigmoid(x).", "return s.mul(a[0], s.sigmoid(a[0]));">;
def Rac_GeluOp : Rac_Unary<"gelu", "x/2 * (1 + erf(x / sqrt 2)).", "return s.gelu(a[0]);">;
def Rac_GeluTanhOp : Rac_Unary<"gelu_tanh", "x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))).", "return s.geluTanh(a[0]);">;
def Rac_SoftplusOp : Rac_Unary<"softplus", "log(1 + exp(x)).", "return s.softplus(a[0]);">;
def Rac_HardSwishOp : Rac_Unary<"hard_swish", "x * clip(x/6 + 1/2, 0, 1).", "return s.hardSwish(a[0]);">;

class Rac_UnaryAlpha<string mnemonic, string what, string scalar>
    : Rac_ElementwiseOp<mnemonic, scalar, [SameOperandsAndResultElementType]> {
  let summary = what;
  let description = "```mlir\n%y = rac." # mnemonic #
      " %x {alpha = 0.5 : f64} : (tensor<?x4xf32>) -> tensor<?x4xf32>\n```";
  let arguments = (ins Rac_FloatTensor:$input, F64Attr:$alpha);
  let results = (outs Rac_FloatTensor:$result);
}
def Rac_LeakyReluOp : Rac_UnaryAlpha<"leaky_relu", "x where x >= 0, else alpha * x.", "return s.leakyRelu(a[0], getAlpha().convertToDouble());">;
def Rac_EluOp : Rac_UnaryAlpha<"elu", "x where x >= 0, else alpha * (exp(x) - 1).", "return s.elu(a[0], getAlpha().convertToDouble());">;

def Rac_HardSigmoidOp : Rac_ElementwiseOp<"hard_sigmoid",
    "return s.hardSigmoid(a[0], getAlpha().convertToDouble(), getBeta().convertToDouble());", [SameOperandsAndResultElementType]> {
  let summary = "clip(alpha * x + beta, 0, 1).";
  let description = [{
    ```mlir
    %y = rac.hard_sigmoid %x {alpha = 0.2 : f64, beta = 0.5 : f64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_FloatTensor:$input, F64Attr:$alpha, F64Attr:$beta);
  let results = (outs Rac_FloatTensor:$result);
}

def Rac_ClipOp : Rac_ElementwiseOp<"clip", "return s.min(s.max(a[0], a[1]), a[2]);",
    [SameOperandsAndResultElementType]> {
  let summary = "min(max(x, low), high).";
  let description = [{
    ```mlir
    %y = rac.clip %x, %low, %high : (tensor<?x4xf32>, tensor<f32>, tensor<f32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_Tensor:$input, Rac_Tensor:$low, Rac_Tensor:$high);
  let results = (outs Rac_Tensor:$result);
}

//===----------------------------------------------------------------------===//
// Comparison, logic, bits
//===----------------------------------------------------------------------===//

def Rac_EqualOp : Rac_Compare<"equal", "True where the operands are equal.", "return s.equal(a[0], a[1]);">;
def Rac_LessOp : Rac_Compare<"less", "True where the first operand is smaller.", "return s.less(a[0], a[1]);">;
def Rac_LessEqualOp : Rac_Compare<"less_equal", "True where the first operand is not larger.", "return s.lessEqual(a[0], a[1]);">;

def Rac_AndOp : Rac_Binary<"and", "Bitwise and; logical on i1.", "return s.binary<::mlir::arith::AndIOp>(a[0], a[1]);", Rac_IntTensor>;
def Rac_OrOp : Rac_Binary<"or", "Bitwise or; logical on i1.", "return s.binary<::mlir::arith::OrIOp>(a[0], a[1]);", Rac_IntTensor>;
def Rac_XorOp : Rac_Binary<"xor", "Bitwise exclusive or; logical on i1.", "return s.binary<::mlir::arith::XOrIOp>(a[0], a[1]);", Rac_IntTensor>;
def Rac_ShiftLeftOp : Rac_Binary<"shift_left", "Shifts bits left; by the width or more gives zero.", "return s.shiftLeft(a[0], a[1]);", Rac_IntTensor>;
def Rac_ShiftRightOp : Rac_Binary<"shift_right", "Shifts bits right, filling with zeros; by the width or more gives zero.", "return s.shiftRight(a[0], a[1]);", Rac_IntTensor>;
def Rac_NotOp : Rac_Unary<"not", "Bitwise complement; logical on i1.", "return s.bitNot(a[0]);", Rac_IntTensor> {
  let description = "```mlir\n%y = rac.not %x : (tensor<?x4xi32>) -> tensor<?x4xi32>\n```";
}

class Rac_FloatTest<string mnemonic, string what, string scalar>
    : Rac_ElementwiseOp<mnemonic, scalar> {
  let summary = what;
  let description = "```mlir\n%y = rac." # mnemonic #
      " %x : (tensor<?x4xf32>) -> tensor<?x4xi1>\n```";
  let arguments = (ins Rac_FloatTensor:$input);
  let results = (outs Rac_BoolTensor:$result);
}
def Rac_IsNanOp : Rac_FloatTest<"is_nan", "True where the operand is not a number.", "return s.isNan(a[0]);">;
def Rac_IsInfOp : Rac_FloatTest<"is_inf", "True where the operand is plus or minus infinity.", "return s.isInf(a[0]);">;

def Rac_SelectOp : Rac_ElementwiseOp<"select", "return ::mlir::arith::SelectOp::create(builder, loc, a[0], a[1], a[2]);",
    [AllElementTypesMatch<["on_true", "on_false", "result"]>]> {
  let summary = "The second operand where the first is true, else the third.";
  let description = [{
    ```mlir
    %y = rac.select %c, %a, %b : (tensor<?x1xi1>, tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_BoolTensor:$condition, Rac_Tensor:$on_true, Rac_Tensor:$on_false);
  let results = (outs Rac_Tensor:$result);
}

def Rac_CastOp : Rac_ElementwiseOp<"cast", "return s.cast(a[0], getInput().getType().getElementType(), getType().getElementType());"> {
  let summary = "Converts the element type: floats round to nearest even, to integers they truncate, to i1 they say 'not zero'.";
  let description = [{
    ```mlir
    %y = rac.cast %x : (tensor<?x4xf32>) -> tensor<?x4xi64>
    ```
  }];
  let arguments = (ins Rac_Tensor:$input);
  let results = (outs Rac_Tensor:$result);
}

def Rac_BitcastOp : Rac_ElementwiseOp<"bitcast", "return s.bitcast(a[0], getType().getElementType());"> {
  let summary = "The same bits read as another element type of the same width.";
  let description = [{
    ```mlir
    %y = rac.bitcast %x : (tensor<?x4xf32>) -> tensor<?x4xi32>
    ```
  }];
  let arguments = (ins Rac_Tensor:$input);
  let results = (outs Rac_Tensor:$result);
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Steps of a quantised type
//===----------------------------------------------------------------------===//

class Rac_Steps<string mnemonic, string scalar> : Rac_ElementwiseOp<mnemonic, scalar> {
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::quant::UniformQuantizedType getSteps() {
      return ::llvm::cast<::mlir::quant::UniformQuantizedType>(getStepsType());
    }
  }];
}

def Rac_QuantizeOp : Rac_Steps<"quantize", "return s.quantize(a[0], getSteps(), getType().getElementType());"> {
  let summary = "The nearest step of a quantised type: clip(round(x / scale) + zero, low, high).";
  let description = [{
    Ties go to even; NaN gives the lowest step. `steps_type` is what the result's
    integers stand for, one scale for the whole tensor. A result of f8E4M3FN is
    x / scale, rounded and at most 448 away from zero; NaN stays NaN.

    ```mlir
    %q = rac.quantize %x {steps_type = !quant.uniform<u8:f32, 2.0e-2:128>} : (tensor<?x4xf32>) -> tensor<?x4xui8>
    ```

    ```mlir
    %q = rac.quantize %x {steps_type = !quant.uniform<i8:f32, 2.0e-2>} : (tensor<?x4xf32>) -> tensor<?x4xf8E4M3FN>
    ```
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$input, TypeAttr:$steps_type);
  let results = (outs Rac_StepsTensor:$result);
}

def Rac_DequantizeOp : Rac_Steps<"dequantize", "return s.dequantize(a[0], getSteps());"> {
  let summary = "What a quantised type's numbers stand for: (q - zero) * scale.";
  let description = [{
    ```mlir
    %x = rac.dequantize %q {steps_type = !quant.uniform<i8:f32, 2.0e-2>} : (tensor<?x4xi8>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Rac_StepsTensor:$input, TypeAttr:$steps_type);
  let results = (outs RankedTensorOf<[F32]>:$result);
}

#endif // RAC_DIALECT_RAC_IR_ELEMENTWISE
