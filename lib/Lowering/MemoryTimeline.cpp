//===- MemoryTimeline.cpp - What memory a run holds, and when -------------===//

#include "rac/Lowering/MemoryTimeline.h"

using namespace mlir;
using namespace rac;

constexpr llvm::StringLiteral kTimelineName = "rac.timeline";
/// Numbers that stand for one buffer.
constexpr size_t kFields = 4;

std::vector<int64_t> MemoryTimeline::liveBytes() const {
  std::vector<int64_t> live(steps.size());
  for (const Buffer &buffer : buffers)
    for (int64_t step = buffer.first; step <= buffer.last; ++step)
      live[step] += buffer.bytes;
  return live;
}

void rac::setTimeline(func::FuncOp entry, const MemoryTimeline &timeline) {
  Builder builder(entry.getContext());
  SmallVector<StringRef> names;
  SmallVector<int64_t> weights, buffers;
  for (const MemoryTimeline::Step &step : timeline.steps) {
    names.push_back(step.name);
    weights.push_back(step.weightsBytes);
  }
  for (const MemoryTimeline::Buffer &buffer : timeline.buffers)
    llvm::append_values(buffers, buffer.first, buffer.last, buffer.offset,
                        buffer.bytes);
  auto attribute = [&](StringRef name, Attribute value) {
    return builder.getNamedAttr(name, value);
  };
  entry->setAttr(
      kTimelineName,
      builder.getDictionaryAttr(
          {attribute("arena", builder.getI64IntegerAttr(timeline.arenaBytes)),
           attribute("assumes_sizes",
                     builder.getBoolAttr(timeline.assumesSizes)),
           attribute("buffers", builder.getDenseI64ArrayAttr(buffers)),
           attribute("unknown", builder.getI64IntegerAttr(timeline.numUnknown)),
           attribute("steps", builder.getStrArrayAttr(names)),
           attribute("weights", builder.getDenseI64ArrayAttr(weights))}));
}

/// Whether the buffers lie within the steps, as liveBytes takes for granted.
static bool isValid(const MemoryTimeline &timeline) {
  return llvm::all_of(
      timeline.buffers, [&](const MemoryTimeline::Buffer &buffer) {
        return buffer.first >= 0 && buffer.first <= buffer.last &&
               size_t(buffer.last) < timeline.steps.size();
      });
}

std::optional<MemoryTimeline> rac::getTimeline(func::FuncOp entry) {
  auto dictionary = entry->getAttrOfType<DictionaryAttr>(kTimelineName);
  if (!dictionary)
    return std::nullopt;
  auto arena = dictionary.getAs<IntegerAttr>("arena");
  auto assumes = dictionary.getAs<BoolAttr>("assumes_sizes");
  auto unknown = dictionary.getAs<IntegerAttr>("unknown");
  auto names = dictionary.getAs<ArrayAttr>("steps");
  auto weights = dictionary.getAs<DenseI64ArrayAttr>("weights");
  auto buffers = dictionary.getAs<DenseI64ArrayAttr>("buffers");
  if (!arena || !assumes || !unknown || !names || !weights || !buffers ||
      weights.size() != int64_t(names.size()) ||
      buffers.size() % kFields != 0 ||
      !llvm::all_of(names, llvm::IsaPred<StringAttr>))
    return std::nullopt;
  MemoryTimeline timeline;
  timeline.arenaBytes = arena.getInt();
  timeline.assumesSizes = assumes.getValue();
  timeline.numUnknown = unknown.getInt();
  for (auto [name, bytes] :
       llvm::zip_equal(names.getAsRange<StringAttr>(), weights.asArrayRef()))
    timeline.steps.push_back({name.str(), bytes});
  ArrayRef<int64_t> numbers = buffers.asArrayRef();
  for (; !numbers.empty(); numbers = numbers.drop_front(kFields))
    timeline.buffers.push_back(
        {numbers[0], numbers[1], numbers[2], numbers[3]});
  if (!isValid(timeline))
    return std::nullopt;
  return timeline;
}
