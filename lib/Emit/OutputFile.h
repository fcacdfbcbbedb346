//===- OutputFile.h - A file that appears whole or not at all ---*- C++ -*-===//

#ifndef RAC_LIB_EMIT_OUTPUTFILE_H
#define RAC_LIB_EMIT_OUTPUTFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace rac {

/// A temporary file beside where the result shall be; removed when it goes out
/// of scope or the process is killed, unless it was kept.
class OutputFile {
public:
  static llvm::Expected<OutputFile> create(llvm::StringRef finalPath);
  OutputFile(OutputFile &&other);
  OutputFile &operator=(OutputFile &&) = delete;
  ~OutputFile();

  const std::string &path() const { return temporary; }
  /// Replaces the content.
  llvm::Error write(llvm::function_ref<void(llvm::raw_pwrite_stream &)> writer);
  /// Gives the file its final name.
  llvm::Error keep();

private:
  OutputFile(std::string temporary, std::string finalPath)
      : temporary(std::move(temporary)), finalPath(std::move(finalPath)) {}
  std::string temporary, finalPath;
};

/// Writes to a file, or to standard output for "-".
llvm::Error writeOutput(llvm::StringRef path,
                        llvm::function_ref<void(llvm::raw_ostream &)> writer);

/// From the root on, without dots.
std::string absolutePath(llvm::StringRef path);

/// Whether what is written to one would replace the other. A device holds
/// nothing that could be replaced.
bool nameSameFile(llvm::StringRef a, llvm::StringRef b);

} // namespace rac

#endif // RAC_LIB_EMIT_OUTPUTFILE_H
