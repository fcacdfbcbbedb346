//===- SampleFile.cpp - Networks and windows measured elsewhere -----------===//

#include "SampleFile.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace rac;
namespace json = llvm::json;

/// What plans are written in.
static DialectRegistry planDialects() {
  DialectRegistry registry;
  registry.insert<RacDialect, affine::AffineDialect, arith::ArithDialect,
                  DLTIDialect, func::FuncDialect, math::MathDialect,
                  scf::SCFDialect, tensor::TensorDialect>();
  return registry;
}

SampleFile::SampleFile() : context(planDialects()) {}

static double numberAt(const json::Object &object, StringRef key) {
  return object.getNumber(key).value_or(0);
}

static std::string textAt(const json::Object &object, StringRef key) {
  return object.getString(key).value_or("").str();
}

static std::map<std::string, double> numbersAt(const json::Object &object,
                                               StringRef key) {
  std::map<std::string, double> numbers;
  if (const json::Object *values = object.getObject(key))
    for (const auto &[name, value] : *values)
      numbers[name.str()] = value.getAsNumber().value_or(0);
  return numbers;
}

llvm::Error SampleFile::addNetwork(const json::Object &row) {
  SampledNetwork network;
  network.name = textAt(row, "name");
  network.isModel = row.getBoolean("model").value_or(false);
  network.seconds = numberAt(row, "seconds");
  auto plan = row.getString("plan");
  const json::Array *groups = row.getArray("groups");
  if (!plan || !groups)
    return llvm::createStringError(network.name + ": no plan or no groups");
  auto module = parseSourceString<ModuleOp>(*plan, &context);
  if (!module)
    return llvm::createStringError(network.name + ": its plan cannot be read");
  network.modelBytes = weightBytes(*module);
  std::map<StringRef, const json::Object *> byName;
  for (const json::Value &value : *groups)
    if (const json::Object *group = value.getAsObject())
      if (auto name = group->getString("name"))
        byName[*name] = group;
  module->walk([&](GroupOp group) {
    auto found = byName.find(group.getSym());
    if (found == byName.end() || !group.getPlanAttr())
      return;
    SampledGroup sample{Candidate::of(group), group.getPlanAttr(),
                        numberAt(*found->second, "seconds")};
    network.groups.push_back(std::move(sample));
  });
  networks.push_back(std::move(network));
  modules.push_back(std::move(module));
  return llvm::Error::success();
}

void SampleFile::addWindow(const json::Object &row) {
  SampledWindow window;
  window.name = textAt(row, "name");
  window.seconds = numberAt(row, "seconds");
  window.joules = numberAt(row, "joules");
  window.network = textAt(row, "network");
  window.runs = numberAt(row, "runs");
  window.isActive = row.getBoolean("active").value_or(false);
  window.cores = numberAt(row, "cores");
  window.ops = numbersAt(row, "ops");
  window.bytes = numbersAt(row, "bytes");
  if (window.seconds > 0 && window.joules > 0)
    windows.push_back(std::move(window));
}

llvm::Error SampleFile::load(StringRef path) {
  auto failed = [&](const llvm::Twine &why) {
    return llvm::createStringError(path + ": " + why);
  };
  auto text = llvm::MemoryBuffer::getFile(path);
  if (!text)
    return failed(text.getError().message());
  auto parsed = json::parse((*text)->getBuffer());
  if (!parsed)
    return failed(toString(parsed.takeError()));
  const json::Object *root = parsed->getAsObject();
  constexpr StringLiteral schema = "rac-samples/1";
  if (!root || root->getString("schema") != schema)
    return failed("is not of schema " + schema);
  date = textAt(*root, "date");
  device = textAt(*root, "device");
  auto each = [&](StringRef key, auto add) -> llvm::Error {
    if (const json::Array *rows = root->getArray(key))
      for (const json::Value &value : *rows)
        if (const json::Object *row = value.getAsObject();
            row && !row->get("error"))
          if (llvm::Error problem = add(*row))
            return failed(toString(std::move(problem)));
    return llvm::Error::success();
  };
  if (llvm::Error problem = each(
          "networks", [&](const json::Object &row) { return addNetwork(row); }))
    return problem;
  if (llvm::Error problem = each("windows", [&](const json::Object &row) {
        addWindow(row);
        return llvm::Error::success();
      }))
    return problem;
  if (networks.empty() && windows.empty())
    return failed("has no samples");
  return llvm::Error::success();
}
