//===- ModelSignature.cpp - What a model takes and gives ------------------===//

#include "rac/Emit/ModelSignature.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace rac;

static constexpr llvm::StringLiteral kDtypeNames[RAC_NUM_DTYPES] = {
    "f32", "f16", "bf16", "f64", "i8",  "u8",  "i16",
    "u16", "i32", "u32",  "i64", "u64", "bool"};

StringRef rac::dtypeName(RacDtype dtype) { return kDtypeNames[dtype]; }

static std::optional<RacDtype> dtypeOf(Type type) {
  if (type.isF32())
    return RAC_F32;
  if (type.isF16())
    return RAC_F16;
  if (type.isBF16())
    return RAC_BF16;
  if (type.isF64())
    return RAC_F64;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return RAC_BOOL;
  case 8:
    return isUnsigned ? RAC_U8 : RAC_I8;
  case 16:
    return isUnsigned ? RAC_U16 : RAC_I16;
  case 32:
    return isUnsigned ? RAC_U32 : RAC_I32;
  case 64:
    return isUnsigned ? RAC_U64 : RAC_I64;
  }
  return std::nullopt;
}

namespace {

/// Builds a signature tensor by tensor, numbering the symbols as they come.
class SignatureBuilder {
public:
  explicit SignatureBuilder(ModelSignature &signature) : signature(signature) {}

  /// Names that the model gave, so that none made up here equals one of them.
  void reserve(ArrayAttr dimNames) {
    if (!dimNames)
      return;
    for (Attribute name : dimNames)
      if (auto text = dyn_cast<StringAttr>(name))
        reserved.try_emplace(text.getValue());
  }

  llvm::Expected<TensorSignature> add(Type type, StringAttr name,
                                      ArrayAttr dimNames, StringRef fallback) {
    TensorSignature tensor;
    tensor.name = name ? name.getValue().str() : fallback.str();
    auto ranked = dyn_cast<RankedTensorType>(type);
    auto dtype = ranked ? dtypeOf(ranked.getElementType()) : std::nullopt;
    if (!dtype) {
      std::string text;
      llvm::raw_string_ostream(text) << type;
      return llvm::createStringError(
          "'" + tensor.name + "' has type " + text +
          ", which no compiled model can take or give");
    }
    tensor.dtype = *dtype;
    for (int64_t i : llvm::seq(ranked.getRank())) {
      StringRef given = nameOf(dimNames, i);
      if (!ranked.isDynamicDim(i))
        tensor.dims.push_back(ranked.getDimSize(i));
      else
        tensor.dims.push_back(-1 - symbol(given.empty()
                                              ? makeName(tensor.name, i)
                                              : given.str()));
    }
    return tensor;
  }

private:
  static StringRef nameOf(ArrayAttr dimNames, int64_t i) {
    if (!dimNames || i >= static_cast<int64_t>(dimNames.size()))
      return "";
    auto name = dyn_cast<StringAttr>(dimNames[i]);
    return name ? name.getValue() : "";
  }

  std::string makeName(StringRef tensor, int64_t dim) {
    std::string name = (tensor + "_" + Twine(dim)).str();
    while (reserved.contains(name) || numbers.contains(name))
      name += "_";
    return name;
  }

  int64_t symbol(const std::string &name) {
    auto [entry, isNew] = numbers.try_emplace(name, signature.symbols.size());
    if (isNew)
      signature.symbols.push_back(name);
    return entry->second;
  }

  ModelSignature &signature;
  llvm::StringMap<char> reserved;
  llvm::StringMap<int64_t> numbers;
};

} // namespace

llvm::Expected<ModelSignature>
rac::computeSignature(ModuleOp module, StringRef name, StringRef prefix) {
  auto entry = module.lookupSymbol<func::FuncOp>("main");
  if (!entry)
    return llvm::createStringError("the module has no function 'main'");
  ModelSignature signature;
  signature.name = name.str();
  signature.prefix = prefix.str();

  constexpr llvm::StringLiteral kName = "rac.name", kDims = "rac.dim_names";
  SignatureBuilder builder(signature);
  for (unsigned i : llvm::seq(entry.getNumArguments()))
    builder.reserve(entry.getArgAttrOfType<ArrayAttr>(i, kDims));
  for (unsigned i : llvm::seq(entry.getNumResults()))
    builder.reserve(entry.getResultAttrOfType<ArrayAttr>(i, kDims));

  for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes())) {
    auto tensor =
        builder.add(type, entry.getArgAttrOfType<StringAttr>(i, kName),
                    entry.getArgAttrOfType<ArrayAttr>(i, kDims),
                    "input_" + std::to_string(i));
    if (!tensor)
      return tensor.takeError();
    signature.inputs.push_back(std::move(*tensor));
  }
  for (auto [i, type] : llvm::enumerate(entry.getResultTypes())) {
    auto tensor =
        builder.add(type, entry.getResultAttrOfType<StringAttr>(i, kName),
                    entry.getResultAttrOfType<ArrayAttr>(i, kDims),
                    "output_" + std::to_string(i));
    if (!tensor)
      return tensor.takeError();
    signature.outputs.push_back(std::move(*tensor));
  }
  return signature;
}

std::string rac::makePrefix(StringRef name) {
  std::string prefix;
  for (char c : name)
    prefix += llvm::isAlnum(c) ? c : '_';
  // No C identifier starts with a digit, and `rac` is the runtime's.
  if (prefix.empty() || llvm::isDigit(prefix.front()) ||
      StringRef(prefix).starts_with("rac"))
    prefix = "m_" + prefix;
  return prefix;
}

llvm::Error rac::checkPrefix(StringRef prefix) {
  bool isIdentifier =
      !prefix.empty() && !llvm::isDigit(prefix.front()) &&
      llvm::all_of(prefix, [](char c) { return llvm::isAlnum(c) || c == '_'; });
  if (!isIdentifier)
    return llvm::createStringError("the prefix '" + prefix +
                                   "' is not a C identifier");
  if (prefix == "rac" || prefix.starts_with("rac_"))
    return llvm::createStringError(
        "the prefix '" + prefix +
        "' is taken: names in rac_ are the runtime's");
  return llvm::Error::success();
}

llvm::json::Value rac::jsonText(StringRef text) {
  return llvm::json::isUTF8(text) ? text.str() : llvm::json::fixUTF8(text);
}

static llvm::json::Array describeTensors(const ModelSignature &signature,
                                         ArrayRef<TensorSignature> tensors) {
  llvm::json::Array result;
  for (const TensorSignature &tensor : tensors) {
    llvm::json::Array shape;
    for (int64_t dim : tensor.dims) {
      if (dim >= 0)
        shape.push_back(dim);
      else
        shape.push_back(jsonText(signature.symbols[-1 - dim]));
    }
    result.push_back(llvm::json::Object{{"name", jsonText(tensor.name)},
                                        {"dtype", dtypeName(tensor.dtype)},
                                        {"shape", std::move(shape)}});
  }
  return result;
}

std::string rac::describe(const ModelSignature &signature,
                          llvm::json::Object more) {
  llvm::json::Array symbols;
  for (const std::string &symbol : signature.symbols)
    symbols.push_back(jsonText(symbol));
  more["schema"] = "rac-model/1";
  more["name"] = jsonText(signature.name);
  more["prefix"] = signature.prefix;
  more["inputs"] = describeTensors(signature, signature.inputs);
  more["outputs"] = describeTensors(signature, signature.outputs);
  more["symbols"] = std::move(symbols);
  // Objects are printed in the order of their keys, so this is deterministic.
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(more));
  return text;
}
