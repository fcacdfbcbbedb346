//===- Replay.cpp - A plan from a file ------------------------------------===//

#include "Replay.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;
using namespace rac;

using Resources = llvm::StringMap<DenseResourceElementsAttr>;

/// All constants that are resources, by name.
static Resources resourcesOf(ModuleOp module) {
  Resources found;
  AttrTypeWalker walker;
  walker.addWalk([&](DenseResourceElementsAttr attr) {
    found.try_emplace(attr.getRawHandle().getKey(), attr);
  });
  module.walk([&](Operation *op) {
    for (NamedAttribute attr : op->getAttrs())
      walker.walk(attr.getValue());
    if (Attribute properties = op->getPropertiesAsAttribute())
      walker.walk(properties);
  });
  return found;
}

/// As text, since the two modules are in different contexts.
static std::string textOf(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

llvm::Error rac::checkConstants(ModuleOp module) {
  for (const auto &entry : resourcesOf(module))
    if (!entry.second.getRawHandle().getBlob())
      return llvm::createStringError(
          "the file has no data for the constant '" + entry.first() +
          "'; compile the model with --plan=FILE instead, or, to time it "
          "only, with --random-constants");
  return llvm::Error::success();
}

llvm::Expected<OwningOpRef<ModuleOp>>
rac::readPlan(StringRef path, MLIRContext &context, ModuleOp planned) {
  OwningOpRef<ModuleOp> plan =
      parseSourceFile<ModuleOp>(path, ParserConfig(&context));
  if (!plan)
    return llvm::createStringError("'" + path + "' is not a plan");
  auto theirs = plan->lookupSymbol<func::FuncOp>("main");
  auto ours = planned.lookupSymbol<func::FuncOp>("main");
  if (!theirs || !ours ||
      textOf(theirs.getFunctionType()) != textOf(ours.getFunctionType()))
    return llvm::createStringError(
        "'" + path + "' is the plan of a model with other inputs or outputs");
  return plan;
}

llvm::Error rac::takeConstants(ModuleOp plan, ModuleOp planned) {
  Resources given = resourcesOf(planned);
  for (const auto &entry : resourcesOf(plan)) {
    DenseResourceElementsHandle handle = entry.second.getRawHandle();
    auto found = given.find(entry.first());
    AsmResourceBlob *blob =
        found == given.end() ? nullptr : found->second.getRawHandle().getBlob();
    if (!blob ||
        textOf(found->second.getType()) != textOf(entry.second.getType()))
      return llvm::createStringError("the plan has a constant '" +
                                     entry.first() +
                                     "' that the model does not have");
    AsmResourceBlob *own = handle.getBlob();
    if (own && own->getData() != blob->getData())
      return llvm::createStringError("the plan has other numbers than the "
                                     "model for the constant '" +
                                     entry.first() + "'");
    if (!own)
      handle.getResource()->setBlob(UnmanagedAsmResourceBlob::allocateWithAlign(
          blob->getData(), blob->getDataAlignment()));
  }
  return llvm::Error::success();
}
