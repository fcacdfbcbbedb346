//===- Traffic.cpp - Bytes that cross a memory level ----------------------===//

#include "rac/Cost/Traffic.h"
#include "Reuse.h"
#include <cmath>

using namespace mlir;
using namespace rac;

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

/// The part that a cache keeps of what was there before `bytes` came into it,
/// where these take sets by chance, and of each the oldest line goes.
static double keptSince(double bytes, double cacheBytes) {
  // Caches do not choose strictly by age, and others may use them: whatever
  // their ways, groups of a Xeon 6 on one and two threads, and networks that it
  // was fitted to, are told best by 4; 2 to 6 are nearly as good
  // (docs/Cost.md).
  constexpr int kWays = 4;
  double came = kWays * bytes / cacheBytes;
  double exactly = std::exp(-came), fewer = 0;
  for (int lines = 0; lines < kWays; ++lines) {
    fewer += exactly;
    exactly *= came / (lines + 1);
  }
  return fewer;
}

double rac::heldSince(LastTouch last, double touched, double candidateBytes,
                      const CacheShape &cache) {
  if (!std::isfinite(cache.bytes))
    return touched;
  double others = std::max(0.0, candidateBytes - touched);
  // What came between, and of what either touches beside it on average half.
  double between = last.since + (last.meanwhile + others) / 2;
  if (cache.isShared)
    return touched * keptOfWalk(between + touched, cache.bytes);
  // Where a run stays in the cache, nothing comes.
  double coming = 1 - keptOfWalk(last.run, cache.bytes);
  return touched * keptOfWalk(touched, cache.bytes) *
         keptSince(coming * between, cache.bytes);
}

double rac::heldWithin(LastTouch last, double touched, double candidateBytes,
                       double cacheBytes) {
  if (!std::isfinite(cacheBytes))
    return touched;
  double others = std::max(0.0, candidateBytes - touched);
  // After the part x of a tensor there is room for what came between, the
  // tensor, and of the others 1 - x of the earlier and x of the later ones.
  double room = cacheBytes - last.since - touched,
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

Traffic rac::trafficOf(const Work &work, const Flow &flow,
                       const CacheShape &cache,
                       const Assumptions &assumptions) {
  Traffic traffic;
  double size = flow.size();
  for (auto [t, tensor] : llvm::enumerate(work.tensors)) {
    // A part lies anywhere in the tensor, all of which was touched.
    double rest = std::max(0.0, tensor.bytes() - flow.touched[t]);
    // What several cores share out is in a cache of each of them.
    CacheShape all = cache;
    if (!cache.isShared)
      all.bytes *= cache.cores;
    double held =
        tensor.since && !assumptions.cold
            ? heldSince({*tensor.since + rest, tensor.meanwhile, work.runBytes},
                        flow.touched[t], size, all)
            : std::min(heldBefore(tensor, size, cache.bytes, assumptions),
                       flow.touched[t]);
    double there = tensor.since && !cache.isShared ? held / tensor.cores : held;
    bool made = !cache.fetchesWritten && startsWritten(work, t);
    // What stays comes in once, whatever parts of it are touched in turn.
    double in = flow.in[t];
    if (cache.ways == 0 && size <= cache.bytes)
      in = std::min(in, flow.touched[t]);
    double fills = std::max(0.0, in - (made ? flow.touched[t] : there));
    traffic.fillsOf.push_back(fills);
    traffic.fills += fills;
    if (!cache.isShared && !tensor.isWeight)
      traffic.peers += std::min(fills, held - there);
    traffic.writeBacks += std::max(0.0, flow.written[t] - held);
  }
  return traffic;
}

Traffic rac::generatedTraffic(const Work &work, const Schedule &schedule,
                              const CacheShape &cache,
                              const Assumptions &assumptions) {
  return trafficOf(work, flowOf(work, schedule, cache), cache, assumptions);
}

/// What neighbouring rows' windows have in common is loaded once, where what is
/// multiplied differs by lane: of what all of them read, the part that differs.
static double partOfWindows(const WorkNest &nest, const WorkUse &use,
                            const NestSchedule &loops) {
  if (!loops.vectorLoop || nest.reductions.test(*loops.vectorLoop) ||
      !use.dependsOn(*loops.vectorLoop))
    return 1;
  double part = 1;
  for (const auto &terms : use.dims) {
    double all = 1, span = 1;
    bool rows = false;
    for (const WorkUse::Term &term : terms) {
      bool isRow = term.loop == *loops.rowLoop;
      rows |= isRow;
      double count = isRow ? loops.rows : loops.extents.back()[term.loop];
      all *= count;
      span += term.step * (count - 1);
    }
    if (rows && all > 0)
      part *= std::min(span, all) / all;
  }
  return part;
}

double rac::registerTraffic(const Work &work, const Schedule &schedule) {
  double sum = 0;
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule.nests)) {
    double iterations = loops.iterationsOfTile();
    if (iterations == 0) // nothing moves, and no share of it
      continue;
    double times = loops.isBefore ? 1 : schedule.tiles();
    auto moved = [&, &loops = loops](const WorkUse &use, bool write) {
      double count = iterations;
      // One for all lanes, rows or vectors that share it.
      if (loops.vectorLoop && !use.dependsOn(*loops.vectorLoop))
        count /= std::min(loops.lanes * loops.vectors,
                          loops.extents.back()[*loops.vectorLoop]);
      if (loops.rowLoop && !use.dependsOn(*loops.rowLoop))
        count /= loops.rows;
      if (loops.rowLoop)
        count *= partOfWindows(nest, use, loops);
      // What several iterations share comes once.
      for (const auto &terms : use.dims)
        for (const WorkUse::Term &term : terms)
          if (loops.vectorLoop && term.loop != loops.vectorLoop)
            count *= std::min(1.0, term.step);
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
  Traffic traffic = trafficOf(work, flow, cache, assumptions);
  if (products > 0 && std::isfinite(cache.bytes) && flow.size() > cache.bytes)
    traffic.fills = std::max(
        traffic.fills,
        2 * products / std::sqrt(cache.bytes / elementBytes) * elementBytes);
  return traffic;
}
