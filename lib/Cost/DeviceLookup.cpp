//===- DeviceLookup.cpp - Devices and sites by name -----------------------===//

#include "rac/Cost/DeviceLookup.h"
#include "rac/Cost/Config.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace rac;

/// Something whose address tells where the program is.
static std::string executableDir() {
  return sys::path::parent_path(
             sys::fs::getMainExecutable(nullptr, (void *)&executableDir))
      .str();
}

/// Where descriptions are: of this installation if it has any, else of the
/// sources.
static std::string folderOf(StringRef what) {
  SmallString<128> installed(executableDir());
  sys::path::append(installed, "..", "share", "rac", what);
  if (sys::fs::is_directory(installed))
    return installed.str().str();
  SmallString<128> sources(RAC_DESCRIPTIONS_DIR);
  sys::path::append(sources, what);
  return sources.str().str();
}

/// The JSON files of a folder, sorted.
static std::vector<std::string> filesIn(StringRef folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (sys::fs::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error))
    if (StringRef(it->path()).ends_with(".json"))
      files.push_back(it->path());
  sort(files);
  return files;
}

/// The file that a user means by a name or a file's name.
static Expected<std::string> findFile(StringRef what, StringRef nameOrFile) {
  if (nameOrFile.contains('/') || nameOrFile.ends_with(".json"))
    return nameOrFile.str();
  std::string folder = folderOf(what);
  std::vector<std::string> names;
  for (const std::string &file : filesIn(folder)) {
    names.push_back(sys::path::stem(file).str());
    if (names.back() == nameOrFile)
      return file;
  }
  return createStringError("there is no '" + nameOrFile + "' in " + folder +
                           "; there are " +
                           (names.empty() ? "none" : join(names, ", ")));
}

/// Every description that can be read; a broken one is no candidate, and is
/// told of.
static std::vector<Device> loadAll(std::vector<std::string> &notes) {
  std::vector<Device> devices;
  for (const std::string &file : filesIn(folderOf("devices"))) {
    Expected<Device> device = loadDevice(file);
    if (device)
      devices.push_back(std::move(*device));
    else
      notes.push_back(toString(device.takeError()));
  }
  return devices;
}

Expected<Device> rac::findDevice(StringRef nameOrFile,
                                 std::vector<std::string> &notes) {
  if (nameOrFile == "host") {
    Machine machine = hostMachine();
    std::string note;
    std::optional<Device> device = pickDevice(machine, loadAll(notes), note);
    if (!device)
      return createStringError("there is no device for " + machine.arch +
                               " in " + folderOf("devices"));
    notes.push_back(note);
    return *device;
  }
  Expected<std::string> file = findFile("devices", nameOrFile);
  if (!file)
    return file.takeError();
  std::vector<std::string> warnings;
  Expected<Device> device = loadDevice(*file, &warnings);
  for (const std::string &warning : warnings)
    notes.push_back(*file + ": " + warning);
  return device;
}

Expected<Site> rac::findSite(StringRef nameOrFile) {
  Expected<std::string> file = findFile("sites", nameOrFile);
  if (!file)
    return file.takeError();
  return loadSite(*file);
}
