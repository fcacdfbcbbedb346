//===- LevelSpans.cpp - Bytes that lie in one memory level ----------------===//

#include "LevelSpans.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <sys/mman.h>
#include <unistd.h>

using namespace rac;

static constexpr int64_t kPage = 4096, kHugePage = 2 << 20;

Buffer::Buffer(int64_t bytes)
    : length(llvm::alignTo(bytes, kHugePage) + kHugePage) {
  void *got = mmap(nullptr, length, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got == MAP_FAILED)
    return;
  mapped = static_cast<char *>(got);
  madvise(mapped, length, MADV_HUGEPAGE);
  for (int64_t i = 0; i < length; i += kPage)
    mapped[i] = 1;
}

Buffer::~Buffer() {
  if (mapped)
    munmap(mapped, length);
}

char *Buffer::data() const {
  return reinterpret_cast<char *>(
      llvm::alignTo(reinterpret_cast<uintptr_t>(mapped), kHugePage));
}

int64_t LevelSpans::allBytes() const {
  int64_t sum = 0;
  for (const Span &span : all)
    sum += span.bytes;
  return sum;
}

/// B that lie in level `index`, or beyond the last cache; 0: unknown. Halfway,
/// as factors go, from the size of the level before to its own.
static int64_t workingSet(const std::vector<MemoryLevel> &memory,
                          size_t index) {
  const MemoryLevel &level = memory[index];
  const MemoryLevel *inner = index ? &memory[index - 1] : nullptr;
  if (inner && !inner->sizeBytes)
    return 0;
  if (level.kind == LevelKind::memory)
    return inner ? 2 * inner->sizeBytes->v : 0;
  if (!level.sizeBytes)
    return 0;
  return inner ? std::sqrt(inner->sizeBytes->v * level.sizeBytes->v)
               : level.sizeBytes->v / 2;
}

MemorySpans::MemorySpans(const Device &device, int cores,
                         std::vector<std::string> &problems) {
  const std::vector<MemoryLevel> &memory = device.memory;
  // A quarter of the memory is free on any machine that runs models.
  int64_t most =
      int64_t(sysconf(_SC_PHYS_PAGES)) * int64_t(sysconf(_SC_PAGE_SIZE)) / 4;
  for (size_t i = 0; i < memory.size(); ++i) {
    int64_t bytes = workingSet(memory, i);
    if (!bytes || bytes > most) {
      problems.push_back(
          ("memory." + memory[i].name +
           (bytes ? ": takes reading " + llvm::Twine(bytes >> 20) +
                        " MiB, more than a quarter of the memory"
                  : llvm::Twine(": its size, or that of the level before, "
                                "isn't known")))
              .str());
      continue;
    }
    int64_t each = bytes;
    if (memory[i].scope != LevelScope::core) {
      // What each core reads must not fit into what it has of its own.
      int64_t least = i ? 2 * memory[i - 1].sizeBytes->v : 0;
      each = std::max(bytes / cores, least);
    }
    levels.push_back({i, {nullptr, bytes}, {}, false});
    levels.back().all.assign(cores, {nullptr, each});
    levels.back().cached = memory[i].kind != LevelKind::memory;
  }
  place();
}

/// Each level's bytes lie apart, those of one core and of all on each other.
void MemorySpans::place() {
  int64_t total = 0;
  for (LevelSpans &level : levels) {
    level.one.bytes = llvm::alignTo<kPage>(level.one.bytes);
    for (Span &span : level.all)
      span.bytes = llvm::alignTo<kPage>(span.bytes);
    total += std::max(level.one.bytes, level.allBytes());
  }
  buffer = std::make_unique<Buffer>(total);
  char *at = buffer->data();
  for (LevelSpans &level : levels) {
    level.one.begin = at;
    char *part = at;
    for (Span &span : level.all) {
      span.begin = part;
      part += span.bytes;
    }
    at = std::max(at + level.one.bytes, part);
  }
}
