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

class MemoryBench {
public:
  explicit MemoryBench(Bench &bench)
      : bench(bench),
        memory(bench.device(), bench.cores(), bench.result.notes) {}
  void run();

private:
  Probe reading(const std::string &what, std::vector<Span> spans,
                bool cached) const;
  Probe chasing(const LevelSpans &spans) const;
  Probe exchanging(const LevelSpans &spans) const;
  void setPeers(const LevelSpans &spans);
  void setLevel(const LevelSpans &spans, llvm::ArrayRef<Timing> timings);
  void findCapacity(MemoryLevel &last, const MemoryLevel &beyond);

  Bench &bench;
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
  constexpr int64_t steps = 1000; // in one go
  linkLines(spans.one);
  auto run = [span = spans.one, cached = spans.cached,
              read = bench.options.kernels.read.run](int64_t times) {
    if (cached)
      read(span.begin, span.bytes);
    return secondsOf([&] { chase(span.begin, times * steps); }) / steps;
  };
  return {"the latency of " + bench.result.device.memory[spans.level].name,
          run};
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
  return {"what passes from one core's " +
              bench.result.device.memory[spans.level].name + " to another's",
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
  std::vector<MemoryLevel> &levels = bench.device().memory;
  std::vector<Probe> probes;
  for (const LevelSpans &spans : memory.levels) {
    std::string what = "reading " + levels[spans.level].name;
    probes.push_back(reading(what, {spans.one}, spans.cached));
    probes.push_back(reading(what + " on all cores", spans.all, spans.cached));
    probes.push_back(chasing(spans));
  }
  std::vector<Timing> timings = bench.time(probes);
  for (size_t i = 0; i < memory.levels.size(); ++i)
    setLevel(memory.levels[i], llvm::ArrayRef(timings).slice(3 * i, 3));
  auto last =
      llvm::find_if(llvm::reverse(memory.levels), [&](const LevelSpans &spans) {
        return levels[spans.level].scope == LevelScope::core;
      });
  if (last != memory.levels.rend())
    setPeers(*last);

  if (levels.size() > 1 && memory.levels.size() == levels.size() &&
      levels[levels.size() - 2].scope == LevelScope::device)
    findCapacity(levels[levels.size() - 2], levels.back());
}

void MemoryBench::setLevel(const LevelSpans &spans,
                           llvm::ArrayRef<Timing> timings) {
  MemoryLevel &level = bench.device().memory[spans.level];
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
            spans.one.bytes / timings[0].seconds, timings[0].spread,
            how(spans.one.bytes, 1));
  // One core isn't faster than all.
  double one = level.coreBytesPerSecond ? level.coreBytesPerSecond->v : 0;
  bench.set(level.deviceBytesPerSecond, key + ".device_bytes_per_s", "B/s",
            std::max(spans.allBytes() / timings[1].seconds, one),
            timings[1].spread, how(spans.all.front().bytes, bench.cores()));
  bench.set(level.latencySeconds, key + ".latency_s", "s", timings[2].seconds,
            timings[2].spread,
            "pointers from line to line in random order within " +
                llvm::Twine(spans.one.bytes >> 10) + " KiB");
}

/// Of a cache that others use as well, the part that serves this machine: where
/// reads take as long as if half of them came from memory.
void MemoryBench::findCapacity(MemoryLevel &last, const MemoryLevel &beyond) {
  if (!last.deviceBytesPerSecond || !beyond.deviceBytesPerSecond)
    return;
  double whole = last.sizeBytes->v;
  double inside = 1 / last.deviceBytesPerSecond->v,
         outside = 1 / beyond.deviceBytesPerSecond->v;
  // Memory that is hardly slower than the cache tells nothing.
  constexpr double leastContrast = 1.2;
  if (outside < leastContrast * inside)
    return bench.note("memory." + last.name +
                      ".size_bytes: reads from beyond it take as long");
  std::vector<int64_t> sizes;
  std::vector<Probe> probes;
  for (double size = whole / 16; size <= whole; size *= std::sqrt(2.0)) {
    int64_t each = llvm::alignTo<4096>(int64_t(size / bench.cores()));
    std::vector<Span> spans;
    for (int i = 0; i < bench.cores(); ++i)
      spans.push_back({memory.buffer->data() + i * each, each});
    sizes.push_back(each * bench.cores());
    probes.push_back(
        reading("how much " + last.name + " holds", spans, /*cached=*/true));
  }
  std::vector<Timing> timings = bench.time(probes);
  size_t fits = 0;
  while (fits < sizes.size() &&
         timings[fits].seconds / sizes[fits] < (inside + outside) / 2)
    ++fits;
  if (fits == sizes.size())
    return; // all of it
  // It ends somewhere within a step of the sizes.
  bench.set(last.sizeBytes, "memory." + last.name + ".size_bytes", "B",
            sizes[fits ? fits - 1 : 0], std::sqrt(2.0) - 1,
            "of " + llvm::Twine(int64_t(whole) >> 20) +
                " MiB, shared with others, what keeps at least half of the "
                "reads from memory, all cores reading");
}

void rac::measureMemory(Bench &bench) { MemoryBench(bench).run(); }
