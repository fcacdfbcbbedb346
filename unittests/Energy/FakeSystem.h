//===- FakeSystem.h - A machine with simulated meters -----------*- C++ -*-===//

#ifndef RAC_UNITTESTS_ENERGY_FAKESYSTEM_H
#define RAC_UNITTESTS_ENERGY_FAKESYSTEM_H

#include "runtime/Energy/Accumulator.h"

#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

namespace rac::test {

/// Files in memory, below /sys; a clock that stands still unless it is moved.
struct FakeSystem : energy::System {
  std::map<std::string, std::string> files;
  std::map<std::string, int> errors; ///< of files that can't be read
  double now = 0;

  struct PerfCounter {
    uint64_t type, config;
    int cpu;
    uint64_t value;
    int status; ///< of reading it
  };
  std::vector<PerfCounter> perf; ///< by descriptor
  int perfStatus = 0;            ///< of opening one
  std::set<int> closed;

  /// `path` is below /sys.
  std::string &operator[](const std::string &path) {
    return files["/sys/" + path];
  }

  std::string sysfs() const override { return "/sys"; }
  int read(const std::string &path, std::string &contents) override {
    if (auto error = errors.find(path); error != errors.end())
      return error->second;
    auto file = files.find(path);
    if (file == files.end())
      return ENOENT;
    contents = file->second;
    return 0;
  }
  int list(const std::string &folder,
           std::vector<std::string> &names) override {
    std::set<std::string> found;
    for (const auto &file : files)
      if (file.first.rfind(folder + "/", 0) == 0) {
        std::string rest = file.first.substr(folder.size() + 1);
        found.insert(rest.substr(0, rest.find('/')));
      }
    names.assign(found.begin(), found.end());
    return found.empty() ? ENOENT : 0;
  }
  int openPerf(uint32_t type, uint64_t config, int cpu) override {
    if (perfStatus)
      return -perfStatus;
    perf.push_back({type, config, cpu, 0, 0});
    return int(perf.size()) - 1;
  }
  int readPerf(int descriptor, uint64_t &value) override {
    value = perf[descriptor].value;
    return perf[descriptor].status;
  }
  void closePerf(int descriptor) override { closed.insert(descriptor); }
  double seconds() override { return now; }

  /// A powercap zone, as "intel-rapl:0".
  void addZone(const std::string &zone, const std::string &name,
               uint64_t energy, uint64_t range = 262143328850) {
    std::string folder = "class/powercap/" + zone + "/";
    (*this)[folder + "name"] = name + "\n";
    (*this)[folder + "energy_uj"] = std::to_string(energy) + "\n";
    (*this)[folder + "max_energy_range_uj"] = std::to_string(range) + "\n";
  }
};

inline std::vector<std::string> namesOf(const energy::Found &found) {
  std::vector<std::string> names;
  for (const energy::Domain &domain : found.domains)
    names.push_back(domain.name);
  return names;
}

/// What the attempts at one meter said.
inline std::string said(const energy::Found &found, const std::string &meter) {
  std::string text;
  for (const energy::Attempt &attempt : found.attempts)
    if (attempt.meter == meter)
      text += (text.empty() ? "" : "\n") + attempt.message;
  return text;
}

} // namespace rac::test

#endif // RAC_UNITTESTS_ENERGY_FAKESYSTEM_H
