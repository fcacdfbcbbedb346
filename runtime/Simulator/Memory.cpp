//===- Memory.cpp - The device's memory ----------------------------------===//
//
// Each allocation has its own pages, and one behind it that faults. What nobody
// has written is no number.
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <sys/mman.h>

using namespace rac::simulator;

namespace {

constexpr size_t kPage = 4096;
constexpr int kUnwritten = 0xFF;

class Allocations {
public:
  CUdeviceptr allocate(size_t bytes) {
    size_t pages = (bytes + kPage - 1) / kPage * kPage;
    void *memory = mmap(nullptr, pages + kPage, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      return 0;
    char *begin = static_cast<char *>(memory);
    mprotect(begin + pages, kPage, PROT_NONE);
    memset(begin, kUnwritten, pages);
    std::lock_guard<std::mutex> lock(mutex);
    auto address = reinterpret_cast<CUdeviceptr>(begin);
    sizes[address] = bytes;
    return address;
  }

  bool free(CUdeviceptr address) {
    std::lock_guard<std::mutex> lock(mutex);
    auto found = sizes.find(address);
    if (found == sizes.end())
      return false;
    size_t pages = (found->second + kPage - 1) / kPage * kPage;
    munmap(reinterpret_cast<void *>(address), pages + kPage);
    sizes.erase(found);
    return true;
  }

  bool contains(CUdeviceptr address, size_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    auto after = sizes.upper_bound(address);
    if (after == sizes.begin())
      return false;
    auto [begin, size] = *std::prev(after);
    return address - begin <= size && bytes <= size - (address - begin);
  }

private:
  std::mutex mutex;
  std::map<CUdeviceptr, size_t> sizes;
};
Allocations allocations;

void *pointer(CUdeviceptr address) { return reinterpret_cast<void *>(address); }

CUresult copy(CUstream stream, void *target, const void *source, size_t bytes,
              CUdeviceptr device) {
  if (!isDeviceMemory(device, bytes))
    return because(CUDA_ERROR_INVALID_VALUE,
                   "a copy leaves the device's memory");
  return enqueue(stream, [=] {
    memcpy(target, source, bytes);
    return CUDA_SUCCESS;
  });
}

template <typename T>
CUresult fill(CUstream stream, CUdeviceptr address, T value, size_t count) {
  if (!isDeviceMemory(address, count * sizeof(T)))
    return because(CUDA_ERROR_INVALID_VALUE,
                   "a fill leaves the device's memory");
  return enqueue(stream, [=] {
    for (size_t i = 0; i < count; ++i)
      memcpy(pointer(address + i * sizeof(T)), &value, sizeof(T));
    return CUDA_SUCCESS;
  });
}

} // namespace

bool rac::simulator::isDeviceMemory(CUdeviceptr address, size_t bytes) {
  return bytes == 0 || allocations.contains(address, bytes);
}

RAC_CUDA_API CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  if (!bytes)
    return CUDA_ERROR_INVALID_VALUE;
  *address = allocations.allocate(bytes);
  return *address ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

RAC_CUDA_API CUresult cuMemFree_v2(CUdeviceptr address) {
  return !address || allocations.free(address) ? CUDA_SUCCESS
                                               : CUDA_ERROR_INVALID_VALUE;
}

// The device reads memory of the host that is pinned at the same address.

RAC_CUDA_API CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned) {
  *memory = pointer(allocations.allocate(bytes));
  return *memory ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

RAC_CUDA_API CUresult cuMemFreeHost(void *memory) {
  return cuMemFree_v2(reinterpret_cast<CUdeviceptr>(memory));
}

RAC_CUDA_API CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *address,
                                                   void *memory, unsigned) {
  *address = reinterpret_cast<CUdeviceptr>(memory);
  return isDeviceMemory(*address, 1) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

RAC_CUDA_API CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr target,
                                           const void *source, size_t bytes,
                                           CUstream stream) {
  return copy(stream, pointer(target), source, bytes, target);
}

RAC_CUDA_API CUresult cuMemcpyDtoHAsync_v2(void *target, CUdeviceptr source,
                                           size_t bytes, CUstream stream) {
  return copy(stream, target, pointer(source), bytes, source);
}

RAC_CUDA_API CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr target,
                                           CUdeviceptr source, size_t bytes,
                                           CUstream stream) {
  if (!isDeviceMemory(source, bytes))
    return because(CUDA_ERROR_INVALID_VALUE,
                   "a copy leaves the device's memory");
  return copy(stream, pointer(target), pointer(source), bytes, target);
}

RAC_CUDA_API CUresult cuMemcpyHtoD_v2(CUdeviceptr target, const void *source,
                                      size_t bytes) {
  return copy(nullptr, pointer(target), source, bytes, target);
}

RAC_CUDA_API CUresult cuMemcpyDtoH_v2(void *target, CUdeviceptr source,
                                      size_t bytes) {
  return copy(nullptr, target, pointer(source), bytes, source);
}

RAC_CUDA_API CUresult cuMemcpyDtoD_v2(CUdeviceptr target, CUdeviceptr source,
                                      size_t bytes) {
  return cuMemcpyDtoDAsync_v2(target, source, bytes, nullptr);
}

RAC_CUDA_API CUresult cuMemsetD8Async(CUdeviceptr address, unsigned char value,
                                      size_t count, CUstream stream) {
  return fill(stream, address, value, count);
}

RAC_CUDA_API CUresult cuMemsetD32Async(CUdeviceptr address, unsigned value,
                                       size_t count, CUstream stream) {
  return fill(stream, address, value, count);
}
