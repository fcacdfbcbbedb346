//===- Traffic.cpp - Bytes that cross a memory level ----------------------===//

#include "rac/Cost/Traffic.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace rac;

//===----------------------------------------------------------------------===//
// What some iterations touch
//===----------------------------------------------------------------------===//

namespace {

/// Along one dimension: so many positions, so many bytes apart.
struct Stride {
  double positions, apart;
};

/// What is touched of a tensor: a run of memory without a gap of a line, and
/// how it is repeated, from the innermost dimension outwards.
struct Runs {
  double run; ///< B from the first to the last element, less one
  SmallVector<Stride, 4> repeats;
  bool aligned = true; ///< all begin at the same place in a line

  Runs(const WorkTensor &tensor, const WorkUse &use, ArrayRef<double> extents,
       double line);
  double lines(double line, double elementBytes) const {
    // A run that may begin anywhere touches a line more, or a part of it.
    return aligned ? std::ceil(run / line) : (run - elementBytes) / line + 1;
  }
};

} // namespace

Runs::Runs(const WorkTensor &tensor, const WorkUse &use,
           ArrayRef<double> extents, double line)
    : run(tensor.elementBytes) {
  // Dimensions need not lie in memory in the order they have.
  SmallVector<size_t, 6> order =
      llvm::to_vector<6>(llvm::reverse(llvm::seq(use.dims.size())));
  llvm::stable_sort(order, [&](size_t a, size_t b) {
    return tensor.strides[a] < tensor.strides[b];
  });
  for (size_t i : order) {
    double span = 1, positions = 1;
    for (const WorkUse::Term &term : use.dims[i]) {
      span += term.step * (extents[term.loop] - 1);
      positions *= extents[term.loop];
    }
    span = std::min(span, tensor.shape[i]);
    positions = std::min(positions, span);
    if (positions <= 1)
      continue;
    double stride = tensor.strides[i] * tensor.elementBytes;
    double apart = stride * (span - 1) / (positions - 1);
    if (use.scattered.test(i)) {
      // Anywhere in the dimension.
      apart = stride * tensor.shape[i] / positions;
      span = tensor.shape[i];
    }
    if (repeats.empty() && apart - run < line) {
      run += stride * (span - 1);
      continue;
    }
    repeats.push_back({positions, apart});
    aligned &= std::fmod(use.scattered.test(i) ? stride : apart, line) == 0;
  }
}

double rac::footprint(const WorkTensor &tensor, const WorkUse &use,
                      ArrayRef<double> extents, double line) {
  Runs runs(tensor, use, extents, line);
  double lines = runs.lines(line, tensor.elementBytes);
  for (const Stride &stride : runs.repeats)
    lines *= stride.positions;
  return std::min(lines, std::ceil(tensor.bytes() / line)) * line;
}

double rac::setsCovered(const WorkTensor &tensor, const WorkUse &use,
                        ArrayRef<double> extents, const CacheShape &cache) {
  double sets = cache.sets();
  if (use.scattered.any())
    return sets;
  Runs runs(tensor, use, extents, cache.line);
  double covered = std::min(sets, runs.lines(cache.line, tensor.elementBytes));
  for (const Stride &stride : runs.repeats) {
    // Repetitions come back to the first one's sets after as many.
    auto around = static_cast<int64_t>(sets * cache.line);
    double step = std::gcd(around, static_cast<int64_t>(stride.apart));
    double places = std::min(stride.positions, around / std::max(1.0, step));
    double free = std::max(1.0, step / cache.line);
    covered = places < stride.positions
                  ? std::min(sets, places * std::min(covered, free))
                  : std::min(sets, places * covered);
  }
  return std::max(1.0, covered);
}

namespace {

/// By tensor: bytes brought in, bytes touched, and bytes brought in to be
/// written; and over how many sets of the cache those touched are spread.
struct Flow {
  SmallVector<double, 4> in, touched, written, sets;

  explicit Flow(size_t tensors)
      : in(tensors, 0), touched(tensors, 0), written(tensors, 0),
        sets(tensors, 1) {}
  double size() const {
    double sum = 0;
    for (double bytes : touched)
      sum += bytes;
    return sum;
  }
};

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

  /// What all of the candidate moves, starting with an empty cache.
  Flow run();

private:
  bool fits(double bytes) const { return bytes <= cache.bytes; }
  /// Whether `share` of what is touched of tensor `t` stays, with as much of
  /// all else: in the sets that it lies in, beside it what the others have in
  /// each set on average.
  bool stays(const Flow &flow, unsigned t, double share) const {
    double size = share * flow.size(), touched = share * flow.touched[t];
    if (!fits(size) || cache.ways == 0 || touched == 0)
      return fits(size);
    double own = touched / cache.line / flow.sets[t],
           others = (size - touched) / cache.line / cache.sets();
    return own + others <= cache.ways;
  }
  /// B that a nest touches while its loops run `extents` iterations.
  void touch(const WorkNest &nest, ArrayRef<double> extents, Flow &flow,
             bool write) const;
  Flow touchedBy(const WorkNest &nest, ArrayRef<double> extents) const;
  /// One tile of a nest.
  Flow nestFlow(const WorkNest &nest, const NestSchedule &loops) const;
  /// One after the other.
  Flow inSequence(ArrayRef<Flow> flows) const;
  /// `flow` is of an iteration; `outer` of what all `trips` touch, of which the
  /// last may be smaller: together they are `average` whole ones.
  Flow repeat(Flow flow, const Flow &outer, double trips, double average,
              function_ref<bool(unsigned)> staysInRegisters) const;

  Work work;
  const Schedule &schedule;
  CacheShape cache;
};

} // namespace

void Reuse::touch(const WorkNest &nest, ArrayRef<double> extents, Flow &flow,
                  bool write) const {
  for (const WorkUse &use :
       write ? ArrayRef<WorkUse>(nest.writes) : ArrayRef<WorkUse>(nest.reads)) {
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
    if (cache.ways > 0)
      flow.sets[use.tensor] = std::max(
          flow.sets[use.tensor], setsCovered(tensor, use, extents, cache));
    if (write)
      flow.written[use.tensor] += bytes;
  }
}

Flow Reuse::touchedBy(const WorkNest &nest, ArrayRef<double> extents) const {
  Flow flow(work.tensors.size());
  touch(nest, extents, flow, /*write=*/false);
  touch(nest, extents, flow, /*write=*/true);
  flow.in = flow.touched;
  return flow;
}

Flow Reuse::repeat(Flow flow, const Flow &outer, double trips, double average,
                   function_ref<bool(unsigned)> staysInRegisters) const {
  Flow body = flow;
  for (unsigned t = 0; t < work.tensors.size(); ++t) {
    // The end of what an iteration touched is where the next one begins, as of
    // windows: what lies between is the end of one and the beginning of
    // another.
    double touched = body.touched[t], shared = 1;
    if (trips > 1 && touched > 0)
      shared = std::clamp((trips * touched - outer.touched[t]) /
                              ((trips - 1) * touched),
                          0.0, 1.0);
    bool overlaps = shared > 0 && shared < 1 && average == trips;
    if (overlaps && !stays(body, t, 1) && stays(body, t, shared)) {
      flow.in[t] =
          std::max(outer.touched[t],
                   trips * flow.in[t] - (trips - 1) * shared * touched);
      flow.written[t] = std::max(outer.written[t], trips * flow.written[t]);
    } else if (stays(body, t, 1) || staysInRegisters(t)) {
      flow.in[t] = std::max(flow.in[t], outer.touched[t]);
      flow.written[t] = std::max(flow.written[t], outer.written[t]);
    } else {
      // What the loop goes along has less in the last iteration.
      bool same = outer.touched[t] == flow.touched[t];
      double times = same ? trips : average;
      flow.in[t] = std::max(outer.touched[t], times * flow.in[t]);
      flow.written[t] = std::max(outer.written[t], times * flow.written[t]);
    }
    flow.touched[t] = outer.touched[t];
    flow.sets[t] = outer.sets[t];
  }
  return flow;
}

Flow Reuse::nestFlow(const WorkNest &nest, const NestSchedule &loops) const {
  ArrayRef<double> tile = loops.extents.back();
  // Iterations inside the innermost level: a register tile, or one.
  SmallVector<double, 6> extents(nest.sizes.size(), 1);
  if (loops.vectorLoop)
    extents[*loops.vectorLoop] =
        std::min(tile[*loops.vectorLoop], loops.lanes * loops.vectors);
  if (loops.rowLoop)
    extents[*loops.rowLoop] = std::min(tile[*loops.rowLoop], loops.rows);
  Flow flow = touchedBy(nest, extents);
  auto isWritten = [&](unsigned tensor) {
    return llvm::any_of(nest.writes, [&](const WorkUse &write) {
      return write.tensor == tensor;
    });
  };
  // The reductions inside all else keep what they write in registers.
  bool inside = true;
  for (const NestSchedule::Level &level : llvm::reverse(loops.levels)) {
    inside &= nest.reductions.test(level.loop);
    double each = extents[level.loop];
    extents[level.loop] = std::min(tile[level.loop], each * level.trips);
    // A loop without iterations stays one.
    double average = each > 0 ? extents[level.loop] / each : 0;
    flow = repeat(std::move(flow), touchedBy(nest, extents), level.trips,
                  average, [&](unsigned t) { return inside && isWritten(t); });
  }
  return flow;
}

/// A nest finds what an earlier one touched if all that came between fits.
Flow Reuse::inSequence(ArrayRef<Flow> flows) const {
  Flow sum(work.tensors.size());
  for (auto [j, flow] : llvm::enumerate(flows))
    for (unsigned t = 0; t < work.tensors.size(); ++t) {
      double in = flow.in[t], kept = 0;
      double between = 0;
      if (flow.touched[t] > 0) {
        between = flow.size();
        for (size_t i = j; i-- > 0;) {
          double common = flows[i].touched[t];
          // What both touch is there once.
          between += flows[i].size() - (common > 0 ? common : 0);
          if (common == 0)
            continue;
          if (fits(between))
            kept = std::min(common, flow.touched[t]);
          break;
        }
      }
      sum.in[t] += std::max(0.0, in - kept);
      sum.touched[t] = std::max(sum.touched[t], flow.touched[t]);
      sum.sets[t] = std::max(sum.sets[t], flow.sets[t]);
      // A line that is changed twice while it is there goes back once.
      bool again = sum.written[t] > 0 && kept > 0;
      sum.written[t] += std::max(0.0, flow.written[t] - (again ? kept : 0));
    }
  return sum;
}

Flow Reuse::run() {
  SmallVector<Flow> before, tile;
  // What is there before the tiles isn't made anew for each.
  llvm::SmallBitVector isThere(work.tensors.size());
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule.nests)) {
    (loops.isBefore ? before : tile).push_back(nestFlow(nest, loops));
    if (loops.isBefore)
      for (const WorkUse &write : nest.writes)
        isThere.set(write.tensor);
  }
  Flow flow = inSequence(tile);
  size_t tiles = schedule.tileTrips.size();
  for (size_t depth = tiles; depth-- > 0;) {
    Flow outer(work.tensors.size());
    for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule.nests)) {
      if (loops.isBefore)
        continue;
      Flow all = touchedBy(nest, loops.extents[depth]);
      for (unsigned t = 0; t < work.tensors.size(); ++t) {
        const WorkTensor &tensor = work.tensors[t];
        // What passes between nests has the same memory for every tile.
        bool passing = !tensor.isInput && !tensor.isOutput && !isThere.test(t);
        outer.touched[t] = std::max(outer.touched[t],
                                    passing ? flow.touched[t] : all.touched[t]);
        outer.written[t] = std::max(outer.written[t],
                                    passing ? flow.touched[t] : all.written[t]);
        outer.sets[t] =
            std::max(outer.sets[t], passing ? flow.sets[t] : all.sets[t]);
      }
    }
    double trips = schedule.tileTrips[depth];
    flow = repeat(std::move(flow), outer, trips, trips,
                  [](unsigned) { return false; });
  }
  if (before.empty())
    return flow;
  before.push_back(std::move(flow));
  return inSequence(before);
}

//===----------------------------------------------------------------------===//
// Whole candidates
//===----------------------------------------------------------------------===//

double rac::heldBefore(const WorkTensor &tensor, double candidateBytes,
                       double cacheBytes, const Assumptions &assumptions) {
  if (assumptions.cold)
    return 0;
  double since = tensor.isWeight
                     ? std::max(candidateBytes, assumptions.modelBytes)
                     : candidateBytes;
  return since <= cacheBytes ? std::numeric_limits<double>::infinity() : 0;
}

/// Of a walk around `bytes`, again and again, the part that a cache keeps where
/// any line may go first: a line stays as long as none of those that were
/// missing since took its place, exp(-missing / lines).
static double keptOfWalk(double bytes, double cacheBytes) {
  if (bytes <= cacheBytes)
    return 1;
  double kept = 0;
  constexpr int rounds = 60;
  for (int round = 0; round < rounds; ++round)
    kept = std::exp(-(1 - kept) * bytes / cacheBytes);
  return kept;
}

double rac::heldSince(LastTouch last, double touched, double candidateBytes,
                      const CacheShape &cache) {
  if (!std::isfinite(cache.bytes))
    return touched;
  double others = std::max(0.0, candidateBytes - touched);
  // From one touch of a byte to the next: what came between, the rest of the
  // tensor, and of what either touches beside it on average half.
  if (cache.isShared) {
    double between = last.since + touched + (last.meanwhile + others) / 2;
    return touched * keptOfWalk(between, cache.bytes);
  }
  // After the part x of a tensor there is room for what came between, the
  // tensor, and of the others 1 - x of the earlier and x of the later ones.
  double room = cache.bytes - last.since - touched,
         first = room - last.meanwhile, end = room - others;
  double part = first >= 0 && end >= 0 ? 1
                : first < 0 && end < 0
                    ? 0
                    : std::max(first, end) / std::abs(first - end);
  return touched * part;
}

/// Whether nothing reads a tensor before it is written.
static bool startsWritten(const Work &work, unsigned tensor) {
  auto uses = [&](const WorkUse &use) { return use.tensor == tensor; };
  for (const WorkNest &nest : work.nests) {
    if (llvm::any_of(nest.reads, uses))
      return false;
    if (llvm::any_of(nest.writes, uses))
      return true;
  }
  return false;
}

static Traffic sumUp(const Work &work, const Flow &flow,
                     const CacheShape &cache, const Assumptions &assumptions) {
  Traffic traffic;
  double size = flow.size();
  for (auto [t, tensor] : llvm::enumerate(work.tensors)) {
    // A part lies anywhere in the tensor, all of which was touched.
    double rest = std::max(0.0, tensor.bytes() - flow.touched[t]);
    double there =
        tensor.since && !assumptions.cold
            ? heldSince({*tensor.since + rest, tensor.meanwhile},
                        flow.touched[t], size, cache) *
                  (cache.isShared ? 1 : 1 / tensor.cores)
            : std::min(heldBefore(tensor, size, cache.bytes, assumptions),
                       flow.touched[t]);
    bool made = !cache.fetchesWritten && startsWritten(work, t);
    // What stays comes in once, whatever parts of it are touched in turn.
    double in = flow.in[t];
    if (cache.ways == 0 && size <= cache.bytes)
      in = std::min(in, flow.touched[t]);
    traffic.fills += std::max(0.0, in - (made ? flow.touched[t] : there));
    traffic.writeBacks += std::max(0.0, flow.written[t] - there);
  }
  return traffic;
}

Traffic rac::generatedTraffic(const Work &work, const Schedule &schedule,
                              const CacheShape &cache,
                              const Assumptions &assumptions) {
  return sumUp(work, Reuse(work, schedule, cache).run(), cache, assumptions);
}

double rac::registerTraffic(const Work &work, const Schedule &schedule) {
  double sum = 0;
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule.nests)) {
    double iterations = loops.iterationsOfTile();
    if (iterations == 0) // nothing moves, and no share of it
      continue;
    double times = loops.isBefore ? 1 : schedule.tiles();
    auto moved = [&](const WorkUse &use, bool write) {
      double count = iterations;
      // One for all lanes, rows or vectors that share it.
      if (loops.vectorLoop && !use.dependsOn(*loops.vectorLoop))
        count /= std::min(loops.lanes * loops.vectors,
                          loops.extents.back()[*loops.vectorLoop]);
      if (loops.rowLoop && !use.dependsOn(*loops.rowLoop))
        count /= loops.rows;
      // Sums stay in registers; from one block of a reduction to the next they
      // are stored and loaded. What is combined with them comes once they are
      // done.
      bool afterwards = !write;
      for (unsigned loop = 0; loop < nest.sizes.size(); ++loop)
        afterwards &= !nest.reductions.test(loop) || !use.dependsOn(loop);
      for (unsigned loop = 0; afterwards && loop < nest.sizes.size(); ++loop)
        if (nest.reductions.test(loop))
          count /= loops.extents.back()[loop];
      if (write)
        for (unsigned loop = 0; loop < nest.sizes.size(); ++loop)
          if (nest.reductions.test(loop)) {
            double whole = loops.extents.back()[loop],
                   block = loops.block[loop];
            count /= loops.vectorLoop == loop
                         ? block / std::min(loops.lanes * loops.vectors, block)
                         : block;
            if (block < whole)
              count *= 2;
          }
      return count * work.tensors[use.tensor].elementBytes;
    };
    for (const WorkUse &use : nest.reads)
      sum += times * moved(use, false);
    for (const WorkUse &use : nest.writes)
      sum += times * moved(use, true);
  }
  return sum;
}

Traffic rac::libraryTraffic(const Work &work, const CacheShape &cache,
                            const Assumptions &assumptions) {
  Flow flow(work.tensors.size());
  double products = 0, elementBytes = 4;
  for (const WorkNest &nest : work.nests) {
    auto add = [&](const WorkUse &use, bool write) {
      double bytes =
          footprint(work.tensors[use.tensor], use, nest.sizes, cache.line);
      flow.touched[use.tensor] = std::max(flow.touched[use.tensor], bytes);
      if (write)
        flow.written[use.tensor] = bytes;
    };
    for (const WorkUse &use : nest.reads)
      add(use, false);
    for (const WorkUse &use : nest.writes)
      add(use, true);
    products += nest.iterations() * nest.multiplyAdds;
    if (nest.isContraction())
      elementBytes = work.tensors[nest.reads.front().tensor].elementBytes;
  }
  flow.in = flow.touched;
  Traffic traffic = sumUp(work, flow, cache, assumptions);
  if (products > 0 && std::isfinite(cache.bytes) && flow.size() > cache.bytes)
    traffic.fills = std::max(
        traffic.fills,
        2 * products / std::sqrt(cache.bytes / elementBytes) * elementBytes);
  return traffic;
}
