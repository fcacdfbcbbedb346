//===- FakeNvml.h - What the fake NVML gives --------------------*- C++ -*-===//

#ifndef RAC_UNITTESTS_ENERGY_FAKENVML_H
#define RAC_UNITTESTS_ENERGY_FAKENVML_H

struct FakeGpu {
  unsigned long long energy; // mJ
  unsigned power;            // mW
  int energyStatus, powerStatus;
};

/// What the library's function fakeNvml gives.
struct FakeNvml {
  int initStatus = 0;
  unsigned count = 0;
  FakeGpu gpus[4] = {};
  int users = 0; ///< those who initialised it and didn't shut it down
};

#endif // RAC_UNITTESTS_ENERGY_FAKENVML_H
