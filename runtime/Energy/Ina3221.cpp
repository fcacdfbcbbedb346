//===- Ina3221.cpp - The power sensors of NVIDIA's Jetsons ----------------===//
//
// TI's INA3221 measures three rails. Linux's driver is a hardware monitor:
// in1_label, in1_input (mV), curr1_input (mA), and so for 2 and 3. NVIDIA's
// older one is an industrial-I/O device below /sys/bus/i2c/drivers/ina3221x:
// rail_name_0, in_power0_input (mW), and so for 1 and 2.
//
//===----------------------------------------------------------------------===//

#include "Hwmon.h"

#include <algorithm>

using namespace rac::energy;

namespace {

const char kMeter[] = "ina3221";
// Where the sensor doesn't say: three rails, bus and shunt, 1.1 ms each,
// averaged over 16 (the data sheet's middle setting): 0.1 s.
constexpr double kUsualUpdate = 0.1;

bool startsWith(const std::string &text, const char *prefix) {
  return text.rfind(prefix, 0) == 0;
}

/// Rails that feed all the others: the module's input.
bool isInput(const std::string &label) {
  return label == "VDD_IN" || label == "VIN" ||
         startsWith(label, "POM_5V_IN") || startsWith(label, "VIN_SYS");
}

Domain railNamed(const std::string &label, const std::string &source) {
  Domain domain;
  domain.name = label;
  domain.meter = kMeter;
  domain.source = source;
  domain.kind = RAC_ENERGY_BOARD;
  domain.origin = RAC_ENERGY_INTEGRATED_POWER;
  domain.update = kUsualUpdate;
  return domain;
}

/// in<N> and curr<N> of a monitor.
void addMonitor(System &system, const std::string &folder,
                std::vector<Domain> &rails) {
  uint64_t milliseconds = 0;
  bool told =
      readNumber(system, folder + "/update_interval", milliseconds).empty() &&
      milliseconds > 0;
  for (const char *channel : {"1", "2", "3"}) {
    std::string volts = folder + "/in" + channel + "_input";
    std::string amperes = folder + "/curr" + channel + "_input";
    std::string label = readLine(system, folder + "/in" + channel + "_label");
    if (label.empty() || label == "NC") // not connected
      continue;
    Domain rail = railNamed(label, volts + " x " + amperes);
    rail.unit = 1e-6; // mV x mA
    if (told)
      rail.update = std::max(double(milliseconds) * 1e-3, kShortestPeriod);
    rail.read = [&system, volts, amperes](uint64_t &value) -> Error {
      uint64_t millivolts = 0, milliamperes = 0;
      if (Error why = readNumber(system, volts, millivolts); !why.empty())
        return why;
      if (Error why = readNumber(system, amperes, milliamperes); !why.empty())
        return why;
      if (__builtin_mul_overflow(millivolts, milliamperes, &value))
        return volts + " x " + amperes + ": the product is more than 64 bits";
      return {};
    };
    rails.push_back(rail);
  }
}

/// in_power<N> of an industrial-I/O device.
void addIioDevice(System &system, const std::string &folder,
                  std::vector<Domain> &rails) {
  for (const char *channel : {"0", "1", "2"}) {
    std::string label = readLine(system, folder + "/rail_name_" + channel);
    if (label.empty() || label == "NC")
      continue;
    std::string path = folder + "/in_power" + channel + "_input";
    Domain rail = railNamed(label, path);
    rail.unit = 1e-3; // mW
    rail.read = [&system, path](uint64_t &value) {
      return readNumber(system, path, value);
    };
    rails.push_back(rail);
  }
}

void addIioDevices(System &system, std::vector<Domain> &rails) {
  std::string drivers = system.sysfs() + "/bus/i2c/drivers/ina3221x";
  std::vector<std::string> chips;
  system.list(drivers, chips);
  for (const std::string &chip : chips) {
    std::vector<std::string> devices;
    system.list(drivers + "/" + chip, devices);
    for (const std::string &device : devices)
      if (startsWith(device, "iio:device"))
        addIioDevice(system, drivers + "/" + chip + "/" + device, rails);
  }
}

} // namespace

bool rac::energy::findIna3221(System &system, Found &found) {
  std::vector<Domain> rails;
  for (const std::string &folder : hwmonNamed(system, kMeter))
    addMonitor(system, folder, rails);
  if (rails.empty())
    addIioDevices(system, rails);
  auto no = [&](const std::string &why) {
    found.attempts.push_back({kMeter, false, why});
    return false;
  };
  if (rails.empty())
    return no(system.sysfs() + ": no rail of an ina3221 is below class/hwmon "
                               "or bus/i2c/drivers/ina3221x");
  // The others are behind the input, and would count twice.
  std::vector<Domain> inputs;
  std::copy_if(rails.begin(), rails.end(), std::back_inserter(inputs),
               [](const Domain &rail) { return isInput(rail.name); });
  if (!inputs.empty())
    rails = inputs;
  std::string names;
  for (const Domain &rail : rails) {
    uint64_t value = 0;
    if (Error why = rail.read(value); !why.empty())
      return no(why);
    names += (names.empty() ? "" : ", ") + rail.name;
  }
  found.attempts.push_back({kMeter, true, names});
  found.domains.insert(found.domains.end(), rails.begin(), rails.end());
  return true;
}
