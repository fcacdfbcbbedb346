//===- AssumeSizes.cpp - What sizes a model is planned for ----------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "rac/Dialect/Rac/IR/SizeRanges.h"
#include "rac/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

namespace rac {
#define GEN_PASS_DEF_ASSUMESIZES
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

/// "16", or "16..512", which is planned for the geometric mean.
static std::optional<SizeRange> parseRange(StringRef text) {
  auto [low, high] = text.split("..");
  SizeRange range;
  if (low.getAsInteger(10, range[0]) || range[0] < 1)
    return std::nullopt;
  range[2] = range[0];
  if (text.contains("..") &&
      (high.getAsInteger(10, range[2]) || range[2] < range[0]))
    return std::nullopt;
  range[1] = std::llround(std::sqrt(double(range[0]) * double(range[2])));
  return range;
}

/// Where nothing is said: one sample, of a length or, where an input has four
/// dimensions or more, of some hundred pixels a side, or tokens in a cache.
static SizeRange usualRange(RankedTensorType type, unsigned dim) {
  constexpr int64_t kLength = 64, kSide = 256;
  int64_t size = type.getRank() >= 2 && dim == 0 ? 1
                 : type.getRank() >= 4           ? kSide
                                                 : kLength;
  return {size, size, size};
}

/// The name of a size, by which others of that name are as large; of one
/// without a name, what the library's description calls it.
static std::string nameOf(func::FuncOp entry, unsigned input, unsigned dim) {
  auto names = entry.getArgAttrOfType<ArrayAttr>(input, "rac.dim_names");
  if (names && dim < names.size())
    if (auto name = dyn_cast<StringAttr>(names[dim]); name && !name.empty())
      return name.str();
  auto own = entry.getArgAttrOfType<StringAttr>(input, "rac.name");
  std::string tensor = own ? own.str() : "input" + std::to_string(input);
  return tensor + "_" + std::to_string(dim);
}

namespace {

struct AssumeSizes : rac::impl::AssumeSizesBase<AssumeSizes> {
  using AssumeSizesBase::AssumeSizesBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto entry = module.lookupSymbol<func::FuncOp>("main");
    if (!entry)
      return;
    // In the order of the model's inputs; the first of a name decides.
    llvm::MapVector<StringRef, SizeRange> ranges;
    SmallVector<SmallVector<std::string>> names;
    for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes()))
      addNames(entry, i, dyn_cast<RankedTensorType>(type), names);
    for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes()))
      for (auto [dim, name] : llvm::enumerate(names[i]))
        if (!name.empty())
          ranges.try_emplace(name,
                             usualRange(cast<RankedTensorType>(type), dim));
    for (StringRef stated : sizes)
      if (failed(state(module, stated, ranges)))
        return signalPassFailure();
    if (ranges.empty())
      return;
    SmallVector<SmallVector<SizeRange>> byInput(names.size());
    for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes()))
      for (auto [dim, name] : llvm::enumerate(names[i])) {
        int64_t known = cast<RankedTensorType>(type).getDimSize(dim);
        byInput[i].push_back(name.empty() ? SizeRange{known, known, known}
                                          : ranges[name]);
      }
    setAssumedRanges(module, byInput);
  }

private:
  /// Of an input's dimensions, "" where they are known.
  static void addNames(func::FuncOp entry, unsigned input,
                       RankedTensorType type,
                       SmallVector<SmallVector<std::string>> &names) {
    SmallVector<std::string> &own = names.emplace_back();
    for (unsigned dim = 0; type && dim < type.getRank(); ++dim)
      own.push_back(type.isDynamicDim(dim) ? nameOf(entry, input, dim) : "");
  }

  static LogicalResult state(ModuleOp module, StringRef stated,
                             llvm::MapVector<StringRef, SizeRange> &ranges) {
    auto [name, text] = stated.rsplit('=');
    std::optional<SizeRange> range = parseRange(text);
    if (!range)
      return emitError(module.getLoc())
             << "the size '" << stated
             << "' must be NAME=N or NAME=LOW..HIGH, of numbers from 1 on";
    auto place = ranges.find(name);
    if (place == ranges.end()) {
      auto known = llvm::make_first_range(ranges);
      return emitError(module.getLoc())
             << "no input has a size '" << name << "' that only the run knows"
             << (ranges.empty() ? "" : "; there are: ")
             << llvm::join(known, ", ");
    }
    place->second = *range;
    return success();
  }
};

} // namespace
