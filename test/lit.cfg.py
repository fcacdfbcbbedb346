"""lit's configuration: substitutions and features that tests may ask for with REQUIRES.

Substitutions   rac-opt, rac-compile, rac-run, rac-calibrate, FileCheck, not, count, split-file
                %python (numpy, onnx and onnxruntime importable, and rac once it is built)
                %root (the checkout)   %build (its build)   %models (the test models that scripts/models.py gathered)
                %devices (device descriptions)   %lib (where libraries are built)
                %ptxas (NVIDIA's assembler)
                %cc (a C and C++ compiler)   %qemu (qemu-aarch64 with the C library it needs)
Features        x86_64, aarch64, cross-aarch64 (libraries for it can be linked), x86-avx512, onednn, asan, qemu-aarch64, ptxas, valgrind,
                model-NAME for every NAME.onnx in %models
"""

import glob
import os
import platform
import shutil
import subprocess

import lit.formats

config.name = "rac"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
# test/python is pytest's.
config.excludes = ["Inputs", "python"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.rac_obj_root, "test")

# ---- environment: our tools, LLVM's and the Python environment's come first
config.environment["PATH"] = os.pathsep.join(
    [
        config.rac_tools_dir,
        config.llvm_tools_dir,
        os.path.dirname(config.python),
        os.environ.get("PATH", ""),
    ]
)
config.environment["PYTHONPATH"] = config.rac_python_dir
config.environment["RAC_BUILD"] = config.rac_obj_root # for scripts/emulate.sh
config.environment["FILECHECK_OPTS"] = "--enable-var-scope"
for name in ["HOME", "RAC_CACHE", "ASAN_OPTIONS", "UBSAN_OPTIONS", "OPENBLAS_CORETYPE", "RAC_PTXAS", "RAC_LIBDEVICE"]:
    if name in os.environ:
        config.environment[name] = os.environ[name]
python = config.python
cc = os.path.join(config.llvm_tools_dir, "clang")
if config.rac_sanitize:
    # MLIR keeps uniqued objects for the life of the process: those are no leaks of ours. Where our
    # code inlines LLVM's allocators it poisons memory that LLVM's libraries, built without
    # sanitizers, never unpoison.
    config.environment.setdefault("ASAN_OPTIONS", "detect_leaks=0:allow_user_poisoning=0")
    config.environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    # What loads a model must have loaded the sanitizers' library before.
    library = "libclang_rt.asan-%s.so" % platform.machine()
    library = subprocess.check_output([cc, "-print-file-name=" + library], text=True).strip()
    python = "env LD_PRELOAD=%s %s" % (library, python)
    cc += " -fsanitize=%s -shared-libsan -Wl,-rpath,%s" % (config.rac_sanitize, os.path.dirname(library))

models = os.path.join(config.rac_cache, "models")
for tool in ["rac-opt", "rac-compile", "rac-run", "rac-calibrate"]:
    # Only the word itself: not part of a path or of another name.
    config.substitutions.append(
        (r"(?<![\w./-])%s(?![\w.-])" % tool, os.path.join(config.rac_tools_dir, tool))
    )
# As lib/Emit finds it.
ptxas = os.environ.get("RAC_PTXAS") or shutil.which(config.rac_ptxas) or shutil.which("ptxas")
config.substitutions += [
    ("%python", python),
    ("%root", config.rac_src_root),
    ("%build", config.rac_obj_root),
    ("%models", models),
    ("%devices", os.path.join(config.rac_src_root, "devices")),
    ("%lib", config.rac_lib_dir),
    ("%ptxas", ptxas or "ptxas"),
    ("%cc", cc),
    ("%qemu", "qemu-aarch64 -L /usr/aarch64-linux-gnu"),
]

# ---- features
if os.environ.get("RAC_TIDY"):
    config.available_features.add("tidy")
config.available_features.add(platform.machine())
try:
    with open("/proc/cpuinfo") as cpuinfo:
        if " avx512f " in cpuinfo.read():
            config.available_features.add("x86-avx512")
except OSError:
    pass
if config.rac_have_onednn:
    config.available_features.add("onednn")
if config.rac_sanitize:
    config.available_features.add("asan")
if os.path.exists(os.path.join(config.rac_obj_root, "aarch64", "bin", "rac-run")):
    config.available_features.add("cross-aarch64")
if ptxas:
    config.available_features.add("ptxas")
else:
    lit_config.note("no ptxas: what NVIDIA's assembler makes of kernels is not tested")
for tool in ["qemu-aarch64", "valgrind"]:
    if shutil.which(tool):
        config.available_features.add(tool)
for path in glob.glob(os.path.join(models, "*.onnx")):
    config.available_features.add("model-" + os.path.basename(path)[: -len(".onnx")])
