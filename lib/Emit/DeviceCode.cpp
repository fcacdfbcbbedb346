//===- DeviceCode.cpp - Kernels of an accelerator to images ---------------===//

#include "DeviceCode.h"
#include "CodeGen.h"
#include "OutputFile.h"
#include "SimulatorImage.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "rac/Emit/Config.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Verifier.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;
using namespace rac;

namespace {

/// The kernels' machine is described like any other.
TargetSpec specOf(const AcceleratorSpec &chip) {
  TargetSpec spec;
  spec.name = "nvptx";
  spec.triple = chip.triple;
  spec.cpu = spec.tuneCpu = chip.chip;
  spec.features = chip.features;
  return spec;
}

/// Empty where there is none: libraries then hold PTX only.
std::string findPtxas() {
  if (auto path = sys::Process::GetEnv("RAC_PTXAS"))
    return *path;
  if (sys::fs::can_execute(RAC_PTXAS_PATH))
    return RAC_PTXAS_PATH;
  auto found = sys::findProgramByName("ptxas");
  return found ? *found : std::string();
}

/// NVIDIA's functions in LLVM's bitcode, where its toolkit or its wheels have
/// them: beside ptxas.
std::string findLibdevice() {
  if (auto path = sys::Process::GetEnv("RAC_LIBDEVICE"))
    return *path;
  SmallString<128> path(
      sys::path::parent_path(sys::path::parent_path(findPtxas())));
  sys::path::append(path, "nvvm", "libdevice", "libdevice.10.bc");
  return sys::fs::exists(path) ? path.str().str() : std::string();
}

/// Functions of f64 are NVIDIA's.
Error linkFunctions(Module &module) {
  constexpr StringLiteral kPrefix = "__nv_";
  std::string names;
  for (const Function &function : module)
    if (function.isDeclaration() && function.getName().starts_with(kPrefix))
      names += (names.empty() ? "" : ", ") +
               function.getName().drop_front(kPrefix.size()).str();
  if (names.empty())
    return Error::success();
  std::string path = findLibdevice();
  if (path.empty())
    return createStringError("kernels need functions of NVIDIA's libdevice (" +
                             names +
                             "), which comes with CUDA's toolkit and "
                             "is not beside a ptxas here; RAC_LIBDEVICE may "
                             "name it");
  SMDiagnostic diagnostic;
  auto library = parseIRFile(path, diagnostic, module.getContext());
  if (!library)
    return createStringError("'" + path +
                             "' cannot be read: " + diagnostic.getMessage());
  library->setTargetTriple(module.getTargetTriple());
  library->setDataLayout(module.getDataLayout());
  if (Linker::linkModules(module, std::move(library),
                          Linker::Flags::LinkOnlyNeeded))
    return createStringError("'" + path + "' doesn't fit the kernels");
  for (Function &function : module)
    if (!function.isDeclaration() && function.getName().starts_with(kPrefix))
      function.setLinkage(GlobalValue::InternalLinkage);
  return Error::success();
}

Expected<std::string> toPtx(Module &module, const AcceleratorSpec &chip) {
  auto machine = createMachine(specOf(chip));
  if (!machine)
    return machine.takeError();
  module.setTargetTriple(chip.triple);
  module.setDataLayout((*machine)->createDataLayout());
  std::string problem;
  raw_string_ostream os(problem);
  if (verifyModule(module, &os))
    return createStringError("the lowered kernels are not valid LLVM IR: " +
                             problem);
  if (Error error = linkFunctions(module))
    return error;
  return compileKernelText(module, specOf(chip));
}

Expected<std::string> read(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError("cannot read '" + path +
                             "' back: " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

/// Machine code of PTX for one chip; what is said of it is added to `log`.
Expected<std::string> assemble(StringRef ptxas, StringRef ptx, StringRef chip,
                               std::string &log) {
  SmallString<128> folder;
  sys::path::system_temp_directory(/*ErasedOnReboot=*/true, folder);
  sys::path::append(folder, "rac");
  auto source = OutputFile::create((folder + ".ptx").str());
  auto binary = OutputFile::create((folder + ".cubin").str());
  auto said = OutputFile::create((folder + ".log").str());
  for (auto *file : {&source, &binary, &said})
    if (!*file)
      return file->takeError();
  if (Error error = source->write([&](raw_pwrite_stream &os) { os << ptx; }))
    return error;
  std::string arch = ("-arch=" + chip).str();
  // On so many threads wherever it runs: the result depends on how many.
  constexpr StringLiteral threads = "--split-compile=8";
  StringRef line[] = {ptxas, "-v",           arch,          threads,
                      "-o",  binary->path(), source->path()};
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(said->path()),
                                          StringRef(said->path())};
  std::string problem;
  int status =
      sys::ExecuteAndWait(ptxas, line, std::nullopt, redirects, 0, 0, &problem);
  auto text = read(said->path());
  if (!text) {
    consumeError(text.takeError());
    text = "";
  }
  if (status != 0)
    return createStringError("'" + ptxas + "' failed for " + chip + ": " +
                             problem +
                             StringRef(*text).take_front(4000).rtrim());
  log += *text;
  return read(binary->path());
}

/// What a kernel's parameters are lowered to: a buffer to the members of its
/// descriptor, which are two pointers, an offset, sizes and strides.
int32_t numParameters(mlir::gpu::GPUFuncOp kernel) {
  int32_t count = 0;
  for (mlir::Type type : kernel.getArgumentTypes()) {
    auto buffer = dyn_cast<mlir::MemRefType>(type);
    count += buffer ? 3 + 2 * buffer.getRank() : 1;
  }
  return count;
}

/// The names that rac.launch uses, in their order.
Error listKernels(mlir::ModuleOp module, mlir::gpu::GPUModuleOp kernels,
                  DeviceImages &images) {
  auto names = module->getAttrOfType<mlir::ArrayAttr>("rac.kernels");
  auto messages = module->getAttrOfType<mlir::ArrayAttr>("rac.kernel_messages");
  if (!names || !messages)
    return createStringError("the module doesn't list its kernels");
  for (auto name : names.getAsRange<mlir::StringAttr>()) {
    auto function = kernels.lookupSymbol<mlir::gpu::GPUFuncOp>(name);
    if (!function)
      return createStringError("the module has no kernel " + name.getValue());
    DeviceKernel kernel;
    kernel.name = name.str();
    kernel.numParams = numParameters(function);
    if (auto group = function->getAttrOfType<mlir::StringAttr>("rac.group"))
      kernel.group = group.str();
    if (auto bytes =
            function->getAttrOfType<mlir::IntegerAttr>("rac.shared_bytes"))
      kernel.sharedBytes = bytes.getInt();
    images.kernels.push_back(std::move(kernel));
  }
  for (auto message : messages.getAsRange<mlir::StringAttr>())
    images.messages.push_back(message.str());
  if (auto groups =
          module->getAttrOfType<mlir::DictionaryAttr>("rac.group_kernels"))
    for (mlir::NamedAttribute group : groups) {
      auto &entry = images.groupKernels.emplace_back(
          group.getName().str(), std::vector<std::string>());
      for (auto name : cast<mlir::ArrayAttr>(group.getValue())
                           .getAsRange<mlir::StringAttr>())
        entry.second.push_back(name.str());
    }
  return Error::success();
}

} // namespace

Expected<DeviceImages> rac::compileKernels(mlir::ModuleOp module,
                                           const AcceleratorSpec &chip,
                                           bool assembled,
                                           function_ref<Error()> lower) {
  DeviceImages images;
  auto modules = module.getOps<mlir::gpu::GPUModuleOp>();
  if (!hasSingleElement(modules))
    return createStringError("the lowered module has not one module of "
                             "kernels");
  mlir::gpu::GPUModuleOp kernels = *modules.begin();
  if (Error error = listKernels(module, kernels, images))
    return error;
  if (Error error = lower())
    return error;
  for (DeviceKernel &kernel : images.kernels)
    if (mlir::Operation *function = kernels.lookupSymbol(kernel.name))
      kernel.overlaps = function->hasAttr("rac.overlaps");
  if (isSimulator(chip.chip)) {
    auto image = makeSimulatorImage(kernels);
    if (!image)
      return image.takeError();
    images.images.push_back(
        {kSimulatorChip.str(), std::string(image->begin(), image->end())});
    kernels.erase();
    return images;
  }
  LLVMContext context;
  auto code = translate(kernels, context, "kernels");
  if (!code)
    return code.takeError();
  kernels.erase();
  auto ptx = toPtx(**code, chip);
  if (!ptx)
    return ptx.takeError();
  images.ptx = *ptx;
  StringRef number = StringRef(chip.chip).drop_front(StringRef("sm_").size());
  std::string ptxas = assembled ? findPtxas() : "";
  std::vector<std::string> chips;
  for (const LaterChip &later : chip.later)
    chips.push_back(later.name);
  chips.push_back(chip.chip);
  for (const std::string &name : chips) {
    if (ptxas.empty())
      break;
    auto binary = assemble(ptxas, *ptx, name, images.ptxasLog);
    if (!binary)
      return binary.takeError();
    images.images.push_back({name, std::move(*binary)});
  }
  // Zero-terminated, as the driver wants it.
  images.images.push_back({("compute_" + number).str(), *ptx + '\0'});
  return images;
}
