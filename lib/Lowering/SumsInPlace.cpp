//===- SumsInPlace.cpp - Residuals that results are added to --------------===//

#include "SumsInPlace.h"
#include "BufferAccess.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

namespace {

/// Two of a function's arguments.
struct Residual {
  unsigned addend, result;
};

} // namespace

/// Of a function that makes one library call, the first post-op of which adds
/// an argument to the sums.
static std::optional<Residual> findResidual(func::FuncOp function) {
  if (function.isExternal())
    return std::nullopt;
  LibraryCallOp call;
  bool several = false;
  function.walk([&](LibraryCallOp op) {
    several |= static_cast<bool>(call);
    call = op;
  });
  if (!call || several || call.getPostOps().empty())
    return std::nullopt;
  auto first = cast<PostOpAttr>(call.getPostOps()[0]);
  if (first.getKind() != PostOpKind::add)
    return std::nullopt;
  auto addend = dyn_cast<BlockArgument>(call.getInputs()[first.getOperand()]);
  auto result = dyn_cast<BlockArgument>(call.getInits().front());
  if (!addend || !result || !addend.hasOneUse() || !result.hasOneUse() ||
      addend.getType() != result.getType())
    return std::nullopt;
  // Sums of no terms are computed by other means.
  auto isFull = [](Value value) {
    auto type = dyn_cast<MemRefType>(value.getType());
    return type && type.hasStaticShape() && type.getNumElements() != 0;
  };
  if (!isFull(result) || !isFull(call.getInputs().front()))
    return std::nullopt;
  auto type = cast<MemRefType>(result.getType());
  if (!type.getLayout().isIdentity() || !isa<FloatType>(type.getElementType()))
    return std::nullopt;
  if (auto views = call.getPermutations())
    for (unsigned number :
         {unsigned(first.getOperand()), unsigned(call.getInputs().size())})
      if (!cast<DenseI64ArrayAttr>((*views)[number]).empty())
        return std::nullopt;
  return Residual{addend.getArgNumber(), result.getArgNumber()};
}

/// Whether `call` and nothing after it touches the buffer, once.
static bool isLastUse(func::CallOp call, Value buffer) {
  SmallVector<BufferAccess> accesses;
  if (!collectAccesses(buffer, accesses))
    return false;
  unsigned own = 0;
  for (const BufferAccess &access : accesses) {
    Operation *user = access.operand->getOwner();
    own += user == call;
    if (user != call &&
        call->isBeforeInBlock(call->getBlock()->findAncestorOpInBlock(*user)))
      return false;
  }
  return own == 1;
}

/// Whether `call` and nothing before it touches the buffer or makes a view of
/// it.
static bool isFirstUse(func::CallOp call, Value buffer) {
  SmallVector<BufferAccess> accesses;
  return collectAccesses(buffer, accesses) &&
         llvm::count_if(accesses,
                        [&](const BufferAccess &access) {
                          return access.operand->getOwner() == call;
                        }) == 1 &&
         llvm::all_of(buffer.getUsers(), [&](Operation *user) {
           return user == call ||
                  call->isBeforeInBlock(
                      call->getBlock()->findAncestorOpInBlock(*user));
         });
}

int64_t rac::sumInPlace(ModuleOp module, func::FuncOp entry) {
  Block *block = &entry.getBody().front();
  SymbolTable symbols(module);
  llvm::DenseMap<Operation *, std::optional<Residual>> known;
  int64_t count = 0;
  for (auto call : llvm::make_early_inc_range(block->getOps<func::CallOp>())) {
    auto function = symbols.lookup<func::FuncOp>(call.getCallee());
    if (!function)
      continue;
    auto [place, isNew] = known.try_emplace(function);
    if (isNew)
      place->second = findResidual(function);
    if (!place->second)
      continue;
    auto [addend, result] = *place->second;
    auto from = call.getOperand(addend).getDefiningOp<memref::AllocOp>();
    auto to = call.getOperand(result).getDefiningOp<memref::AllocOp>();
    if (!from || !to || from == to || from->getBlock() != block ||
        to->getBlock() != block || from.getType() != to.getType() ||
        from.getAlignmentAttr() != to.getAlignmentAttr() ||
        !isLastUse(call, from) || !isFirstUse(call, to))
      continue;
    to.replaceAllUsesWith(from.getResult());
    to.erase();
    ++count;
  }
  return count;
}
