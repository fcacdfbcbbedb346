//===- Run.cpp - A run on the device, from inputs to outputs --------------===//

#include "Replay.h"
#include "Timeline.h"

#include <cstring>

namespace rac::runtime::cuda {

void checkStatus(RacContext *context, const char *when) {
  int32_t &status = stateOf(context).shared->status;
  int32_t code = __atomic_exchange_n(&status, 0, __ATOMIC_RELAXED);
  if (code == 0)
    return;
  const RacDeviceInfo &info = *context->info->device;
  if (code < 1 || code > info.num_messages)
    fail(context, RAC_FAILED, "%sa kernel failed with status %d", when, code);
  fail(context, RAC_FAILED, "%s%s", when, info.messages[code - 1]);
}

//===----------------------------------------------------------------------===//
// Before main
//===----------------------------------------------------------------------===//

static void setPlaces(RacContext *context) {
  State &state = stateOf(context);
  const RacModelInfo *info = context->info;
  state.lendsOnDevice = info->num_inputs > 0 && isOnDevice(*context->inputs[0]);
  state.onDevice = true;
  for (int32_t i = 0; i < info->num_inputs; ++i)
    state.onDevice = state.onDevice && isOnDevice(*context->inputs[i]);
  for (int32_t i = 0; i < info->num_outputs; ++i)
    state.onDevice =
        state.onDevice &&
        (context->outputs[i].lent ? state.lendsOnDevice
                                  : isOnDevice(*context->givenOutputs[i]));
}

/// Whether any of the caller's memory is the device's.
static bool usesDeviceTensors(const RacContext *context) {
  for (int32_t i = 0; i < context->info->num_inputs; ++i)
    if (isOnDevice(*context->inputs[i]))
      return true;
  for (int32_t i = 0; i < context->info->num_outputs; ++i)
    if (!context->outputs[i].lent && isOnDevice(*context->givenOutputs[i]))
      return true;
  return false;
}

/// The run begins after what the caller has enqueued in the default stream.
static void followCaller(RacContext *context) {
  State &state = stateOf(context);
  if (!state.own || !usesDeviceTensors(context))
    return;
  Result result = driver.eventRecord(state.event, legacyStream());
  if (!result)
    result = driver.streamWaitEvent(state.own, state.event, /*flags=*/0);
  check(context, "waiting for the caller's work", result);
}

/// Decides where inputs are for main; makes room for those to be copied.
static void placeInputs(RacContext *context) {
  State &state = stateOf(context);
  const RacModelInfo *info = context->info;
  uint64_t staged = 0;
  for (int32_t i = 0; i < info->num_inputs; ++i) {
    const DLTensor &tensor = *context->inputs[i];
    RunInput &input = state.inputs[i];
    input.bytes =
        denseBytes(info->inputs[i].dtype, info->inputs[i].rank, tensor.shape);
    input.host = isOnDevice(tensor) ? nullptr : dataOf(&tensor);
    input.address = addressOf(dataOf(&tensor));
    if (isDirect(tensor))
      continue;
    input.address = staged; // the buffer's start comes below
    staged += (input.bytes + kDeviceAlignment - 1) / kDeviceAlignment *
              kDeviceAlignment;
  }
  if (staged == 0)
    return;
  reserveDevice(context, "copies of inputs", state.deviceStaging, staged);
  for (int32_t i = 0; i < info->num_inputs; ++i)
    if (!isDirect(*context->inputs[i]))
      state.inputs[i].address += addressOf(state.deviceStaging.data);
}

/// Copies inputs from the host by way of page-locked memory: what the driver
/// does by itself makes the host wait, for each input anew.
struct Sender {
  RacContext *context;
  State &state;
  uint64_t sent, filled; // of the staging buffers
  bool skipped;          // what lies behind `filled` comes from elsewhere

  /// So much is sent at once, B: while it is under way the next is prepared.
  static constexpr uint64_t kPart = 1 << 20;

  void send() {
    if (filled == sent)
      return;
    check(
        context, "copying inputs",
        driver.copyToDevice(addressOf(state.deviceStaging.data) + sent,
                            static_cast<char *>(state.hostStaging.data) + sent,
                            filled - sent, state.stream));
    sent = filled;
  }

  /// The next input is copied otherwise.
  void skip() {
    send();
    skipped = true;
  }

  /// Gaps between inputs are sent with them.
  void add(const RunInput &input) {
    uint64_t start = input.address - addressOf(state.deviceStaging.data);
    if (skipped)
      sent = start;
    skipped = false;
    filled = start;
    for (uint64_t done = 0; done < uint64_t(input.bytes);) {
      uint64_t part = input.bytes - done < kPart ? input.bytes - done : kPart;
      memcpy(static_cast<char *>(state.hostStaging.data) + start + done,
             input.host + done, part);
      done += part;
      filled = start + done;
      if (filled - sent >= kPart)
        send();
    }
  }
};

static void copyIn(RacContext *context) {
  State &state = stateOf(context);
  checkStatus(context, "an earlier run failed: ");
  followCaller(context);
  if (state.timeline)
    startTimeline(context);
  placeInputs(context);
  Sender sender = {context, state, 0, 0, false};
  for (int32_t i = 0; i < context->info->num_inputs; ++i) {
    const DLTensor &tensor = *context->inputs[i];
    const RunInput &input = state.inputs[i];
    if (isDirect(tensor) || input.bytes == 0)
      continue;
    if (!input.host) {
      sender.skip();
      check(context, "copying inputs",
            driver.copyOnDevice(input.address, addressOf(dataOf(&tensor)),
                                input.bytes, state.stream));
    } else if (tensor.device.device_type == kDLCUDAHost) {
      sender.skip();
      check(context, "copying inputs",
            driver.copyToDevice(input.address, input.host, input.bytes,
                                state.stream));
    } else {
      reserveHost(context, "copies of inputs", state.hostStaging,
                  state.deviceStaging.capacity);
      sender.add(input);
    }
  }
  sender.send();
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

static Buffer &bufferFor(RacContext *context, int64_t index,
                         Buffer (&buffers)[2]) {
  Buffer *buffer = freeBuffer(context, buffers);
  if (!buffer)
    fail(context, RAC_INVALID_ARGUMENT,
         "output '%s': inputs use the memory of two earlier runs' outputs",
         context->info->outputs[index].name);
  return *buffer;
}

void *outputMemory(RacContext *context, int64_t index, int64_t bytes) {
  State &state = stateOf(context);
  Output &output = context->outputs[index];
  RunOutput &place = state.outputs[index];
  const DLTensor &given = *context->givenOutputs[index];
  const char *name = context->info->outputs[index].name;
  place = {0, bytes, nullptr};
  if (!output.lent && isDirect(given)) {
    place.address = addressOf(dataOf(&given));
    return pointer(place.address);
  }
  Buffer &buffer = bufferFor(context, index, output.buffers);
  reserveDevice(context, name, buffer, bytes);
  place.address = addressOf(buffer.data);
  bool toHost =
      output.lent ? !state.lendsOnDevice : given.device.device_type == kDLCPU;
  if (toHost) {
    place.staging = &bufferFor(context, index, output.hostBuffers);
    reserveHost(context, name, *place.staging, bytes);
  }
  return pointer(place.address);
}

/// Where an output goes from where main wrote it.
static Result sendOutput(RacContext *context, int32_t index) {
  State &state = stateOf(context);
  const RunOutput &place = state.outputs[index];
  const DLTensor &given = *context->givenOutputs[index];
  if (place.bytes == 0)
    return {};
  if (place.staging)
    return driver.copyToHost(place.staging->data, place.address, place.bytes,
                             state.stream);
  if (context->outputs[index].lent || isDirect(given))
    return {};
  if (isOnDevice(given))
    return driver.copyOnDevice(addressOf(dataOf(&given)), place.address,
                               place.bytes, state.stream);
  return driver.copyToHost(dataOf(&given), place.address, place.bytes,
                           state.stream);
}

/// The host's memory that an output is in by now, to where the caller wants it.
static void deliver(RacContext *context, int32_t index) {
  State &state = stateOf(context);
  Output &output = context->outputs[index];
  const RunOutput &place = state.outputs[index];
  if (!output.lent) {
    if (place.staging && place.bytes > 0)
      memcpy(dataOf(context->givenOutputs[index]), place.staging->data,
             place.bytes);
    return;
  }
  output.device = {kDLCPU, 0};
  if (place.staging)
    output.data = place.staging->data;
  else
    output.device = {kDLCUDA, state.loaded->ordinal};
}

static void copyOut(RacContext *context) {
  State &state = stateOf(context);
  int32_t count = context->info->num_outputs;
  for (int32_t i = 0; i < count; ++i)
    if (context->outputs[i].data)
      check(context, "copying outputs", sendOutput(context, i));
  if (state.timeline)
    stopTimeline(context);
  if (state.own || !state.onDevice) {
    check(context, "running kernels", driver.streamSynchronize(state.stream));
    checkStatus(context, "");
  }
  for (int32_t i = 0; i < count; ++i)
    if (context->outputs[i].data)
      deliver(context, i);
}

//===----------------------------------------------------------------------===//
// The run
//===----------------------------------------------------------------------===//

Result clearCounters(const State &state) {
  if (!state.counters.data)
    return {};
  return driver.fill(addressOf(state.counters.data), 0, state.counters.capacity,
                     state.stream);
}

static void enter(RacContext *context) {
  check(context, "using the GPU",
        driver.pushCurrent(stateOf(context).loaded->context));
}

bool run(RacContext *context) {
  State &state = stateOf(context);
  setPlaces(context);
  startMain(context);
  if (!attempt(context, enter))
    return false;
  bool done =
      attempt(context, copyIn) && compute(context) && attempt(context, copyOut);
  if (!done) {
    // The next run begins with nothing of this one under way.
    driver.streamSynchronize(state.stream);
    state.shared->status = 0;
    // Of a kernel's blocks some may have counted, and others not. What a driver
    // says that can't do this any more the next run hears, too.
    clearCounters(state);
  }
  ContextHandle popped;
  driver.popCurrent(&popped);
  return done;
}

} // namespace rac::runtime::cuda
