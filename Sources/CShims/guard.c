#define _GNU_SOURCE
#include "CShims.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// A mapping that a thread reads now. The handler looks only at its own thread's, so no lock is needed.
static __thread const char *guard_start;
static __thread size_t guard_length;
static __thread volatile sig_atomic_t guard_faulted;

static struct sigaction previous_action;
static pthread_once_t installed = PTHREAD_ONCE_INIT;

// Maps zeroes over the page at fault and returns, so that the read goes on: no longjmp over foreign frames.
static void on_sigbus(int number, siginfo_t *info, void *context) {
    const char *address = info->si_addr;
    if (guard_start && address >= guard_start && address < guard_start + guard_length) {
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
        void *start = (void *)((uintptr_t)address & ~(page - 1));
        if (mmap(start, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
            guard_faulted = 1;
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

bool swiftvm_guarded_read(swiftvm_guarded_body body, void *context, const void *mapping,
                          size_t mapping_length) {
    pthread_once(&installed, install);
    guard_faulted = 0;
    guard_length = mapping_length;
    guard_start = mapping;
    __asm__ volatile("" ::: "memory");
    body(context);
    __asm__ volatile("" ::: "memory");
    guard_start = NULL;
    guard_length = 0;
    return !guard_faulted;
}

struct copy {
    void *destination;
    const void *source;
    size_t length;
};

static void copy_body(void *context) {
    struct copy *copy = context;
    memcpy(copy->destination, copy->source, copy->length);
}

bool swiftvm_guarded_copy(void *destination, const void *source, size_t length, const void *mapping,
                          size_t mapping_length) {
    struct copy copy = {destination, source, length};
    return swiftvm_guarded_read(copy_body, &copy, mapping, mapping_length);
}
