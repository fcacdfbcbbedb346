//===- System.cpp - What meters need of the machine -----------------------===//

#include "System.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

using namespace rac::energy;

static const char kSysfs[] = "/sys";

Machine::Machine(std::string sysfs) : root(std::move(sysfs)) {
  while (root.size() > 1 && root.back() == '/')
    root.pop_back();
}

int Machine::read(const std::string &path, std::string &contents) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return errno;
  // An attribute of sysfs is at most a page, and must be read in one go.
  char buffer[4096];
  ssize_t size = ::read(file, buffer, sizeof(buffer));
  int status = size < 0 ? errno : 0;
  close(file);
  if (size >= 0)
    contents.assign(buffer, size);
  return status;
}

int Machine::list(const std::string &folder, std::vector<std::string> &names) {
  DIR *stream = opendir(folder.c_str());
  if (!stream)
    return errno;
  while (dirent *entry = readdir(stream))
    if (entry->d_name[0] != '.')
      names.emplace_back(entry->d_name);
  closedir(stream);
  std::sort(names.begin(), names.end());
  return 0;
}

int Machine::openPerf(uint32_t type, uint64_t config, int cpu) {
  if (root != kSysfs)
    return -EOPNOTSUPP;
  perf_event_attr attributes;
  memset(&attributes, 0, sizeof(attributes));
  attributes.size = sizeof(attributes);
  attributes.type = type;
  attributes.config = config;
  long descriptor = syscall(SYS_perf_event_open, &attributes, /*pid=*/-1, cpu,
                            /*group=*/-1, PERF_FLAG_FD_CLOEXEC);
  return descriptor < 0 ? -errno : int(descriptor);
}

int Machine::readPerf(int descriptor, uint64_t &value) {
  ssize_t size = ::read(descriptor, &value, sizeof(value));
  return size == sizeof(value) ? 0 : size < 0 ? errno : EIO;
}

void Machine::closePerf(int descriptor) { close(descriptor); }

double Machine::seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

std::string rac::energy::errorText(int status) {
  return std::generic_category().message(status);
}

/// What a message may show of a file's contents.
static std::string excerpt(std::string text) {
  constexpr size_t kMost = 40;
  bool longer = text.size() > kMost;
  text.resize(std::min(text.size(), kMost));
  for (char &c : text)
    if (!isprint(static_cast<unsigned char>(c)))
      c = '?';
  return "'" + text + (longer ? "…'" : "'");
}

Error rac::energy::readNumber(System &system, const std::string &path,
                              uint64_t &value) {
  std::string text;
  if (int status = system.read(path, text))
    return path + ": " + errorText(status);
  while (!text.empty() && isspace(static_cast<unsigned char>(text.back())))
    text.pop_back();
  if (text.empty())
    return path + ": it is empty";
  bool negative = text[0] == '-' && text.size() > 1;
  for (char c : text.substr(negative))
    if (c < '0' || c > '9')
      return path + ": it holds " + excerpt(text) + ", which is no number";
  if (negative)
    return path + ": it holds " + excerpt(text) + ", a negative number";
  value = 0;
  for (char c : text)
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, c - '0', &value))
      return path + ": it holds " + excerpt(text) +
             ", which is more than 64 bits";
  return {};
}

std::string rac::energy::readLine(System &system, const std::string &path) {
  std::string text;
  if (system.read(path, text))
    return {};
  return text.substr(0, text.find('\n'));
}
