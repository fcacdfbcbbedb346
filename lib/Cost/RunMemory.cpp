//===- RunMemory.cpp - What a run has touched before a candidate ----------===//

#include "rac/Cost/RunMemory.h"
#include "rac/Cost/InPlace.h"
#include "rac/Cost/ThreadParts.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace rac;

/// Caches are those of CPUs, where parts begin at any byte.
constexpr int64_t kAnyByte = 1;

/// The tensor of which `value` is a view; constants are laid out when the model
/// is compiled.
static Value withoutViews(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    bool view = isView(op) || (isa<TransposeOp>(op) && isConstant(value));
    if (!view)
      break;
    value = op->getOperand(0);
  }
  return value;
}

/// The tensors whose memory a value has: one of which it is a view, or those
/// that are put together where they lie.
static SmallVector<Value> partsOf(Value value) {
  value = withoutViews(value);
  Operation *op = value.getDefiningOp();
  if (!op || !joinsInPlace(op) || !isInPlace(op, kAnyByte))
    return {value};
  SmallVector<Value> parts;
  for (Value operand : op->getOperands())
    for (Value part : partsOf(operand))
      if (!llvm::is_contained(parts, part))
        parts.push_back(part);
  return parts;
}

/// Whether an op's result is never in memory: what follows is applied to each
/// element while it is in registers.
static bool passesOn(Value result) {
  if (!result.hasOneUse() || isa<GroupOp>(result.getDefiningOp()))
    return false;
  Operation *user = *result.user_begin();
  return user->getBlock() == result.getParentBlock() &&
         isa<ElementwiseOpInterface>(user);
}

/// Whether an op takes time of its own.
static bool runs(Operation &op) {
  return !op.hasTrait<OpTrait::IsTerminator>() &&
         !op.hasTrait<OpTrait::ConstantLike>() && !isView(&op) &&
         !isInPlace(&op, kAnyByte) &&
         llvm::any_of(op.getResultTypes(), llvm::IsaPred<RankedTensorType>) &&
         !isConstant(op.getResult(0));
}

/// The block's ops in the order in which a run does them: one whose result is
/// applied in passing is done with what follows it.
static SmallVector<Operation *> inOrderOfRun(Block &block) {
  SmallVector<std::pair<int64_t, Operation *>> order;
  llvm::DenseMap<Operation *, int64_t> places;
  int64_t place = 0;
  for (Operation &op : llvm::reverse(block)) {
    int64_t own = --place;
    if (op.getNumResults() == 1 && passesOn(op.getResult(0)))
      own = places.lookup(*op.user_begin());
    places[&op] = own;
    order.push_back({own, &op});
  }
  std::reverse(order.begin(), order.end());
  llvm::stable_sort(order, llvm::less_first());
  return llvm::to_vector(llvm::make_second_range(order));
}

/// Where threads that share an op's work, or a group's, make parts of its
/// result (partsMade). How the library shares products is its own matter, and
/// how a product will run that is in no group yet isn't known.
std::optional<double> RunMemory::partsOfThreads(OpResult result) const {
  Operation *maker = result.getOwner();
  auto [place, isNew] = madeInParts.try_emplace(result);
  if (!isNew)
    return place->second;
  auto group = dyn_cast<GroupOp>(maker);
  PlanAttr plan = group ? group.getPlanAttr()
                        : PlanAttr::get(KernelKind::generated,
                                        Float32Type::get(maker->getContext()));
  if (!plan || plan.getKind() == KernelKind::library ||
      !(group || isa<LoopNestOpInterface>(maker)))
    return std::nullopt;
  Value made = group ? group.getBodyBlock()->getTerminator()->getOperand(
                           result.getResultNumber())
                     : Value(result);
  Work work = analyzeWork(
      group ? Candidate::of(group) : Candidate::of(ArrayRef(maker)), sizes);
  bool hasProducts = llvm::any_of(
      work.nests, [](const WorkNest &nest) { return nest.isContraction(); });
  if (hasProducts && !group)
    return std::nullopt;
  arrangeNests(work, plan);
  Schedule schedule = scheduleOf(work, plan, vectors);
  for (auto [number, tensor] : llvm::enumerate(work.tensors))
    if (tensor.value == made)
      place->second = partsMade(work, schedule, number);
  return place->second;
}

double RunMemory::bytesOf(Value value) const {
  return isa<RankedTensorType>(value.getType()) ? sizes.bytes(value) : 0;
}

/// What an op reads of an operand: of one that it takes parts of, or a group
/// does at once, as much as these are.
double RunMemory::bytesRead(OpOperand &operand) const {
  double all = bytesOf(operand.get()), parts = 0;
  auto addPart = [&](OpOperand &use) {
    Operation *op = use.getOwner();
    bool isPart = isa<SliceOp, GatherOp>(op) && use.getOperandNumber() == 0;
    parts += isPart ? bytesOf(op->getResult(0)) : all;
  };
  if (auto group = dyn_cast<GroupOp>(operand.getOwner()))
    for (OpOperand &use : group.getBodyBlock()
                              ->getArgument(operand.getOperandNumber())
                              .getUses())
      addPart(use);
  else
    addPart(operand);
  return std::min(all, parts);
}

RunMemory::RunMemory(Block &block, const AssumedSizes &sizes,
                     const VectorShape &vectors, int64_t threads)
    : sizes(sizes), vectors(vectors), threads(threads), before({0}) {
  for (Operation *each : inOrderOfRun(block)) {
    Operation &op = *each;
    if (!runs(op))
      continue;
    int64_t position = before.size() - 1;
    positions[&op] = position;
    double all = 0, own = 0;
    llvm::SmallMapVector<Value, double, 8> read;
    for (OpOperand &operand : op.getOpOperands())
      if (isa<RankedTensorType>(operand.get().getType())) {
        SmallVector<Value> parts = partsOf(operand.get());
        double bytes = bytesRead(operand), whole = 0;
        for (Value part : parts)
          whole += bytesOf(part);
        // All parts of what is put together are read alike.
        for (Value part : parts) {
          double &most = read[part];
          most = std::max(most, parts.size() > 1 && whole > 0
                                    ? bytes * bytesOf(part) / whole
                                    : bytes);
        }
      }
    for (auto [value, part] : read) {
      touches[value].push_back(position);
      // Others' results are counted where they are made.
      Operation *maker = value.getDefiningOp();
      auto found = maker ? positions.find(maker) : positions.end();
      if (isConstant(value) || !maker || isPartOfInput(maker, kAnyByte))
        own += part;
      bool atOnce = found != positions.end() && passesOn(value);
      all += atOnce ? touched[found->second] : part;
    }
    for (Value result : op.getResults()) {
      touches[result].push_back(position);
      if (passesOn(result))
        continue;
      own += bytesOf(result);
      all += bytesOf(result);
    }
    touched.push_back(all);
    total += own;
    before.push_back(total);
  }
  packResults(block);
}

/// Places results in an arena as lowering does (PlanMemory.cpp), and finds who
/// was there before.
void RunMemory::packResults(Block &block) {
  llvm::SmallDenseSet<Value, 4> returned;
  for (Value value : block.getTerminator()->getOperands())
    for (Value part : partsOf(value))
      returned.insert(part);
  SmallVector<ArenaBuffer> buffers;
  SmallVector<Value> values;
  for (Operation &op : block)
    if (auto found = positions.find(&op); found != positions.end())
      for (Value result : op.getResults()) {
        double bytes = bytesOf(result);
        if (bytes == 0 || passesOn(result) || returned.contains(result))
          continue;
        values.push_back(result);
        buffers.push_back({found->second, touches[result].back(),
                           static_cast<int64_t>(bytes)});
      }
  keepParts(buffers, packArena(buffers), threads);
  for (auto [value, own] : llvm::zip_equal(values, buffers))
    describePlace(value, own, values, buffers);
}

/// How long a result's place was free, and how much of it the same threads have
/// touched last: the mean over its bytes.
void RunMemory::describePlace(Value value, const ArenaBuffer &own,
                              ArrayRef<Value> values,
                              ArrayRef<ArenaBuffer> buffers) {
  // Who was there before, the last one first; those after it a run ago.
  SmallVector<unsigned> earlier;
  for (auto [number, other] : llvm::enumerate(buffers))
    if (&other != &own && commonBytes(own, other) > 0)
      earlier.push_back(number);
  auto isThisRun = [&](unsigned number) {
    return buffers[number].last < own.first;
  };
  llvm::stable_sort(earlier, [&](unsigned a, unsigned b) {
    return std::make_pair(isThisRun(a), buffers[a].last) >
           std::make_pair(isThisRun(b), buffers[b].last);
  });
  double left = own.bytes, same = 0, chance = 1 / double(threads);
  LastTouch sum;
  for (unsigned number : earlier) {
    const ArenaBuffer &other = buffers[number];
    double whole = commonBytes(own, other), common = std::min(whole, left);
    left -= common;
    // Parts of rows lie in order; else it is a matter of chance.
    bool inOrder = partsOfThreads(cast<OpResult>(values[number])) == 1.0;
    same +=
        common * (inOrder ? sameThreads(own, other, threads) / whole : chance);
    if (isThisRun(number)) {
      sum.since += common * (before[own.first] - before[other.last + 1]);
      sum.meanwhile +=
          common * std::max(0.0, touched[other.last] - double(other.bytes));
    } else {
      sum.since += common * std::max(0.0, total - own.bytes);
    }
  }
  // Nobody but itself a run ago.
  sum.since += left * std::max(0.0, total - own.bytes);
  freed[value] = {sum.since / own.bytes, sum.meanwhile / own.bytes};
  ownPlaces[value] = (same + left) / own.bytes;
}

/// The last touch of a tensor before a candidate; -1: none in this run.
int64_t RunMemory::lastTouch(Value tensor, const Span &span,
                             ArrayRef<int64_t> own) const {
  auto found = touches.find(tensor);
  if (found != touches.end())
    for (int64_t touch : llvm::reverse(found->second))
      if (touch < span.last && !llvm::is_contained(own, touch))
        return touch;
  return -1;
}

LastTouch RunMemory::sinceTouched(Value value, const Span &span,
                                  const Candidate &candidate) const {
  SmallVector<int64_t> own;
  for (Operation *op : candidate.ops)
    if (auto place = positions.find(op); place != positions.end())
      own.push_back(place->second);
  if (own.empty())
    own.push_back(span.first);
  SmallVector<std::pair<int64_t, double>> parts;
  double bytes = 0;
  for (Value part : partsOf(value)) {
    parts.push_back({lastTouch(part, span, own), bytesOf(part)});
    bytes += parts.back().second;
  }
  // The mean over its bytes.
  LastTouch mean;
  for (auto [touch, size] : parts) {
    LastTouch last{total - bytes};
    if (touch >= 0) {
      last.since = before[span.last] - before[touch + 1];
      for (int64_t position : own)
        if (position > touch && position < span.last)
          last.since -= before[position + 1] - before[position];
      // What other parts of it were touched since is no other memory.
      for (auto [later, more] : parts)
        if (later > touch)
          last.since -= more;
      last.meanwhile = std::max(
          0.0, touched[touch] - (parts.size() > 1 ? size : bytesOf(value)));
    }
    double share = bytes > 0 ? size / bytes : 1.0 / double(parts.size());
    mean.since += share * std::max(0.0, last.since);
    mean.meanwhile += share * last.meanwhile;
  }
  return mean;
}

LastTouch RunMemory::sinceFreed(Value value) const {
  auto found = freed.find(value);
  return found == freed.end() ? LastTouch{std::max(0.0, total - bytesOf(value))}
                              : found->second;
}

void RunMemory::describe(const Candidate &candidate, Work &work) const {
  if (candidate.ops.empty())
    return;
  auto group = dyn_cast<GroupOp>(candidate.ops.front()->getParentOp());
  Span span{std::numeric_limits<int64_t>::max(), -1};
  auto extend = [&](Operation *op) {
    if (auto found = positions.find(op); found != positions.end()) {
      span.first = std::min(span.first, found->second);
      span.last = std::max(span.last, found->second);
    }
  };
  if (group)
    extend(group);
  else
    llvm::for_each(candidate.ops, extend);
  if (span.last < 0)
    return;
  auto set = [](WorkTensor &tensor, LastTouch last) {
    tensor.since = last.since;
    tensor.meanwhile = last.meanwhile;
  };
  for (WorkTensor &tensor : work.tensors) {
    Value value = tensor.value;
    if (tensor.isInput) {
      auto argument = dyn_cast<BlockArgument>(value);
      if (group && argument && argument.getOwner() == group.getBodyBlock())
        value = group.getInputs()[argument.getArgNumber()];
      set(tensor, sinceTouched(value, span, candidate));
      // Who plans doesn't know yet how many threads others will have.
      auto made = dyn_cast<OpResult>(partsOf(value).front());
      if (made && positions.contains(made.getOwner())) {
        auto maker = dyn_cast<GroupOp>(made.getOwner());
        PlanAttr plan = maker ? maker.getPlanAttr() : PlanAttr();
        tensor.makers = plan ? plan.getThreads() : 0;
        tensor.partsWithin = partsOfThreads(made);
      }
    } else if (tensor.isOutput) {
      if (group)
        for (auto [yielded, result] : llvm::zip_equal(
                 group.getBodyBlock()->getTerminator()->getOperands(),
                 group.getResults()))
          if (yielded == tensor.value)
            value = result;
      set(tensor, sinceFreed(value));
      if (auto own = ownPlaces.find(value); own != ownPlaces.end())
        tensor.ownPlace = own->second;
    }
  }
}
