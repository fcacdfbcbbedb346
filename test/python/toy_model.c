/* A model as rac-compile would make it, written by hand: y = 2 x + 1, total =
 * number of rows, of x [batch, 3]; negatives = the elements of x that are below
 * 0, whose number only the run can tell. For tests of what calls models. */
#include "rac-c/Abi.h"

static const int64_t xDims[] = {-1, 3}, negativesDims[] = {-2};
static const RacTensorInfo inputs[] = {{"x", RAC_F32, 2, xDims}};
static const RacTensorInfo outputs[] = {
    {"y", RAC_F32, 2, xDims},
    {"total", RAC_I64, 0, 0},
    {"negatives", RAC_F32, 1, negativesDims}};
static const char *const symbols[] = {"batch", "found"};

static void body(RacContext *context, void *env, int64_t low, int64_t high) {
  const float *x = rac_input(context, 0);
  float *y = env;
  for (int64_t i = low; i < high; ++i)
    y[i] = 2 * x[i] + 1;
}

static void toyMain(RacContext *context) {
  rac_profile(context, 0);
  int64_t sizes[] = {rac_input_dim(context, 0, 0), 3}, found = 0;
  const float *x = rac_input(context, 0);
  float *y = rac_output(context, 0, 2, sizes);
  rac_parallel_for(context, sizes[0] * 3, 16, 0, body, y);
  rac_profile(context, -1);
  *(int64_t *)rac_output(context, 1, 0, 0) = sizes[0];
  for (int64_t i = 0; i < sizes[0] * 3; ++i) {
    if (x[i] == 1234)
      rac_fail(context, "1234 is not allowed");
    found += x[i] < 0;
  }
  float *negatives = rac_output(context, 2, 1, &found);
  for (int64_t i = 0, to = 0; i < sizes[0] * 3; ++i)
    if (x[i] < 0)
      negatives[to++] = x[i];
}

static int64_t arenaSize(RacContext *context) {
  return 64 * rac_input_dim(context, 0, 0);
}

static const RacModelInfo info = {
    .abi_version = RAC_ABI_VERSION,
    .name = "toy",
    .num_inputs = 1,
    .num_outputs = 3,
    .num_symbols = 2,
    .inputs = inputs,
    .outputs = outputs,
    .symbols = symbols,
    .describe =
        "{\"schema\": \"rac-model/1\", \"name\": \"toy\", \"prefix\": \"toy\", "
        "\"inputs\": [{\"name\": \"x\", \"dtype\": \"f32\", \"shape\": "
        "[\"batch\", 3]}], "
        "\"outputs\": [{\"name\": \"y\", \"dtype\": \"f32\", \"shape\": "
        "[\"batch\", 3]}, "
        "{\"name\": \"total\", \"dtype\": \"i64\", \"shape\": []}, "
        "{\"name\": \"negatives\", \"dtype\": \"f32\", \"shape\": "
        "[\"found\"]}], "
        "\"symbols\": [\"batch\", \"found\"], "
        "\"plan\": {\"joules\": 0.125}, "
        "\"groups\": [{\"name\": \"double\", \"kind\": \"generated\", "
        "\"seconds\": 0.5}]}",
    .num_times = 2,
    .main = toyMain,
    .arena_size = arenaSize,
};

#define PUBLIC __attribute__((visibility("default")))
PUBLIC const char rac_model_prefix[] = "toy";
PUBLIC int toy_create(const RacOptions *options, RacContext **context) {
  return rac_model_create(&info, options, context);
}
PUBLIC int toy_run(RacContext *context, const DLTensor *const *in,
                   int32_t numIn, DLTensor *const *out, int32_t numOut) {
  return rac_model_run(context, in, numIn, out, numOut);
}
PUBLIC void toy_destroy(RacContext *context) { rac_model_destroy(context); }
PUBLIC const char *toy_describe(void) { return rac_model_describe(&info); }
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
