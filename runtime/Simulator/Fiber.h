//===- Fiber.h - Stacks to switch between -----------------------*- C++ -*-===//

#ifndef RAC_RUNTIME_SIMULATOR_FIBER_H
#define RAC_RUNTIME_SIMULATOR_FIBER_H

#include <cstddef>

namespace rac::simulator {

/// Memory for a stack, with a page below it that faults.
class Stack {
public:
  Stack();
  ~Stack();
  Stack(Stack &&other) : base(other.base) { other.base = nullptr; }
  Stack(const Stack &) = delete;
  Stack &operator=(const Stack &) = delete;

  char *top() const { return base + kBytes; }

private:
  static constexpr size_t kBytes = 128 * 1024, kGuard = 4096;
  char *base;
};

/// Where a stack goes on that does not run. What must be kept between function
/// calls lies on the stack itself.
struct Fiber {
  void *pointer = nullptr;

  /// Will call `entry`, which must never return, on the stack below `top`.
  void prepare(char *top, void (*entry)());
};

/// Goes on with `to`; returns when another goes on with `from`.
void switchFiber(Fiber &from, const Fiber &to);

} // namespace rac::simulator

#endif // RAC_RUNTIME_SIMULATOR_FIBER_H
