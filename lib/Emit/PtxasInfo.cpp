//===- PtxasInfo.cpp - What ptxas says of kernels -------------------------===//

#include "PtxasInfo.h"
#include "llvm/ADT/SmallVector.h"

using namespace llvm;
using namespace rac;

/// The number before `unit` in a list of amounts; 0 if there is none.
static int64_t amount(StringRef line, StringRef unit) {
  SmallVector<StringRef> parts;
  line.split(parts, ',');
  for (StringRef part : parts) {
    part = part.trim();
    part.consume_front("Used ");
    int64_t number;
    if (!part.consumeInteger(10, number) && part.trim() == unit)
      return number;
  }
  return 0;
}

/// The names in quotes of a line, from the first on.
static SmallVector<StringRef> quoted(StringRef line) {
  SmallVector<StringRef> names, parts;
  line.split(parts, '\'');
  for (size_t i = 1; i < parts.size(); i += 2)
    names.push_back(parts[i]);
  return names;
}

std::vector<KernelResources> rac::parsePtxasInfo(StringRef text) {
  std::vector<KernelResources> kernels;
  // Functions that a kernel calls have properties too, but no entry.
  bool isEntry = false;
  SmallVector<StringRef> lines;
  text.split(lines, '\n');
  for (StringRef line : lines) {
    StringRef about = line.trim();
    if (about.consume_front("ptxas info"))
      about = about.ltrim().ltrim(':').ltrim();
    if (about.starts_with("Compiling entry function")) {
      SmallVector<StringRef> names = quoted(about);
      if (names.size() != 2)
        continue;
      kernels.emplace_back();
      kernels.back().name = names[0].str();
      kernels.back().chip = names[1].str();
      continue;
    }
    if (kernels.empty())
      continue;
    KernelResources &kernel = kernels.back();
    if (about.consume_front("Function properties for "))
      isEntry = about.trim() == kernel.name;
    else if (about.contains("bytes stack frame") && isEntry) {
      kernel.stackBytes = amount(about, "bytes stack frame");
      kernel.spillBytes = amount(about, "bytes spill stores") +
                          amount(about, "bytes spill loads");
    } else if (about.starts_with("Used ")) {
      kernel.registers = amount(about, "registers");
      kernel.sharedBytes = amount(about, "bytes smem");
    }
  }
  return kernels;
}
