//===- Inputs.cpp - What the model is run on ------------------------------===//

#include "Inputs.h"
#include "Npy.h"

#include <cstdlib>
#include <new>
#include <random>

static const TensorSpec *find(const std::vector<TensorSpec> &specs,
                              const std::string &name) {
  for (const TensorSpec &spec : specs)
    if (spec.name == name)
      return &spec;
  return nullptr;
}

/// Notes the sizes of the symbolic dimensions of an input of this shape.
static void bind(const TensorSpec &spec, const std::vector<int64_t> &shape,
                 std::map<std::string, int64_t> &symbols) {
  // What doesn't fit is for the model to refuse.
  for (size_t i = 0; i < spec.symbols.size() && i < shape.size(); ++i)
    if (!spec.symbols[i].empty())
      symbols.emplace(spec.symbols[i], shape[i]);
}

static void checkNames(const Model &model, const Options &options) {
  std::string known;
  for (const TensorSpec &spec : model.inputs)
    known += (known.empty() ? "'" : ", '") + spec.name + "'";
  for (auto &input : options.inputs)
    if (!find(model.inputs, input.first))
      die("--input: the model has no input '%s'; it has %s",
          input.first.c_str(), known.c_str());
  for (auto &shape : options.shapes) {
    bool isSymbol = false;
    for (const TensorSpec &spec : model.inputs)
      for (const std::string &symbol : spec.symbols)
        isSymbol = isSymbol || symbol == shape.first;
    if (!isSymbol && !find(model.inputs, shape.first))
      die("--shape: the model has no input or symbolic dimension '%s'; its "
          "inputs are %s",
          shape.first.c_str(), known.c_str());
  }
}

static void fillRandom(Array &array, std::mt19937 &random) {
  // Integers are mostly indices and masks: 0 and 1 are valid for nearly all.
  std::uniform_real_distribution<float> uniform(0, 1);
  uint8_t code = kDtypes[array.dtype].code;
  bool real = code == kDLFloat || code == kDLBfloat;
  for (int64_t i = 0, n = array.elements(); i < n; ++i)
    setElement(array.dtype, array.bytes.data(), i,
               real ? uniform(random) : double(random() & 1));
}

static Array makeInput(const TensorSpec &spec, const std::string &how,
                       const std::vector<int64_t> &shape,
                       std::mt19937 &random) {
  Array array;
  array.dtype = spec.dtype;
  array.shape = shape;
  int64_t elements = array.elements();
  constexpr int64_t kMost = int64_t(1) << 40;
  if (elements < 0 || elements > kMost)
    die("input '%s': shape %s is too large", spec.name.c_str(),
        shapeText(shape).c_str());
  array.bytes.resize(elements * (kDtypes[spec.dtype].bits / 8));
  if (how == "random") {
    fillRandom(array, random);
    return array;
  }
  char *end = nullptr;
  double value = strtod(how.c_str(), &end);
  for (int64_t i = 0; i < elements; ++i)
    setElement(array.dtype, array.bytes.data(), i, value);
  return array;
}

static bool isFile(const std::string &how) {
  char *end = nullptr;
  strtod(how.c_str(), &end);
  return how != "random" && *end;
}

std::vector<Array> makeInputs(const Model &model, const Options &options) {
  checkNames(model, options);
  // Files and --shape first: they say what the symbolic dimensions of the
  // others are.
  std::map<std::string, int64_t> symbols;
  std::vector<Array> arrays(model.inputs.size());
  std::vector<std::string> how(model.inputs.size(), "random");
  for (auto &shape : options.shapes)
    if (!find(model.inputs, shape.first) && shape.second.size() == 1)
      symbols[shape.first] = shape.second[0];
  for (size_t i = 0; i < arrays.size(); ++i) {
    const TensorSpec &spec = model.inputs[i];
    auto given = options.inputs.find(spec.name);
    if (given != options.inputs.end())
      how[i] = given->second;
    if (isFile(how[i])) {
      arrays[i] = readNpy(how[i]);
      // .npy has no name for bf16: numpy writes plain bytes.
      bind(spec, arrays[i].shape, symbols);
    }
    auto shape = options.shapes.find(spec.name);
    if (shape != options.shapes.end())
      bind(spec, shape->second, symbols);
  }
  std::mt19937 random(options.seed);
  for (size_t i = 0; i < arrays.size(); ++i) {
    const TensorSpec &spec = model.inputs[i];
    if (isFile(how[i]))
      continue;
    std::vector<int64_t> shape = spec.shape;
    auto given = options.shapes.find(spec.name);
    if (given != options.shapes.end())
      shape = given->second;
    for (size_t d = 0; d < shape.size(); ++d)
      if (shape[d] < 0) {
        auto bound = symbols.find(spec.symbols[d]);
        shape[d] = bound == symbols.end() ? 1 : bound->second;
      }
    arrays[i] = makeInput(spec, how[i], shape, random);
  }
  return arrays;
}

DLTensor tensorOf(Array &array) {
  DLTensor tensor = {};
  tensor.data = array.bytes.data();
  tensor.device = {kDLCPU, 0};
  tensor.ndim = int32_t(array.shape.size());
  tensor.dtype = {kDtypes[array.dtype].code, kDtypes[array.dtype].bits, 1};
  tensor.shape = array.shape.data();
  return tensor;
}
