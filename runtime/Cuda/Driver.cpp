//===- Driver.cpp - NVIDIA's driver ---------------------------------------===//

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "Driver.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <pthread.h>

namespace rac::runtime::cuda {

Driver driver;

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

namespace {

/// Looks up functions; the name of the first that is missing is kept.
struct Finder {
  void *library;
  const char *missing;

  template <typename... Parameters>
  bool find(Function<Parameters...> &function) {
    function.address =
        reinterpret_cast<int (*)(Parameters...)>(dlsym(library, function.name));
    return function.address != nullptr;
  }
  template <typename... Parameters>
  void need(Function<Parameters...> &function) {
    if (!find(function) && !missing)
      missing = function.name;
  }
};

} // namespace

/// The name of the first needed function that the library lacks, or null.
static const char *findFunctions(Driver &driver, void *library) {
  Finder finder = {library, nullptr};
  finder.need(driver.init);
  finder.need(driver.getErrorName);
  finder.need(driver.deviceGetCount);
  finder.need(driver.deviceGet);
  finder.need(driver.deviceGetName);
  finder.need(driver.deviceGetAttribute);
  finder.need(driver.primaryRetain);
  finder.need(driver.primaryRelease);
  finder.need(driver.pushCurrent);
  finder.need(driver.popCurrent);
  finder.need(driver.moduleLoad);
  finder.need(driver.moduleUnload);
  finder.need(driver.moduleGetFunction);
  finder.need(driver.functionSetAttribute);
  finder.need(driver.launchKernel);
  finder.need(driver.memAlloc);
  finder.need(driver.memFree);
  finder.need(driver.hostAlloc);
  finder.need(driver.hostFree);
  finder.need(driver.hostGetDevicePointer);
  finder.need(driver.copyToDevice);
  finder.need(driver.copyToHost);
  finder.need(driver.copyOnDevice);
  finder.need(driver.fill);
  finder.need(driver.streamCreate);
  finder.need(driver.streamDestroy);
  finder.need(driver.streamSynchronize);
  finder.need(driver.streamWaitEvent);
  finder.need(driver.eventCreate);
  finder.need(driver.eventDestroy);
  finder.need(driver.eventRecord);
  finder.need(driver.eventElapsedTime);
  finder.find(driver.tensorMapEncode);
  // Graphs of such launches can be recorded from CUDA 12.3 on.
  constexpr int kRecordsOverlaps = 12030;
  int version = 0;
  driver.overlaps = finder.find(driver.getVersion) &&
                    finder.find(driver.launchKernelEx) &&
                    !driver.getVersion(&version) && version >= kRecordsOverlaps;
  driver.hasGraphs =
      finder.find(driver.beginCapture) && finder.find(driver.endCapture) &&
      finder.find(driver.graphDestroy) &&
      finder.find(driver.graphInstantiate) && finder.find(driver.graphLaunch) &&
      finder.find(driver.executableDestroy);
  return finder.missing;
}

static int load() {
  if (driver.library)
    return RAC_OK;
  const char *given = secure_getenv("RAC_CUDA_DRIVER");
  const char *name = given && *given ? given : "libcuda.so.1";
  // Never closed: drivers don't bear it.
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return report(nullptr, RAC_UNSUPPORTED,
                  "the model needs NVIDIA's driver: %s", dlerror());
  if (const char *missing = findFunctions(driver, library))
    return report(nullptr, RAC_UNSUPPORTED,
                  "the model needs a newer driver of NVIDIA's: %s lacks %s",
                  name, missing);
  driver.library = library;
  return RAC_OK;
}

int loadDriver() {
  pthread_mutex_lock(&loading);
  int status = load();
  pthread_mutex_unlock(&loading);
  if (status)
    return status;
  if (Result result = driver.init(0))
    return reportResult("the model needs an NVIDIA GPU", result);
  return RAC_OK;
}

ErrorText::ErrorText(Result result) {
  const char *name = nullptr;
  if (driver.getErrorName(result.code, &name) || !name)
    name = "an error that the driver has no name for";
  // Without the version that some names end in.
  snprintf(text, sizeof(text), "%.*s: %s", int(strcspn(result.function, "_")),
           result.function, name);
}

RacStatus statusOf(Result result) {
  switch (result.code) {
  case kSuccess:
    return RAC_OK;
  case kOutOfMemory:
    return RAC_OUT_OF_MEMORY;
  case kStubLibrary:
  case kDeviceUnavailable:
  case kNoDevice:
  case kInvalidImage:
  case kNoBinaryForGpu:
  case kInvalidPtx:
  case kUnsupportedPtx:
  case kNotSupported:
  case kSystemNotReady:
  case kDriverMismatch:
  case kDeviceIncompatible:
    return RAC_UNSUPPORTED;
  default:
    return RAC_FAILED;
  }
}

int reportResult(const char *what, Result result) {
  return report(nullptr, statusOf(result), "%s: %s", what,
                ErrorText(result).text);
}

} // namespace rac::runtime::cuda
