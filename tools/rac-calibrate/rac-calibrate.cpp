//===- rac-calibrate.cpp - Measures this machine --------------------------===//
//
// Flags, and how to tell people what happens. rac/Calibrate/Calibrate.h does
// the work.
//
//===----------------------------------------------------------------------===//

#include "rac/Calibrate/Calibrate.h"
#include "rac/Calibrate/Samples.h"
#include "rac/Emit/Config.h"
#include "rac/Target/X86/Kernels.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

// LLVM's libraries register flags of their own, which are none of this tool's.
static const bool onlyOurFlags = (cl::ResetCommandLineParser(), true);

static cl::OptionCategory category("rac-calibrate's options");

static cl::opt<std::string>
    output("o", cl::value_desc("FILE.json"), cl::cat(category), cl::Required,
           cl::desc("The device file to write; its name becomes the id"));
static cl::opt<std::string> device(
    "device", cl::value_desc("NAME|FILE|host"), cl::init("host"),
    cl::cat(category),
    cl::desc("What to start from, and keep where nothing can be measured; "
             "default: the best match for this machine"));
static cl::opt<bool>
    quick("quick", cl::cat(category),
          cl::desc("In seconds and badly, to see what is measured"));
static cl::opt<std::string> samples(
    "samples", cl::value_desc("FILE.json"), cl::cat(category),
    cl::desc("Measures nothing: fits the device to what scripts/gpu calibrate "
             "found on a GPU"));
static cl::opt<std::string>
    keepSamples("keep-samples", cl::value_desc("DIR"), cl::cat(category),
                cl::desc("Keep the groups that are timed, for --refit"));
static cl::opt<std::string> refit(
    "refit", cl::value_desc("DIR"), cl::cat(category),
    cl::desc("Measure nothing; fit again to what --keep-samples=DIR has kept, "
             "beginning with the device as it was measured then"));
static cl::opt<std::string> energyRoot(
    "energy-root", cl::value_desc("DIR"), cl::cat(category), cl::Hidden,
    cl::desc("Looks for energy meters in DIR instead of /sys, for tests"));

static constexpr StringLiteral kOverview =
    "rac-calibrate -o mine.json\n\n"
    "  Measures this machine for some minutes and writes a device file, which\n"
    "  rac-compile --device=mine.json plans for. Leave the machine alone "
    "meanwhile.\n";

static int fail(const Twine &message) {
  errs() << "rac-calibrate: error: " << message << "\n";
  return 1;
}

/// Fails before minutes have gone by, and leaves nothing behind.
static Error checkWritable(StringRef path) {
  if (sys::fs::is_directory(path))
    return createStringError(path + ": is a directory");
  auto file = sys::fs::TempFile::create(path + "-%%%%%%.tmp");
  if (!file)
    return createStringError(path + ": " + toString(file.takeError()));
  return file->discard();
}

static std::string percent(double share) {
  std::string text;
  raw_string_ostream(text) << format("%.3g%%", 100 * share);
  return text;
}

static void print(const rac::Finding &finding) {
  const rac::Number &number = finding.number;
  std::string value;
  raw_string_ostream(value) << format("%.4g", number.v) << " " << finding.unit;
  outs() << left_justify(finding.key, 44) << left_justify(value, 20)
         << left_justify("+- " + percent(number.unc), 12);
  if (number.r2)
    outs() << format("  r2 %.4f", *number.r2);
  if (number.mape)
    outs() << format("  off by %.3g%% on average", *number.mape);
  outs() << "\n";
}

/// Writes the device file and tells what is new in it.
static int finish(rac::Calibration calibration) {
  calibration.device.id = sys::path::stem(output).str();
  if (Error error = rac::saveDevice(calibration.device, output))
    return fail(toString(std::move(error)));
  // What others could not read must not be told as a success.
  if (auto again = rac::loadDevice(output); !again)
    return fail("what was measured is no valid device: " +
                toString(again.takeError()));
  for (const rac::Finding &finding : calibration.findings)
    print(finding);
  for (const std::string &note : calibration.notes)
    outs() << "not measured: " << note << "\n";
  outs() << "written: " << output << "\n";
  return 0;
}

static int fitToSamples(const rac::Device &base) {
  Expected<rac::SamplesFit> fit = rac::fitSamples(base, samples);
  if (!fit)
    return fail(toString(fit.takeError()));
  for (const std::string &detail : fit->details)
    outs() << detail << "\n";
  for (const rac::Agreement &agreement : fit->agreements) {
    outs() << agreement.count << " " << agreement.what << ": off by ";
    if (agreement.before.mape > 0)
      outs() << format("%.3g%% before, ", agreement.before.mape);
    outs() << format("%.3g%% on average, r2 %.4f\n", agreement.after.mape,
                     agreement.after.r2);
  }
  return finish(std::move(fit->calibration));
}

int main(int argc, char **argv) {
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter([](raw_ostream &os) {
    os << "rac " RAC_VERSION ", LLVM " RAC_LLVM_VERSION "\n";
  });
  cl::ParseCommandLineOptions(argc, argv, kOverview);

  std::vector<std::string> notes;
  if (!refit.empty() && (!keepSamples.empty() || device.getNumOccurrences()))
    return fail("--refit takes its device and samples from its folder, so "
                "--device and --keep-samples say nothing");
  Expected<rac::Device> base = rac::findDevice(
      refit.empty() ? device.getValue() : refit + "/device.json", notes);
  if (!base)
    return fail(toString(base.takeError()));
  if (Error error = checkWritable(output))
    return fail(toString(std::move(error)));
  if (!samples.empty())
    return fitToSamples(*base);
  rac::Machine machine = rac::hostMachine();
  if (base->kind != rac::DeviceKind::cpu || base->arch != machine.arch)
    return fail("device " + base->id + " runs " + base->arch +
                ", and this machine is " + machine.arch);
  for (const std::string &note : notes)
    errs() << "rac-calibrate: " << note << "\n";

  rac::CalibrateOptions options;
  options.kernels = rac::withPlainKernels(rac::x86Kernels());
  options.quick = quick;
  options.energyRoot = energyRoot;
  options.samplesFolder = refit.empty() ? keepSamples : refit;
  options.fitOnly = !refit.empty();
  bool onTerminal = sys::Process::StandardErrIsDisplayed();
  if (onTerminal)
    options.progress = [](const std::string &what) {
      errs() << "\r\033[K" << what << " ...";
    };
  Expected<rac::Calibration> measured = rac::calibrate(*base, machine, options);
  if (onTerminal)
    errs() << "\r\033[K";
  if (!measured)
    return fail(toString(measured.takeError()) + "; nothing is written");

  return finish(std::move(*measured));
}
