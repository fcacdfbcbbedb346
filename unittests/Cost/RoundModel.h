//===- RoundModel.h - A cost model of a round device ------------*- C++ -*-===//

#ifndef RAC_UNITTESTS_COST_ROUNDMODEL_H
#define RAC_UNITTESTS_COST_ROUNDMODEL_H

#include "ParsedOps.h"
#include "RoundDevice.h"
#include "rac/Cost/CostModel.h"
#include <cmath>

namespace rac {

inline Assumptions cold() {
  Assumptions assumptions;
  assumptions.cold = true;
  return assumptions;
}

inline PlanAttr planOf(ParsedOps &p, KernelKind kind, int64_t threads = 0) {
  return PlanAttr::get(kind, mlir::Float32Type::get(&p.context), threads);
}

/// A model and what it needs to live.
struct Model {
  Device device;
  Unknowns unknowns;
  DeviceModel model;
  explicit Model(Device described = roundDevice(),
                 Assumptions assumptions = cold())
      : device(std::move(described)), model(device, assumptions, 1, unknowns) {}

  Estimate operator()(ParsedOps &p, KernelKind kind, int64_t threads = 0) {
    return model.estimate(Candidate::of(p.ops), planOf(p, kind, threads));
  }
};

/// 2 * 100^3 operations, 3 * 40000 B.
struct Matmul : ParsedOps {
  Matmul()
      : ParsedOps("(%a: tensor<100x100xf32>, %b: tensor<100x100xf32>) -> "
                  "tensor<100x100xf32>",
                  R"(%0 = rac.matmul %a, %b : (tensor<100x100xf32>,
                       tensor<100x100xf32>) -> tensor<100x100xf32>
                     return %0 : tensor<100x100xf32>)") {}
  static constexpr double flops = 2e6;
  /// The library fills 7 vectors of 16 lanes with 100 columns.
  static constexpr double lanes = 100.0 / 112;
  /// What 512 registers' floats leave to the cache: 2 * 100^3 / sqrt(512), and
  /// the result's write-back.
  static double registerBytes() { return 2e6 / std::sqrt(512.0) * 4 + 40000; }
  /// Read, or brought in to be written; all cores' memory also takes back what
  /// was written.
  static constexpr double memoryFills = 3 * 40000,
                          memoryBytes = memoryFills + 40000;
  /// The second matrix isn't constant: the library lays it out anew, half a
  /// clock of 10 ns an element.
  static constexpr double repacking = 100 * 100 * 0.5e-8;
  /// What the cache gives that doesn't come from memory.
  static double cacheBytes() { return registerBytes() - 3 * 40000; }
};

struct Neg : ParsedOps {
  explicit Neg(int count)
      : ParsedOps("(%x: tensor<" + std::to_string(count) + "xf32>) -> tensor<" +
                      std::to_string(count) + "xf32>",
                  "%0 = rac.neg %x : (tensor<" + std::to_string(count) +
                      "xf32>) -> tensor<" + std::to_string(count) +
                      "xf32> return %0 : tensor<" + std::to_string(count) +
                      "xf32>") {}
};

} // namespace rac

#endif // RAC_UNITTESTS_COST_ROUNDMODEL_H
