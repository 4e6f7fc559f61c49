#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "CShims.h"

void *swiftvm_shareable_memory(size_t length, int *descriptor) {
    *descriptor = memfd_create("swiftvm-picture", MFD_CLOEXEC);
    if (*descriptor >= 0) {
        void *memory = ftruncate(*descriptor, (off_t)length) ? MAP_FAILED
                                                            : mmap(NULL, length, PROT_READ | PROT_WRITE,
                                                                   MAP_SHARED, *descriptor, 0);
        if (memory != MAP_FAILED) return memory;
        close(*descriptor);
        *descriptor = -1;
    }
    void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}
