//===- DriverTest.cpp - Without a driver, or without a GPU ----------------===//
//
// In this order: once a driver is loaded, it stays.
//
//===----------------------------------------------------------------------===//

#include "CudaModel.h"

using namespace rac::test;
using ::testing::HasSubstr;

namespace {

struct Driver : CudaTest {
  PlusTwo model;
};

TEST_F(Driver, NotThere) {
  setenv("RAC_CUDA_DRIVER", "libno-such-driver.so.1", 1);
  EXPECT_THAT(createError(model, RAC_UNSUPPORTED),
              HasSubstr("the model needs NVIDIA's driver: "
                        "libno-such-driver.so.1: cannot open"));
}

TEST_F(Driver, AnotherLibrary) {
  setenv("RAC_CUDA_DRIVER", "libm.so.6", 1);
  EXPECT_EQ(createError(model, RAC_UNSUPPORTED),
            "the model needs a newer driver of NVIDIA's: libm.so.6 lacks "
            "cuInit");
}

TEST_F(Driver, NoGpu) {
  cuda.failures["cuInit"] = {0, 100};
  setenv("RAC_CUDA_DRIVER", FAKE_CUDA, 1);
  EXPECT_EQ(createError(model, RAC_UNSUPPORTED),
            "the model needs an NVIDIA GPU: cuInit: CUDA_ERROR_NO_DEVICE");
}

} // namespace
