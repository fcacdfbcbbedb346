//===- Team.cpp - The same on several cores at once -----------------------===//

#include "Team.h"
#include "Sampler.h"
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

using namespace rac;

double rac::runTeam(int members, llvm::function_ref<void(int)> work,
                    llvm::function_ref<void(int)> prepare) {
  if (members == 1) {
    prepare(0);
    return secondsOf([&] { work(0); });
  }
  std::atomic<int> ready = 0;
  std::vector<double> begin(members), end(members);
  auto member = [&](int index) {
    prepare(index);
    ++ready;
    while (ready < members)
      std::this_thread::yield();
    begin[index] = now();
    work(index);
    end[index] = now();
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < members; ++i)
    threads.emplace_back(member, i);
  member(0);
  for (std::thread &thread : threads)
    thread.join();
  return *std::max_element(end.begin(), end.end()) -
         *std::min_element(begin.begin(), begin.end());
}
