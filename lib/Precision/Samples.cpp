//===- Samples.cpp - Inputs to calibrate a model with ---------------------===//

#include "rac/Precision/Samples.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cmath>
#include <random>

using namespace rac;
using llvm::ArrayRef;
using llvm::StringRef;

int64_t ArrayView::elements() const {
  int64_t count = 1;
  for (int64_t dim : shape)
    count *= dim;
  return count;
}

HostArray HostArray::of(ArrayView view) {
  const char *bytes = static_cast<const char *>(view.data);
  return {view.dtype,
          view.shape.vec(),
          {bytes, bytes + view.elements() * (dtypeBits(view.dtype) / 8)}};
}

unsigned rac::dtypeBits(RacDtype dtype) {
  constexpr unsigned kBits[RAC_NUM_DTYPES] = {32, 16, 16, 64, 8,  8, 16,
                                              16, 32, 32, 64, 64, 8};
  return kBits[dtype];
}

std::string rac::arrayText(RacDtype dtype, ArrayRef<int64_t> shape) {
  std::string text = dtypeName(dtype).str() + "[";
  for (auto [i, dim] : llvm::enumerate(shape))
    text += (i ? ", " : "") + std::to_string(dim);
  return text + "]";
}

template <typename T> static T load(const void *data, int64_t index) {
  T value;
  memcpy(&value, static_cast<const char *>(data) + index * sizeof(T),
         sizeof(T));
  return value;
}

static double half(uint16_t bits, const llvm::fltSemantics &semantics) {
  llvm::APFloat value(semantics, llvm::APInt(16, bits));
  bool loses;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmTowardZero,
                &loses);
  return value.convertToDouble();
}

double ArrayView::at(int64_t index) const {
  switch (dtype) {
  case RAC_F32:
    return load<float>(data, index);
  case RAC_F64:
    return load<double>(data, index);
  case RAC_F16:
    return half(load<uint16_t>(data, index), llvm::APFloat::IEEEhalf());
  case RAC_BF16:
    return half(load<uint16_t>(data, index), llvm::APFloat::BFloat());
  case RAC_I8:
    return load<int8_t>(data, index);
  case RAC_U8:
  case RAC_BOOL:
    return load<uint8_t>(data, index);
  case RAC_I16:
    return load<int16_t>(data, index);
  case RAC_U16:
    return load<uint16_t>(data, index);
  case RAC_I32:
    return load<int32_t>(data, index);
  case RAC_U32:
    return load<uint32_t>(data, index);
  case RAC_I64:
    return double(load<int64_t>(data, index));
  case RAC_U64:
    return double(load<uint64_t>(data, index));
  default:
    return 0;
  }
}

static std::string inputsText(const ModelSignature &signature) {
  std::vector<std::string> names;
  for (const TensorSignature &input : signature.inputs)
    names.push_back("'" + input.name + "'");
  return llvm::join(names, ", ");
}

namespace {

/// Puts samples together and checks them.
class SampleReader {
public:
  explicit SampleReader(const ModelSignature &signature)
      : signature(signature) {}

  llvm::Error readFolder(StringRef path);
  llvm::Error readFile(StringRef path);
  std::vector<Sample> samples;

private:
  /// A sample from arrays by the inputs' names.
  llvm::Error add(std::vector<NamedArray> arrays, const llvm::Twine &where);
  llvm::Error addStacked(std::vector<NamedArray> arrays, StringRef path);
  llvm::Error addNumbered(std::vector<NamedArray> arrays, StringRef path);
  llvm::Error check(const TensorSignature &input, const HostArray &array,
                    std::vector<int64_t> &symbols, const llvm::Twine &where);

  const ModelSignature &signature;
};

llvm::Error SampleReader::check(const TensorSignature &input,
                                const HostArray &array,
                                std::vector<int64_t> &symbols,
                                const llvm::Twine &where) {
  auto bad = [&](const llvm::Twine &why) {
    return llvm::createStringError(where + ": input '" + input.name + "' is " +
                                   arrayText(array.dtype, array.shape) + why);
  };
  if (array.dtype != input.dtype)
    return bad(", and the model takes " + dtypeName(input.dtype));
  if (array.shape.size() != input.dims.size())
    return bad(", and the model takes " + llvm::Twine(input.dims.size()) +
               " dimensions");
  for (auto [i, dim] : llvm::enumerate(input.dims)) {
    int64_t size = array.shape[i];
    int64_t &wanted = dim >= 0 ? const_cast<int64_t &>(dim) : symbols[-1 - dim];
    if (wanted < 0)
      wanted = size;
    if (size != wanted)
      return bad(", and dimension " + llvm::Twine(i) + " must be " +
                 llvm::Twine(wanted));
  }
  if (array.elements() == 0)
    return bad(", which is empty");
  bool isFloat = array.dtype == RAC_F32 || array.dtype == RAC_F64 ||
                 array.dtype == RAC_F16 || array.dtype == RAC_BF16;
  for (int64_t i = 0, n = isFloat ? array.elements() : 0; i < n; ++i)
    if (!std::isfinite(array.view().at(i)))
      return bad(", and element " + llvm::Twine(i) + " is no finite number");
  return llvm::Error::success();
}

llvm::Error SampleReader::add(std::vector<NamedArray> arrays,
                              const llvm::Twine &where) {
  Sample sample(signature.inputs.size());
  std::vector<bool> given(sample.size());
  std::vector<int64_t> symbols(signature.symbols.size(), -1);
  for (NamedArray &named : arrays) {
    auto *input = llvm::find_if(signature.inputs, [&](const auto &candidate) {
                    return candidate.name == named.name;
                  }).base();
    size_t number = input - signature.inputs.data();
    if (number == sample.size())
      return llvm::createStringError(where + ": the model has no input '" +
                                     named.name + "'; it has " +
                                     inputsText(signature));
    if (llvm::Error error = check(*input, named.array, symbols, where))
      return error;
    sample[number] = std::move(named.array);
    given[number] = true;
  }
  for (auto [i, input] : llvm::enumerate(signature.inputs))
    if (!given[i])
      return llvm::createStringError(where + " has nothing for input '" +
                                     input.name + "'");
  samples.push_back(std::move(sample));
  return llvm::Error::success();
}

llvm::Error SampleReader::readFolder(StringRef path) {
  std::vector<std::string> files;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator entry(path, error), end;
       !error && entry != end; entry.increment(error))
    if (StringRef(entry->path()).ends_with(".npz"))
      files.push_back(entry->path());
  if (error)
    return llvm::createStringError("'" + path +
                                   "' cannot be read: " + error.message());
  llvm::sort(files);
  for (const std::string &file : files) {
    auto arrays = readNpz(file);
    if (!arrays)
      return arrays.takeError();
    if (llvm::Error bad = add(std::move(*arrays), "'" + file + "'"))
      return bad;
  }
  return llvm::Error::success();
}

/// Arrays whose first dimension counts samples.
llvm::Error SampleReader::addStacked(std::vector<NamedArray> arrays,
                                     StringRef path) {
  int64_t count = -1;
  for (const NamedArray &named : arrays) {
    int64_t here = named.array.shape.empty() ? -1 : named.array.shape[0];
    if (here < 0)
      return llvm::createStringError(
          "'" + path + "': array '" + named.name +
          "' is a single number: its first dimension must count samples");
    if (count >= 0 && here != count)
      return llvm::createStringError("'" + path + "': array '" + named.name +
                                     "' has " + llvm::Twine(here) +
                                     " samples, and '" + arrays.front().name +
                                     "' has " + llvm::Twine(count));
    count = here;
  }
  for (int64_t i = 0; i < count; ++i) {
    std::vector<NamedArray> one;
    for (const NamedArray &named : arrays) {
      HostArray array{named.array.dtype, named.array.shape, {}};
      array.shape.erase(array.shape.begin());
      size_t bytes = named.array.bytes.size() / count;
      array.bytes.assign(named.array.bytes.begin() + i * bytes,
                         named.array.bytes.begin() + (i + 1) * bytes);
      one.push_back({named.name, std::move(array)});
    }
    if (llvm::Error error =
            add(std::move(one), "'" + path + "', sample " + llvm::Twine(i)))
      return error;
  }
  return llvm::Error::success();
}

/// Arrays x.0, x.1, ...
llvm::Error SampleReader::addNumbered(std::vector<NamedArray> arrays,
                                      StringRef path) {
  std::vector<std::pair<uint64_t, std::vector<NamedArray>>> numbered;
  for (NamedArray &named : arrays) {
    auto [name, text] = StringRef(named.name).rsplit('.');
    uint64_t number = 0;
    if (text.getAsInteger(10, number))
      return llvm::createStringError(
          "'" + path + "': array '" + named.name +
          "' has no sample's number, as others have");
    auto found = llvm::find_if(
        numbered, [&](const auto &entry) { return entry.first == number; });
    if (found == numbered.end())
      found = numbered.insert(found, {number, {}});
    std::string input = name.str();
    found->second.push_back({std::move(input), std::move(named.array)});
  }
  llvm::sort(numbered,
             [](const auto &a, const auto &b) { return a.first < b.first; });
  for (auto &[number, sample] : numbered)
    if (llvm::Error error = add(std::move(sample), "'" + path + "', sample " +
                                                       llvm::Twine(number)))
      return error;
  return llvm::Error::success();
}

llvm::Error SampleReader::readFile(StringRef path) {
  auto arrays = readNpz(path);
  if (!arrays)
    return arrays.takeError();
  auto isInput = [&](const NamedArray &named) {
    return llvm::any_of(signature.inputs, [&](const TensorSignature &input) {
      return input.name == named.name;
    });
  };
  auto isNumbered = [&](const NamedArray &named) {
    auto [name, text] = StringRef(named.name).rsplit('.');
    uint64_t number = 0;
    return !isInput(named) && !text.getAsInteger(10, number);
  };
  return llvm::any_of(*arrays, isNumbered)
             ? addNumbered(std::move(*arrays), path)
             : addStacked(std::move(*arrays), path);
}

} // namespace

llvm::Expected<std::vector<Sample>>
rac::readSamples(StringRef path, const ModelSignature &signature) {
  SampleReader reader(signature);
  if (llvm::Error error = llvm::sys::fs::is_directory(path)
                              ? reader.readFolder(path)
                              : reader.readFile(path))
    return error;
  if (reader.samples.empty())
    return llvm::createStringError("'" + path + "' has no samples");
  return std::move(reader.samples);
}

std::vector<Sample> rac::randomSamples(const ModelSignature &signature,
                                       unsigned count, int64_t dim) {
  std::mt19937 random(1); // the same in every compilation
  std::vector<Sample> samples(count);
  for (Sample &sample : samples)
    for (const TensorSignature &input : signature.inputs) {
      HostArray array{input.dtype, {}, {}};
      for (int64_t size : input.dims)
        array.shape.push_back(size >= 0 ? size : dim);
      int64_t elements = array.elements();
      array.bytes.resize(elements * dtypeBits(input.dtype) / 8);
      for (int64_t i = 0; i < elements; ++i) {
        uint32_t bits = random();
        float real = (bits >> 8) * 0x1p-24f;
        if (input.dtype == RAC_F32)
          memcpy(array.bytes.data() + i * sizeof(real), &real, sizeof(real));
        else if (input.dtype == RAC_F64) {
          double wide = real;
          memcpy(array.bytes.data() + i * sizeof(wide), &wide, sizeof(wide));
        } else if (input.dtype == RAC_F16 || input.dtype == RAC_BF16) {
          llvm::APFloat value(real);
          bool loses;
          value.convert(input.dtype == RAC_F16 ? llvm::APFloat::IEEEhalf()
                                               : llvm::APFloat::BFloat(),
                        llvm::APFloat::rmNearestTiesToEven, &loses);
          uint16_t narrow = value.bitcastToAPInt().getZExtValue();
          memcpy(array.bytes.data() + i * sizeof(narrow), &narrow,
                 sizeof(narrow));
        } else {
          // Mostly indices and masks.
          array.bytes[i * (dtypeBits(input.dtype) / 8)] = bits & 1;
        }
      }
      sample.push_back(std::move(array));
    }
  return samples;
}
