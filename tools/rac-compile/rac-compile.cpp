//===- rac-compile.cpp - Compiles a model ---------------------------------===//
//
// Flags, and how to tell people what happens. rac/Emit/Compiler.h does the
// work.
//
//===----------------------------------------------------------------------===//

#include "rac/Emit/Compiler.h"
#include "rac/Emit/Config.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace llvm;
using rac::EmitKind;

// LLVM's libraries register flags of their own, `--threads` among them, which
// are none of this tool's: they go before ours come.
static const bool onlyOurFlags = (cl::ResetCommandLineParser(), true);

static cl::OptionCategory category("rac-compile's options");

template <typename T> struct Flag : cl::opt<T> {
  template <typename... Mods>
  explicit Flag(const Mods &...mods) : cl::opt<T>(mods..., cl::cat(category)) {}
};

static Flag<std::string> model(cl::Positional,
                               cl::desc("MODEL.onnx|MODEL.mlir"), cl::Required);
static Flag<std::string> output(
    "o", cl::value_desc("FILE"),
    cl::desc(
        "The result; default: the model's name with .so, in this directory"));

enum class EmitFlag { Rac, Plan, Linalg, LLVM, Asm, Ptx, Obj, Lib };
static Flag<EmitFlag> emitFlag(
    "emit", cl::desc("What to make"), cl::init(EmitFlag::Lib),
    cl::values(clEnumValN(EmitFlag::Rac, "rac", "the model as imported"),
               clEnumValN(EmitFlag::Plan, "plan", "groups and their plans"),
               clEnumValN(EmitFlag::Linalg, "linalg", "linalg on tensors"),
               clEnumValN(EmitFlag::LLVM, "llvm", "optimised LLVM IR"),
               clEnumValN(EmitFlag::Asm, "asm", "assembly"),
               clEnumValN(EmitFlag::Ptx, "ptx",
                          "assembly of the kernels, of nvptx"),
               clEnumValN(EmitFlag::Obj, "obj", "an object file"),
               clEnumValN(EmitFlag::Lib, "lib", "a shared library (default)")));
static Flag<std::string>
    target("target", cl::init("host"),
           cl::value_desc("host|x86-avx512|x86-avx2|arm-sve|nvptx"),
           cl::desc("What to compile for"));
static Flag<std::string> chip(
    "chip",
    cl::value_desc("neoverse-v1|neoverse-v2|a64fx|sm_80|sm_89|sm_90a|sm_100"),
    cl::desc("Of arm-sve and nvptx: what to schedule code for and let it use; "
             "default: what runs on all of them. Several of nvptx, as "
             "sm_80,sm_89,sm_100: kernels are of the first, the oldest, and "
             "assembled for each"));
static Flag<std::string>
    prefix("prefix", cl::value_desc("NAME"),
           cl::desc("Of the library's functions; default: the model's name"));
static Flag<std::string> weights(
    "weights", cl::init("embed"), cl::value_desc("embed|FILE"),
    cl::desc("Where the weights go: into the library, or a file beside it"));
static cl::list<std::string>
    shapes("shape", cl::value_desc("NAME=1x3x224x224"), cl::cat(category),
           cl::desc("Fixes the shape of an input; may be repeated"));
static cl::list<std::string>
    sizes("size", cl::value_desc("NAME=1|NAME=16..512"), cl::cat(category),
          cl::desc("What to plan for where only the run knows a size; may be "
                   "repeated"));
static Flag<int> threads("threads", cl::init(0), cl::value_desc("N"),
                         cl::desc("Threads of a run; default: all cores"));
static Flag<bool>
    noLibrary("no-library",
              cl::desc("Generate all code, call no kernel library"));
static Flag<bool> profile(
    "profile",
    cl::desc("The library times each group: rac-run MODEL.so --profile"));
static Flag<std::string>
    report("report", cl::value_desc("FILE.json|FILE.html"),
           cl::desc("Writes what was chosen, why, and what it costs: for "
                    "programs, or for people as a page"));
static Flag<double> runsPerDay(
    "runs-per-day", cl::value_desc("N"),
    cl::desc("How often it will run, for the report's year; default: 1000"));
static Flag<std::string> plan(
    "plan", cl::value_desc("FILE"),
    cl::desc("Takes a plan that --emit=plan printed, instead of planning"));

static Flag<std::string> group(
    "group", cl::value_desc("NAME"),
    cl::desc("Compiles only this group of the plan, to measure it alone"));
static Flag<bool> randomConstants(
    "random-constants",
    cl::desc("Constants that MODEL.mlir has no data of are random: for timing "
             "only"));

static Flag<std::string> device(
    "device", cl::value_desc("NAME|FILE|host"),
    cl::desc("What it shall run on: a name or file of docs/Devices.md, or host "
             "for the best match (default for --target=host)"));
static Flag<std::string>
    site("site", cl::value_desc("NAME|FILE"),
         cl::desc("Where it shall run, for the report's gCO2e: deu, usa, ...; "
                  "default: the world's average"));

static Flag<std::string> objective(
    "objective", cl::init("latency"),
    cl::value_desc("latency|energy|edp|carbon"),
    cl::desc("What the plan makes small: time, energy, their product, "
             "gCO2e at the site (default latency)"));
static Flag<double> maxLatency("max-latency", cl::value_desc("MS"),
                               cl::desc("Budget of a run's predicted time"));
static Flag<double>
    maxMemory("max-memory", cl::value_desc("MIB"),
              cl::desc("Budget of weights and working memory together"));
static Flag<std::string>
    pareto("pareto", cl::value_desc("FILE"),
           cl::desc("Writes plans that nothing is better than in time, energy "
                    "and memory: a table, or JSON into FILE.json"));

static Flag<std::string> precision(
    "precision", cl::init("f32"),
    cl::value_desc("f32|tf32|bf16|f16|int8|f8|auto"),
    cl::desc("What contractions compute in where that gains; auto: each in "
             "what gains most, within --max-error (default f32)"));
static Flag<std::string>
    calibration("calibration", cl::value_desc("DIR|FILE.npz"),
                cl::desc("Sample inputs, to find ranges and errors with: "
                         "docs/ErrorBudget.md"));
static Flag<double>
    maxError("max-error", cl::value_desc("REL"),
             cl::desc("How far answers may be from those in f32; 0: no bit "
                      "changes (default of --precision=auto: 0.01)"));
static Flag<std::string>
    errorMetric("error-metric", cl::init("rel-l2"),
                cl::value_desc("rel-l2|cosine|max-abs|top1"),
                cl::desc("What --max-error bounds: |difference| / |answer|, 1 "
                         "- cosine, the largest difference, the share of rows "
                         "with another largest element (default rel-l2)"));

static constexpr StringLiteral kOverview =
    "rac-compile model.onnx -o model.so\n\n"
    "  Compiles an ONNX model into a shared library. Some more examples:\n\n"
    "    rac-compile model.onnx --emit=plan            how it would run\n"
    "    rac-compile model.onnx --shape=x=1x3x224x224  for one input shape\n"
    "    rac-compile model.onnx --weights=model.bin    weights in a file of "
    "their own\n";

/// One message, on one stream; returns what main shall.
static int fail(const Twine &message) {
  errs() << "rac-compile: error: " << message << "\n";
  return 1;
}

/// Why flags cannot be; empty: they can.
static std::string refusal() {
  const StringRef objectives[] = {"latency", "energy", "edp", "carbon"};
  if (!is_contained(objectives, StringRef(objective)))
    return "--objective is latency, energy, edp or carbon, not '" + objective +
           "'";
  if (maxLatency.getNumOccurrences() && !(maxLatency > 0))
    return "--max-latency is a time in ms above 0";
  if (maxMemory.getNumOccurrences() && !(maxMemory > 0 && maxMemory < 1e9))
    return "--max-memory is a size in MiB above 0";
  const StringRef precisions[] = {"f32",  "tf32", "bf16", "f16",
                                  "int8", "f8",   "auto"};
  if (!is_contained(precisions, StringRef(precision)))
    return "--precision is f32, tf32, bf16, f16, int8, f8 or auto, not '" +
           precision + "'";
  const StringRef metrics[] = {"rel-l2", "cosine", "max-abs", "top1"};
  if (!is_contained(metrics, StringRef(errorMetric)))
    return "--error-metric is rel-l2, cosine, max-abs or top1, not '" +
           errorMetric + "'";
  if (maxError.getNumOccurrences() && !(maxError >= 0 && maxError < 1e30))
    return "--max-error is a number from 0 on";
  if ((precision == "f32" || precision == "tf32") &&
      (maxError.getNumOccurrences() || calibration.getNumOccurrences() ||
       errorMetric.getNumOccurrences()))
    return "--max-error, --error-metric and --calibration are for "
           "--precision=auto, bf16, f16, int8 or f8: f32 is what errors are "
           "counted against, and those of tf32 are not measured";
  if (emitFlag == EmitFlag::Ptx && target != "nvptx")
    return "--emit=ptx is for --target=nvptx";
  if (!report.empty() && !StringRef(report).ends_with(".html") &&
      !StringRef(report).ends_with(".json"))
    return "--report=" + report +
           " must end in .json, for programs, or .html, for people";
  // Also refuses what is no number.
  if (!(runsPerDay >= 0 && runsPerDay < 1e15))
    return "--runs-per-day must be from 0 to 1e15";
  if (threads < 0 || threads > 4096)
    return "--threads must be from 0 to 4096";
  if (weights.empty())
    return "--weights needs 'embed' or a file's name";
  return "";
}

static EmitKind emitKind() {
  switch (emitFlag) {
  case EmitFlag::Rac:
    return EmitKind::Rac;
  case EmitFlag::Plan:
    return EmitKind::Plan;
  case EmitFlag::Linalg:
    return EmitKind::Linalg;
  case EmitFlag::LLVM:
    return EmitKind::LLVM;
  case EmitFlag::Asm:
    return EmitKind::Assembly;
  case EmitFlag::Ptx:
    return EmitKind::Ptx;
  case EmitFlag::Obj:
    return EmitKind::Object;
  default:
    return EmitKind::Library;
  }
}

/// NAME=1x3x224x224; NAME= is a scalar. The name may hold equals signs itself.
static bool parseShape(StringRef text, rac::CompileOptions &options) {
  auto [name, sizes] = text.rsplit('=');
  if (name.empty() || !text.contains('='))
    return false;
  SmallVector<int64_t> shape;
  SmallVector<StringRef> parts;
  if (!sizes.empty())
    sizes.split(parts, 'x');
  for (StringRef part : parts)
    if (part.getAsInteger(10, shape.emplace_back()) || shape.back() < 0)
      return false;
  return options.shapes.try_emplace(name, shape).second;
}

/// What shapes the result, in a fixed order and without paths.
static std::vector<std::string> provenance() {
  std::vector<std::string> flags = {"--target=" + target};
  if (!chip.empty())
    flags.push_back("--chip=" + chip);
  if (!device.empty())
    flags.push_back("--device=" + sys::path::stem(device).str());
  for (const std::string &shape : shapes)
    flags.push_back("--shape=" + shape);
  for (const std::string &size : sizes)
    flags.push_back("--size=" + size);
  if (threads)
    flags.push_back("--threads=" + std::to_string(threads));
  if (noLibrary)
    flags.push_back("--no-library");
  if (objective != "latency")
    flags.push_back("--objective=" + objective);
  if (maxLatency.getNumOccurrences())
    flags.push_back(formatv("--max-latency={0}", maxLatency.getValue()));
  if (maxMemory.getNumOccurrences())
    flags.push_back(formatv("--max-memory={0}", maxMemory.getValue()));
  if (precision != "f32")
    flags.push_back("--precision=" + precision);
  if (maxError.getNumOccurrences())
    flags.push_back(formatv("--max-error={0}", maxError.getValue()));
  if (errorMetric != "rel-l2")
    flags.push_back("--error-metric=" + errorMetric);
  if (!calibration.empty())
    flags.push_back("--calibration");
  if (profile)
    flags.push_back("--profile");
  if (!plan.empty())
    flags.push_back("--plan");
  if (!group.empty())
    flags.push_back("--group=" + group);
  if (randomConstants)
    flags.push_back("--random-constants");
  if (weights != "embed")
    flags.push_back("--weights=FILE");
  return flags;
}

static int compile() {
  if (std::string problem = refusal(); !problem.empty())
    return fail(problem);
  rac::CompileOptions options;
  options.model = model;
  options.output = output;
  options.emit = emitKind();
  options.target = target;
  options.chip = chip;
  options.device = device;
  options.site = site;
  if (runsPerDay.getNumOccurrences())
    options.runsPerDay = runsPerDay;
  options.prefix = prefix;
  options.weightsFile =
      weights == "embed" ? std::string() : std::string(weights);
  options.reportFile = report;
  options.planFile = plan;
  options.paretoFile = pareto;
  options.objective = objective;
  options.maxSeconds = maxLatency * 1e-3;
  options.maxBytes = std::llround(maxMemory * (1 << 20));
  options.precision = precision;
  options.calibration = calibration;
  options.errorMetric = errorMetric;
  if (maxError.getNumOccurrences())
    options.maxError = maxError;
  options.group = group;
  options.randomConstants = randomConstants;
  options.sizes.assign(sizes.begin(), sizes.end());
  options.threads = threads;
  options.useLibrary = !noLibrary;
  options.profile = profile;
  options.flags = provenance();
  for (const std::string &shape : shapes)
    if (!parseShape(shape, options))
      return fail("--shape=" + shape +
                  " is not of the form NAME=1x3x224x224, each input once");
  bool onTerminal = sys::Process::StandardErrIsDisplayed();
  if (onTerminal)
    options.progress = [](StringRef stage) {
      errs() << "\r\033[K" << stage << " ...";
    };
  options.warn = [&](StringRef warning) {
    errs() << (onTerminal ? "\r\033[K" : "")
           << "rac-compile: warning: " << warning << "\n";
  };
  if (onTerminal || !device.empty())
    options.note = [&](StringRef note) {
      errs() << (onTerminal ? "\r\033[K" : "") << "rac-compile: " << note
             << "\n";
    };
  auto summary = rac::compile(options);
  if (onTerminal)
    errs() << "\r\033[K";
  if (!summary)
    return fail(toString(summary.takeError()));
  if (onTerminal && summary->output != "-")
    errs() << summary->text;
  return 0;
}

int main(int argc, char **argv) {
  // What is said on a stream that is closed must not go into a file of ours.
  (void)sys::Process::FixupStandardFileDescriptors();
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter([](raw_ostream &os) {
    os << "rac " RAC_VERSION ", LLVM " RAC_LLVM_VERSION "\n";
  });
  cl::ParseCommandLineOptions(argc, argv, kOverview);
  // What LLVM or MLIR cannot go on from is still one message, and no debris.
  install_fatal_error_handler([](void *, const char *reason, bool) {
    sys::RunInterruptHandlers();
    std::exit(fail("internal error: " + Twine(reason)));
  });
  // A deep model needs a deep stack: some of MLIR recurses over its ops.
  constexpr unsigned kStack = 512u << 20;
  CrashRecoveryContext::Enable();
  CrashRecoveryContext recovery;
  int status = 1;
  if (recovery.RunSafelyOnThread([&] { status = compile(); }, kStack)) {
    outs().flush();
    errs().flush();
    // MLIR's objects need not be freed one by one at exit.
    sys::Process::Exit(status, /*NoCleanup=*/true);
  }
  sys::RunInterruptHandlers();
  fail("internal error: crashed; please report this model");
  constexpr int kSoftwareError = 70; // so that tests can tell it from a refusal
  sys::Process::Exit(kSoftwareError, /*NoCleanup=*/true);
}
