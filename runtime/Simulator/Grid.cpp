//===- Grid.cpp - The blocks of a launch ----------------------------------===//

#include "Grid.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

using namespace rac::simulator;

namespace {

/// Clusters that are not running, kept for their stacks.
class Spares {
public:
  std::unique_ptr<Cluster> take() {
    std::lock_guard<std::mutex> lock(mutex);
    if (spares.empty())
      return std::make_unique<Cluster>();
    std::unique_ptr<Cluster> cluster = std::move(spares.back());
    spares.pop_back();
    return cluster;
  }
  void giveBack(std::unique_ptr<Cluster> cluster) {
    std::lock_guard<std::mutex> lock(mutex);
    spares.push_back(std::move(cluster));
  }

private:
  std::mutex mutex;
  std::vector<std::unique_ptr<Cluster>> spares;
};
Spares spares;

class Grid {
public:
  explicit Grid(const Launch &launch)
      : launch(launch), numClusters(int64_t(launch.grid[0]) * launch.grid[1] *
                                    launch.grid[2] / launch.kernel->cluster) {}

  std::string run() {
    int64_t team = std::min<int64_t>(numTeam(), numClusters);
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
    int64_t threads = numClusters * launch.kernel->cluster * launch.block[0] *
                      launch.block[1] * launch.block[2];
    return threads < kWorthIt ? 1 : std::thread::hardware_concurrency();
  }

  void work() {
    std::unique_ptr<Cluster> cluster = spares.take();
    for (int64_t next; !failed && (next = taken++) < numClusters;) {
      int64_t number = launch.settings.reverse ? numClusters - 1 - next : next;
      int64_t i = number * launch.kernel->cluster;
      int32_t id[3] = {int32_t(i % launch.grid[0]),
                       int32_t(i / launch.grid[0] % launch.grid[1]),
                       int32_t(i / launch.grid[0] / launch.grid[1])};
      if (cluster->run(launch, id))
        continue;
      std::lock_guard<std::mutex> lock(mutex);
      failed = true;
      if (problem.empty())
        problem = cluster->problem;
    }
    spares.giveBack(std::move(cluster));
  }

  const Launch &launch;
  int64_t numClusters;
  std::atomic<int64_t> taken{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::string problem;
};

} // namespace

std::string rac::simulator::runGrid(const Launch &launch) {
  return Grid(launch).run();
}
