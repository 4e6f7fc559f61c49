#define _GNU_SOURCE
#include "CShims.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// A mapping that is read now. The handler looks at all of them: a GL driver may have a thread of its own read for ours.
struct reading {
    atomic_bool is_taken;
    _Atomic(const char *) start;  // NULL while nobody reads.
    atomic_size_t length;
    atomic_bool faulted;
};

// More than threads of ours can read at the same time; another waits for its turn.
static struct reading readings[64];

static struct sigaction previous_action;
static pthread_once_t installed = PTHREAD_ONCE_INIT;

// Whether somebody reads a mapping with that address; all who do are told that it is not whole.
static bool note_fault(const char *address) {
    bool is_read = false;
    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
        struct reading *reading = &readings[i];
        const char *start = atomic_load(&reading->start);
        if (!start || address < start || address >= start + atomic_load(&reading->length)) continue;
        atomic_store(&reading->faulted, true);
        is_read = true;
    }
    return is_read;
}

// Maps zeroes over the page at fault and returns, so that the read goes on: no longjmp over foreign frames.
static void on_sigbus(int number, siginfo_t *info, void *context) {
    if (note_fault(info->si_addr)) {
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
        void *start = (void *)((uintptr_t)info->si_addr & ~(page - 1));
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
        if (mmap(start, page, PROT_READ, flags, -1, 0) != MAP_FAILED) {
            note_fault(info->si_addr);  // Also who has begun meanwhile, and sees the zeroes without a fault.
            return;
        }
    }
    if (previous_action.sa_flags & SA_SIGINFO) {
        previous_action.sa_sigaction(number, info, context);
    } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
        previous_action.sa_handler(number);
    } else {
        signal(SIGBUS, SIG_DFL);  // Not ours: the default action follows when the read faults again.
    }
}

static void install(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous_action);
}

int swiftvm_guard_begin(const void *mapping, size_t length) {
    pthread_once(&installed, install);
    for (;;) {
        for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
            struct reading *reading = &readings[i];
            if (atomic_exchange(&reading->is_taken, true)) continue;
            atomic_store(&reading->faulted, false);
            atomic_store(&reading->length, length);
            atomic_store(&reading->start, (const char *)mapping);
            return (int)i;
        }
        sched_yield();
    }
}

bool swiftvm_guard_end(int number) {
    struct reading *reading = &readings[number];
    atomic_store(&reading->start, NULL);
    bool is_whole = !atomic_load(&reading->faulted);
    atomic_store(&reading->is_taken, false);
    return is_whole;
}
