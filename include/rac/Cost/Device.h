//===- Device.h - Numbers that costs are made of ----------------*- C++ -*-===//

#ifndef RAC_COST_DEVICE_H
#define RAC_COST_DEVICE_H

namespace rac {

/// A device as far as the roofline model knows it. The defaults are a Zen 4
/// server core; device files replace them.
struct Device {
  /// FLOP/s of one core in a library's contraction, f32. Measured with oneDNN
  /// on a Zen 4 core: 105-125.
  double libraryRate = 110e9;
  /// FLOP/s of one core in a generated matrix product, f32: MiniLM without the
  /// library takes 1.4 times as long. Measured, roughly.
  double generatedMatmulRate = 80e9;
  /// The same of a generated convolution: its filters are not laid out for
  /// lanes. Guess.
  double generatedContractionRate = 4e9;
  /// FLOP/s of one core in vectorised elementwise code, f32. EPYC 9654:
  /// 7.4 TFLOP/s over 96 cores is 77e9, halved since few ops fuse to FMA.
  /// Derived.
  double elementwiseRate = 38e9;
  /// B/s of one core to and from memory. Guess: 460.8 GB/s are shared by 96
  /// cores, of which few are enough to use them up.
  double coreBandwidth = 20e9;
  /// B/s of the whole device. EPYC 9654, 12 channels DDR5-4800: 460.8. Derived.
  double deviceBandwidth = 460.8e9;
  /// Seconds to start a generated kernel on one thread. Guess.
  double kernelOverhead = 0.2e-6;
  /// Seconds a library call adds to that. Guess.
  double libraryCallOverhead = 1.5e-6;
  /// Seconds to hand work to each further thread and wait for it. Guess.
  double forkJoinOverhead = 2e-6;
  /// W of one core at work: EPYC 9654, TDP 360 W over 96 cores. Upper bound
  /// (tdp).
  double coreWatts = 3.75;
};

} // namespace rac

#endif // RAC_COST_DEVICE_H
