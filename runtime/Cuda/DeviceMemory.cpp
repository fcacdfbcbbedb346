//===- DeviceMemory.cpp - Memory of the device ----------------------------===//

#include "Replay.h"
#include "State.h"

namespace rac::runtime::cuda {

static Result allocateDevice(void **memory, uint64_t bytes) {
  Address address = 0;
  Result result = driver.memAlloc(&address, bytes);
  *memory = pointer(address);
  return result;
}

static Result allocateHost(void **memory, uint64_t bytes) {
  return driver.hostAlloc(memory, bytes, /*flags=*/0);
}

[[noreturn]] static void failFor(RacContext *context, const char *what,
                                 uint64_t bytes, Result result) {
  fail(context, statusOf(result), "no memory for %s, %llu bytes: %s", what,
       static_cast<unsigned long long>(bytes), ErrorText(result).text);
}

static void reserve(RacContext *context, const char *what, Buffer &buffer,
                    uint64_t bytes, Result (*allocate)(void **, uint64_t),
                    void (*release)(Buffer &)) {
  if (buffer.data && bytes <= buffer.capacity)
    return;
  bytes = bytes ? bytes : 1;
  // As on the host: what grows once will grow again.
  uint64_t wanted = buffer.data ? bytes + bytes / 4 : bytes;
  if (buffer.data) {
    State &state = stateOf(context);
    forgetReplays(state);
    check(context, "waiting for earlier work",
          driver.streamSynchronize(state.stream));
    release(buffer);
  }
  Result result = allocate(&buffer.data, wanted);
  if (result.code == kOutOfMemory && wanted > bytes) {
    wanted = bytes;
    result = allocate(&buffer.data, wanted);
  }
  if (result) {
    buffer.data = nullptr;
    failFor(context, what, bytes, result);
  }
  buffer.capacity = wanted;
}

void reserveDevice(RacContext *context, const char *what, Buffer &buffer,
                   uint64_t bytes) {
  reserve(context, what, buffer, bytes, allocateDevice, freeDevice);
}

void reserveHost(RacContext *context, const char *what, Buffer &buffer,
                 uint64_t bytes) {
  reserve(context, what, buffer, bytes, allocateHost, freeHost);
}

void freeDevice(Buffer &buffer) {
  if (buffer.data)
    driver.memFree(addressOf(buffer.data));
  buffer = {};
}

void freeHost(Buffer &buffer) {
  if (buffer.data)
    driver.hostFree(buffer.data);
  buffer = {};
}

//===----------------------------------------------------------------------===//
// DeviceStack
//===----------------------------------------------------------------------===//

struct DeviceStack::Chunk {
  Chunk *next;
  Address address;
  uint64_t size, used;
};

constexpr uint64_t kSmallestChunk = 1 << 20;

void *DeviceStack::push(RacContext *context, uint64_t bytes) {
  constexpr uint64_t kMost = uint64_t(1) << 46;
  uint64_t wanted = bytes ? bytes : 1;
  if (bytes <= kMost)
    wanted =
        (wanted + kDeviceAlignment - 1) / kDeviceAlignment * kDeviceAlignment;
  Chunk *last = nullptr;
  for (Chunk *chunk = current ? current : first; chunk; chunk = chunk->next) {
    if (chunk->size - chunk->used >= wanted) {
      Address address = chunk->address + chunk->used;
      chunk->used += wanted;
      current = chunk;
      return pointer(address);
    }
    last = chunk;
  }
  // As much again as there is already: the number of chunks stays small.
  uint64_t size = total > wanted ? total : wanted;
  if (size < kSmallestChunk)
    size = kSmallestChunk;
  void *memory = nullptr;
  Result result = allocateDevice(&memory, size);
  if (result.code == kOutOfMemory && size > wanted)
    result = allocateDevice(&memory, size = wanted);
  if (result)
    failFor(context, "intermediate results", bytes, result);
  auto *chunk = static_cast<Chunk *>(allocateZeroed(sizeof(Chunk)));
  if (!chunk) {
    driver.memFree(addressOf(memory));
    fail(context, RAC_OUT_OF_MEMORY, "no memory on the host");
  }
  *chunk = {nullptr, addressOf(memory), size, wanted};
  total += size;
  (last ? last->next : first) = chunk;
  current = chunk;
  return memory;
}

void DeviceStack::clear() {
  for (Chunk *chunk = first; chunk; chunk = chunk->next)
    chunk->used = 0;
  current = nullptr;
}

void DeviceStack::free() {
  while (Chunk *chunk = first) {
    first = chunk->next;
    driver.memFree(chunk->address);
    runtime::release(chunk, sizeof(Chunk));
  }
  current = nullptr;
  total = 0;
}

} // namespace rac::runtime::cuda
