//===- MemoryReport.cpp - Memory over the course of a run -----------------===//

#include "Json.h"
#include "Sections.h"

using namespace rac;
namespace json = llvm::json;

json::Value rac::memoryToJson(const Report &report) {
  if (!report.memory)
    return nullptr;
  const MemoryTimeline &timeline = *report.memory;
  json::Array steps, buffers;
  for (auto [step, live] :
       llvm::zip_equal(timeline.steps, timeline.liveBytes()))
    steps.push_back(json::Object{{"name", utf8(step.name)},
                                 {"live_bytes", live},
                                 {"weights_bytes", step.weightsBytes}});
  for (const MemoryTimeline::Buffer &buffer : timeline.buffers)
    buffers.push_back(json::Object{{"first", buffer.first},
                                   {"last", buffer.last},
                                   {"offset", buffer.offset},
                                   {"bytes", buffer.bytes}});
  return json::Object{{"arena_bytes", timeline.arenaBytes},
                      {"weights_bytes", report.weightsBytes},
                      {"assumes_sizes", timeline.assumesSizes},
                      {"buffers_left_out", timeline.numUnknown},
                      {"steps", std::move(steps)},
                      {"buffers", std::move(buffers)}};
}
