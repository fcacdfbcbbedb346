//===- RooflineReport.cpp - What the device would allow -------------------===//
//
// The ceilings of Williams, Waterman and Patterson, "Roofline: an insightful
// visual performance model for multicore architectures", CACM 52(4), 2009: of
// each unit by type, and of each memory level.
//
//===----------------------------------------------------------------------===//

#include "Json.h"
#include "Sections.h"
#include "rac/Cost/GpuBlock.h"

using namespace rac;
namespace json = llvm::json;

/// A ceiling, or null where the device's file doesn't tell.
static json::Value ceiling(json::Object names, llvm::StringRef key,
                           const Known &number) {
  json::Object object = std::move(names);
  object[key] = number ? json::Value(number->v) : nullptr;
  object["how"] = number ? json::Value(nameOf(number->how)) : nullptr;
  object["src"] = number ? utf8(number->src) : nullptr;
  return object;
}

static Known times(Known number, double factor) {
  if (number)
    number->v *= factor;
  return number;
}

/// What `threads` cores can read together; the device's bound if only that is
/// known, as it is a ceiling all the same.
static Known bandwidth(const MemoryLevel &level, double threads) {
  Known cores = times(level.coreBytesPerSecond, threads);
  const Known &device = level.deviceBytesPerSecond;
  if (!cores || (device && device->v < cores->v))
    return device;
  return cores;
}

json::Value rac::rooflineToJson(const Report &report) {
  if (!report.device)
    return nullptr;
  const Device &device = *report.device;
  double threads = std::max<double>(
      1, std::min<double>(report.threads, device.topology.cores->v));
  json::Array units, levels;
  const Clocks &clocks = device.clocks;
  // Tensor cores multiply f32 as well: three products of tf32 make one.
  auto addSplit = [&](const ComputeUnit &unit, DataType type) {
    std::optional<TensorForm> form = tensorForm(DataType::f32);
    if (device.kind != DeviceKind::gpu || unit.kind != UnitKind::tensor ||
        type != form->type)
      return;
    Known peak = times(device.peakOpsPerSecond(unit, type), threads);
    units.push_back(ceiling(json::Object{{"unit", utf8(unit.name + " 3x")},
                                         {"precision", "f32"},
                                         {"boost_ops_per_s", nullptr}},
                            "ops_per_s", times(peak, 1.0 / form->passes)));
  };
  for (const ComputeUnit &unit : device.units)
    for (const auto &[type, rate] : unit.opsPerClock) {
      Known peak = times(device.peakOpsPerSecond(unit, type), threads);
      // Where few cores work they may be clocked higher than rates are taken
      // at.
      Known boost;
      if (peak && !unit.clockHz && clocks.baseHz && clocks.boostHz)
        boost = times(peak, clocks.boostHz->v / clocks.baseHz->v);
      json::Object names{{"unit", utf8(unit.name)},
                         {"precision", nameOf(type)}};
      if (boost)
        names["boost_ops_per_s"] = boost->v;
      else
        names["boost_ops_per_s"] = nullptr;
      units.push_back(ceiling(std::move(names), "ops_per_s", peak));
      addSplit(unit, type);
    }
  for (const MemoryLevel &level : device.memory)
    levels.push_back(ceiling(json::Object{{"level", utf8(level.name)}},
                             "bytes_per_s", bandwidth(level, threads)));
  return json::Object{{"threads", threads},
                      {"units", std::move(units)},
                      {"levels", std::move(levels)}};
}
