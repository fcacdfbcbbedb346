//===- System.h - What meters need of the machine ---------------*- C++ -*-===//

#ifndef RAC_RUNTIME_ENERGY_SYSTEM_H
#define RAC_RUNTIME_ENERGY_SYSTEM_H

#include <cstdint>
#include <string>
#include <vector>

namespace rac::energy {

/// Tests bring their own. Statuses are 0 or an errno.
class System {
public:
  virtual ~System() = default;

  /// Where sysfs is, without a slash at its end.
  virtual std::string sysfs() const = 0;
  /// The contents of a small file.
  virtual int read(const std::string &path, std::string &contents) = 0;
  /// The names in a folder, sorted.
  virtual int list(const std::string &folder,
                   std::vector<std::string> &names) = 0;
  /// A counter of all that runs on `cpu`; a file descriptor, or -errno.
  virtual int openPerf(uint32_t type, uint64_t config, int cpu) = 0;
  virtual int readPerf(int descriptor, uint64_t &value) = 0;
  virtual void closePerf(int descriptor) = 0;
  /// Of a clock that never goes back.
  virtual double seconds() = 0;
};

/// The machine that this runs on; `sysfs` may be a simulated tree, which has no
/// perf events.
class Machine : public System {
public:
  explicit Machine(std::string sysfs);
  std::string sysfs() const override { return root; }
  int read(const std::string &path, std::string &contents) override;
  int list(const std::string &folder, std::vector<std::string> &names) override;
  int openPerf(uint32_t type, uint64_t config, int cpu) override;
  int readPerf(int descriptor, uint64_t &value) override;
  void closePerf(int descriptor) override;
  double seconds() override;

private:
  std::string root;
};

/// What went wrong; empty: nothing.
using Error = std::string;

/// "No such file or directory"
std::string errorText(int status);

/// The file's one number. What is negative, too large or no number at all is
/// refused, with the file's name and what it holds.
Error readNumber(System &system, const std::string &path, uint64_t &value);

/// The file's first line; empty if it can't be read.
std::string readLine(System &system, const std::string &path);

} // namespace rac::energy

#endif // RAC_RUNTIME_ENERGY_SYSTEM_H
