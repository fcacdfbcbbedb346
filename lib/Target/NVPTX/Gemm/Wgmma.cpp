//===- Wgmma.cpp - Products of four warps together ------------------------===//

#include "Wgmma.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "rac/Target/TargetSpec.h"

using namespace mlir;
using namespace rac;
using namespace rac::gemm;

bool rac::gemm::hasWarpgroups(StringRef chip) {
  return chip == "sm_90a" || chip == kHopperSimulatorChip;
}

/// PTX ISA, matrix descriptors of wgmma.
Value rac::gemm::matrixDescriptor(Emit &e, Value address, int64_t leading) {
  Type i64 = e.b.getI64Type();
  auto constant = [&](uint64_t value) -> Value {
    return arith::ConstantIntOp::create(e.b, e.loc, i64,
                                        static_cast<int64_t>(value));
  };
  // Eight lines further the pattern repeats.
  constexpr uint64_t unit = kDescriptorUnit, swizzle128 = 1,
                     stride = kSwizzledTile / unit;
  uint64_t fixed = swizzle128 << 62 | stride << 32 | leading / unit << 16;
  Value start = arith::ShRUIOp::create(e.b, e.loc, address, constant(4));
  // 14 bits of the address count.
  start = arith::AndIOp::create(e.b, e.loc, start, constant((1 << 14) - 1));
  return arith::OrIOp::create(e.b, e.loc, start, constant(fixed));
}

Value rac::gemm::movedDescriptor(Emit &e, Value descriptor, int64_t bytes) {
  if (bytes == 0)
    return descriptor;
  return arith::AddIOp::create(
      e.b, e.loc, descriptor,
      arith::ConstantIntOp::create(e.b, e.loc, e.b.getI64Type(),
                                   bytes / kDescriptorUnit));
}

SmallVector<Value> rac::gemm::elementsOf(Emit &e, Value structure) {
  auto type = cast<LLVM::LLVMStructType>(structure.getType());
  SmallVector<Value> elements;
  for (size_t i = 0; i < type.getBody().size(); ++i)
    elements.push_back(LLVM::ExtractValueOp::create(e.b, e.loc, structure, i));
  return elements;
}

Value rac::gemm::structureOf(Emit &e, ValueRange elements) {
  auto type = LLVM::LLVMStructType::getLiteral(
      e.b.getContext(), llvm::to_vector(elements.getTypes()));
  Value structure = LLVM::UndefOp::create(e.b, e.loc, type);
  for (auto [i, element] : llvm::enumerate(elements))
    structure = LLVM::InsertValueOp::create(e.b, e.loc, structure, element, i);
  return structure;
}

Type GroupProduct::sum() const {
  MLIRContext *context = element.getContext();
  if (element.isInteger())
    return IntegerType::get(context, 32);
  return Float32Type::get(context);
}

Value rac::gemm::noSums(Emit &e, const GroupProduct &product) {
  SmallVector<Type> elements(product.columns / 2, product.sum());
  return LLVM::UndefOp::create(
      e.b, e.loc, LLVM::LLVMStructType::getLiteral(e.b.getContext(), elements));
}

static NVVM::WGMMATypes typeOf(Type element, bool isUnsigned) {
  if (element.isInteger())
    return isUnsigned ? NVVM::WGMMATypes::u8 : NVVM::WGMMATypes::s8;
  if (element.isF16())
    return NVVM::WGMMATypes::f16;
  if (element.isF32())
    return NVVM::WGMMATypes::tf32;
  return element.isBF16() ? NVVM::WGMMATypes::bf16 : NVVM::WGMMATypes::e4m3;
}

Value rac::gemm::multiplyGroup(Emit &e, const GroupProduct &product, Value a,
                               Value b, Value sums, bool add) {
  MLIRContext *context = e.b.getContext();
  bool inIntegers = product.element.isInteger();
  auto overflow = inIntegers ? NVVM::MMAIntOverflowAttr::get(
                                   context, NVVM::MMAIntOverflow::wrapped)
                             : NVVM::MMAIntOverflowAttr();
  auto shape = NVVM::MMAShapeAttr::get(context, kGroupRows, product.columns,
                                       product.depth());
  return NVVM::WgmmaMmaAsyncOp::create(
      e.b, e.loc, sums.getType(), sums, a, b, shape,
      typeOf(product.element, product.leftUnsigned),
      typeOf(product.element, product.rightUnsigned),
      inIntegers ? NVVM::WGMMATypes::s32 : NVVM::WGMMATypes::f32,
      add ? NVVM::WGMMAScaleOut::one : NVVM::WGMMAScaleOut::zero,
      NVVM::WGMMAScaleIn::one, NVVM::WGMMAScaleIn::one,
      product.rowsInLines ? NVVM::MMALayout::col : NVVM::MMALayout::row,
      product.columnsInLines ? NVVM::MMALayout::row : NVVM::MMALayout::col,
      overflow);
}

static std::string numbered(int64_t first, int64_t count) {
  std::string list;
  llvm::raw_string_ostream os(list);
  auto numbers = llvm::seq(first, first + count);
  llvm::interleaveComma(numbers, os, [&](int64_t i) { os << "$" << i; });
  return list;
}

std::string rac::gemm::groupProductPtx(const GroupProduct &product, bool add) {
  StringRef left =
      NVVM::stringifyWGMMATypes(typeOf(product.element, product.leftUnsigned));
  StringRef right =
      NVVM::stringifyWGMMATypes(typeOf(product.element, product.rightUnsigned));
  bool inIntegers = product.element.isInteger();
  StringRef scales = inIntegers                ? ""
                     : product.columnsInLines  ? ", 1, 1, 1"
                     : product.element.isF32() ? ", 1, 1"
                                               : ", 1, 1, 0";
  int64_t sums = product.columns / 2;
  std::string text;
  llvm::raw_string_ostream(text)
      << "{ .reg .pred p; setp.ne.b32 p, " << (add ? 1 : 0)
      << ", 0; wgmma.mma_async.sync.aligned.m" << kGroupRows << "n"
      << product.columns << "k" << product.depth()
      << (inIntegers ? ".s32." : ".f32.") << left << "." << right << " {"
      << numbered(0, sums) << "}, {" << numbered(sums, kLeftRegisters) << "}, $"
      << sums + kLeftRegisters << ", p" << scales << "; }";
  return text;
}

static LLVM::InlineAsmOp assembly(Emit &e, Type result, ValueRange operands,
                                  StringRef text, StringRef constraints) {
  return LLVM::InlineAsmOp::create(
      e.b, e.loc, TypeRange(result), operands, text, constraints,
      /*has_side_effects=*/true, /*is_align_stack=*/false,
      LLVM::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr());
}

/// The registers that results are in, then `more`, then results as operands.
static std::string tied(TypeRange types, StringRef more) {
  std::string list;
  for (Type type : types)
    list += type.isF32() ? "=f," : "=r,";
  list += more;
  for (size_t i = 0; i < types.size(); ++i)
    list += (i ? "," : "") + std::to_string(i);
  return list;
}

Value rac::gemm::multiplyGroup(Emit &e, const GroupProduct &product,
                               ArrayRef<Value> a, Value b, Value sums,
                               bool add) {
  SmallVector<Value> before = elementsOf(e, sums), operands(a);
  operands.push_back(b);
  llvm::append_range(operands, before);
  return assembly(e, sums.getType(), operands, groupProductPtx(product, add),
                  tied(TypeRange(ValueRange(before)), "r,r,r,r,l,"))
      .getRes();
}

SmallVector<Value> rac::gemm::holdRegisters(Emit &e, ValueRange values) {
  auto type = LLVM::LLVMStructType::getLiteral(
      e.b.getContext(), llvm::to_vector(values.getTypes()));
  return elementsOf(
      e, assembly(e, type, values, "", tied(values.getTypes(), "")).getRes());
}

bool rac::gemm::isHold(LLVM::InlineAsmOp op) {
  auto type = dyn_cast_or_null<LLVM::LLVMStructType>(
      op.getRes() ? op.getRes().getType() : Type());
  return type && op.getAsmString().empty() &&
         llvm::equal(type.getBody(), op.getOperandTypes()) &&
         op.getConstraints() == tied(op.getOperandTypes(), "");
}
