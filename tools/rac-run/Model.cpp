//===- Model.cpp - A compiled model, loaded -------------------------------===//

#include "Model.h"

#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <sys/stat.h>

/// Looks up prefix + name.
template <typename Function>
static void find(void *library, const Model &model, const char *name,
                 Function &result) {
  std::string symbol = model.prefix + name;
  result = reinterpret_cast<Function>(dlsym(library, symbol.c_str()));
  if (!result)
    die("%s: it lacks the function %s", model.path.c_str(), symbol.c_str());
}

static std::vector<TensorSpec> specsOf(const Model &model, const char *field) {
  std::vector<TensorSpec> specs;
  for (const Json &tensor : model.description[field].items) {
    TensorSpec spec{
        tensor["name"].string, dtypeNamed(tensor["dtype"].string), {}, {}};
    if (spec.dtype < 0)
      die("%s: '%s' is of an unknown dtype, '%s'", model.path.c_str(),
          spec.name.c_str(), tensor["dtype"].string.c_str());
    for (const Json &size : tensor["shape"].items) {
      spec.shape.push_back(size.kind == Json::Number ? int64_t(size.number)
                                                     : -1);
      spec.symbols.push_back(size.string);
    }
    specs.push_back(spec);
  }
  return specs;
}

/// The system's loader dies of a library that is cut off: a table of sections
/// ends it. What is no library at all is the loader's to say.
static void checkWhole(const std::string &path) {
  FILE *file = fopen(path.c_str(), "rb");
  struct stat info;
  Elf64_Ehdr header;
  bool isLibrary = file && fstat(fileno(file), &info) == 0 &&
                   fread(&header, sizeof(header), 1, file) == 1 &&
                   memcmp(header.e_ident, ELFMAG, SELFMAG) == 0;
  if (file)
    fclose(file);
  if (!isLibrary)
    return;
  uint64_t size = info.st_size, table = header.e_shoff;
  uint64_t needed = uint64_t(header.e_shnum) * header.e_shentsize;
  if (table > size || size - table < needed)
    die("cannot load the model: %s is cut off", path.c_str());
}

void Model::load(const std::string &file) {
  // Without a slash, dlopen would search the system's folders.
  path = file.find('/') == std::string::npos ? "./" + file : file;
  checkWhole(path);
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    die("cannot load the model: %s", dlerror());
  const char *name =
      static_cast<const char *>(dlsym(library, "rac_model_prefix"));
  if (!name)
    die("%s: not a library that rac-compile made (it lacks rac_model_prefix)",
        path.c_str());
  prefix = name;
  const char *(*describe)() = nullptr;
  find(library, *this, "_create", createFunction);
  find(library, *this, "_run", runFunction);
  find(library, *this, "_destroy", destroyFunction);
  find(library, *this, "_describe", describe);
  find(library, *this, "_last_error", lastError);
  find(library, *this, "_arena_size", arenaSizeFunction);
  find(library, *this, "_profile", profileFunction);
  described = describe();
  if (!Json::parse(described, description) ||
      description["schema"].string != "rac-model/1")
    die("%s: it does not describe itself as rac-model/1", path.c_str());
  inputs = specsOf(*this, "inputs");
  outputs = specsOf(*this, "outputs");
}

void Model::create(RacOptions options) {
  options.size = sizeof(options);
  if (createFunction(&options, &context) != RAC_OK)
    die("%s: %s", path.c_str(), lastError(nullptr));
}

void Model::run(const DLTensor *const *in, DLTensor *const *out) {
  if (runFunction(context, in, int32_t(inputs.size()), out,
                  int32_t(outputs.size())) != RAC_OK)
    die("%s", lastError(context));
}

int64_t Model::arenaSize(const DLTensor *const *in) {
  int64_t bytes = -1;
  if (arenaSizeFunction(context, in, int32_t(inputs.size()), &bytes) != RAC_OK)
    die("%s", lastError(context));
  return bytes;
}

std::vector<RacGroupTime> Model::profile() {
  std::vector<RacGroupTime> times(description["groups"].items.size() + 1);
  if (profileFunction(context, times.data(), int32_t(times.size())) != RAC_OK)
    die("%s: %s", path.c_str(), lastError(context));
  return times;
}

void Model::destroy() {
  destroyFunction(context);
  context = nullptr;
}
