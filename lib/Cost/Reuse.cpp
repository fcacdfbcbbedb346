//===- Reuse.cpp - What loops bring in again ------------------------------===//
//
// Of each tensor and each loop: what lies between two touches of a line, one in
// an iteration and one in the next, and whether the line is there as long.
//
//===----------------------------------------------------------------------===//

#include "Reuse.h"
#include "SetRoom.h"
#include "rac/Cost/Traffic.h"
#include <cmath>

using namespace mlir;
using namespace rac;

namespace {

using Extents = SmallVector<double, 6>;

/// A loop around a nest's innermost iterations.
struct Round {
  Extents extents;            ///< of all loops, once it has run
  llvm::SmallBitVector loops; ///< those along which it goes
  double trips;
  double average; ///< whole ones that they come to: the last may be smaller
  bool reduces;
};

/// One nest, from its innermost iterations outwards.
class NestReuse {
public:
  NestReuse(const Work &work, const WorkNest &nest, const CacheShape &cache,
            Extents innermost, ArrayRef<Round> rounds);
  Flow run();

private:
  bool moves(unsigned t, unsigned round) const { return moving[round].test(t); }
  /// What was there when `round`'s first iteration was over.
  const Extents &extentsAt(unsigned round) const {
    return round == 0 ? innermost : rounds[round - 1].extents;
  }
  bool isWritten(unsigned t) const {
    return llvm::any_of(
        nest.writes, [&](const WorkUse &write) { return write.tensor == t; });
  }
  /// Whether the rounds below `round` are the reductions inside all else, which
  /// keep what they write in registers.
  bool reducesInside(unsigned round) const {
    return llvm::all_of(rounds.take_front(round),
                        [](const Round &inner) { return inner.reduces; });
  }
  unsigned outermostInside(unsigned t, unsigned round) const;
  Occupied between(unsigned t, unsigned round, unsigned stage) const;
  std::optional<double> distance(unsigned t, unsigned round) const;
  bool place(SmallVectorImpl<Occupied> &all, unsigned reference,
             unsigned stage) const;
  double kept(unsigned t, unsigned round, double share) const;
  bool goesOn(unsigned t, unsigned round) const;

  const Work &work;
  const WorkNest &nest;
  CacheShape cache;
  Extents innermost;
  ArrayRef<Round> rounds;
  SmallVector<Flow, 8> stages; ///< touched before each round, and in the end
  SmallVector<llvm::SmallBitVector, 8> moving; ///< tensors, by round
  /// By round and tensor: B that iterations are apart; none where uses differ.
  SmallVector<SmallVector<std::optional<double>, 4>, 8> apart;
};

/// A candidate.
class Reuse {
public:
  Reuse(const Work &work, const Schedule &schedule, const CacheShape &cache)
      : work(work), schedule(schedule), cache(cache) {
    // What passes between nests is as large as a tile.
    for (auto [tensor, shape] :
         llvm::zip(this->work.tensors, schedule.passingShapes))
      if (!shape.empty())
        tensor.reshape(shape);
  }
  Flow run();

private:
  Flow nestFlow(unsigned n, bool withTiles) const;
  Flow fillFlow(unsigned n) const;
  void addFills(unsigned n, Flow &flow) const;
  Flow inSequence(ArrayRef<Flow> flows) const;
  Flow tilesOf(Flow flow, const llvm::SmallBitVector &isThere) const;

  Work work;
  const Schedule &schedule;
  CacheShape cache;
};

} // namespace

static Occupied occupiedBy(const Flow &flow, unsigned t,
                           const CacheShape &cache) {
  return {flow.touched[t] / cache.line, flow.spread[t]};
}

//===----------------------------------------------------------------------===//
// What some iterations touch
//===----------------------------------------------------------------------===//

/// Of all tensors of a nest, or of `only`.
static Flow touchedBy(const Work &work, const WorkNest &nest,
                      ArrayRef<double> extents, const CacheShape &cache,
                      std::optional<unsigned> only = std::nullopt) {
  Flow flow(work.tensors.size());
  auto touch = [&](const WorkUse &use, bool write) {
    if (only && use.tensor != *only)
      return;
    const WorkTensor &tensor = work.tensors[use.tensor];
    double bytes = footprint(tensor, use, extents, cache.line);
    double all = std::ceil(tensor.bytes() / cache.line) * cache.line;
    double &touched = flow.touched[use.tensor];
    // What is updated in place is touched once.
    bool same = write && llvm::any_of(nest.reads, [&](const WorkUse &read) {
                  return read == use;
                });
    if (!same)
      touched = std::min(all, touched + bytes);
    if (cache.ways > 0) {
      Spread spread = spreadOf(tensor, use, extents, cache);
      if (spread.sets > flow.spread[use.tensor].sets || bytes == touched)
        flow.spread[use.tensor] = spread;
    }
    if (write)
      flow.written[use.tensor] += bytes;
  };
  for (const WorkUse &use : nest.reads)
    touch(use, false);
  for (const WorkUse &use : nest.writes)
    touch(use, true);
  flow.in = flow.touched;
  return flow;
}

/// What an iteration brings in of tensor `t` becomes what all `trips` do, which
/// touch what `outer` says. The last may be smaller: together they are
/// `average` whole ones. What consecutive iterations share comes in again for
/// each but where it was kept: `kept` says which part is there in the next
/// iteration, of all that one touches or of a share. Where an iteration
/// `goesOn` from the end of the one before, as windows do, a share at the end
/// is the next one's beginning.
static void repeat(Flow &flow, unsigned t, const Flow &outer, double trips,
                   double average, bool goesOn,
                   function_ref<double(double)> kept) {
  double touched = flow.touched[t], all = outer.touched[t];
  if (touched == 0 && all == 0)
    return;
  // What the loop goes along has less in the last iteration.
  double times = touched == all ? trips : average, shared = 0;
  if (trips > 1 && touched > 0)
    shared =
        std::clamp((times * touched - all) / ((trips - 1) * touched), 0.0, 1.0);
  double stays = shared > 0 ? kept(1) : 0;
  if (stays < 1 && goesOn && shared > 0 && shared < 1)
    stays = std::max(stays, kept(shared));
  double found = (trips - 1) * shared * stays;
  flow.in[t] = std::max(all, times * flow.in[t] - found * touched);
  double written = flow.written[t];
  flow.written[t] = std::max(
      outer.written[t], times * written - found * std::min(written, touched));
}

//===----------------------------------------------------------------------===//
// A nest
//===----------------------------------------------------------------------===//

NestReuse::NestReuse(const Work &work, const WorkNest &nest,
                     const CacheShape &cache, Extents innermost,
                     ArrayRef<Round> rounds)
    : work(work), nest(nest), cache(cache), innermost(std::move(innermost)),
      rounds(rounds) {
  stages.push_back(touchedBy(work, nest, this->innermost, cache));
  for (const Round &round : rounds) {
    stages.push_back(touchedBy(work, nest, round.extents, cache));
    llvm::SmallBitVector &tensors = moving.emplace_back(work.tensors.size());
    for (unsigned loop : round.loops.set_bits())
      for (ArrayRef<WorkUse> uses :
           {ArrayRef<WorkUse>(nest.reads), ArrayRef<WorkUse>(nest.writes)})
        for (const WorkUse &use : uses)
          if (use.dependsOn(loop))
            tensors.set(use.tensor);
  }
  if (cache.ways > 0)
    for (unsigned round = 0; round < rounds.size(); ++round) {
      apart.emplace_back();
      for (unsigned t = 0; t < work.tensors.size(); ++t)
        apart.back().push_back(distance(t, round));
    }
}

/// One more than the outermost round inside of `round` that goes along `t`; 0:
/// none does. Those between touch all of it again, the last time at the end of
/// an iteration of `round`, the first time at the beginning of the next.
unsigned NestReuse::outermostInside(unsigned t, unsigned round) const {
  while (round > 0 && !moves(t, round - 1))
    --round;
  return round;
}

/// What of tensor `u` lies between two touches of a line that another tensor's
/// iterations of the rounds below `stage` are apart. What goes along with these
/// is the end of one iteration of `round` and the beginning of the next; what
/// doesn't is touched by each of them, that of the one and that of the next.
Occupied NestReuse::between(unsigned u, unsigned round, unsigned stage) const {
  Occupied once = occupiedBy(stages[stage], u, cache);
  if (stage == 0 || moves(u, stage - 1) ||
      (isWritten(u) && reducesInside(stage)))
    return once;
  for (unsigned r = stage; r <= round; ++r) {
    if (!moves(u, r))
      continue;
    Extents two = extentsAt(stage);
    for (unsigned loop : rounds[r].loops.set_bits())
      two[loop] = std::min(2 * two[loop], rounds[r].extents[loop]);
    return occupiedBy(touchedBy(work, nest, two, cache, u), u, cache);
  }
  return once;
}

/// B that an iteration of `round` is apart from the next one; none where uses
/// differ.
std::optional<double> NestReuse::distance(unsigned t, unsigned round) const {
  std::optional<double> bytes;
  const WorkTensor &tensor = work.tensors[t];
  for (ArrayRef<WorkUse> uses :
       {ArrayRef<WorkUse>(nest.reads), ArrayRef<WorkUse>(nest.writes)})
    for (const WorkUse &use : uses) {
      if (use.tensor != t)
        continue;
      double sum = 0;
      for (auto [terms, stride] : llvm::zip(use.dims, tensor.strides))
        for (const WorkUse::Term &term : terms)
          if (rounds[round].loops.test(term.loop))
            sum += term.step * extentsAt(round)[term.loop] * stride *
                   tensor.elementBytes;
      if (bytes && *bytes != sum)
        return std::nullopt;
      bytes = sum;
    }
  return bytes;
}

/// Says which sets those of `all` have that each round from `stage` on moves by
/// as much as it moves `reference`, but for whole periods: tensors lie one
/// after the other. Whether there are others.
bool NestReuse::place(SmallVectorImpl<Occupied> &all, unsigned reference,
                      unsigned stage) const {
  if (all[reference].spread.period == 0)
    return false;
  double begin = 0;
  unsigned count = 0;
  for (auto [u, one] : llvm::enumerate(all)) {
    double lines = std::min(one.spread.period, all[reference].spread.period);
    bool together = one.lines > 0 && lines > 0;
    for (unsigned r = stage; together && r < rounds.size(); ++r) {
      auto a = apart[r][reference], b = apart[r][u];
      together = a && b && std::fmod(*a - *b, lines * cache.line) == 0;
    }
    one.first = std::nullopt;
    if (together)
      one.first = std::fmod(begin, one.spread.period);
    count += together;
    begin += std::ceil(work.tensors[u].bytes() / cache.line);
  }
  return count > 1;
}

/// The part of what an iteration of `round` touches of tensor `t`, or of a
/// `share` of it at its end, that is still there in the next.
double NestReuse::kept(unsigned t, unsigned round, double share) const {
  unsigned stage = outermostInside(t, round);
  SmallVector<Occupied, 4> all;
  for (unsigned u = 0; u < work.tensors.size(); ++u)
    all.push_back(u == t ? occupiedBy(stages[stage], t, cache)
                         : between(u, round, stage));
  for (unsigned u = 0, placed = cache.ways == 0 || place(all, t, stage);
       !placed && u < all.size(); ++u)
    placed = place(all, u, stage);
  return keptOf(t, all.size(), cache, share,
                [&](unsigned u) { return all[u]; });
}

/// Whether an iteration of `round` ends where the next begins: the rounds
/// inside go along the same dimension.
bool NestReuse::goesOn(unsigned t, unsigned round) const {
  unsigned stage = outermostInside(t, round);
  if (stage == 0)
    return false;
  auto along = [](ArrayRef<WorkUse::Term> terms, const Round &round) {
    return llvm::any_of(terms, [&](const WorkUse::Term &term) {
      return round.loops.test(term.loop);
    });
  };
  return llvm::any_of(nest.reads, [&](const WorkUse &use) {
    return use.tensor == t && llvm::any_of(use.dims, [&](const auto &terms) {
             return along(terms, rounds[round]) &&
                    along(terms, rounds[stage - 1]);
           });
  });
}

Flow NestReuse::run() {
  Flow flow = stages.front();
  // The reductions inside all else keep what they write in registers.
  bool inside = true;
  for (auto [i, round] : llvm::enumerate(rounds)) {
    inside &= round.reduces;
    for (unsigned t = 0; t < work.tensors.size(); ++t)
      repeat(flow, t, stages[i + 1], round.trips, round.average, goesOn(t, i),
             [&, i = i](double share) {
               return inside && isWritten(t) ? 1 : kept(t, i, share);
             });
    flow.touched = stages[i + 1].touched;
    flow.spread = stages[i + 1].spread;
  }
  return flow;
}

//===----------------------------------------------------------------------===//
// A candidate
//===----------------------------------------------------------------------===//

/// One tile of a nest, or, `withTiles`, all of them.
Flow Reuse::nestFlow(unsigned n, bool withTiles) const {
  const WorkNest &nest = work.nests[n];
  const NestSchedule &loops = schedule.nests[n];
  ArrayRef<double> tile = loops.extents.back();
  // Iterations inside the innermost level: a register tile, or one.
  Extents innermost(nest.sizes.size(), 1);
  if (loops.vectorLoop)
    innermost[*loops.vectorLoop] =
        std::min(tile[*loops.vectorLoop], loops.lanes * loops.vectors);
  if (loops.rowLoop)
    innermost[*loops.rowLoop] = std::min(tile[*loops.rowLoop], loops.rows);
  SmallVector<Round, 8> rounds;
  Extents extents = innermost;
  for (const NestSchedule::Level &level : llvm::reverse(loops.levels)) {
    double each = extents[level.loop];
    extents[level.loop] = std::min(tile[level.loop], each * level.trips);
    Round round;
    round.extents = extents;
    round.loops.resize(nest.sizes.size());
    round.loops.set(level.loop);
    round.trips = level.trips;
    // A loop without iterations stays one.
    round.average = each > 0 ? extents[level.loop] / each : 0;
    round.reduces = nest.reductions.test(level.loop);
    rounds.push_back(std::move(round));
  }
  for (size_t depth = schedule.tileTrips.size(); withTiles && depth-- > 0;) {
    Round round;
    round.extents = loops.extents[depth];
    round.loops.resize(nest.sizes.size());
    for (unsigned loop = 0; loop < nest.sizes.size(); ++loop)
      if (round.extents[loop] != loops.extents[depth + 1][loop])
        round.loops.set(loop);
    round.trips = round.average = schedule.tileTrips[depth];
    round.reduces = false;
    rounds.push_back(std::move(round));
  }
  return NestReuse(work, nest, cache, std::move(innermost), rounds).run();
}

/// What fills the results of a tile.
Flow Reuse::fillFlow(unsigned n) const {
  WorkNest fill = work.nests[n];
  fill.reads.clear();
  return touchedBy(work, fill, schedule.nests[n].extents.back(), cache);
}

/// Adds to all tiles of a nest what filling its results takes beside it.
void Reuse::addFills(unsigned n, Flow &flow) const {
  Flow alone = nestFlow(n, /*withTiles=*/false),
       both = inSequence({fillFlow(n), alone});
  for (unsigned t = 0; t < work.tensors.size(); ++t) {
    flow.in[t] += schedule.tiles() * std::max(0.0, both.in[t] - alone.in[t]);
    flow.written[t] +=
        schedule.tiles() * std::max(0.0, both.written[t] - alone.written[t]);
  }
}

/// A nest finds of what an earlier one touched the part that stays until it
/// comes to it.
Flow Reuse::inSequence(ArrayRef<Flow> flows) const {
  Flow sum(work.tensors.size());
  for (auto [j, flow] : llvm::enumerate(flows))
    for (unsigned t = 0; t < work.tensors.size(); ++t) {
      double kept = 0, between = 0;
      for (size_t i = j; flow.touched[t] > 0 && i-- > 0;) {
        double common = std::min(flows[i].touched[t], flow.touched[t]);
        if (common > 0) {
          kept = heldWithin({between, flows[i].size() - common}, common,
                            flow.size(), cache.bytes);
          break;
        }
        between += flows[i].size();
      }
      sum.in[t] += std::max(0.0, flow.in[t] - kept);
      sum.touched[t] = std::max(sum.touched[t], flow.touched[t]);
      if (flow.spread[t].sets > sum.spread[t].sets)
        sum.spread[t] = flow.spread[t];
      // A line that is changed twice while it is there goes back once.
      bool again = sum.written[t] > 0 && kept > 0;
      sum.written[t] += std::max(0.0, flow.written[t] - (again ? kept : 0));
    }
  return sum;
}

/// The loops over tiles of several nests, of one of which `flow` is.
Flow Reuse::tilesOf(Flow flow, const llvm::SmallBitVector &isThere) const {
  for (size_t depth = schedule.tileTrips.size(); depth-- > 0;) {
    Flow outer(work.tensors.size());
    for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule.nests)) {
      if (loops.isBefore)
        continue;
      Flow all = touchedBy(work, nest, loops.extents[depth], cache);
      for (unsigned t = 0; t < work.tensors.size(); ++t) {
        const WorkTensor &tensor = work.tensors[t];
        // What passes between nests has the same memory for every tile.
        bool passing = !tensor.isInput && !tensor.isOutput && !isThere.test(t);
        const Flow &of = passing ? flow : all;
        outer.touched[t] = std::max(outer.touched[t], of.touched[t]);
        outer.written[t] =
            std::max(outer.written[t], passing ? of.touched[t] : of.written[t]);
        if (of.spread[t].sets > outer.spread[t].sets)
          outer.spread[t] = of.spread[t];
      }
    }
    double trips = schedule.tileTrips[depth];
    Flow body = flow;
    for (unsigned t = 0; t < work.tensors.size(); ++t)
      repeat(flow, t, outer, trips, trips, /*goesOn=*/true, [&](double share) {
        return keptOf(t, work.tensors.size(), cache, share,
                      [&](unsigned u) { return occupiedBy(body, u, cache); });
      });
    flow.touched = outer.touched;
    flow.spread = outer.spread;
  }
  return flow;
}

Flow Reuse::run() {
  SmallVector<Flow> before, tile;
  // What is there before the tiles isn't made anew for each.
  llvm::SmallBitVector isThere(work.tensors.size());
  bool isOne = llvm::count_if(schedule.nests, [](const NestSchedule &nest) {
                 return !nest.isBefore;
               }) == 1;
  for (auto [n, loops] : llvm::enumerate(schedule.nests)) {
    SmallVector<Flow> &flows = loops.isBefore ? before : tile;
    bool withTiles = isOne && !loops.isBefore;
    if (loops.fills && !withTiles)
      flows.push_back(fillFlow(n));
    flows.push_back(nestFlow(n, withTiles));
    if (loops.fills && withTiles)
      addFills(n, flows.back());
    if (loops.isBefore)
      for (const WorkUse &write : work.nests[n].writes)
        isThere.set(write.tensor);
  }
  Flow flow = inSequence(tile);
  if (!isOne)
    flow = tilesOf(std::move(flow), isThere);
  if (before.empty())
    return flow;
  before.push_back(std::move(flow));
  return inSequence(before);
}

Flow rac::flowOf(const Work &work, const Schedule &schedule,
                 const CacheShape &cache) {
  return Reuse(work, schedule, cache).run();
}
