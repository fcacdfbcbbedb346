// A model as rac-compile would make it for NVIDIA GPUs, written by hand for the
// driver that stands for NVIDIA's (unittests/Runtime/Cuda/FakeCuda.h): y = 2 x
// + 1, of x [batch, 3]; negatives = the elements of x that are below 0, whose
// number only the run can tell.

#include "rac-c/Abi.h"
#include "unittests/Runtime/Cuda/FakeCuda.h"

#include <initializer_list>

static void doubleKernel(const int64_t *params, const unsigned *,
                         const unsigned *, unsigned) {
  auto *y = reinterpret_cast<float *>(params[0]);
  auto *x = reinterpret_cast<const float *>(params[1]);
  for (int64_t i = 0; i < params[2]; ++i)
    y[i] = 2 * x[i] + 1;
}

/// Writes how many elements are negative, and fails where one is 1234.
static void countKernel(const int64_t *params, const unsigned *,
                        const unsigned *, unsigned) {
  auto *x = reinterpret_cast<const float *>(params[1]);
  int64_t found = 0;
  for (int64_t i = 0; i < params[2]; ++i) {
    found += x[i] < 0;
    if (x[i] == 1234)
      *reinterpret_cast<int32_t *>(params[3]) = 1;
  }
  *reinterpret_cast<int64_t *>(params[0]) = found;
}

static void selectKernel(const int64_t *params, const unsigned *,
                         const unsigned *, unsigned) {
  auto *to = reinterpret_cast<float *>(params[0]);
  auto *x = reinterpret_cast<const float *>(params[1]);
  for (int64_t i = 0; i < params[2]; ++i)
    if (x[i] < 0)
      *to++ = x[i];
}

static void launch(RacContext *context, int32_t kernel,
                   std::initializer_list<int64_t> params) {
  const int64_t sizes[] = {1, 1, 1, 32, 1, 1, 0};
  void *addresses[8] = {};
  int count = 0;
  for (const int64_t &param : params)
    addresses[count++] = const_cast<int64_t *>(&param);
  rac_launch(context, kernel, sizes, addresses);
}

static int64_t number(const void *pointer) {
  return reinterpret_cast<int64_t>(pointer);
}

static void toyMain(RacContext *context) {
  int64_t sizes[] = {rac_input_dim(context, 0, 0), 3}, found = 0;
  int64_t x = number(rac_input(context, 0)), count = sizes[0] * 3;
  launch(context, 0, {number(rac_output(context, 0, 2, sizes)), x, count});
  void *counted = rac_arena(context, 8);
  launch(context, 1,
         {number(counted), x, count, number(rac_kernel_status(context))});
  rac_read(context, &found, counted, 8);
  launch(context, 2, {number(rac_output(context, 1, 1, &found)), x, count});
}

static const int64_t xDims[] = {-1, 3}, negativesDims[] = {-2};
static const RacTensorInfo inputs[] = {{"x", RAC_F32, 2, xDims}};
static const RacTensorInfo outputs[] = {
    {"y", RAC_F32, 2, xDims}, {"negatives", RAC_F32, 1, negativesDims}};
static const char *const symbols[] = {"batch", "found"};

static FakeImage image = {FakeImage::kMagic,
                          {{"double", doubleKernel},
                           {"count", countKernel},
                           {"select", selectKernel}}};
static const RacImage images[] = {{"compute_80", &image, 0}};
static const RacKernel kernels[] = {
    {"double", 0, 3, 0}, {"count", 0, 4, 0}, {"select", 0, 3, 0}};
static const char *const messages[] = {"1234 is not allowed"};
static const RacDeviceInfo device = {1, images, 3, kernels, 1, messages};

static RacModelInfo makeInfo() {
  RacModelInfo info = {};
  info.abi_version = RAC_ABI_VERSION;
  info.name = "toy";
  info.num_inputs = 1;
  info.num_outputs = 2;
  info.num_symbols = 2;
  info.inputs = inputs;
  info.outputs = outputs;
  info.symbols = symbols;
  info.describe = R"({"schema": "rac-model/1", "name": "toy", "prefix": "toy",
    "target": "nvptx",
    "inputs": [{"name": "x", "dtype": "f32", "shape": ["batch", 3]}],
    "outputs": [{"name": "y", "dtype": "f32", "shape": ["batch", 3]},
                {"name": "negatives", "dtype": "f32", "shape": ["found"]}],
    "symbols": ["batch", "found"]})";
  info.main = toyMain;
  info.device = &device;
  return info;
}
static const RacModelInfo info = makeInfo();

#define PUBLIC extern "C" __attribute__((visibility("default")))
PUBLIC const char rac_model_prefix[];
const char rac_model_prefix[] = "toy";
PUBLIC int toy_create(const RacOptions *options, RacContext **context) {
  return rac_model_create(&info, options, context);
}
PUBLIC int toy_run(RacContext *context, const DLTensor *const *in,
                   int32_t numIn, DLTensor *const *out, int32_t numOut) {
  return rac_model_run(context, in, numIn, out, numOut);
}
PUBLIC void toy_destroy(RacContext *context) { rac_model_destroy(context); }
PUBLIC const char *toy_describe() { return rac_model_describe(&info); }
PUBLIC const char *toy_last_error(const RacContext *context) {
  return rac_model_last_error(context);
}
PUBLIC int toy_arena_size(RacContext *context, const DLTensor *const *in,
                          int32_t numIn, int64_t *bytes) {
  return rac_model_arena_size(context, in, numIn, bytes);
}
PUBLIC int toy_profile(RacContext *context, RacGroupTime *times,
                       int32_t count) {
  return rac_model_profile(context, times, count);
}
