//===- GroupSamples.cpp - Groups as compiled models run them --------------===//

#include "GroupSamples.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"
#include "rac/Calibrate/Fit.h"
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

GroupSamples::GroupSamples(std::string folder)
    : folder(std::move(folder)), context(planDialects()) {
  if (!this->folder.empty()) {
    fs::create_directories(this->folder);
    return;
  }
  SmallString<128> unique;
  isTemporary = !fs::createUniqueDirectory("rac-calibrate", unique);
  if (isTemporary)
    this->folder = unique.str().str();
}

GroupSamples::~GroupSamples() {
  if (isTemporary)
    fs::remove_directories(folder);
}

std::string GroupSamples::path(const llvm::Twine &name) const {
  return (folder + "/" + name).str();
}

llvm::Expected<std::string>
GroupSamples::call(StringRef tool, std::vector<std::string> arguments) const {
  std::string self = fs::getMainExecutable(nullptr, (void *)&planDialects);
  std::string program = (llvm::sys::path::parent_path(self) + "/" + tool).str();
  std::vector<StringRef> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::string out = path("out"), err = path("err"), problem;
  // A file that is there is written over, and keeps what lies beyond.
  fs::remove(out);
  fs::remove(err);
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

/// Leaves the plan in NAME.mlir and the library in NAME.so.
llvm::Error GroupSamples::compile(const Network &network, const NetworkRun &run,
                                  const std::string &name) {
  std::error_code error;
  llvm::raw_fd_ostream file(path("network.mlir"), error);
  if (error)
    return llvm::createStringError(path("network.mlir") + ": " +
                                   error.message());
  file << network.mlir;
  file.close();
  std::vector<std::string> both = {"--device=" + deviceFile(),
                                   "--threads=" + std::to_string(run.threads)};
  if (!run.library)
    both.push_back("--no-library");
  std::vector<std::string> plan = {path("network.mlir"), "--emit=plan", "-o",
                                   path(name + ".mlir")};
  // Types are found by computing, for which constants must have data.
  if (!run.precision.empty())
    llvm::append_range(plan,
                       std::vector<std::string>{"--precision=" + run.precision,
                                                "--random-constants"});
  std::vector<std::string> code = {path(name + ".mlir"), "--random-constants",
                                   "--profile", "-o", path(name + ".so")};
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

llvm::Expected<std::vector<double>>
GroupSamples::time(const NetworkRun &run, const std::string &name) {
  auto tell = [&](int64_t count) -> llvm::Expected<json::Value> {
    auto text = call("rac-run", {path(name + ".so"), "--json", "--profile",
                                 "--threads=" + std::to_string(run.threads),
                                 "--repeat=" + std::to_string(count)});
    if (!text)
      return text.takeError();
    return json::parse(*text);
  };
  constexpr int64_t least = 5, most = 5000;
  auto few = tell(least);
  if (!few)
    return few.takeError();
  // Pages lie elsewhere in another process, and caches are shared otherwise.
  constexpr int processes = 3;
  double latency = numberAt(*few, {"latency_s", "median"});
  double count = latency > 0 ? run.seconds / processes / latency : least;
  std::vector<std::vector<double>> times;
  for (int i = 0; i < processes; ++i) {
    auto told = tell(std::clamp<double>(count, least, most));
    if (!told)
      return told.takeError();
    const json::Value *list = find(*told, {"profile", "groups"});
    const json::Array *groups = list ? list->getAsArray() : nullptr;
    if (!groups || (i > 0 && groups->size() != times.size()))
      return llvm::createStringError("rac-run tells of no groups");
    times.resize(groups->size());
    for (auto [all, group] : llvm::zip_equal(times, *groups))
      all.push_back(numberAt(group, {"median_s"}));
  }
  std::vector<double> medians;
  for (const std::vector<double> &all : times)
    medians.push_back(median(all));
  return medians;
}

llvm::Error GroupSamples::add(const Network &network, const NetworkRun &run) {
  std::string name = network.name + "-" + std::to_string(run.threads) +
                     (run.library ? "" : "-generated") +
                     (run.precision.empty() ? "" : "-" + run.precision);
  auto failed = [&](llvm::Error why) {
    return llvm::createStringError(name + ": " + toString(std::move(why)));
  };
  if (folder.empty())
    return llvm::createStringError("there is no folder for temporary files");
  if (llvm::Error error = compile(network, run, name))
    return failed(std::move(error));
  auto times = time(run, name);
  if (!times)
    return failed(times.takeError());
  std::error_code error;
  llvm::raw_fd_ostream file(path(name + ".json"), error);
  if (error)
    return llvm::createStringError(path(name + ".json") + ": " +
                                   error.message());
  file << json::Value(json::Object{{"threads", run.threads},
                                   {"seconds", json::Array(*times)}})
       << "\n";
  file.close();
  return take(name);
}

llvm::Error GroupSamples::load() {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error))
    if (llvm::sys::path::extension(at->path()) == ".mlir")
      names.push_back(llvm::sys::path::stem(at->path()).str());
  llvm::sort(names);
  for (const std::string &name : names)
    if (fs::exists(path(name + ".json")))
      if (llvm::Error problem = take(name))
        return problem;
  if (samples.empty())
    return llvm::createStringError(folder + ": has no samples");
  return llvm::Error::success();
}

/// Adds the groups of a plan and a file of times.
llvm::Error GroupSamples::take(const std::string &name) {
  auto failed = [&](const llvm::Twine &why) {
    return llvm::createStringError(path(name) + ": " + why);
  };
  auto text = llvm::MemoryBuffer::getFile(path(name + ".json"));
  if (!text)
    return failed(text.getError().message());
  auto told = json::parse((*text)->getBuffer());
  if (!told)
    return failed(toString(told.takeError()));
  const json::Value *list = find(*told, {"seconds"});
  const json::Array *times = list ? list->getAsArray() : nullptr;
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(path(name + ".mlir"), &context);
  if (!module)
    return failed("its plan cannot be read");
  SmallVector<GroupOp> groups;
  module->walk([&](GroupOp group) { groups.push_back(group); });
  if (!times || times->size() != groups.size())
    return failed("the times are of other groups than the plan has");

  // Of shorter ones the readings of the clock, 50 ns, are a good part.
  constexpr double shortest = 5e-7;
  double bytes = weightBytes(*module);
  for (auto [group, time] : llvm::zip_equal(groups, *times)) {
    GroupSample sample;
    sample.candidate = Candidate::of(group);
    sample.plan = group.getPlanAttr();
    sample.threads = std::max<int64_t>(1, numberAt(*told, {"threads"}));
    sample.modelBytes = bytes;
    sample.seconds = time.getAsNumber().value_or(0);
    if (sample.seconds >= shortest && sample.plan)
      samples.push_back(std::move(sample));
  }
  modules.push_back(std::move(module));
  return llvm::Error::success();
}
