//===- RoundGpu.h - A GPU of round numbers ----------------------*- C++ -*-===//

#ifndef RAC_UNITTESTS_COST_ROUNDGPU_H
#define RAC_UNITTESTS_COST_ROUNDGPU_H

#include "ParsedOps.h"
#include "RoundDevice.h"
#include "rac/Cost/CostModel.h"

namespace rac {

/// Of instructions beside products, at two operations each.
inline double instructionSeconds(double count) { return 2 * count / 1e11; }
/// Six warps keep a multiprocessor busy, and a block below has four.
constexpr double kOneBlock = 4.0 / 6;

/// Four multiprocessors of 1e12 FLOP/s in products of f16 and a tenth of that
/// elsewhere; shared memory and the nearest cache at 1e11 B/s, a cache of 1 MB
/// at 5e10 B/s each and 1e11 in all, and memory at 1e10 B/s. Times
/// add up.
inline Device roundGpu() {
  Device device;
  device.kind = DeviceKind::gpu;
  device.topology.cores = number(4);
  GpuLimits limits;
  limits.warpSize = number(32);
  limits.warpsPerCore = number(64);
  limits.blocksPerCore = number(32);
  limits.threadsPerBlock = number(1024);
  limits.registersPerCore = number(65536);
  limits.registersPerThread = number(255);
  limits.sharedBytesPerBlock = number(100000);
  device.topology.gpu = limits;
  device.clocks.baseHz = number(1e9);
  ComputeUnit simt;
  simt.name = "simt";
  simt.kind = UnitKind::simd;
  simt.vectorBits = number(1024);
  simt.registers = number(255);
  simt.opsPerClock = {{DataType::f32, number(100)},
                      {DataType::f16, number(100)}};
  simt.vectorFraction = {{DataType::f32, number(1)},
                         {DataType::f16, number(1)}};
  device.units.push_back(simt);
  ComputeUnit tensor;
  tensor.name = "tensor";
  tensor.kind = UnitKind::tensor;
  for (DataType type : {DataType::f16, DataType::tf32}) {
    tensor.opsPerClock[type] = number(type == DataType::f16 ? 2000 : 1000);
    tensor.generatedFraction[type] = number(0.5);
    tensor.generatedConvFraction[type] = number(0.5);
  }
  device.units.push_back(tensor);
  auto add = [&](llvm::StringRef name, LevelKind kind, LevelScope scope,
                 const Known &size, double core, const Known &all,
                 double latency) {
    MemoryLevel level;
    level.name = name.str();
    level.kind = kind;
    level.scope = scope;
    level.sizeBytes = size;
    level.lineBytes = number(32);
    level.coreBytesPerSecond = number(core);
    level.deviceBytesPerSecond = all;
    level.latencySeconds = number(latency);
    device.memory.push_back(level);
  };
  add("shared", LevelKind::software, LevelScope::core, number(102400), 1e11, {},
      1e-8);
  add("L1", LevelKind::cache, LevelScope::core, number(100000), 1e11, {}, 1e-7);
  add("L2", LevelKind::cache, LevelScope::device, number(1e6), 5e10,
      number(1e11), 1e-6);
  add("DRAM", LevelKind::memory, LevelScope::device, {}, 5e10, number(1e10),
      2e-6);
  device.execution.overlapExponent = number(1);
  device.overheads.launchSeconds = number(1e-6);
  device.overheads.forkJoinSeconds = number(0);
  device.power.tdpWatts = number(100);
  return device;
}

/// With a unit for groups of four warps, of twice the rate.
inline Device gpuWithWarpgroups() {
  Device device = roundGpu();
  ComputeUnit unit = device.units[1];
  unit.name = "warpgroup";
  unit.opsPerClock = {{DataType::f16, number(4000)}};
  device.units.push_back(unit);
  return device;
}

struct Model {
  Device device;
  Unknowns unknowns;
  DeviceModel model;
  static Assumptions cold() {
    Assumptions assumptions;
    assumptions.cold = true;
    return assumptions;
  }
  explicit Model(Device described = roundGpu())
      : device(std::move(described)), model(device, cold(), 1, unknowns) {}
};

/// Warps of 32 x 32 of a block of 64 x 64 x 64.
inline GpuBlock block(int64_t split = 1) {
  GpuBlock block;
  block.rows = block.columns = block.depth = 64;
  block.split = split;
  return block;
}

struct Product : ParsedOps {
  int64_t m, n, k;
  llvm::StringRef type;
  Product(int64_t m, int64_t n, int64_t k, llvm::StringRef type = "f16")
      : ParsedOps("(%a: " + tensor(m, k, type) + ", %b: " + tensor(k, n, type) +
                      ") -> " + tensor(m, n, type),
                  "%0 = rac.matmul %a, %b : (" + tensor(m, k, type) + ", " +
                      tensor(k, n, type) + ") -> " + tensor(m, n, type) +
                      " return %0 : " + tensor(m, n, type)),
        m(m), n(n), k(k), type(type) {}
  static std::string tensor(int64_t rows, int64_t columns,
                            llvm::StringRef type) {
    return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) +
           "x" + type.str() + ">";
  }
  mlir::Type precision() {
    return type == "f16" ? mlir::Type(mlir::Float16Type::get(&context))
                         : mlir::Float32Type::get(&context);
  }
  Estimate cost(Model &model, const GpuBlock &block) {
    return model.model.estimate(Candidate::of(ops),
                                rac::planOf(block, precision(), 2));
  }
};

} // namespace rac

#endif // RAC_UNITTESTS_COST_ROUNDGPU_H
