#include "guard.h"

#include <array>
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

std::atomic<uint64_t> caughtCount{0};
/** Handlers that were installed when ours was put over them, the latest first. */
struct Earlier {
    static constexpr size_t most = 8;
    size_t count = 0;
    std::array<struct sigaction, most> handlers;
};
// Two slots, so that the handler never reads one that is being written.
Earlier slots[2];
std::atomic<const Earlier*> earlier{&slots[0]};
std::mutex installing;

/** In `si_errno`, which says nothing of a SIGBUS: how many earlier handlers had this very signal, added to it. */
constexpr int passedMark = 0x54530000;

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

bool isSame(const struct sigaction& a, const struct sigaction& b) {
    const bool full = (a.sa_flags & SA_SIGINFO) != 0;
    if (full != ((b.sa_flags & SA_SIGINFO) != 0)) return false;
    return full ? a.sa_sigaction == b.sa_sigaction : a.sa_handler == b.sa_handler;
}

void passOn(int signal, siginfo_t* info, void* context) {
    const Earlier& known = *earlier.load(std::memory_order_acquire);
    // A handler that was installed over ours may lead back here: the signal then goes to the one before it. What it
    // passed already stands in the signal itself, which the kernel writes anew each time: a handler may leave by a jump.
    const bool marked = (info->si_errno & ~0xFF) == passedMark;
    const auto passed = static_cast<size_t>(marked ? info->si_errno & 0xFF : 0);
    const struct sigaction* before = passed < known.count ? &known.handlers[passed] : nullptr;
    info->si_errno = passedMark | static_cast<int>(passed + 1);
    const bool full = before != nullptr && (before->sa_flags & SA_SIGINFO) != 0;
    if (full && before->sa_sigaction != nullptr) {
        before->sa_sigaction(signal, info, context);
        return;
    }
    const bool plain = before != nullptr && !full;
    if (plain && before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
        before->sa_handler(signal);
        return;
    }
    const bool sent = info->si_code <= 0;
    if (sent && plain && before->sa_handler == SIG_IGN) return;
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
    const Earlier& known = *earlier.load();
    Earlier& next = &known == &slots[0] ? slots[1] : slots[0];
    next.count = 1;
    next.handlers[0] = current;
    for (size_t i = 0; i < known.count && next.count < Earlier::most; i++) {
        if (!isSame(known.handlers[i], current)) next.handlers[next.count++] = known.handlers[i];
    }
    earlier.store(&next, std::memory_order_release); // before installing: the handler may run at once
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
