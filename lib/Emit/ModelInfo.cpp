//===- ModelInfo.cpp - What makes a module a model ------------------------===//

#include "ModelInfo.h"
#include "rac-c/Abi.h"
#include "rac/Emit/Weights.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

using namespace llvm;
using namespace rac;

static constexpr StringLiteral kFunctions[] = {
    "create",     "run",        "destroy", "describe",
    "last_error", "arena_size", "profile"};

std::vector<std::string> rac::exportedSymbols(StringRef prefix) {
  std::vector<std::string> symbols;
  for (StringRef function : kFunctions)
    symbols.push_back((prefix + "_" + function).str());
  symbols.push_back("rac_model_prefix");
  symbols.push_back("rac_model_report");
  return symbols;
}

namespace {

/// Drivers read images as the ELF files that they are.
constexpr uint64_t kImageAlignment = 16;

class InfoBuilder {
public:
  InfoBuilder(Module &module, const ModelSignature &signature)
      : module(module), signature(signature), builder(module.getContext()),
        pointer(builder.getPtrTy()), i32(builder.getInt32Ty()),
        i64(builder.getInt64Ty()) {}

  GlobalVariable *info(const ModelFacts &facts);
  void addWrappers(GlobalVariable *info);
  void addText(StringRef name, StringRef text);
  void addFinalizer();

private:
  Constant *number(Type *type, uint64_t value) {
    return ConstantInt::get(type, value);
  }
  GlobalVariable *constant(Constant *value, StringRef name) {
    auto *global =
        new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                           GlobalValue::InternalLinkage, value, name);
    global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    return global;
  }
  Constant *text(StringRef value) {
    return constant(ConstantDataArray::getString(module.getContext(), value),
                    "rac.text");
  }
  /// Null for none, as RacModelInfo has it.
  Constant *array(ArrayRef<Constant *> values, StringRef name) {
    if (values.empty())
      return ConstantPointerNull::get(pointer);
    return constant(
        ConstantArray::get(ArrayType::get(values[0]->getType(), values.size()),
                           values),
        name);
  }
  Constant *tensors(ArrayRef<TensorSignature> list, StringRef name);
  Constant *definedOrNull(StringRef name);
  Constant *weights(const ModelFacts &facts);
  Constant *device(const DeviceImages *images);
  void addWrapper(StringRef name, Type *result, ArrayRef<Type *> arguments,
                  Constant *first);

  Module &module;
  const ModelSignature &signature;
  IRBuilder<> builder;
  PointerType *pointer;
  IntegerType *i32, *i64;
};

/// The members of RacTensorInfo, in order.
Constant *InfoBuilder::tensors(ArrayRef<TensorSignature> list, StringRef name) {
  auto *type =
      StructType::get(module.getContext(), {pointer, i32, i32, pointer});
  SmallVector<Constant *> values;
  for (const TensorSignature &tensor : list) {
    SmallVector<Constant *> dims;
    for (int64_t dim : tensor.dims)
      dims.push_back(ConstantInt::getSigned(i64, dim));
    values.push_back(ConstantStruct::get(
        type, {text(tensor.name), number(i32, tensor.dtype),
               number(i32, tensor.dims.size()), array(dims, "rac.dims")}));
  }
  return array(values, name);
}

Constant *InfoBuilder::definedOrNull(StringRef name) {
  if (Function *function = module.getFunction(name))
    return function;
  return ConstantPointerNull::get(pointer);
}

Constant *InfoBuilder::weights(const ModelFacts &facts) {
  if (!facts.weightsSize || !facts.weightsFile.empty())
    return ConstantPointerNull::get(pointer);
  auto *data = new GlobalVariable(
      module, ArrayType::get(builder.getInt8Ty(), facts.weightsSize),
      /*isConstant=*/true, GlobalValue::ExternalLinkage, nullptr,
      kWeightsSymbol);
  data->setVisibility(GlobalValue::HiddenVisibility);
  return data;
}

/// The members of RacDeviceInfo and what it holds, in order
/// (include/rac-c/Device.h).
Constant *InfoBuilder::device(const DeviceImages *images) {
  if (!images)
    return ConstantPointerNull::get(pointer);
  auto make = [&](ArrayRef<Constant *> members) -> Constant * {
    return ConstantStruct::getAnon(module.getContext(), members);
  };
  SmallVector<Constant *> binaries, kernels, messages;
  for (const DeviceImage &image : images->images) {
    auto *data = cast<GlobalVariable>(
        constant(ConstantDataArray::getString(module.getContext(), image.data,
                                              /*AddNull=*/false),
                 "rac.image"));
    data->setAlignment(Align(kImageAlignment));
    binaries.push_back(
        make({text(image.chip), data, number(i64, image.data.size())}));
  }
  for (const DeviceKernel &kernel : images->kernels)
    kernels.push_back(
        make({text(kernel.name), number(i32, kernel.sharedBytes),
              number(i32, kernel.numParams), number(i32, kernel.overlaps)}));
  for (const std::string &message : images->messages)
    messages.push_back(text(message));
  return constant(
      make({number(i32, binaries.size()), array(binaries, "rac.images"),
            number(i32, kernels.size()), array(kernels, "rac.kernels"),
            number(i32, messages.size()), array(messages, "rac.messages")}),
      "rac.device");
}

/// The members of RacModelInfo, in order (include/rac-c/Abi.h).
GlobalVariable *InfoBuilder::info(const ModelFacts &facts) {
  SmallVector<Constant *> symbols;
  for (const std::string &symbol : signature.symbols)
    symbols.push_back(text(symbol));
  Constant *file = facts.weightsFile.empty() || !facts.weightsSize
                       ? ConstantPointerNull::get(pointer)
                       : text(facts.weightsFile);
  Constant *members[] = {
      number(i32, RAC_ABI_VERSION),
      text(signature.name),
      number(i32, signature.inputs.size()),
      number(i32, signature.outputs.size()),
      number(i32, signature.symbols.size()),
      tensors(signature.inputs, "rac.inputs"),
      tensors(signature.outputs, "rac.outputs"),
      array(symbols, "rac.symbols"),
      text(facts.describe),
      text(facts.cpuFeatures),
      weights(facts),
      number(i64, facts.weightsSize),
      file,
      number(i64, facts.weightsChecksum),
      number(i32, facts.numSites),
      number(i32, facts.threads),
      number(i32, facts.spinMicroseconds),
      number(i32, facts.numTimes),
      definedOrNull("rac.main"),
      definedOrNull("rac.arena_size"),
      device(facts.device),
  };
  return constant(ConstantStruct::getAnon(module.getContext(), members),
                  "rac.info");
}

/// `<prefix>_<name>`, which calls rac_model_<name> with `first`, if any, before
/// its own arguments.
void InfoBuilder::addWrapper(StringRef name, Type *result,
                             ArrayRef<Type *> arguments, Constant *first) {
  SmallVector<Type *> calleeTypes(arguments);
  if (first)
    calleeTypes.insert(calleeTypes.begin(), first->getType());
  FunctionCallee callee =
      module.getOrInsertFunction(("rac_model_" + name).str(),
                                 FunctionType::get(result, calleeTypes, false));
  auto *wrapper = Function::Create(FunctionType::get(result, arguments, false),
                                   GlobalValue::ExternalLinkage,
                                   signature.prefix + "_" + name, module);
  builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "", wrapper));
  SmallVector<Value *> values;
  if (first)
    values.push_back(first);
  for (Argument &argument : wrapper->args())
    values.push_back(&argument);
  Value *value = builder.CreateCall(callee, values);
  if (result->isVoidTy())
    builder.CreateRetVoid();
  else
    builder.CreateRet(value);
}

/// See Model.h and the end of Abi.h.
void InfoBuilder::addWrappers(GlobalVariable *info) {
  addWrapper("create", i32, {pointer, pointer}, info);
  addWrapper("run", i32, {pointer, pointer, i32, pointer, i32}, nullptr);
  addWrapper("destroy", builder.getVoidTy(), {pointer}, nullptr);
  addWrapper("describe", pointer, {}, info);
  addWrapper("last_error", pointer, {pointer}, nullptr);
  addWrapper("arena_size", i32, {pointer, pointer, i32, pointer}, nullptr);
  addWrapper("profile", i32, {pointer, pointer, i32}, nullptr);
}

/// What programs find by name in the library, without a call.
void InfoBuilder::addText(StringRef name, StringRef text) {
  Constant *value = ConstantDataArray::getString(module.getContext(), text);
  new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                     GlobalValue::ExternalLinkage, value, name);
}

/// What crtbegin.o does when a library is unloaded: runs the destructors of its
/// static objects. Done here so that linking needs no compiler's files.
void InfoBuilder::addFinalizer() {
  auto *handle =
      new GlobalVariable(module, builder.getInt8Ty(), false,
                         GlobalValue::ExternalLinkage, nullptr, "__dso_handle");
  handle->setVisibility(GlobalValue::HiddenVisibility);
  FunctionCallee finalize = module.getOrInsertFunction(
      "__cxa_finalize",
      FunctionType::get(builder.getVoidTy(), {pointer}, false));
  auto *function =
      Function::Create(FunctionType::get(builder.getVoidTy(), false),
                       GlobalValue::InternalLinkage, "rac.finalize", module);
  builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "", function));
  builder.CreateCall(finalize, {handle});
  builder.CreateRetVoid();
  appendToGlobalDtors(module, function, 65535);
}

/// Kernels are named after the model's nodes, whose names may be anything, such
/// as `malloc`. A dot is in no C name.
void hideDefinitions(Module &module) {
  for (GlobalObject &object : module.global_objects()) {
    if (object.isDeclaration() || object.getName().starts_with("llvm."))
      continue;
    object.setLinkage(GlobalValue::InternalLinkage);
    object.setVisibility(GlobalValue::DefaultVisibility);
    StringRef name = object.getName();
    name.consume_front("rac_");
    object.setName("rac." + name.str());
  }
  for (Function &function : module)
    if (function.getName().starts_with("rac_"))
      function.addFnAttr(Attribute::NoUnwind);
  if (Function *fail = module.getFunction("rac_fail")) {
    fail->addFnAttr(Attribute::NoReturn);
    fail->addFnAttr(Attribute::Cold);
  }
}

} // namespace

Error rac::addModelInfo(Module &module, const ModelSignature &signature,
                        const ModelFacts &facts) {
  Function *main = module.getFunction("main");
  if (!main || main->isDeclaration() || main->arg_size() != 1)
    return createStringError("the lowered module has no 'main' that takes the "
                             "context");
  hideDefinitions(module);
  InfoBuilder builder(module, signature);
  builder.addWrappers(builder.info(facts));
  builder.addText("rac_model_prefix", signature.prefix);
  builder.addText("rac_model_report", facts.report);
  builder.addFinalizer();
  return Error::success();
}
