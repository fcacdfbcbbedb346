//===- PlanJson.cpp - Plans as JSON ---------------------------------------===//

#include "PlanJson.h"
#include "mlir/AsmParser/AsmParser.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Transforms/Groups.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace rac;
namespace json = llvm::json;

static std::string textOf(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

static json::Object toJson(CostAttr cost) {
  json::Object bytes;
  for (const LevelBytes &level : cost.getBytes())
    bytes[level.level.str()] = level.bytes;
  json::Object object{{"seconds", cost.getSeconds().value},
                      {"joules", nullptr},
                      {"flops", double(cost.getFlops())},
                      {"bytes", std::move(bytes)}};
  if (cost.getJoules())
    object["joules"] = cost.getJoules()->value;
  return object;
}

static json::Object toJson(PlanAttr plan) {
  json::Object object{{"kind", stringifyKernelKind(plan.getKind())},
                      {"precision", textOf(plan.getPrecision())},
                      {"activation", nullptr},
                      {"weights", nullptr},
                      {"weight_group", plan.getWeightGroup()},
                      {"threads", plan.getThreads()},
                      {"tiles", json::Array(plan.getTiles())},
                      {"reduction", json::Array(plan.getReduction())},
                      {"order", json::Array(plan.getOrder())},
                      {"registers", json::Array(plan.getRegisters())},
                      {"warps", plan.getWarps()},
                      {"stages", plan.getStages()},
                      {"split", plan.getSplit()},
                      {"in_launch", plan.getInLaunch()},
                      {"cluster", json::Array(plan.getCluster())},
                      {"cost", nullptr}};
  if (plan.getActivation())
    object["activation"] = textOf(plan.getActivation());
  if (plan.getWeights())
    object["weights"] = textOf(plan.getWeights());
  if (plan.getCost())
    object["cost"] = toJson(plan.getCost());
  return object;
}

/// What the group computes: its ops' names, constants left out.
static std::vector<std::string> opsOf(GroupOp group) {
  std::vector<std::string> names;
  for (Operation &op : group.getBodyBlock()->without_terminator())
    if (!op.hasTrait<OpTrait::ConstantLike>())
      names.push_back(op.getName().getStringRef().str());
  return names;
}

static json::Object toJson(GroupOp group) {
  json::Object object{{"name", group.getSym()}, {"ops", opsOf(group)}};
  for (auto &[key, value] : toJson(group.getPlanAttr()))
    object[key] = value;
  json::Array alternatives;
  if (group.getAlternatives())
    for (auto other : group.getAlternatives()->getAsRange<AlternativeAttr>()) {
      json::Object entry = toJson(other.getPlan());
      entry["form"] = other.getForm();
      entry["reason"] = other.getReason();
      entry["undecided"] = other.getUndecided();
      alternatives.push_back(std::move(entry));
    }
  object["alternatives"] = std::move(alternatives);
  return object;
}

json::Value rac::planToJson(ModuleOp module, StringRef device) {
  json::Array groups;
  module.walk([&](GroupOp group) {
    if (group.getPlan())
      groups.push_back(toJson(group));
  });
  json::Object plan{{"schema", "rac-plan/1"},
                    {"device", device},
                    {"objective", nullptr},
                    {"groups", std::move(groups)}};
  if (auto search = module->getAttrOfType<SearchAttr>("rac.search"))
    plan["objective"] = stringifyObjective(search.getObjective());
  return plan;
}

namespace {

/// One group's entry of a plan file.
class PlanReader {
public:
  PlanReader(GroupOp group, const json::Object &entry)
      : group(group), entry(entry) {}

  llvm::Expected<PlanAttr> read();

private:
  llvm::Error wrong(const llvm::Twine &reason) {
    return llvm::createStringError("the plan of group '" + group.getSym() +
                                   "' doesn't fit: " + reason);
  }
  llvm::Error checkKeys();
  llvm::Error checkOps();
  llvm::Error readList(StringRef key, SmallVectorImpl<int64_t> &list);
  llvm::Expected<KernelKind> readKind();
  llvm::Expected<Type> readPrecision();
  llvm::Expected<Type> readType(StringRef key);
  llvm::Expected<int64_t> readThreads();
  llvm::Error readNumber(StringRef key, int64_t &number);

  GroupOp group;
  const json::Object &entry;
};

} // namespace

llvm::Error PlanReader::checkKeys() {
  constexpr StringRef known[] = {
      "name",       "ops",       "kind",         "precision",   "threads",
      "activation", "weights",   "weight_group", "tiles",       "reduction",
      "order",      "registers", "warps",        "stages",      "split",
      "in_launch",  "cluster",   "cost",         "alternatives"};
  for (const auto &[key, value] : entry)
    if (!llvm::is_contained(known, StringRef(key)))
      return wrong("a plan has no '" + StringRef(key) + "'");
  return llvm::Error::success();
}

llvm::Error PlanReader::checkOps() {
  const json::Array *list = entry.getArray("ops");
  std::vector<std::string> ops = opsOf(group);
  bool same = list && list->size() == ops.size();
  for (size_t i = 0; same && i < ops.size(); ++i)
    same = (*list)[i].getAsString() == StringRef(ops[i]);
  if (same)
    return llvm::Error::success();
  return wrong("the model's group computes " + llvm::join(ops, ", "));
}

llvm::Error PlanReader::readList(StringRef key,
                                 SmallVectorImpl<int64_t> &list) {
  const json::Value *value = entry.get(key);
  if (!value)
    return llvm::Error::success();
  const json::Array *array = value->getAsArray();
  for (const json::Value &item : array ? *array : json::Array{nullptr}) {
    std::optional<int64_t> number = item.getAsInteger();
    if (!number)
      return wrong("'" + key + "' is not a list of whole numbers");
    list.push_back(*number);
  }
  return llvm::Error::success();
}

llvm::Expected<KernelKind> PlanReader::readKind() {
  StringRef word = entry.getString("kind").value_or("");
  std::optional<KernelKind> kind = symbolizeKernelKind(word);
  if (!kind)
    return wrong("its kind is 'generated' or 'library', not '" + word + "'");
  if (*kind == KernelKind::library && !libraryCanCompute(group))
    return wrong("no call of the library computes it");
  return *kind;
}

llvm::Expected<Type> PlanReader::readPrecision() {
  Type own = group.getPlan()->getPrecision();
  StringRef word = entry.getString("precision").value_or("");
  if (word == textOf(own))
    return own;
  auto type = readType("precision");
  if (!type)
    return type.takeError();
  // What a group of floats may be: docs/Precision.md.
  bool isFloat = own.isF32() || own.isTF32() || own.isBF16() || own.isF16() ||
                 group.getPlan()->getActivation();
  if (!*type || !isFloat ||
      !((*type).isF32() || (*type).isTF32() || (*type).isBF16() ||
        (*type).isF16() || (*type).isSignlessInteger(8) ||
        isa<Float8E4M3FNType>(*type)))
    return wrong("it computes in " + textOf(own) + ", and can't in '" + word +
                 "'");
  return *type;
}

/// A type by its text; null where the key isn't there, or null.
llvm::Expected<Type> PlanReader::readType(StringRef key) {
  const json::Value *value = entry.get(key);
  if (!value || value->kind() == json::Value::Null)
    return Type();
  std::optional<StringRef> text = value->getAsString();
  ScopedDiagnosticHandler quiet(group.getContext(),
                                [](Diagnostic &) { return success(); });
  Type type = text ? parseType(*text, group.getContext()) : Type();
  if (!type)
    return wrong("'" + key + "' is not a type");
  return type;
}

llvm::Expected<int64_t> PlanReader::readThreads() {
  const json::Value *value = entry.get("threads");
  constexpr int64_t most = 4096; // as --threads
  std::optional<int64_t> threads =
      value ? value->getAsInteger() : std::optional<int64_t>(0);
  if (!threads || *threads < 0 || *threads > most)
    return wrong("'threads' is from 0, all, to 4096");
  return *threads;
}

/// 0 where it isn't there.
llvm::Error PlanReader::readNumber(StringRef key, int64_t &number) {
  const json::Value *value = entry.get(key);
  if (!value)
    return llvm::Error::success();
  std::optional<int64_t> read = value->getAsInteger();
  if (!read)
    return wrong("'" + key + "' is not a whole number");
  number = *read;
  return llvm::Error::success();
}

llvm::Expected<PlanAttr> PlanReader::read() {
  if (llvm::Error error = checkKeys())
    return error;
  if (llvm::Error error = checkOps())
    return error;
  auto kind = readKind();
  if (!kind)
    return kind.takeError();
  auto precision = readPrecision();
  if (!precision)
    return precision.takeError();
  auto threads = readThreads();
  if (!threads)
    return threads.takeError();
  auto activation = readType("activation");
  if (!activation)
    return activation.takeError();
  auto weights = readType("weights");
  if (!weights)
    return weights.takeError();
  SmallVector<int64_t> tiles, reduction, order, registers, cluster;
  for (auto [key, list] :
       {std::pair<StringRef, SmallVector<int64_t> *>("tiles", &tiles),
        {"reduction", &reduction},
        {"order", &order},
        {"registers", &registers},
        {"cluster", &cluster}})
    if (llvm::Error error = readList(key, *list))
      return error;
  int64_t warps = 0, stages = 0, split = 0, weightGroup = 0;
  for (auto [key, number] : {std::pair<StringRef, int64_t *>("warps", &warps),
                             {"stages", &stages},
                             {"split", &split},
                             {"weight_group", &weightGroup}})
    if (llvm::Error error = readNumber(key, *number))
      return error;
  const json::Value *inLaunch = entry.get("in_launch");
  if (inLaunch && !inLaunch->getAsBoolean())
    return wrong("'in_launch' is true or false");
  bool addsInLaunch = inLaunch && *inLaunch->getAsBoolean();
  size_t rank =
      group.getNumResults()
          ? cast<RankedTensorType>(group.getResult(0).getType()).getRank()
          : 0;
  if (!tiles.empty() && tiles.size() != rank)
    return wrong("it has " + llvm::Twine(tiles.size()) + " tiles for the " +
                 llvm::Twine(rank) + " dimensions of the first result");
  // What the attribute itself refuses comes as a diagnostic.
  std::string problem;
  ScopedDiagnosticHandler handler(group.getContext(),
                                  [&](Diagnostic &diagnostic) {
                                    problem = diagnostic.str();
                                    return success();
                                  });
  if (failed(PlanAttr::verify([&] { return mlir::emitError(group.getLoc()); },
                              *kind, *precision, *threads, tiles, reduction,
                              order, registers, warps, stages, split,
                              addsInLaunch, cluster, CostAttr(), *activation,
                              *weights, weightGroup)))
    return wrong(problem);
  return PlanAttr::get(group.getContext(), *kind, *precision, *threads, tiles,
                       reduction, order, registers, warps, stages, split,
                       addsInLaunch, cluster, CostAttr(), *activation, *weights,
                       weightGroup);
}

static llvm::Error applyTo(GroupOp group, const json::Object &entry) {
  auto plan = PlanReader(group, entry).read();
  if (!plan)
    return plan.takeError();
  if (*plan == group.getPlan()->withCost({}))
    return llvm::Error::success();
  group.setPlanAttr(*plan);
  group.removeAlternativesAttr();
  return llvm::Error::success();
}

llvm::Error rac::applyPlanJson(ModuleOp module, StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return llvm::createStringError(
        "'" + path + "' cannot be read: " + buffer.getError().message());
  auto parsed = json::parse((*buffer)->getBuffer());
  if (!parsed)
    return llvm::createStringError(
        "'" + path + "' is not JSON: " + llvm::toString(parsed.takeError()));
  const json::Object *plan = parsed->getAsObject();
  const json::Array *entries = plan ? plan->getArray("groups") : nullptr;
  if (!entries || plan->getString("schema") != StringRef("rac-plan/1"))
    return llvm::createStringError("'" + path +
                                   "' is not a plan: it has no schema "
                                   "rac-plan/1 with groups");
  llvm::StringMap<GroupOp> groups;
  module.walk([&](GroupOp group) {
    if (group.getPlan())
      groups[group.getSym()] = group;
  });
  for (const json::Value &value : *entries) {
    const json::Object *entry = value.getAsObject();
    StringRef name =
        entry ? entry->getString("name").value_or("") : StringRef();
    auto found = groups.find(name);
    if (found == groups.end())
      return llvm::createStringError(
          "'" + path + "' plans a group '" + name +
          "' that the model doesn't have, or has it twice; a plan fits the "
          "model it was made of, with the same shapes, device, objective and "
          "budgets");
    if (llvm::Error error = applyTo(found->second, *entry))
      return error;
    groups.erase(found);
  }
  if (groups.empty())
    return llvm::Error::success();
  // The first in the model, since a map has no order.
  StringRef missing;
  module.walk([&](GroupOp group) {
    if (missing.empty() && groups.contains(group.getSym()))
      missing = group.getSym();
  });
  return llvm::createStringError("'" + path + "' has no plan for group '" +
                                 missing + "'");
}
