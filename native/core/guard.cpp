#include "guard.h"

#include <atomic>
#include <csignal>
#include <cstring>
#include <mutex>
#include <ucontext.h>

// The loops. `*_touch` is the one instruction that touches the device, `*_out` the exit the handler moves to.
extern "C" {
size_t tilescope_load32(uint32_t* to, const volatile uint32_t* from, size_t words);
size_t tilescope_store32(volatile uint32_t* to, const uint32_t* from, size_t words);
extern const char tilescope_load32_touch[] __attribute__((visibility("hidden")));
extern const char tilescope_load32_out[] __attribute__((visibility("hidden")));
extern const char tilescope_store32_touch[] __attribute__((visibility("hidden")));
extern const char tilescope_store32_out[] __attribute__((visibility("hidden")));
}

#define TILESCOPE_LOOP(name, body)                                                                                     \
    ".text\n.balign 16\n.hidden " name "\n.hidden " name "_touch\n.hidden " name "_out\n.globl " name "\n.globl " name \
    "_touch\n.globl " name "_out\n.type " name ",%function\n" name ":\n .cfi_startproc\n" body                         \
    " .cfi_endproc\n.size " name ", .-" name "\n"

// Each loop returns the number of words left. Only the touching instruction may fault on the device: the other access
// of each loop goes to ordinary memory.
#if defined(__aarch64__)
asm(TILESCOPE_LOOP("tilescope_load32", " cbz x2, tilescope_load32_out\n"
                                       "tilescope_load32_touch:\n ldr w3, [x1]\n"
                                       " add x1, x1, #4\n str w3, [x0], #4\n subs x2, x2, #1\n"
                                       " b.ne tilescope_load32_touch\n"
                                       "tilescope_load32_out:\n mov x0, x2\n ret\n"));
asm(TILESCOPE_LOOP("tilescope_store32", " cbz x2, tilescope_store32_out\n"
                                        "1: ldr w3, [x1], #4\n"
                                        "tilescope_store32_touch:\n str w3, [x0]\n"
                                        " add x0, x0, #4\n subs x2, x2, #1\n b.ne 1b\n"
                                        "tilescope_store32_out:\n mov x0, x2\n ret\n"));
#elif defined(__x86_64__)
asm(TILESCOPE_LOOP("tilescope_load32", " test %rdx, %rdx\n jz tilescope_load32_out\n"
                                       "tilescope_load32_touch:\n movl (%rsi), %ecx\n"
                                       " add $4, %rsi\n movl %ecx, (%rdi)\n add $4, %rdi\n dec %rdx\n"
                                       " jnz tilescope_load32_touch\n"
                                       "tilescope_load32_out:\n mov %rdx, %rax\n ret\n"));
asm(TILESCOPE_LOOP("tilescope_store32", " test %rdx, %rdx\n jz tilescope_store32_out\n"
                                        "1: movl (%rsi), %ecx\n add $4, %rsi\n"
                                        "tilescope_store32_touch:\n movl %ecx, (%rdi)\n"
                                        " add $4, %rdi\n dec %rdx\n jnz 1b\n"
                                        "tilescope_store32_out:\n mov %rdx, %rax\n ret\n"));
#else
#error "no guarded loops for this processor"
#endif

namespace tilescope::guard {
namespace {

// initial-exec: the first touch inside a signal handler on a foreign thread must not allocate.
__attribute__((tls_model("initial-exec"))) thread_local int lastCode;
__attribute__((tls_model("initial-exec"))) thread_local bool chaining;

std::atomic<uint64_t> caughtCount{0};
// Two slots, so that the handler never reads one that is being written.
struct sigaction previousSlot[2];
std::atomic<struct sigaction*> previous{nullptr};
std::mutex installing;

uintptr_t programCounter(const ucontext_t* context) {
#if defined(__aarch64__)
    return context->uc_mcontext.pc;
#else
    return static_cast<uintptr_t>(context->uc_mcontext.gregs[REG_RIP]);
#endif
}

void moveTo(ucontext_t* context, const char* target) {
#if defined(__aarch64__)
    context->uc_mcontext.pc = reinterpret_cast<uintptr_t>(target);
#else
    context->uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(reinterpret_cast<uintptr_t>(target));
#endif
}

void passOn(int signal, siginfo_t* info, void* context) {
    const struct sigaction* before = previous.load(std::memory_order_acquire);
    // `chaining`: the earlier handler leads back to us (it was installed over us, then we over it): end the circle.
    if (before != nullptr && !chaining) {
        if ((before->sa_flags & SA_SIGINFO) != 0 && before->sa_sigaction != nullptr) {
            chaining = true;
            before->sa_sigaction(signal, info, context);
            chaining = false;
            return;
        }
        if ((before->sa_flags & SA_SIGINFO) == 0 && before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
            chaining = true;
            before->sa_handler(signal);
            chaining = false;
            return;
        }
    }
    const bool sent = info->si_code <= 0;
    if (sent && before != nullptr && (before->sa_flags & SA_SIGINFO) == 0 && before->sa_handler == SIG_IGN) return;
    struct sigaction fatal {};
    fatal.sa_handler = SIG_DFL;
    sigaction(signal, &fatal, nullptr);
    // A sent signal is sent again; a caused one happens again on return and kills at the right place.
    if (sent) raise(signal);
}

void onBusError(int signal, siginfo_t* info, void* raw) {
    if (info->si_code > 0) {
        auto* context = static_cast<ucontext_t*>(raw);
        const uintptr_t at = programCounter(context);
        const char* out = nullptr;
        if (at == reinterpret_cast<uintptr_t>(tilescope_load32_touch)) out = tilescope_load32_out;
        if (at == reinterpret_cast<uintptr_t>(tilescope_store32_touch)) out = tilescope_store32_out;
        if (out != nullptr) {
            lastCode = info->si_code;
            caughtCount.fetch_add(1, std::memory_order_relaxed);
            moveTo(context, out);
            return;
        }
    }
    passOn(signal, info, raw);
}

} // namespace

bool ensure() {
    const std::lock_guard lock(installing);
    struct sigaction current {};
    sigaction(SIGBUS, nullptr, &current);
    if ((current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == onBusError) return false;
    struct sigaction* slot = previous.load() == &previousSlot[0] ? &previousSlot[1] : &previousSlot[0];
    *slot = current;
    previous.store(slot, std::memory_order_release); // before installing: the handler may run at once
    struct sigaction ours {};
    ours.sa_sigaction = onBusError;
    // NODEFER: an earlier handler that we call may leave by a jump, which would leave SIGBUS blocked.
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&ours.sa_mask);
    sigaction(SIGBUS, &ours, nullptr);
    return true;
}

Copied load(uint32_t* to, const volatile uint32_t* from, size_t words) {
    lastCode = 0;
    const size_t left = tilescope_load32(to, from, words);
    return {words - left, lastCode};
}

Copied store(volatile uint32_t* to, const uint32_t* from, size_t words) {
    lastCode = 0;
    const size_t left = tilescope_store32(to, from, words);
    return {words - left, lastCode};
}

uint64_t caught() {
    return caughtCount.load(std::memory_order_relaxed);
}

} // namespace tilescope::guard
