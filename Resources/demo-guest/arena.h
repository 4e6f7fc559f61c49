// The memory for pictures: all that the machine has from 16 MiB on.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Takes the memory over; `upper_kilobytes` is counted from 1 MiB, as Multiboot does.
void arena_setup(uint32_t upper_kilobytes);
// Memory for `pixels` pixels, or null when there is no such gap.
uint32_t *arena_take(uint32_t pixels);
// Gives it back; null is fine.
void arena_give_back(uint32_t *memory);
