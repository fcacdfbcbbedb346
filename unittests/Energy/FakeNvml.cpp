//===- FakeNvml.cpp - Stands for NVIDIA's management library --------------===//
//
// The functions that rac calls, by NVML's names, statuses and types.
//
//===----------------------------------------------------------------------===//

#include "FakeNvml.h"

#include <cstdio>

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
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
  *device = &state.gpus[index];
  return index < state.count ? 0 : 2;
}
int nvmlDeviceGetName(void *, char *name, unsigned length) {
  snprintf(name, length, "Fake GPU");
  return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void *device,
                                        unsigned long long *energy) {
  auto *gpu = static_cast<FakeGpu *>(device);
  *energy = gpu->energy;
  return gpu->energyStatus;
}
int nvmlDeviceGetPowerUsage(void *device, unsigned *power) {
  auto *gpu = static_cast<FakeGpu *>(device);
  *power = gpu->power;
  return gpu->powerStatus;
}
}
