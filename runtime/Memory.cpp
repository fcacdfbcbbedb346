//===- Memory.cpp - All memory that the runtime takes ---------------------===//

#include "Memory.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace rac::runtime {

static std::atomic<uint64_t> numAllocations;
static std::atomic<int64_t> allocationsLeft{-1};

// Above this, memory comes from the system page-wise, so that it goes back
// there when it is released and so that the kernel may use huge pages: fewer
// TLB misses in every pass.
constexpr uint64_t kMapFrom = 1 << 20;
constexpr uint64_t kHugePage = 2 << 20;
constexpr uint64_t kMost = uint64_t(1) << 46;

static uint64_t roundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

static bool allowed() {
  numAllocations.fetch_add(1, std::memory_order_relaxed);
  int64_t left = allocationsLeft.load(std::memory_order_relaxed);
  if (left < 0)
    return true;
  if (left == 0)
    return false;
  allocationsLeft.store(left - 1, std::memory_order_relaxed);
  return true;
}

/// Maps `bytes` bytes, the start aligned to a huge page.
static void *map(uint64_t bytes) {
  uint64_t length = roundUp(bytes, kHugePage), slack = length + kHugePage;
  // Without MAP_NORESERVE, so that the system refuses more than there is
  // instead of ending processes once it is written to.
  void *mapped = mmap(nullptr, slack, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED)
    return nullptr;
  auto address = reinterpret_cast<uintptr_t>(mapped);
  uintptr_t start = roundUp(address, kHugePage);
  if (start > address)
    munmap(mapped, start - address);
  uintptr_t rest = address + slack - (start + length);
  if (rest > 0)
    munmap(reinterpret_cast<void *>(start + length), rest);
  void *memory = reinterpret_cast<void *>(start);
  // Only a hint: without huge pages all is well, too.
  madvise(memory, length, MADV_HUGEPAGE);
  return memory;
}

void *allocate(uint64_t bytes) {
  if (!allowed() || bytes > kMost)
    return nullptr;
  if (bytes >= kMapFrom)
    return map(bytes);
  return aligned_alloc(kAlignment, roundUp(bytes ? bytes : 1, kAlignment));
}

void *allocateZeroed(uint64_t bytes) {
  void *memory = allocate(bytes);
  if (memory)
    memset(memory, 0, bytes);
  return memory;
}

void release(void *memory, uint64_t bytes) {
  if (!memory)
    return;
  if (bytes >= kMapFrom)
    munmap(memory, roundUp(bytes, kHugePage));
  else
    ::free(memory);
}

uint64_t allocationCount() { return numAllocations.load(); }
void failAllocationsAfter(int64_t count) { allocationsLeft.store(count); }

//===----------------------------------------------------------------------===//
// Buffer
//===----------------------------------------------------------------------===//

bool Buffer::reserve(uint64_t bytes) {
  if (data && bytes <= capacity)
    return true;
  // What grows once will grow again (a cache of past tokens does so at each
  // step), so leave some room then. What is sized once is sized exactly.
  uint64_t wanted = data ? bytes + bytes / 4 : bytes;
  free();
  data = allocate(wanted);
  if (!data && wanted > bytes) {
    wanted = bytes;
    data = allocate(wanted);
  }
  capacity = data ? wanted : 0;
  return data != nullptr;
}

void Buffer::free() {
  release(data, capacity);
  data = nullptr;
  capacity = 0;
}

//===----------------------------------------------------------------------===//
// Stack
//===----------------------------------------------------------------------===//

struct alignas(kAlignment) Stack::Chunk {
  Chunk *next;
  uint64_t size, used; // of the bytes behind this header
};

constexpr uint64_t kSmallestChunk = 64 << 10;

void *Stack::push(uint64_t bytes) {
  if (bytes > kMost)
    return nullptr;
  bytes = roundUp(bytes ? bytes : 1, kAlignment);
  Chunk *last = nullptr;
  for (Chunk *chunk = current ? current : first; chunk; chunk = chunk->next) {
    if (chunk->size - chunk->used >= bytes) {
      void *memory = reinterpret_cast<char *>(chunk + 1) + chunk->used;
      chunk->used += bytes;
      current = chunk;
      return memory;
    }
    last = chunk;
  }
  // As much again as there is already: the number of chunks stays small.
  uint64_t size = total > bytes ? total : bytes;
  if (size < kSmallestChunk)
    size = kSmallestChunk;
  auto *chunk = static_cast<Chunk *>(allocate(sizeof(Chunk) + size));
  if (!chunk && size > bytes) {
    size = bytes;
    chunk = static_cast<Chunk *>(allocate(sizeof(Chunk) + size));
  }
  if (!chunk)
    return nullptr;
  chunk->next = nullptr;
  chunk->size = size;
  chunk->used = bytes;
  total += size;
  (last ? last->next : first) = chunk;
  current = chunk;
  return chunk + 1;
}

Stack::Mark Stack::mark() const {
  return {current, current ? current->used : 0};
}

void Stack::pop(Mark mark) {
  // Chunks behind the current one are empty: that is all that there is to undo.
  Chunk *chunk = mark.chunk ? mark.chunk->next : first;
  for (; chunk; chunk = chunk->next)
    chunk->used = 0;
  if (mark.chunk)
    mark.chunk->used = mark.used;
  current = mark.chunk;
}

void Stack::free() {
  while (Chunk *chunk = first) {
    first = chunk->next;
    release(chunk, sizeof(Chunk) + chunk->size);
  }
  current = nullptr;
  total = 0;
}

} // namespace rac::runtime
