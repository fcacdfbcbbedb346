//===- Float8.cpp - Conversions of floats of 8 bits -----------------------===//

#include "Floats.h"
#include "rac-c/Simulator.h"

using namespace rac::simulator;

int32_t rac_sim_to_float8(RacSimThread *, float first, float second) {
  return E4M3::store(first) | E4M3::store(second) << 8;
}

/// All of them are halves; NaN is the one that PTX has.
static uint16_t halfOf(uint8_t bits) {
  constexpr uint16_t kNan = 0x7FFF;
  float value = E4M3::load(bits);
  return std::isnan(value) ? kNan : toHalf(value);
}

int32_t rac_sim_from_float8(RacSimThread *, int32_t pair) {
  return halfOf(pair & 0xFF) | halfOf(pair >> 8 & 0xFF) << 16;
}
