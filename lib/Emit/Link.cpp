//===- Link.cpp - Objects to a shared library -----------------------------===//

#include "Link.h"
#include "OutputFile.h"
#include "rac/Emit/Config.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace llvm;
using namespace rac;

/// Something whose address tells where the program is.
static std::string executableDir() {
  return sys::path::parent_path(
             sys::fs::getMainExecutable(nullptr, (void *)&executableDir))
      .str();
}

namespace {

/// What linking for an architecture takes.
struct Machine {
  StringLiteral arch;
  StringLiteral folder;          ///< of rac's libraries
  StringLiteral systemLibraries; ///< by colons
};
constexpr Machine kMachines[] = {RAC_MACHINES};

} // namespace

static Expected<const Machine *> findMachine(StringRef arch) {
  const Machine *machine = find_if(
      kMachines, [&](const Machine &entry) { return entry.arch == arch; });
  if (machine != std::end(kMachines))
    return machine;
  return createStringError("this build of rac links no libraries for " + arch +
                           ": there was no cross compiler for it when it was "
                           "configured (scripts/setup.sh installs one)");
}

/// A file of rac's library directory: of this installation if it has one, else
/// of the build that it comes from.
static Expected<std::string> findLibrary(const Machine &machine,
                                         StringRef name) {
  SmallString<128> beside(executableDir());
  sys::path::append(beside, "..", machine.folder, name);
  SmallString<128> built(RAC_BUILD_DIR);
  sys::path::append(built, machine.folder, name);
  for (StringRef path : {beside.str(), built.str()})
    if (sys::fs::exists(path))
      return path.str();
  return createStringError("'" + name + "' is missing: it is neither '" +
                           beside + "' nor '" + built + "'");
}

static Expected<std::string> findLinker() {
  for (StringRef path : {StringRef(RAC_LINKER)})
    if (sys::fs::can_execute(path))
      return path.str();
  for (StringRef name : {"ld.lld-22", "ld.lld"})
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return *path;
  return createStringError("the linker is missing: neither '" RAC_LINKER
                           "' nor an ld.lld on the PATH");
}

/// Runs the linker; what it says on failure becomes the error.
static Error runLinker(ArrayRef<std::string> arguments, StringRef output) {
  auto linker = findLinker();
  if (!linker)
    return linker.takeError();
  auto log = OutputFile::create(output);
  if (!log)
    return log.takeError();
  SmallVector<StringRef> line = {*linker};
  line.append(arguments.begin(), arguments.end());
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(log->path()),
                                          StringRef(log->path())};
  std::string problem;
  int status = sys::ExecuteAndWait(*linker, line, std::nullopt, redirects, 0, 0,
                                   &problem);
  if (status == 0)
    return Error::success();
  std::string said = problem;
  if (auto text = MemoryBuffer::getFile(log->path()))
    said += (*text)->getBuffer().take_front(4000).str();
  return createStringError("linking failed: " + StringRef(said).rtrim().str());
}

/// What a library leaves to the loader.
static void addSharedLibraries(const Machine &machine,
                               std::vector<std::string> &arguments) {
  arguments.push_back("--as-needed");
  SmallVector<StringRef> libraries;
  machine.systemLibraries.split(libraries, ':', -1, false);
  for (StringRef library : libraries)
    if (!library.empty() && sys::fs::exists(library))
      arguments.push_back(library.str());
}

/// oneDNN, the runtime's part that calls it, and the threads that it runs on.
static Error addKernelLibrary(const Machine &machine,
                              std::vector<std::string> &arguments) {
  for (StringRef name :
       {"librac_onednn.a", "librac_dnnl.so", "librac_team.so"}) {
    auto library = findLibrary(machine, name);
    if (!library)
      return library.takeError();
    arguments.push_back(*library);
  }
  // Copies beside the model win: that is how models travel.
  arguments.push_back("--rpath=$ORIGIN");
  SmallString<128> folder(
      sys::path::parent_path(arguments[arguments.size() - 2]));
  sys::path::remove_dots(folder, /*remove_dot_dot=*/true);
  arguments.push_back(("--rpath=" + folder).str());
  return Error::success();
}

/// A file that tells the linker what to export.
static Expected<OutputFile> writeScript(ArrayRef<std::string> exported,
                                        StringRef output) {
  auto script = OutputFile::create((output + ".ver").str());
  if (!script)
    return script.takeError();
  if (Error error = script->write([&](raw_pwrite_stream &os) {
        os << "{ global: " << join(exported, "; ") << "; local: *; };\n";
      }))
    return error;
  return script;
}

Error rac::linkLibrary(const LinkJob &job) {
  auto found = findMachine(job.arch);
  if (!found)
    return found.takeError();
  const Machine &machine = **found;
  auto script = writeScript(job.exported, job.output);
  if (!script)
    return script.takeError();

  // In one piece: what the linker writes page by page lies scattered in memory
  // while it is cached, where weights are read a tenth to a sixth slower.
  std::vector<std::string> arguments = {"-shared",
                                        "--no-mmap-output-file",
                                        "--gc-sections",
                                        "-O1",
                                        "--icf=safe",
                                        "--build-id=none",
                                        "--exclude-libs=ALL",
                                        "--eh-frame-hdr",
                                        "-z",
                                        "relro",
                                        "-z",
                                        "noexecstack",
                                        "--hash-style=gnu",
                                        "--version-script=" + script->path(),
                                        "-o",
                                        job.output};
  if (!RAC_SANITIZED)
    arguments.insert(arguments.end(), {"-z", "defs"});
  arguments.insert(arguments.end(), job.objects.begin(), job.objects.end());

  if (job.usesDevice) {
    auto glue = findLibrary(machine, "librac_cuda.a");
    if (!glue)
      return glue.takeError();
    // All of it: the runtime asks for it by weak symbols only.
    arguments.insert(arguments.end(),
                     {"--whole-archive", *glue, "--no-whole-archive"});
  }
  auto runtime = findLibrary(machine, "librac_runtime.a");
  if (!runtime)
    return runtime.takeError();
  arguments.push_back(*runtime);
  if (job.usesLibrary)
    if (Error error = addKernelLibrary(machine, arguments))
      return error;
  addSharedLibraries(machine, arguments);
  return runLinker(arguments, job.output);
}

Error rac::linkPlain(StringRef arch, ArrayRef<std::string> objects,
                     StringRef exported, StringRef output) {
  auto machine = findMachine(arch);
  if (!machine)
    return machine.takeError();
  auto script = writeScript(exported.str(), output);
  if (!script)
    return script.takeError();
  std::vector<std::string> arguments = {"-shared",
                                        "--gc-sections",
                                        "--build-id=none",
                                        "-z",
                                        "noexecstack",
                                        "--hash-style=gnu",
                                        "--version-script=" + script->path(),
                                        "-o",
                                        output.str()};
  arguments.insert(arguments.end(), objects.begin(), objects.end());
  addSharedLibraries(**machine, arguments);
  return runLinker(arguments, output);
}

Error rac::mergeObjects(ArrayRef<std::string> objects, StringRef output) {
  std::vector<std::string> arguments = {"-r", "-o", output.str()};
  arguments.insert(arguments.end(), objects.begin(), objects.end());
  return runLinker(arguments, output);
}
