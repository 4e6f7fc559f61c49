// Counts how often a process allocates memory on the heap. Only in programs that measure: it takes the place of malloc(3) in the whole of them.
#pragma once

#include <stdint.h>

/// How often memory was asked for so far, by any thread: malloc, calloc, realloc, aligned_alloc, posix_memalign, memalign.
uint64_t swiftvm_allocations(void);

/// Writes who allocates to standard error, `count` times from now on: to find what a count tells of.
void swiftvm_trace_allocations(int count);
