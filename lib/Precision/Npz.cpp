//===- Npz.cpp - NumPy's .npy and .npz files ------------------------------===//
//
// Of zip archives (PKWARE's APPNOTE.TXT 6.3) what NumPy and its like write:
// stored and deflated members, sizes of 64 bits too. Nothing in a file is
// believed before it is checked.
//
//===----------------------------------------------------------------------===//

#include "rac/Precision/Samples.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include <zlib.h>

using namespace rac;
using llvm::StringRef;
using namespace llvm::support::endian;

namespace {

/// What follows 'key': in the header's Python literal; empty: it isn't there.
StringRef valueOf(StringRef header, StringRef key) {
  size_t at = header.find(("'" + key + "':").str());
  return at == StringRef::npos ? ""
                               : header.substr(at + key.size() + 3).ltrim();
}

std::optional<RacDtype> dtypeOf(StringRef header) {
  StringRef type = valueOf(header, "descr");
  if (!type.consume_front("'"))
    return std::nullopt;
  type = type.take_until([](char c) { return c == '\''; });
  if (!type.empty() && StringRef("<|=").contains(type.front()))
    type = type.drop_front();
  constexpr std::pair<StringRef, RacDtype> kNames[] = {
      {"f4", RAC_F32},       {"f2", RAC_F16}, {"f8", RAC_F64}, {"i1", RAC_I8},
      {"u1", RAC_U8},        {"i2", RAC_I16}, {"u2", RAC_U16}, {"i4", RAC_I32},
      {"u4", RAC_U32},       {"i8", RAC_I64}, {"u8", RAC_U64}, {"b1", RAC_BOOL},
      {"bfloat16", RAC_BF16}};
  for (const auto &[name, dtype] : kNames)
    if (type == name)
      return dtype;
  return std::nullopt;
}

bool parseShape(StringRef header, std::vector<int64_t> &shape) {
  StringRef text = valueOf(header, "shape");
  if (!text.consume_front("("))
    return false;
  for (text = text.ltrim(); !text.consume_front(")"); text = text.ltrim(", ")) {
    int64_t size = 0;
    if (text.consumeInteger(10, size) || size < 0)
      return false;
    shape.push_back(size);
  }
  return true;
}

struct Member {
  StringRef name;
  uint64_t method, packed, size, offset;
};

class ZipReader {
public:
  ZipReader(StringRef bytes, StringRef path) : bytes(bytes), path(path) {}

  llvm::Expected<std::vector<Member>> members();
  llvm::Expected<std::string> unpack(const Member &member);

private:
  llvm::Error damaged(const llvm::Twine &what) {
    return llvm::createStringError("'" + path + "' is no .npz file: " + what);
  }
  uint64_t read(uint64_t at, unsigned size) const {
    StringRef field = bytes.substr(at, size);
    if (field.size() < size)
      return 0;
    return size == 2   ? read16le(field.data())
           : size == 4 ? read32le(field.data())
                       : read64le(field.data());
  }
  llvm::Error findDirectory();
  void widen(Member &member, uint64_t extra, uint64_t length) const;

  StringRef bytes, path;
  uint64_t count = 0, directory = 0;
};

constexpr uint64_t kAll16 = 0xffff, kAll32 = 0xffffffff;

llvm::Error ZipReader::findDirectory() {
  constexpr unsigned kEndSize = 22, kLocatorSize = 20;
  size_t end = bytes.rfind("PK\5\6");
  if (end == StringRef::npos || end + kEndSize > bytes.size())
    return damaged("it has no directory");
  count = read(end + 10, 2);
  directory = read(end + 16, 4);
  if ((count != kAll16 && directory != kAll32) || end < kLocatorSize)
    return llvm::Error::success();
  uint64_t locator = end - kLocatorSize, wide = read(locator + 8, 8);
  if (!bytes.substr(locator).starts_with("PK\6\7") || wide > bytes.size() ||
      !bytes.substr(wide).starts_with("PK\6\6"))
    return damaged("its directory is cut off");
  count = read(wide + 32, 8);
  directory = read(wide + 48, 8);
  return llvm::Error::success();
}

/// Numbers that don't fit 32 bits are in an extra field, in this order.
void ZipReader::widen(Member &member, uint64_t at, uint64_t length) const {
  for (uint64_t end = at + length; at + 4 <= end;) {
    uint64_t id = read(at, 2), size = read(at + 2, 2);
    at += 4;
    if (id == 1) {
      uint64_t field = at;
      for (uint64_t *value : {&member.size, &member.packed, &member.offset})
        if (*value == kAll32) {
          *value = read(field, 8);
          field += 8;
        }
      return;
    }
    at += size;
  }
}

llvm::Expected<std::vector<Member>> ZipReader::members() {
  if (llvm::Error error = findDirectory())
    return error;
  constexpr unsigned kEntrySize = 46;
  std::vector<Member> members;
  uint64_t at = directory;
  for (uint64_t i = 0; i < count; ++i) {
    if (at > bytes.size() || bytes.size() - at < kEntrySize ||
        !bytes.substr(at).starts_with("PK\1\2"))
      return damaged("its directory is cut off");
    uint64_t name = read(at + 28, 2), extra = read(at + 30, 2);
    Member member = {bytes.substr(at + kEntrySize, name), read(at + 10, 2),
                     read(at + 20, 4), read(at + 24, 4), read(at + 42, 4)};
    widen(member, at + kEntrySize + name, extra);
    members.push_back(member);
    at += kEntrySize + name + extra + read(at + 32, 2);
  }
  return members;
}

llvm::Expected<std::string> ZipReader::unpack(const Member &member) {
  constexpr unsigned kHeaderSize = 30, kStored = 0, kDeflated = 8;
  auto bad = [&](StringRef why) {
    return damaged("its member '" + member.name + "' " + why);
  };
  if (!bytes.substr(member.offset).starts_with("PK\3\4"))
    return bad("isn't where the directory says");
  StringRef packed = bytes.substr(member.offset);
  if (packed.size() < kHeaderSize)
    return bad("is cut off");
  packed = packed.substr(kHeaderSize + read(member.offset + 26, 2) +
                         read(member.offset + 28, 2));
  if (packed.size() < member.packed)
    return bad("is cut off");
  packed = packed.take_front(member.packed);
  if (member.method == kStored)
    return packed.str();
  if (member.method != kDeflated)
    return bad("is compressed in another way than by deflate");
  // Deflate packs at most about 1030 to 1, so no more than that is reserved.
  constexpr uint64_t kMostRatio = 1032;
  if (member.size / kMostRatio > member.packed)
    return bad("says to be larger than it can be");
  std::string data(member.size, 0);
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return bad("cannot be unpacked");
  // In steps: zlib counts in 32 bits.
  constexpr uint64_t kStep = uint64_t(1) << 30;
  uint64_t in = 0, out = 0;
  int status = Z_OK;
  while (status == Z_OK && out <= data.size()) {
    uint64_t inStep = std::min<uint64_t>(kStep, packed.size() - in),
             outStep = std::min<uint64_t>(kStep, data.size() - out);
    stream.next_in =
        reinterpret_cast<Bytef *>(const_cast<char *>(packed.data() + in));
    stream.avail_in = inStep;
    stream.next_out = reinterpret_cast<Bytef *>(data.data() + out);
    stream.avail_out = outStep;
    status = inflate(&stream, Z_NO_FLUSH);
    uint64_t read = inStep - stream.avail_in,
             written = outStep - stream.avail_out;
    in += read;
    out += written;
    if (read == 0 && written == 0)
      break;
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || out != data.size())
    return bad("is damaged");
  return data;
}

} // namespace

llvm::Expected<HostArray> rac::parseNpy(StringRef bytes,
                                        const llvm::Twine &name) {
  auto bad = [&](const llvm::Twine &why) {
    return llvm::createStringError("'" + name + "' " + why);
  };
  constexpr StringRef kMagic = "\x93NUMPY";
  if (!bytes.starts_with(kMagic) || bytes.size() < 12)
    return bad("is no .npy array");
  int major = bytes[kMagic.size()];
  if (major < 1 || major > 3)
    return bad("has a .npy format that isn't known");
  size_t start = major == 1 ? 10 : 12;
  uint64_t length =
      major == 1 ? read16le(bytes.data() + 8) : read32le(bytes.data() + 8);
  if (bytes.size() - start < length)
    return bad("ends within its header");
  StringRef header = bytes.substr(start, length);
  HostArray array;
  std::optional<RacDtype> dtype = dtypeOf(header);
  if (!dtype)
    return bad(
        "is of a type that no model takes: " +
        valueOf(header, "descr").take_until([](char c) { return c == ','; }));
  array.dtype = *dtype;
  if (!parseShape(header, array.shape))
    return bad("has no shape");
  // Of one row or column the order means nothing.
  if (array.shape.size() > 1 &&
      valueOf(header, "fortran_order").starts_with("True"))
    return bad("is in Fortran order; save numpy.ascontiguousarray(x) instead");
  StringRef data = bytes.substr(start + length);
  int64_t size = dtypeBits(array.dtype) / 8;
  for (int64_t dim : array.shape)
    if (llvm::MulOverflow(size, dim, size))
      return bad("is larger than memory");
  if (uint64_t(size) != data.size())
    return bad("holds " + llvm::Twine(data.size()) + " B, and " +
               arrayText(array.dtype, array.shape) + " takes " +
               llvm::Twine(size));
  array.bytes.assign(data.begin(), data.end());
  return array;
}

llvm::Expected<std::vector<NamedArray>> rac::readNpz(StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return llvm::createStringError(
        "'" + path + "' cannot be read: " + file.getError().message());
  ZipReader zip((*file)->getBuffer(), path);
  auto members = zip.members();
  if (!members)
    return members.takeError();
  std::vector<NamedArray> arrays;
  for (const Member &member : *members) {
    StringRef name = member.name;
    if (!name.consume_back(".npy"))
      return llvm::createStringError("'" + path + "' holds '" + name +
                                     "', which is no array");
    auto data = zip.unpack(member);
    if (!data)
      return data.takeError();
    auto array = parseNpy(*data, path + ":" + name);
    if (!array)
      return array.takeError();
    arrays.push_back({name.str(), std::move(*array)});
  }
  return arrays;
}
