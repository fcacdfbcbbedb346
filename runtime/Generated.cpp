//===- Generated.cpp - What generated code asks of the runtime ------------===//

#include "Context.h"

#include <cstring>

using namespace rac::runtime;

extern "C" const void *rac_input(RacContext *context, int64_t index) {
  if (context->accelerator)
    return context->accelerator->input(context, index);
  return dataOf(context->inputs[index]);
}

extern "C" int64_t rac_input_dim(RacContext *context, int64_t index,
                                 int64_t dim) {
  return context->inputs[index]->shape[dim];
}

extern "C" const void *rac_weights(RacContext *context) {
  if (context->accelerator)
    return context->accelerator->weights(context);
  return context->weights;
}

Buffer *rac::runtime::freeBuffer(const RacContext *context,
                                 Buffer (&buffers)[2]) {
  const RacModelInfo *model = context->info;
  for (Buffer &buffer : buffers) {
    bool used = false;
    auto *low = static_cast<char *>(buffer.data), *high = low + buffer.capacity;
    for (int32_t i = 0; i < model->num_inputs && buffer.data; ++i) {
      char *data = dataOf(context->inputs[i]);
      used = used || (data >= low && data < high);
    }
    if (!used)
      return &buffer;
  }
  return nullptr;
}

extern "C" void *rac_output(RacContext *context, int64_t index, int64_t rank,
                            const int64_t *sizes) {
  const RacTensorInfo &info = context->info->outputs[index];
  Output &output = context->outputs[index];
  if (rank != info.rank)
    fail(context, RAC_FAILED,
         "output '%s': has %d dimensions, not %d as described", info.name,
         int(rank), info.rank);
  for (int64_t i = 0; i < rank; ++i)
    if (sizes[i] < 0)
      fail(context, RAC_FAILED, "output '%s': its shape would be %s", info.name,
           ShapeText(rank, sizes).text);
  int64_t bytes = denseBytes(info.dtype, rank, sizes);
  if (bytes < 0)
    fail(context, RAC_FAILED, "output '%s': shape %s is too large", info.name,
         ShapeText(rank, sizes).text);

  const DLTensor &given = *context->givenOutputs[index];
  if (!output.lent && rank > 0 &&
      memcmp(given.shape, sizes, rank * sizeof(int64_t)) != 0)
    fail(context, RAC_INVALID_ARGUMENT,
         "output '%s': must be of shape %s, is %s", info.name,
         ShapeText(rank, sizes).text, ShapeText(rank, given.shape).text);
  int64_t stride = 1;
  for (int64_t i = rank - 1; i >= 0; --i) {
    output.shape[i] = sizes[i];
    output.strides[i] = stride;
    stride *= sizes[i] > 1 ? sizes[i] : 1;
  }
  if (context->accelerator)
    return output.data = context->accelerator->output(context, index, bytes);
  if (!output.lent)
    return output.data = dataOf(&given);
  Buffer *buffer = freeBuffer(context, output.buffers);
  if (!buffer)
    fail(context, RAC_INVALID_ARGUMENT,
         "output '%s': inputs use the memory of two earlier runs' outputs",
         info.name);
  if (!buffer->reserve(bytes))
    fail(context, RAC_OUT_OF_MEMORY, "output '%s': no memory for %lld bytes",
         info.name, static_cast<long long>(bytes));
  return output.data = buffer->data;
}

extern "C" void *rac_arena(RacContext *context, int64_t bytes) {
  if (context->arenaData && bytes <= context->arenaCapacity)
    return context->arenaData;
  if (bytes > context->arenaWanted)
    context->arenaWanted = bytes;
  if (!context->arenaData && bytes >= 0) {
    if (context->accelerator)
      context->accelerator->reserveArena(context);
    else if (!context->arena.reserve(context->arenaWanted))
      fail(context, RAC_OUT_OF_MEMORY, "no memory for an arena of %lld bytes",
           static_cast<long long>(bytes));
    context->arenaCapacity = context->arena.capacity;
    return context->arenaData = context->arena.data;
  }
  // What ran before in this run may still use the smaller one, so the larger
  // one comes from elsewhere. The next run starts with enough.
  context->arenaData = rac_heap(context, bytes);
  context->arenaCapacity = bytes;
  return context->arenaData;
}

/// Sizes that a run gives can come to less than nothing, or overflow.
static void checkSize(RacContext *context, int64_t bytes) {
  if (bytes < 0)
    fail(context, RAC_OUT_OF_MEMORY,
         "a tensor would have a negative size, or be larger than any memory");
}

extern "C" void *rac_scratch(RacContext *context, int64_t bytes) {
  checkSize(context, bytes);
  if (context->accelerator)
    return context->accelerator->allocate(context, bytes);
  Worker *worker = currentWorker ? currentWorker : context->workers;
  void *memory = worker->scratch.push(bytes);
  if (!memory)
    fail(context, RAC_OUT_OF_MEMORY, "no memory for %lld bytes of scratch",
         static_cast<long long>(bytes));
  return memory;
}

extern "C" void *rac_heap(RacContext *context, int64_t bytes) {
  checkSize(context, bytes);
  if (context->accelerator)
    return context->accelerator->allocate(context, bytes);
  while (context->heapLocked.exchange(true, std::memory_order_acquire))
    ;
  void *memory = context->heap.push(bytes);
  context->heapLocked.store(false, std::memory_order_release);
  if (!memory)
    fail(context, RAC_OUT_OF_MEMORY, "no memory for %lld bytes",
         static_cast<long long>(bytes));
  return memory;
}
