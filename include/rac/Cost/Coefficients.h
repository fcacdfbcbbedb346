//===- Coefficients.h - The numbers that costs rest on ----------*- C++ -*-===//

#ifndef RAC_COST_COEFFICIENTS_H
#define RAC_COST_COEFFICIENTS_H

#include "rac/Cost/Schedule.h"
#include <map>

namespace rac {

/// A number of the device that an estimate rests on.
struct Coefficient {
  std::string name; ///< the key: "memory.L2.core_bytes_per_s"
  double value = 0; ///< in the key's unit
  double unc = 0;   ///< as in the file
  Origin origin = Origin::guess;
  bool stoodIn = false; ///< the file has null there
  /// Whether more of it means less time.
  bool isRate = false;

  double low() const { return value / (1 + unc); }
  double high() const { return value * (1 + unc); }
};

/// The coefficients of one device. Each is looked up and, where it is null,
/// stood in for and noted once; it lives as long as this does.
class Coefficients {
public:
  Coefficients(const Device &device, Unknowns &unknowns)
      : device(device), unknowns(unknowns) {}

  /// What is computed with in a unit's contraction, or other code.
  enum class Kernel {
    libraryMatmul,
    libraryConv,
    libraryDepthwise,
    generatedMatmul,
    generatedConv,
    vector
  };

  /// op/s of one core.
  const Coefficient &peak(const ComputeUnit &unit, DataType type);
  /// op/s of one core in code without vectors.
  const Coefficient &scalarPeak(DataType type);
  /// What is attained of the peak.
  const Coefficient &fraction(const ComputeUnit &unit, DataType type,
                              Kernel kernel);
  /// Rows (m), columns (n) or terms of a sum (k) at which the library attains
  /// half.
  const Coefficient &half(const ComputeUnit &unit, DataType type, char size);
  const Coefficient &coreBandwidth(size_t level);
  const Coefficient &deviceBandwidth(size_t level);
  /// B/s that a core moves of lines that this cache of another core has; not of
  /// the last level.
  const Coefficient &peerBandwidth(size_t level);
  /// s from asking for data to having them.
  const Coefficient &latency(size_t level);
  const Coefficient &overlap();
  const Coefficient &launch();
  const Coefficient &libraryCall();
  const Coefficient &forkJoin();
  /// Groups of a GPU's multiprocessors that a cluster of blocks is in one of.
  double clusterGroups();

  /// The unit that vectors are computed in, and the best one at a type.
  const ComputeUnit &vectorUnit() const;
  /// What generated code is made for.
  VectorShape vectors() const;
  const ComputeUnit &bestUnit(DataType type);
  /// Bytes that a level's cache holds for one core; infinite for main memory.
  double levelBytes(size_t level);
  double lineBytes(size_t level);

  // ---- energy; null: nobody knows
  /// pJ; null also where it is an upper bound that holds all else.
  const Coefficient *opEnergy(const ComputeUnit &unit, DataType type);
  /// pJ; 0 where there is none of the same scope.
  const Coefficient &byteEnergy(size_t level, EnergyScope scope);
  std::optional<EnergyScope> energyScope(const ComputeUnit &unit,
                                         DataType type) const;
  /// W: with nothing to do, of each core at work, of the device at work.
  const Coefficient &idle();
  const Coefficient &coreStatic();
  const Coefficient &deviceStatic();
  /// W; null where unknown.
  const Coefficient *tdp();

  const Device &getDevice() const { return device; }

  /// Another value than the device's, for one that was asked for before; others
  /// stay as they are.
  void set(llvm::StringRef name, double value) {
    auto found = known.find(std::string_view(name));
    if (found != known.end())
      found->second.value = value;
  }

private:
  const Coefficient &get(const llvm::Twine &name, const Known &number,
                         double instead, const llvm::Twine &why, bool isRate);
  const Coefficient *find(llvm::StringRef name) const;
  const Coefficient &seconds(const Known &number, llvm::StringRef key);
  const Coefficient &watts(const Known &number, llvm::StringRef key);

  const Device &device;
  Unknowns &unknowns;
  std::map<std::string, Coefficient, std::less<>> known;
};

} // namespace rac

#endif // RAC_COST_COEFFICIENTS_H
