//===- MeasureMemory.cpp - Bandwidth and latency of each level ------------===//

#include "LevelSpans.h"
#include "Measure.h"
#include "Team.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <atomic>
#include <cmath>
#include <random>
#include <thread>

using namespace rac;

namespace {

struct LevelTiming {
  Timing one, all; ///< reading, one core and all of them
  Timing updating; ///< all of them; of memory
  Timing latency;
};

/// Probes that are timed in turn, and where their timings go.
class Series {
public:
  void add(Probe probe, Timing &timing) {
    probes.push_back(std::move(probe));
    slots.push_back(&timing);
  }
  void time(Bench &bench) const {
    for (auto [slot, timing] : llvm::zip_equal(slots, bench.time(probes)))
      *slot = timing;
  }

private:
  std::vector<Probe> probes;
  std::vector<Timing *> slots;
};

/// How long all cores take to read so many bytes again and again.
struct CapacityProbe {
  int64_t bytes = 0;
  Timing timing;
};

class MemoryBench {
public:
  explicit MemoryBench(Bench &bench)
      : bench(bench), levels(bench.device().memory),
        memory(bench.device(), bench.cores(), bench.result.notes) {}
  void run();

private:
  Probe reading(const std::string &what, std::vector<Span> spans,
                bool cached) const;
  Probe updating(const LevelSpans &spans) const;
  Probe chasing(const LevelSpans &spans) const;
  Probe exchanging(const LevelSpans &spans) const;
  void setPeers(const LevelSpans &spans);
  void setLevel(const LevelSpans &spans, const LevelTiming &timing);
  bool isShared(const LevelSpans &spans) const {
    return levels[spans.level].scope != LevelScope::core;
  }
  bool isMemory(const LevelSpans &spans) const {
    return spans.level + 1 == levels.size() && isShared(spans);
  }
  /// The last cache, if all cores share it and what lies beyond is timed too.
  MemoryLevel *sharedCache();
  std::vector<CapacityProbe> probeCapacity(Series &series);
  void findCapacity(llvm::ArrayRef<CapacityProbe> probes,
                    llvm::ArrayRef<LevelTiming> timings);

  Bench &bench;
  std::vector<MemoryLevel> &levels;
  MemorySpans memory;
};

} // namespace

Probe MemoryBench::reading(const std::string &what, std::vector<Span> spans,
                           bool cached) const {
  auto run = [spans = std::move(spans), cached,
              read = bench.options.kernels.read.run](int64_t times) {
    auto once = [&](int i) { read(spans[i].begin, spans[i].bytes); };
    return runTeam(
        static_cast<int>(spans.size()),
        [&](int i) {
          for (int64_t time = 0; time < times; ++time)
            once(i);
        },
        [&](int i) {
          if (cached)
            once(i);
        });
  };
  return {what, run};
}

/// More than a fill, so that no library function does it past the caches.
static void addTo(Span span) {
  auto *at = reinterpret_cast<uint64_t *>(span.begin);
  for (int64_t i = 0; i < span.bytes / int64_t(sizeof(uint64_t)); ++i)
    at[i] += 1;
}

/// Each core reads its span, and what it makes of it goes back.
Probe MemoryBench::updating(const LevelSpans &spans) const {
  auto run = [parts = spans.all](int64_t times) {
    return runTeam(static_cast<int>(parts.size()), [&](int member) {
      for (int64_t time = 0; time < times; ++time)
        addTo(parts[member]);
    });
  };
  return {"updating " + levels[spans.level].name + " on all cores", run};
}

/// Pointers to each line, in one cycle, in random order; the same each time.
static void linkLines(Span span) {
  constexpr int64_t line = 64;
  int64_t count = span.bytes / line;
  std::vector<int32_t> order(count);
  for (int64_t i = 0; i < count; ++i)
    order[i] = static_cast<int32_t>(i);
  std::mt19937 random(1);
  std::shuffle(order.begin(), order.end(), random);
  for (int64_t i = 0; i < count; ++i)
    *reinterpret_cast<void **>(span.begin + line * order[i]) =
        span.begin + line * order[(i + 1) % count];
}

Probe MemoryBench::chasing(const LevelSpans &spans) const {
  linkLines(spans.one);
  // It goes on where it stopped: a short way, again and again, would soon lie
  // nearer.
  auto run = [span = spans.one, at = static_cast<void *>(spans.one.begin),
              cached = spans.cached,
              read = bench.options.kernels.read.run](int64_t times) mutable {
    if (cached)
      read(span.begin, span.bytes);
    return secondsOf([&] { at = chase(at, times); });
  };
  return {"the latency of " + levels[spans.level].name, run};
}

/// Each core computes in turn what another one had in its cache: it reads half
/// of its span, and writes the other half.
Probe MemoryBench::exchanging(const LevelSpans &spans) const {
  auto run = [parts = spans.all](int64_t times) {
    int members = static_cast<int>(parts.size());
    std::atomic<int64_t> arrived = 0;
    return runTeam(members, [&](int member) {
      for (int64_t time = 0; time < times; ++time) {
        const Span &part = parts[(member + time) % members];
        int64_t count = part.bytes / 2 / int64_t(sizeof(uint64_t));
        auto *from = reinterpret_cast<uint64_t *>(part.begin),
             *to = from + count;
        if (time % 2)
          std::swap(from, to);
        // More than a copy, so that no library function does it past the cache.
        for (int64_t i = 0; i < count; ++i)
          to[i] = from[i] + 1;
        ++arrived;
        while (arrived < members * (time + 1))
          std::this_thread::yield();
      }
    });
  };
  return {"what passes from one core's " + levels[spans.level].name +
              " to another's",
          run};
}

void MemoryBench::setPeers(const LevelSpans &spans) {
  MemoryLevel &level = bench.device().memory[spans.level];
  std::string key = "memory." + level.name + ".peer_bytes_per_s";
  if (bench.cores() == 1)
    return bench.note(key + ": there is but one core");
  Timing timing = bench.time({exchanging(spans)}).front();
  int64_t bytes = spans.all.front().bytes;
  bench.set(level.peerBytesPerSecond, key, "B/s", bytes / timing.seconds,
            timing.spread,
            "each of " + llvm::Twine(bench.cores()) + " cores reads " +
                llvm::Twine(bytes >> 11) +
                " KiB that another one has written, and writes as many");
}

void MemoryBench::run() {
  if (!*memory.buffer)
    return bench.note("memory: there isn't enough; levels are as they were");
  // Reads of what cores share are a series of their own, since its clock
  // follows its load: the last cache of a Xeon 6 gives a core 17 GB/s after a
  // second of computing, and 28 after as long of reading.
  Series own, shared;
  std::vector<LevelTiming> timings(memory.levels.size());
  for (auto [spans, timing] : llvm::zip_equal(memory.levels, timings)) {
    std::string what = "reading " + levels[spans.level].name;
    Series &reads = isShared(spans) ? shared : own;
    reads.add(reading(what, {spans.one}, spans.cached), timing.one);
    reads.add(reading(what + " on all cores", spans.all, spans.cached),
              timing.all);
    if (isMemory(spans))
      shared.add(updating(spans), timing.updating);
    own.add(chasing(spans), timing.latency);
  }
  std::vector<CapacityProbe> capacity = probeCapacity(shared);
  own.time(bench);
  shared.time(bench);
  for (auto [spans, timing] : llvm::zip_equal(memory.levels, timings))
    setLevel(spans, timing);
  auto last =
      llvm::find_if(llvm::reverse(memory.levels),
                    [&](const LevelSpans &spans) { return !isShared(spans); });
  if (last != memory.levels.rend())
    setPeers(*last);
  if (!capacity.empty())
    findCapacity(capacity, timings);
}

void MemoryBench::setLevel(const LevelSpans &spans, const LevelTiming &timing) {
  MemoryLevel &level = levels[spans.level];
  std::string key = "memory." + level.name;
  auto how = [&](int64_t bytes, int readers) {
    return (llvm::Twine(bench.options.kernels.read.what) + " of " +
            llvm::Twine(bytes >> 10) + " KiB again and again, " +
            (readers == 1
                 ? "one core"
                 : "each of " + llvm::Twine(readers) + " cores at once"))
        .str();
  };
  bench.set(level.coreBytesPerSecond, key + ".core_bytes_per_s", "B/s",
            spans.one.bytes / timing.one.seconds, timing.one.spread,
            how(spans.one.bytes, 1));
  // One core isn't faster than all. What cores read may be all that they ask
  // for, and memory still have some for what goes back meanwhile.
  double one = level.coreBytesPerSecond ? level.coreBytesPerSecond->v : 0,
         read = std::max(spans.allBytes() / timing.all.seconds, one),
         updated = isMemory(spans)
                       ? 2 * spans.allBytes() / timing.updating.seconds
                       : 0;
  int64_t each = spans.all.front().bytes;
  if (updated > read)
    bench.set(level.deviceBytesPerSecond, key + ".device_bytes_per_s", "B/s",
              updated, timing.updating.spread,
              "what comes and goes back as each of " +
                  llvm::Twine(bench.cores()) + " cores adds to " +
                  llvm::Twine(each >> 10) + " KiB of its own");
  else
    bench.set(level.deviceBytesPerSecond, key + ".device_bytes_per_s", "B/s",
              read, timing.all.spread, how(each, bench.cores()));
  bench.set(level.latencySeconds, key + ".latency_s", "s",
            timing.latency.seconds, timing.latency.spread,
            "pointers from line to line in random order within " +
                llvm::Twine(spans.one.bytes >> 10) + " KiB");
}

MemoryLevel *MemoryBench::sharedCache() {
  bool isKnown = levels.size() > 1 && memory.levels.size() == levels.size();
  MemoryLevel *last = isKnown ? &levels[levels.size() - 2] : nullptr;
  return last && last->scope == LevelScope::device ? last : nullptr;
}

std::vector<CapacityProbe> MemoryBench::probeCapacity(Series &series) {
  std::vector<CapacityProbe> probes;
  const MemoryLevel *last = sharedCache();
  if (!last)
    return probes;
  double whole = last->sizeBytes->v;
  for (double size = whole / 16; size <= whole; size *= std::sqrt(2.0))
    probes.emplace_back().bytes =
        bench.cores() * llvm::alignTo<4096>(int64_t(size / bench.cores()));
  for (CapacityProbe &probe : probes) {
    int64_t each = probe.bytes / bench.cores();
    std::vector<Span> spans;
    for (int i = 0; i < bench.cores(); ++i)
      spans.push_back({memory.buffer->data() + i * each, each});
    series.add(
        reading("how much " + last->name + " holds", spans, /*cached=*/true),
        probe.timing);
  }
  return probes;
}

/// Of a cache that others use as well, the part that serves this machine: where
/// reads take as long as if half of them came from memory.
void MemoryBench::findCapacity(llvm::ArrayRef<CapacityProbe> probes,
                               llvm::ArrayRef<LevelTiming> timings) {
  MemoryLevel &last = *sharedCache();
  size_t beyond = levels.size() - 1;
  auto secondsPerByte = [&](size_t level) {
    return timings[level].all.seconds / memory.levels[level].allBytes();
  };
  double inside = secondsPerByte(beyond - 1), outside = secondsPerByte(beyond);
  // Memory that is hardly slower than the cache tells nothing.
  constexpr double leastContrast = 1.2;
  if (outside < leastContrast * inside)
    return bench.note("memory." + last.name +
                      ".size_bytes: reads from beyond it take as long");
  const auto *end = llvm::find_if(probes, [&](const CapacityProbe &probe) {
    return probe.timing.seconds / probe.bytes >= (inside + outside) / 2;
  });
  if (end == probes.end())
    return; // all of it
  // It ends somewhere within a step of the sizes.
  int64_t fits = end == probes.begin() ? end->bytes : std::prev(end)->bytes;
  int64_t whole = last.sizeBytes->v;
  bench.set(last.sizeBytes, "memory." + last.name + ".size_bytes", "B", fits,
            std::sqrt(2.0) - 1,
            "of " + llvm::Twine(whole >> 20) +
                " MiB, shared with others, what keeps at least half of the "
                "reads from memory, all cores reading");
}

void rac::measureMemory(Bench &bench) { MemoryBench(bench).run(); }
