//===- GroupSamples.cpp - Groups as compiled models run them --------------===//

#include "GroupSamples.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace rac;
namespace fs = llvm::sys::fs;
namespace json = llvm::json;

/// What plans are written in.
static DialectRegistry planDialects() {
  DialectRegistry registry;
  registry.insert<RacDialect, affine::AffineDialect, arith::ArithDialect,
                  DLTIDialect, func::FuncDialect, tensor::TensorDialect>();
  return registry;
}

GroupSamples::GroupSamples(std::string deviceFile)
    : deviceFile(std::move(deviceFile)), context(planDialects()) {
  SmallString<128> unique;
  if (!fs::createUniqueDirectory("rac-calibrate", unique))
    folder = unique.str().str();
}

GroupSamples::~GroupSamples() {
  if (!folder.empty())
    fs::remove_directories(folder);
}

std::string GroupSamples::path(StringRef name) const {
  return folder + "/" + name.str();
}

llvm::Expected<std::string>
GroupSamples::call(StringRef tool, std::vector<std::string> arguments) const {
  std::string self = fs::getMainExecutable(nullptr, (void *)&planDialects);
  std::string program = (llvm::sys::path::parent_path(self) + "/" + tool).str();
  std::vector<StringRef> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::string out = path("out"), err = path("err"), problem;
  int status = llvm::sys::ExecuteAndWait(
      program, words, /*Env=*/std::nullopt,
      {StringRef(""), StringRef(out), StringRef(err)}, /*SecondsToWait=*/0,
      /*MemoryLimit=*/0, &problem);
  auto textOf = [](StringRef file) {
    auto text = llvm::MemoryBuffer::getFile(file);
    return text ? (*text)->getBuffer().str() : "";
  };
  if (status == 0)
    return textOf(out);
  if (problem.empty())
    problem = StringRef(textOf(err)).trim().str();
  return llvm::createStringError(tool + ": " + problem);
}

/// Leaves the plan in plan.mlir and the library in network.so.
llvm::Error GroupSamples::compile(const Network &network,
                                  const NetworkRun &run) {
  std::error_code error;
  llvm::raw_fd_ostream file(path("network.mlir"), error);
  if (error)
    return llvm::createStringError(path("network.mlir") + ": " +
                                   error.message());
  file << network.mlir;
  file.close();
  std::vector<std::string> both = {"--device=" + deviceFile,
                                   "--threads=" + std::to_string(run.threads)};
  if (!run.library)
    both.push_back("--no-library");
  std::vector<std::string> plan = {path("network.mlir"), "--emit=plan", "-o",
                                   path("plan.mlir")};
  std::vector<std::string> code = {path("plan.mlir"), "--random-constants",
                                   "--profile", "-o", path("network.so")};
  for (std::vector<std::string> *arguments : {&plan, &code}) {
    llvm::append_range(*arguments, both);
    if (llvm::Error failed = call("rac-compile", *arguments).takeError())
      return failed;
  }
  return llvm::Error::success();
}

/// What is at a path of keys; null: nothing.
static const json::Value *find(const json::Value &root,
                               ArrayRef<StringRef> keys) {
  const json::Value *at = &root;
  for (StringRef key : keys) {
    const json::Object *object = at->getAsObject();
    at = object ? object->get(key) : nullptr;
    if (!at)
      return nullptr;
  }
  return at;
}

static double numberAt(const json::Value &root, ArrayRef<StringRef> keys) {
  const json::Value *found = find(root, keys);
  return found ? found->getAsNumber().value_or(0) : 0;
}

/// What rac-run tells of network.so.
llvm::Expected<json::Value> GroupSamples::time(const NetworkRun &run) {
  auto times = [&](int64_t count) -> llvm::Expected<json::Value> {
    auto text = call("rac-run", {path("network.so"), "--json", "--profile",
                                 "--threads=" + std::to_string(run.threads),
                                 "--repeat=" + std::to_string(count)});
    if (!text)
      return text.takeError();
    return json::parse(*text);
  };
  constexpr int64_t least = 5, most = 5000;
  auto few = times(least);
  if (!few)
    return few;
  double latency = numberAt(*few, {"latency_s", "median"});
  double count = latency > 0 ? run.seconds / latency : least;
  return times(std::clamp<double>(count, least, most));
}

llvm::Error GroupSamples::add(const Network &network, const NetworkRun &run) {
  auto failed = [&](const llvm::Twine &why) {
    return llvm::createStringError(network.name + ": " + why);
  };
  if (folder.empty())
    return failed("there is no folder for temporary files");
  if (llvm::Error error = compile(network, run))
    return failed(toString(std::move(error)));
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(path("plan.mlir"), &context);
  if (!module)
    return failed("its plan cannot be read");
  auto told = time(run);
  if (!told)
    return failed(toString(told.takeError()));
  const json::Value *list = find(*told, {"profile", "groups"});
  const json::Array *times = list ? list->getAsArray() : nullptr;
  SmallVector<GroupOp> groups;
  module->walk([&](GroupOp group) { groups.push_back(group); });
  if (!times || times->size() != groups.size())
    return failed("rac-run tells of other groups than the plan has");

  double bytes = weightBytes(*module);
  for (auto [group, time] : llvm::zip_equal(groups, *times)) {
    GroupSample sample;
    sample.candidate = Candidate::of(group);
    sample.plan = group.getPlanAttr();
    sample.threads = run.threads;
    sample.modelBytes = bytes;
    sample.seconds = numberAt(time, {"median_s"});
    if (sample.seconds > 0 && sample.plan)
      samples.push_back(std::move(sample));
  }
  modules.push_back(std::move(module));
  return llvm::Error::success();
}
