//===- Weights.cpp - Where the model's weights are ------------------------===//

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "Context.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C" uint64_t rac_weights_checksum(const void *data, uint64_t size) {
  constexpr uint64_t kPrime = 0x9e3779b97f4a7c15, kLine = 64, kLines = 64;
  const auto *bytes = static_cast<const uint8_t *>(data);
  uint64_t hash = size * kPrime + 1, lines = size / kLine;
  auto mix = [&](const uint8_t *from, uint64_t count) {
    for (uint64_t i = 0; i < count; i += 8) {
      uint64_t word = 0;
      memcpy(&word, from + i, count - i < 8 ? count - i : 8);
      hash = (hash ^ word) * kPrime;
      hash ^= hash >> 29;
    }
  };
  uint64_t samples = lines < kLines ? lines : kLines;
  for (uint64_t i = 0; i < samples; ++i)
    mix(bytes + (samples == lines ? i : (lines - 1) / (kLines - 1) * i) * kLine,
        kLine);
  mix(bytes + lines * kLine, size - lines * kLine);
  return hash;
}

namespace rac::runtime {

/// The path of the weights file: beside the library that `info` is in.
static bool findWeights(const RacModelInfo *info, char (&path)[PATH_MAX]) {
  const char *folder = "";
  int length = 0;
  Dl_info library;
  if (info->weights_file[0] != '/' && dladdr(info, &library) &&
      library.dli_fname)
    if (const char *slash = strrchr(library.dli_fname, '/')) {
      folder = library.dli_fname;
      length = int(slash + 1 - folder);
    }
  int written = snprintf(path, sizeof(path), "%.*s%s", length, folder,
                         info->weights_file);
  return written > 0 && written < int(sizeof(path));
}

int openWeights(RacContext *context) {
  const RacModelInfo *info = context->info;
  context->weights = info->weights;
  if (info->weights || !info->weights_file)
    return RAC_OK;
  char path[PATH_MAX];
  if (!findWeights(info, path))
    return report(nullptr, RAC_NOT_FOUND,
                  "weights file %s: the path is too long", info->weights_file);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return report(nullptr, RAC_NOT_FOUND, "weights file %s: %s", path,
                  strerror(errno));
  struct stat status;
  if (fstat(file, &status) != 0 ||
      uint64_t(status.st_size) != info->weights_size) {
    close(file);
    return report(
        nullptr, RAC_NOT_FOUND,
        "weights file %s: not this model's: it has %lld bytes, not %llu", path,
        static_cast<long long>(status.st_size),
        static_cast<unsigned long long>(info->weights_size));
  }
  if (info->weights_size == 0) {
    close(file);
    return RAC_OK;
  }
  void *mapped =
      mmap(nullptr, info->weights_size, PROT_READ, MAP_SHARED, file, 0);
  int error = errno;
  close(file);
  if (mapped == MAP_FAILED)
    return report(nullptr, RAC_OUT_OF_MEMORY,
                  "weights file %s: cannot map it: %s", path, strerror(error));
  context->weights = static_cast<const uint8_t *>(mapped);
  context->mappedWeights = info->weights_size;
  if (info->weights_checksum &&
      rac_weights_checksum(mapped, info->weights_size) !=
          info->weights_checksum)
    return report(
        nullptr, RAC_NOT_FOUND,
        "weights file %s: not this model's: its contents differ from what the "
        "model was compiled with",
        path);
  return RAC_OK;
}

void closeWeights(RacContext *context) {
  if (context->mappedWeights)
    munmap(const_cast<uint8_t *>(context->weights), context->mappedWeights);
  context->mappedWeights = 0;
}

} // namespace rac::runtime
