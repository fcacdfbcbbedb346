//===- OutputFile.cpp - A file that appears whole or not at all -----------===//

#include "OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

using namespace llvm;
using namespace rac;

/// A device or a pipe: written to, never replaced by a file of that name.
static bool isSpecial(StringRef path) {
  return sys::fs::exists(path) && !sys::fs::is_regular_file(path);
}

Expected<OutputFile> OutputFile::create(StringRef finalPath) {
  if (sys::fs::is_directory(finalPath))
    return createStringError("cannot write '" + finalPath +
                             "': it is a directory");
  SmallString<128> temporary;
  int file;
  std::error_code problem =
      isSpecial(finalPath)
          ? sys::fs::createTemporaryFile("rac", "tmp", file, temporary)
          : sys::fs::createUniqueFile(finalPath + ".tmp-%%%%%%%%", file,
                                      temporary);
  if (problem)
    return createStringError("cannot write '" + finalPath +
                             "': " + problem.message());
  sys::Process::SafelyCloseFileDescriptor(file);
  sys::RemoveFileOnSignal(temporary);
  return OutputFile(temporary.str().str(), finalPath.str());
}

OutputFile::OutputFile(OutputFile &&other)
    : temporary(std::move(other.temporary)),
      finalPath(std::move(other.finalPath)) {
  other.temporary.clear();
}

OutputFile::~OutputFile() {
  if (temporary.empty())
    return;
  sys::fs::remove(temporary);
  sys::DontRemoveFileOnSignal(temporary);
}

Error OutputFile::write(function_ref<void(raw_pwrite_stream &)> writer) {
  std::error_code problem;
  raw_fd_ostream os(temporary, problem);
  if (!problem) {
    writer(os);
    os.close();
    problem = os.error();
    os.clear_error();
  }
  if (problem)
    return createStringError("cannot write '" + finalPath +
                             "': " + problem.message());
  return Error::success();
}

Error OutputFile::keep() {
  bool special = isSpecial(finalPath);
  if (std::error_code problem = special
                                    ? sys::fs::copy_file(temporary, finalPath)
                                    : sys::fs::rename(temporary, finalPath))
    return createStringError("cannot write '" + finalPath +
                             "': " + problem.message());
  if (special)
    sys::fs::remove(temporary);
  sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return Error::success();
}

Error rac::writeOutput(StringRef path,
                       function_ref<void(raw_ostream &)> writer) {
  if (path == "-") {
    raw_fd_ostream &os = outs();
    writer(os);
    os.flush();
    std::error_code problem = os.error();
    os.clear_error();
    if (problem)
      return createStringError("cannot write to standard output: " +
                               problem.message());
    return Error::success();
  }
  auto file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (Error error = file->write(writer))
    return error;
  return file->keep();
}

std::string rac::absolutePath(StringRef path) {
  SmallString<128> result(path);
  (void)sys::fs::make_absolute(result);
  sys::path::remove_dots(result, /*remove_dot_dot=*/true);
  return result.str().str();
}

bool rac::nameSameFile(StringRef a, StringRef b) {
  if (isSpecial(a) || isSpecial(b))
    return false;
  return absolutePath(a) == absolutePath(b) || sys::fs::equivalent(a, b);
}
