//===- Loaded.cpp - A model on a device -----------------------------------===//

#include "Loaded.h"
#include "Images.h"

#include <cstdio>
#include <cstring>
#include <pthread.h>

namespace rac::runtime::cuda {

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Loaded *all; // what is loaded in this process

static int findDevice(Loaded &loaded) {
  int count = 0;
  if (Result result = driver.deviceGetCount(&count))
    return reportResult("the driver's GPUs", result);
  if (loaded.ordinal < 0 || loaded.ordinal >= count)
    return report(nullptr, RAC_INVALID_ARGUMENT,
                  "create: options.device is %d: the driver has %d GPU%s, "
                  "counted from 0",
                  loaded.ordinal, count, count == 1 ? "" : "s");
  Result result = driver.deviceGet(&loaded.device, loaded.ordinal);
  if (!result)
    result = driver.deviceGetName(loaded.deviceName,
                                  sizeof(loaded.deviceName) - 1, loaded.device);
  if (!result)
    result = driver.primaryRetain(&loaded.context, loaded.device);
  return result ? reportResult("opening the GPU", result) : RAC_OK;
}

/// The first image that the device takes.
static int loadModule(Loaded &loaded) {
  int major = 0, minor = 0;
  Result result =
      driver.deviceGetAttribute(&major, kCapabilityMajor, loaded.device);
  if (!result)
    result = driver.deviceGetAttribute(&minor, kCapabilityMinor, loaded.device);
  if (result)
    return reportResult("the GPU's compute capability", result);
  const RacDeviceInfo &info = *loaded.info->device;
  char tried[256] = "";
  size_t length = 0;
  for (int32_t i = 0; i < info.num_images; ++i) {
    const RacImage &image = info.images[i];
    bool can = canRun(image.chip, major, minor);
    if (can)
      result = driver.moduleLoad(&loaded.module, image.data);
    if (can && !result)
      return RAC_OK;
    if (can && statusOf(result) != RAC_UNSUPPORTED)
      return reportResult("loading the kernels", result);
    if (length < sizeof(tried))
      length += snprintf(tried + length, sizeof(tried) - length, "%s%s%s%s",
                         length ? ", " : "", image.chip, can ? ": " : "",
                         can ? ErrorText(result).text : "");
  }
  return report(nullptr, RAC_UNSUPPORTED,
                "GPU %d, %s, of compute capability %d.%d, runs none of what "
                "the model was compiled for: %s",
                loaded.ordinal, loaded.deviceName, major, minor, tried);
}

static int findKernels(Loaded &loaded) {
  const RacDeviceInfo &info = *loaded.info->device;
  for (int32_t i = 0; i < info.num_kernels; ++i) {
    const RacKernel &kernel = info.kernels[i];
    Result result = driver.moduleGetFunction(&loaded.kernels[i], loaded.module,
                                             kernel.name);
    // Together with static shared memory, of which nothing is known here, more
    // than 48 KiB need leave (CUDA C Programming Guide, "Shared Memory").
    if (!result && kernel.shared_bytes > 0)
      result = driver.functionSetAttribute(
          loaded.kernels[i], kMostDynamicShared, kernel.shared_bytes);
    if (result)
      return reportResult(kernel.name, result);
  }
  return RAC_OK;
}

static int uploadWeights(Loaded &loaded, const uint8_t *weights) {
  uint64_t size = loaded.info->weights_size;
  if (size == 0 || !weights)
    return RAC_OK;
  // A stream of its own: the default one would wait for other programs' parts.
  Stream stream = nullptr;
  Result result = driver.memAlloc(&loaded.weights, size);
  if (result)
    return report(nullptr, statusOf(result),
                  "memory of the GPU for %llu bytes of weights: %s",
                  static_cast<unsigned long long>(size),
                  ErrorText(result).text);
  result = driver.streamCreate(&stream, kStreamNonBlocking);
  if (!result)
    result = driver.copyToDevice(loaded.weights, weights, size, stream);
  if (!result)
    result = driver.streamSynchronize(stream);
  if (stream)
    driver.streamDestroy(stream);
  return result ? reportResult("copying the weights to the GPU", result)
                : RAC_OK;
}

static void unload(Loaded *loaded) {
  if (loaded->context) {
    // At the end of a process the driver may be gone: nothing to be done then.
    bool current = !driver.pushCurrent(loaded->context);
    if (current && loaded->weights)
      driver.memFree(loaded->weights);
    if (current && loaded->module)
      driver.moduleUnload(loaded->module);
    ContextHandle popped;
    if (current)
      driver.popCurrent(&popped);
    driver.primaryRelease(loaded->device);
  }
  runtime::release(loaded, loaded->blockSize);
}

static int load(const RacModelInfo *info, const uint8_t *weights, int ordinal,
                Loaded *&loaded) {
  uint64_t size = sizeof(Loaded) + info->device->num_kernels * sizeof(Kernel);
  loaded = static_cast<Loaded *>(allocateZeroed(size));
  if (!loaded)
    return report(nullptr, RAC_OUT_OF_MEMORY,
                  "create: no memory for the model's kernels");
  loaded->blockSize = size;
  loaded->info = info;
  loaded->ordinal = ordinal;
  loaded->kernels = reinterpret_cast<Kernel *>(loaded + 1);
  int status = findDevice(*loaded);
  if (status)
    return status;
  if (Result result = driver.pushCurrent(loaded->context))
    return reportResult("using the GPU", result);
  if (info->device->num_kernels > 0)
    status = loadModule(*loaded);
  if (!status)
    status = findKernels(*loaded);
  if (!status)
    status = uploadWeights(*loaded, weights);
  ContextHandle popped;
  driver.popCurrent(&popped);
  return status;
}

static int acquireLocked(const RacModelInfo *info, const uint8_t *weights,
                         int ordinal, Loaded *&loaded) {
  for (loaded = all; loaded; loaded = loaded->next)
    if (loaded->info == info && loaded->ordinal == ordinal) {
      ++loaded->users;
      return RAC_OK;
    }
  if (int status = load(info, weights, ordinal, loaded)) {
    if (loaded)
      unload(loaded);
    loaded = nullptr;
    return status;
  }
  loaded->users = 1;
  loaded->next = all;
  all = loaded;
  return RAC_OK;
}

int acquire(const RacModelInfo *info, const uint8_t *weights, int ordinal,
            Loaded *&loaded) {
  pthread_mutex_lock(&lock);
  int status = acquireLocked(info, weights, ordinal, loaded);
  pthread_mutex_unlock(&lock);
  return status;
}

void release(Loaded *loaded) {
  pthread_mutex_lock(&lock);
  if (--loaded->users == 0) {
    Loaded **at = &all;
    while (*at != loaded)
      at = &(*at)->next;
    *at = loaded->next;
    unload(loaded);
  }
  pthread_mutex_unlock(&lock);
}

} // namespace rac::runtime::cuda
