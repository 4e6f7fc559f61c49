// What changes from frame to frame, on all heads alike.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct motion {
    uint32_t frame;  // the number of the frame that is shown
    bool full;       // the screen is filled with moving colours; else a block moves along its lane
};

extern struct motion motion;

// Draws the frame's parts into the picture.
void motion_draw(void);
// After one more frame: draws what changed since the one before, and shows it, top to bottom.
void motion_next(void);
