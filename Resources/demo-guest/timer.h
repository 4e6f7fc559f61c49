// The frame clock: the 8254's channel 0.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Starts the clock with `rate` frames a second (1 to 1000), or 0: a frame is always due.
void timer_start(uint32_t rate);
// Whether a frame is due. Frames that were missed meanwhile are not caught up.
bool timer_due(void);
// Forgets a frame that is due.
void timer_clear(void);
