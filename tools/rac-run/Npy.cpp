//===- Npy.cpp - NumPy's .npy files ---------------------------------------===//

#include "Npy.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

static constexpr char kMagic[] = "\x93NUMPY";
static constexpr size_t kMagicSize = 6;

/// What follows 'key': in the header's Python literal; empty if it isn't there.
static std::string valueOf(const std::string &header, const char *key) {
  size_t at = header.find(text("'%s':", key));
  return at == std::string::npos ? "" : header.substr(at + strlen(key) + 3);
}

static int32_t parseDtype(const std::string &path, const std::string &header) {
  std::string value = valueOf(header, "descr");
  size_t open = value.find('\''), close = value.find('\'', open + 1);
  if (open == std::string::npos || close == std::string::npos)
    die("%s: its header has no dtype that rac knows", path.c_str());
  std::string type = value.substr(open + 1, close - open - 1);
  if (!type.empty() && type[0] == '>')
    die("%s: dtype %s is big-endian", path.c_str(), type.c_str());
  if (!type.empty() && strchr("<|=", type[0]))
    type.erase(0, 1);
  for (int32_t i = 0; i < RAC_NUM_DTYPES; ++i)
    if (type == kDtypes[i].numpy)
      return i;
  if (type == "bfloat16")
    return RAC_BF16;
  die("%s: dtype %s is none that rac knows", path.c_str(), type.c_str());
}

static std::vector<int64_t> parseShape(const std::string &path,
                                       const std::string &header) {
  std::string value = valueOf(header, "shape");
  const char *at = strchr(value.c_str(), '(');
  if (!at)
    die("%s: its header has no shape", path.c_str());
  std::vector<int64_t> shape;
  for (++at;;) {
    at += strspn(at, " ,");
    if (*at == ')')
      return shape;
    char *end = nullptr;
    errno = 0;
    shape.push_back(strtoll(at, &end, 10));
    if (end == at || errno || shape.back() < 0)
      die("%s: its header's shape is not one", path.c_str());
    at = end;
  }
}

/// What the header says of the size may be wrong: the file is read as it is.
static std::vector<char> readRest(std::istream &file) {
  constexpr size_t kChunk = size_t(4) << 20;
  std::vector<char> bytes;
  while (file) {
    size_t have = bytes.size();
    bytes.resize(have + kChunk);
    file.read(bytes.data() + have, kChunk);
    bytes.resize(have + file.gcount());
  }
  return bytes;
}

Array readNpy(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    die("%s: %s", path.c_str(), strerror(errno));
  char start[kMagicSize + 2];
  unsigned char length[4] = {};
  if (!file.read(start, sizeof(start)) ||
      memcmp(start, kMagic, kMagicSize) != 0)
    die("%s: not an .npy file", path.c_str());
  int major = start[kMagicSize];
  if (major < 1 || major > 3)
    die("%s: .npy format %d is not known", path.c_str(), major);
  file.read(reinterpret_cast<char *>(length), major == 1 ? 2 : 4);
  uint32_t size =
      length[0] | length[1] << 8 | length[2] << 16 | uint32_t(length[3]) << 24;
  if (size > 1 << 20)
    die("%s: its header is too long", path.c_str());
  std::string header(size, 0);
  if (!file.read(&header[0], size))
    die("%s: it ends within its header", path.c_str());

  Array array;
  array.dtype = parseDtype(path, header);
  array.shape = parseShape(path, header);
  // Of one row or column the order means nothing.
  if (array.shape.size() > 1 &&
      valueOf(header, "fortran_order").find("True") < strlen(" True"))
    die("%s: it is in Fortran order; save numpy.ascontiguousarray(x) instead",
        path.c_str());
  array.bytes = readRest(file);
  int64_t elements = array.elements();
  if (elements < 0 ||
      elements * (kDtypes[array.dtype].bits / 8) != int64_t(array.bytes.size()))
    die("%s: it holds %zu bytes of data, which is not what its shape %s says",
        path.c_str(), array.bytes.size(), shapeText(array.shape).c_str());
  return array;
}

void writeNpy(const std::string &path, int32_t dtype,
              const std::vector<int64_t> &shape, const void *data) {
  std::ostringstream header;
  int size = kDtypes[dtype].bits / 8;
  header << "{'descr': '" << (size == 1 ? '|' : '<') << kDtypes[dtype].numpy
         << "', 'fortran_order': False, 'shape': (";
  int64_t bytes = size;
  for (int64_t dim : shape) {
    header << dim << ", ";
    bytes *= dim;
  }
  header << "), }";
  std::string line = header.str();
  // The data start at a multiple of 64.
  line.append(63 - (kMagicSize + 4 + line.size()) % 64, ' ');
  line += '\n';
  std::ofstream file(path, std::ios::binary);
  file.write(kMagic, kMagicSize);
  const char version[] = {1, 0, char(line.size() & 255),
                          char(line.size() >> 8)};
  file.write(version, 4);
  file << line;
  file.write(static_cast<const char *>(data), bytes);
  if (!file.flush())
    die("%s: cannot write it: %s", path.c_str(), strerror(errno));
}
