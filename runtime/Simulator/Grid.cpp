//===- Grid.cpp - The blocks of a launch ----------------------------------===//

#include "Grid.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

using namespace rac::simulator;

namespace {

/// Blocks that are not running, kept for their stacks.
class Spares {
public:
  std::unique_ptr<Block> take() {
    std::lock_guard<std::mutex> lock(mutex);
    if (spares.empty())
      return std::make_unique<Block>();
    std::unique_ptr<Block> block = std::move(spares.back());
    spares.pop_back();
    return block;
  }
  void giveBack(std::unique_ptr<Block> block) {
    std::lock_guard<std::mutex> lock(mutex);
    spares.push_back(std::move(block));
  }

private:
  std::mutex mutex;
  std::vector<std::unique_ptr<Block>> spares;
};
Spares spares;

class Grid {
public:
  explicit Grid(const Launch &launch)
      : launch(launch),
        numBlocks(int64_t(launch.grid[0]) * launch.grid[1] * launch.grid[2]) {}

  std::string run() {
    int64_t team = std::min<int64_t>(numTeam(), numBlocks);
    std::vector<std::thread> helpers;
    for (int64_t i = 1; i < team; ++i)
      helpers.emplace_back([this] { work(); });
    work();
    for (std::thread &helper : helpers)
      helper.join();
    return problem;
  }

private:
  /// Starting a thread takes as long as thousands of simulated ones.
  int64_t numTeam() const {
    constexpr int64_t kWorthIt = 1 << 14;
    int64_t threads =
        numBlocks * launch.block[0] * launch.block[1] * launch.block[2];
    return threads < kWorthIt ? 1 : std::thread::hardware_concurrency();
  }

  void work() {
    std::unique_ptr<Block> block = spares.take();
    for (int64_t next; !failed && (next = taken++) < numBlocks;) {
      int64_t i = launch.settings.reverse ? numBlocks - 1 - next : next;
      int32_t id[3] = {int32_t(i % launch.grid[0]),
                       int32_t(i / launch.grid[0] % launch.grid[1]),
                       int32_t(i / launch.grid[0] / launch.grid[1])};
      if (block->run(launch, id))
        continue;
      std::lock_guard<std::mutex> lock(mutex);
      failed = true;
      if (problem.empty())
        problem = block->problem;
    }
    spares.giveBack(std::move(block));
  }

  const Launch &launch;
  int64_t numBlocks;
  std::atomic<int64_t> taken{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::string problem;
};

} // namespace

std::string rac::simulator::runGrid(const Launch &launch) {
  return Grid(launch).run();
}
