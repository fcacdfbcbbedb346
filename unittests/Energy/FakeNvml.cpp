//===- FakeNvml.cpp - Stands for NVIDIA's management library --------------===//
//
// The functions that rac calls, by NVML's names, statuses and types.
//
//===----------------------------------------------------------------------===//

#include "FakeNvml.h"

#include <cstdio>

// As in nvml.h.
struct nvmlDevice_st;

static FakeNvml state;

extern "C" {
FakeNvml *fakeNvml() { return &state; }

int nvmlInit_v2() {
  if (state.initStatus == 0)
    ++state.users;
  return state.initStatus;
}
int nvmlShutdown() {
  --state.users;
  return 0;
}
const char *nvmlErrorString(int status) {
  switch (status) {
  case 3:
    return "Not Supported";
  case 4:
    return "Insufficient Permissions";
  case 9:
    return "Driver Not Loaded";
  case 15:
    return "GPU is lost";
  default:
    return "Unknown Error";
  }
}
int nvmlDeviceGetCount_v2(unsigned *count) {
  *count = state.count;
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_st **device) {
  *device = reinterpret_cast<nvmlDevice_st *>(&state.gpus[index]);
  return index < state.count ? 0 : 2;
}
int nvmlDeviceGetName(nvmlDevice_st *, char *name, unsigned length) {
  snprintf(name, length, "Fake GPU");
  return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_st *device,
                                        unsigned long long *energy) {
  auto *gpu = reinterpret_cast<FakeGpu *>(device);
  *energy = gpu->energy;
  return gpu->energyStatus;
}
int nvmlDeviceGetPowerUsage(nvmlDevice_st *device, unsigned *power) {
  auto *gpu = reinterpret_cast<FakeGpu *>(device);
  *power = gpu->power;
  return gpu->powerStatus;
}
}
