//===- ComparePlans.cpp - Do two plans compute the same? ------------------===//
//
// Each value has a digest: of the op that makes it, its attributes and type,
// and the digests of what it is made of. Groups are looked through, so that
// equal digests mean equal values whatever the groups. Text is what is
// digested, since the two plans are in different contexts.
//
//===----------------------------------------------------------------------===//

#include "ComparePlans.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/SHA256.h"

using namespace mlir;
using namespace rac;

namespace {

struct Digested {
  Operation *op;
  std::string digest;
};

class Digests {
public:
  explicit Digests(func::FuncOp function) {
    for (BlockArgument argument : function.getArguments())
      ofValue[argument] = "argument " + std::to_string(argument.getArgNumber());
    digest(function.getBody());
  }

  /// Those in regions come before the op that has the region.
  std::vector<Digested> ops;
  /// What is given back.
  SmallVector<std::string> results;

  bool has(StringRef digest) const { return known.contains(digest); }

private:
  SmallVector<std::string> digest(Region &region);
  void look(GroupOp group);
  void digest(Operation &op);
  SmallVector<std::string> of(ValueRange values) const {
    return llvm::map_to_vector(values,
                               [&](Value v) { return ofValue.lookup(v); });
  }

  llvm::DenseMap<Value, std::string> ofValue;
  llvm::StringSet<> known;
};

} // namespace

static std::string digestOf(StringRef text) {
  std::array<uint8_t, 32> hash =
      llvm::SHA256::hash(ArrayRef(text.bytes_begin(), text.size()));
  return std::string(hash.begin(), hash.end());
}

/// What an op does, without what it is made of.
static std::string textOf(Operation *op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << op->getName();
  if (!op->getAttrDictionary().empty())
    os << " " << op->getAttrDictionary();
  if (op->getNumResults() > 0)
    llvm::interleaveComma(op->getResultTypes(), os << " -> ");
  return text;
}

void Digests::look(GroupOp group) {
  Block *body = group.getBodyBlock();
  for (auto [argument, input] :
       llvm::zip_equal(body->getArguments(), group.getInputs()))
    ofValue[argument] = ofValue.lookup(input);
  for (Operation &op : body->without_terminator())
    digest(op);
  for (auto [result, value] : llvm::zip_equal(
           group.getResults(), body->getTerminator()->getOperands()))
    ofValue[result] = ofValue.lookup(value);
}

/// What the region's blocks give to what is around them.
SmallVector<std::string> Digests::digest(Region &region) {
  SmallVector<std::string> given;
  for (Block &block : region) {
    for (Operation &op : block.without_terminator()) {
      if (auto group = dyn_cast<GroupOp>(op))
        look(group);
      else
        digest(op);
    }
    given.append(of(block.getTerminator()->getOperands()));
  }
  if (isa<func::FuncOp>(region.getParentOp()))
    results = given;
  return given;
}

void Digests::digest(Operation &op) {
  std::string text = textOf(&op);
  for (const std::string &operand : of(op.getOperands()))
    text += digestOf(operand);
  for (Region &region : op.getRegions()) {
    // Arguments are told apart by the loops that they are of.
    std::string own = digestOf(text);
    for (BlockArgument argument : region.getArguments())
      ofValue[argument] = own + std::to_string(argument.getArgNumber());
    for (const std::string &given : digest(region))
      text += digestOf(given);
  }
  std::string whole = digestOf(text);
  for (OpResult result : op.getResults())
    ofValue[result] = whole + std::to_string(result.getResultNumber());
  known.insert(whole);
  ops.push_back({&op, std::move(whole)});
}

/// The first op that the other doesn't have: it has all that this is made of.
static const Digested *firstOf(const Digests &own, const Digests &other) {
  for (const Digested &op : own.ops)
    if (!other.has(op.digest))
      return &op;
  return nullptr;
}

static std::string describe(const Digested &digested) {
  constexpr size_t longest = 120;
  std::string text = textOf(digested.op);
  if (text.size() > longest)
    text = text.substr(0, longest) + "...";
  text = "'" + text + "'";
  if (auto group = digested.op->getParentOfType<GroupOp>())
    text += " in group '" + group.getSym().str() + "'";
  return text;
}

std::optional<std::string> rac::differenceOf(ModuleOp plan, ModuleOp model) {
  Digests theirs(plan.lookupSymbol<func::FuncOp>("main"));
  Digests ours(model.lookupSymbol<func::FuncOp>("main"));
  if (theirs.results == ours.results)
    return std::nullopt;
  const Digested *more = firstOf(theirs, ours), *less = firstOf(ours, theirs);
  if (more && less)
    return "it has " + describe(*more) + " where the model has " +
           describe(*less);
  if (more)
    return "it has " + describe(*more) + ", which the model doesn't have";
  if (less)
    return "it lacks the model's " + describe(*less);
  for (auto [i, results] :
       llvm::enumerate(llvm::zip_equal(theirs.results, ours.results)))
    if (std::get<0>(results) != std::get<1>(results))
      return "its output " + std::to_string(i) + " is another value";
  return std::nullopt;
}
