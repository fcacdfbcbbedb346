//===- Fiber.cpp - Stacks to switch between -------------------------------===//
//
// swapcontext makes two system calls a switch, and a product of two matrices on
// a warp takes 32 switches for 2048 multiplications.
//
//===----------------------------------------------------------------------===//

#include "Fiber.h"

#include <cstdint>
#include <new>
#include <sys/mman.h>

using namespace rac::simulator;

Stack::Stack() {
  void *memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, kGuard, PROT_NONE))
    throw std::bad_alloc();
  base = static_cast<char *>(memory);
}

Stack::~Stack() {
  if (base)
    munmap(base, kBytes);
}

#if defined(__x86_64__)

/// The registers that calls preserve, in the order that they are popped.
static constexpr int kSaved = 6;

asm(R"(
.text
.p2align 4
.type rac_sim_switch, @function
rac_sim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size rac_sim_switch, . - rac_sim_switch
)");

void Fiber::prepare(char *top, void (*entry)()) {
  auto *words = reinterpret_cast<void **>(reinterpret_cast<uintptr_t>(top) &
                                          ~uintptr_t(15));
  *--words = nullptr; // no return address; the stack is aligned as by a call
  *--words = reinterpret_cast<void *>(entry);
  for (int i = 0; i < kSaved; ++i)
    *--words = nullptr;
  pointer = words;
}

#elif defined(__aarch64__)

/// x19 to x30 and d8 to d15.
static constexpr int kSaved = 20;

asm(R"(
.text
.p2align 4
.type rac_sim_switch, %function
rac_sim_switch:
  sub sp, sp, #160
  stp x19, x20, [sp]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size rac_sim_switch, . - rac_sim_switch
)");

void Fiber::prepare(char *top, void (*entry)()) {
  auto *words = reinterpret_cast<void **>(reinterpret_cast<uintptr_t>(top) &
                                          ~uintptr_t(15));
  for (int i = 0; i < kSaved; ++i)
    *--words = nullptr;
  words[11] = reinterpret_cast<void *>(entry); // x30
  pointer = words;
}

#else
#error "no way to switch stacks on this architecture"
#endif

extern "C" void rac_sim_switch(void **from, void *to)
    __attribute__((visibility("hidden")));

void rac::simulator::switchFiber(Fiber &from, const Fiber &to) {
  rac_sim_switch(&from.pointer, to.pointer);
}
