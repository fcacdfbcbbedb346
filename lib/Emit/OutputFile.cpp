//===- OutputFile.cpp - A file that appears whole or not at all -----------===//

#include "OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

using namespace llvm;
using namespace rac;

Expected<OutputFile> OutputFile::create(StringRef finalPath) {
  if (sys::fs::is_directory(finalPath))
    return createStringError("cannot write '" + finalPath +
                             "': it is a directory");
  SmallString<128> temporary;
  int file;
  if (std::error_code problem = sys::fs::createUniqueFile(
          finalPath + ".tmp-%%%%%%%%", file, temporary))
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
  if (std::error_code problem = sys::fs::rename(temporary, finalPath))
    return createStringError("cannot write '" + finalPath +
                             "': " + problem.message());
  sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return Error::success();
}
