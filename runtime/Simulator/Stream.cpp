//===- Stream.cpp - Streams, events and graphs ----------------------------===//

#include "Driver.h"

#include <chrono>
#include <memory>

using namespace rac::simulator;

using Clock = std::chrono::steady_clock;

// As cuda.h has them: what a user holds is a pointer to one.
struct CUgraph_st {
  std::vector<Work> work;
};
struct CUgraphExec_st {
  std::vector<Work> work;
};
struct CUstream_st {
  std::unique_ptr<CUgraph_st> capture;
  bool invalid = false; ///< the capture
};
struct CUevent_st {
  Clock::time_point time;
};

/// Null, the legacy stream (1) and that of the thread (2) never capture.
static bool isCapturing(CUstream stream) {
  return reinterpret_cast<uintptr_t>(stream) > 2 && stream->capture;
}

/// For what can't be done on a stream that captures.
static CUresult refuseCapture(CUstream stream) {
  if (!isCapturing(stream))
    return CUDA_SUCCESS;
  stream->invalid = true;
  return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

CUresult rac::simulator::enqueue(CUstream stream, Work work) {
  if (!isCapturing(stream))
    return work();
  stream->capture->work.push_back(std::move(work));
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuStreamCreate(CUstream *stream, unsigned) {
  *stream = new CUstream_st;
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuStreamDestroy_v2(CUstream stream) {
  delete stream;
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuStreamSynchronize(CUstream stream) {
  return refuseCapture(stream);
}

RAC_CUDA_API CUresult cuStreamQuery(CUstream stream) {
  return refuseCapture(stream);
}

RAC_CUDA_API CUresult cuStreamWaitEvent(CUstream, CUevent, unsigned) {
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuEventCreate(CUevent *event, unsigned) {
  *event = new CUevent_st;
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuEventDestroy_v2(CUevent event) {
  delete event;
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuEventRecord(CUevent event, CUstream stream) {
  return enqueue(stream, [event] {
    event->time = Clock::now();
    return CUDA_SUCCESS;
  });
}

RAC_CUDA_API CUresult cuEventSynchronize(CUevent) { return CUDA_SUCCESS; }

RAC_CUDA_API CUresult cuEventQuery(CUevent) { return CUDA_SUCCESS; }

RAC_CUDA_API CUresult cuEventElapsedTime(float *milliseconds, CUevent from,
                                         CUevent to) {
  *milliseconds =
      std::chrono::duration<float, std::milli>(to->time - from->time).count();
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent from,
                                            CUevent to) {
  return cuEventElapsedTime(milliseconds, from, to);
}

RAC_CUDA_API CUresult cuStreamBeginCapture_v2(CUstream stream, int) {
  if (reinterpret_cast<uintptr_t>(stream) <= 2)
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (stream->capture)
    return CUDA_ERROR_ILLEGAL_STATE;
  stream->capture = std::make_unique<CUgraph_st>();
  stream->invalid = false;
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuStreamIsCapturing(CUstream stream, int *status) {
  *status = !isCapturing(stream) ? 0 : stream->invalid ? 2 : 1;
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  *graph = nullptr;
  if (!isCapturing(stream))
    return CUDA_ERROR_ILLEGAL_STATE;
  std::unique_ptr<CUgraph_st> captured = std::move(stream->capture);
  if (stream->invalid)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  *graph = captured.release();
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable,
                                                  CUgraph graph,
                                                  unsigned long long) {
  *executable = new CUgraphExec_st{graph->work};
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuGraphDestroy(CUgraph graph) {
  delete graph;
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  for (const Work &work : executable->work)
    if (CUresult result = enqueue(stream, work))
      return result;
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuGraphExecDestroy(CUgraphExec executable) {
  delete executable;
  return CUDA_SUCCESS;
}
