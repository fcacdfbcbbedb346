//===- Check.cpp - Do the caller's tensors fit the model? -----------------===//

#include "Context.h"

#include <cstdio>
#include <cstring>

namespace rac::runtime {

constexpr struct {
  const char *name;
  uint8_t code, bits;
} kTypes[RAC_NUM_DTYPES] = {
    {"f32", kDLFloat, 32},   {"f16", kDLFloat, 16}, {"bf16", kDLBfloat, 16},
    {"f64", kDLFloat, 64},   {"i8", kDLInt, 8},     {"u8", kDLUInt, 8},
    {"i16", kDLInt, 16},     {"u16", kDLUInt, 16},  {"i32", kDLInt, 32},
    {"u32", kDLUInt, 32},    {"i64", kDLInt, 64},   {"u64", kDLUInt, 64},
    {"bool", RAC_DL_BOOL, 8}};

const char *dtypeName(int32_t dtype) {
  return dtype >= 0 && dtype < RAC_NUM_DTYPES ? kTypes[dtype].name : "?";
}

DLDataType dlpackType(int32_t dtype) {
  return {kTypes[dtype].code, kTypes[dtype].bits, 1};
}

ShapeText::ShapeText(int64_t rank, const int64_t *sizes) {
  size_t length = snprintf(text, sizeof(text), "[");
  for (int64_t i = 0; i < rank && length < sizeof(text); ++i)
    length += snprintf(text + length, sizeof(text) - length,
                       i ? ", %lld" : "%lld", static_cast<long long>(sizes[i]));
  if (length < sizeof(text))
    snprintf(text + length, sizeof(text) - length, "]");
}

int64_t denseBytes(int32_t dtype, int64_t rank, const int64_t *sizes) {
  int64_t bytes = elementSize(dtype);
  bool empty = false;
  for (int64_t i = 0; i < rank; ++i)
    empty = empty || sizes[i] == 0;
  for (int64_t i = 0; i < rank && !empty; ++i)
    if (__builtin_mul_overflow(bytes, sizes[i], &bytes))
      return -1;
  return empty ? 0 : bytes;
}

namespace {

/// What is checked of one tensor, and how it is called in messages.
struct Checked {
  RacContext *context;
  const char *what; // "input" or "output"
  const RacTensorInfo &info;
  const DLTensor &tensor;
};

/// The dtype that a DLPack type is, as text.
struct TypeText {
  char text[48];
  explicit TypeText(DLDataType type) {
    for (auto &known : kTypes)
      if (type.code == known.code && type.bits == known.bits &&
          type.lanes == 1) {
        snprintf(text, sizeof(text), "%s", known.name);
        return;
      }
    snprintf(text, sizeof(text), "DLPack type %d, %d bits, %d lanes", type.code,
             type.bits, type.lanes);
  }
};

/// What the model expects: "[batch, 3, 224]".
struct ExpectedText {
  char text[256];
  ExpectedText(const RacModelInfo *model, const RacTensorInfo &info) {
    size_t length = snprintf(text, sizeof(text), "[");
    for (int32_t i = 0; i < info.rank && length < sizeof(text); ++i) {
      int64_t size = info.dims[i];
      const char *comma = i ? ", " : "";
      if (size >= 0)
        length += snprintf(text + length, sizeof(text) - length, "%s%lld",
                           comma, static_cast<long long>(size));
      else
        length += snprintf(text + length, sizeof(text) - length, "%s%s", comma,
                           model->symbols[-(1 + size)]);
    }
    if (length < sizeof(text))
      snprintf(text + length, sizeof(text) - length, "]");
  }
};

int checkKind(const Checked &c) {
  DLDevice device = c.tensor.device;
  const Accelerator *accelerator = c.context->accelerator;
  if (device.device_type != kDLCPU && !accelerator)
    return report(c.context, RAC_INVALID_ARGUMENT,
                  "%s '%s': must be in CPU memory, is on DLPack device type "
                  "%d; the model was compiled for the CPU",
                  c.what, c.info.name, int(device.device_type));
  if (device.device_type != kDLCPU && !accelerator->canUse(c.context, device)) {
    char name[64];
    accelerator->describe(c.context, name, sizeof(name));
    return report(c.context, RAC_INVALID_ARGUMENT,
                  "%s '%s': must be in CPU memory or on %s, is on DLPack "
                  "device type %d, number %d",
                  c.what, c.info.name, name, int(device.device_type),
                  int(device.device_id));
  }
  DLDataType expected = dlpackType(c.info.dtype), given = c.tensor.dtype;
  if (given.code != expected.code || given.bits != expected.bits ||
      given.lanes != 1)
    return report(c.context, RAC_INVALID_ARGUMENT, "%s '%s': must be %s, is %s",
                  c.what, c.info.name, dtypeName(c.info.dtype),
                  TypeText(given).text);
  return RAC_OK;
}

/// Rank, sizes and symbols.
int checkShape(const Checked &c) {
  const RacModelInfo *model = c.context->info;
  if (c.tensor.ndim != c.info.rank)
    return report(c.context, RAC_INVALID_ARGUMENT,
                  "%s '%s': must have %d dimensions, %s, has %d", c.what,
                  c.info.name, c.info.rank, ExpectedText(model, c.info).text,
                  c.tensor.ndim);
  if (c.info.rank > 0 && !c.tensor.shape)
    return report(c.context, RAC_INVALID_ARGUMENT,
                  "%s '%s': its shape is a null pointer", c.what, c.info.name);
  for (int32_t i = 0; i < c.info.rank; ++i) {
    int64_t size = c.tensor.shape[i], expected = c.info.dims[i];
    if (size < 0)
      return report(c.context, RAC_INVALID_ARGUMENT,
                    "%s '%s': the size of dimension %d is negative: %lld",
                    c.what, c.info.name, i, static_cast<long long>(size));
    if (expected >= 0) {
      if (size != expected)
        return report(c.context, RAC_INVALID_ARGUMENT,
                      "%s '%s': must be of shape %s, is %s", c.what,
                      c.info.name, ExpectedText(model, c.info).text,
                      ShapeText(c.info.rank, c.tensor.shape).text);
      continue;
    }
    int64_t &bound = c.context->symbols[-(1 + expected)];
    if (bound < 0)
      bound = size;
    if (bound != size)
      return report(
          c.context, RAC_INVALID_ARGUMENT,
          "%s '%s' of shape %s: dimension %d is '%s', which is %lld elsewhere",
          c.what, c.info.name, ShapeText(c.info.rank, c.tensor.shape).text, i,
          model->symbols[-(1 + expected)], static_cast<long long>(bound));
  }
  return RAC_OK;
}

/// Layout and memory.
int checkData(const Checked &c) {
  int64_t bytes = denseBytes(c.info.dtype, c.info.rank, c.tensor.shape);
  if (bytes < 0)
    return report(c.context, RAC_INVALID_ARGUMENT,
                  "%s '%s': shape %s is too large", c.what, c.info.name,
                  ShapeText(c.info.rank, c.tensor.shape).text);
  if (bytes == 0)
    return RAC_OK; // nothing of it is read or written
  if (!c.tensor.data)
    return report(c.context, RAC_INVALID_ARGUMENT,
                  "%s '%s': its data is a null pointer", c.what, c.info.name);
  if (reinterpret_cast<uintptr_t>(dataOf(&c.tensor)) %
          elementSize(c.info.dtype) !=
      0)
    return report(c.context, RAC_INVALID_ARGUMENT,
                  "%s '%s': its data must be aligned to %d bytes, as %s is",
                  c.what, c.info.name, int(elementSize(c.info.dtype)),
                  dtypeName(c.info.dtype));
  if (!c.tensor.strides)
    return RAC_OK;
  int64_t dense = 1;
  for (int32_t i = c.info.rank - 1; i >= 0; --i) {
    if (c.tensor.shape[i] != 1 && c.tensor.strides[i] != dense)
      return report(c.context, RAC_INVALID_ARGUMENT,
                    "%s '%s': must be contiguous (row-major), has shape %s and "
                    "strides %s",
                    c.what, c.info.name,
                    ShapeText(c.info.rank, c.tensor.shape).text,
                    ShapeText(c.info.rank, c.tensor.strides).text);
    dense *= c.tensor.shape[i];
  }
  return RAC_OK;
}

int checkCount(RacContext *context, const char *what, int32_t count,
               int32_t expected, const void *pointers) {
  if (count != expected)
    return report(context, RAC_INVALID_ARGUMENT,
                  "the model has %d %s%s, not %d", expected, what,
                  expected == 1 ? "" : "s", count);
  if (count > 0 && !pointers)
    return report(context, RAC_INVALID_ARGUMENT,
                  "the array of %ss is a null pointer", what);
  return RAC_OK;
}

bool overlap(const DLTensor &a, const RacTensorInfo &ai, const DLTensor &b,
             const RacTensorInfo &bi) {
  const char *p = dataOf(&a), *q = dataOf(&b);
  return p < q + denseBytes(bi.dtype, bi.rank, b.shape) &&
         q < p + denseBytes(ai.dtype, ai.rank, a.shape);
}

/// Whether an earlier run lent this memory: a caller that runs in a loop passes
/// the same DLTensor again, and may do so when the shapes change.
bool isLent(const Output &output, const void *data) {
  for (const Buffer &buffer : output.buffers)
    if (data == buffer.data)
      return true;
  for (const Buffer &buffer : output.hostBuffers)
    if (data == buffer.data)
      return true;
  return false;
}

} // namespace

int checkInputs(RacContext *context, const DLTensor *const *inputs,
                int32_t count, bool needData) {
  const RacModelInfo *model = context->info;
  if (int status =
          checkCount(context, "input", count, model->num_inputs, inputs))
    return status;
  for (int32_t i = 0; i < model->num_symbols; ++i)
    context->symbols[i] = -1;
  for (int32_t i = 0; i < count; ++i) {
    if (!inputs[i])
      return report(context, RAC_INVALID_ARGUMENT,
                    "input '%s': is a null pointer", model->inputs[i].name);
    Checked c = {context, "input", model->inputs[i], *inputs[i]};
    int status = checkKind(c);
    if (!status)
      status = checkShape(c);
    if (!status && needData)
      status = checkData(c);
    if (status)
      return status;
  }
  return RAC_OK;
}

int checkOutputs(RacContext *context, DLTensor *const *outputs, int32_t count) {
  const RacModelInfo *model = context->info;
  if (int status =
          checkCount(context, "output", count, model->num_outputs, outputs))
    return status;
  for (int32_t i = 0; i < count; ++i) {
    const RacTensorInfo &info = model->outputs[i];
    if (!outputs[i])
      return report(context, RAC_INVALID_ARGUMENT,
                    "output '%s': is a null pointer", info.name);
    const DLTensor &tensor = *outputs[i];
    bool &lent = context->outputs[i].lent;
    lent = !tensor.data || isLent(context->outputs[i], tensor.data);
    if (lent)
      continue;
    Checked c = {context, "output", info, tensor};
    int status = checkKind(c);
    if (!status)
      status = checkShape(c);
    if (!status)
      status = checkData(c);
    if (status)
      return status;
    for (int32_t j = 0; j < model->num_inputs; ++j)
      if (overlap(tensor, info, *context->inputs[j], model->inputs[j]))
        return report(context, RAC_INVALID_ARGUMENT,
                      "output '%s': its memory overlaps that of input '%s'",
                      info.name, model->inputs[j].name);
    for (int32_t j = 0; j < i; ++j)
      if (!context->outputs[j].lent &&
          overlap(tensor, info, *outputs[j], model->outputs[j]))
        return report(context, RAC_INVALID_ARGUMENT,
                      "output '%s': its memory overlaps that of output '%s'",
                      info.name, model->outputs[j].name);
  }
  return RAC_OK;
}

} // namespace rac::runtime
