// What changes from frame to frame, on all heads alike.
#pragma once

#include <stdint.h>

enum motion_kind {
    MOTION_SMALL,  // a block moves along its lane, and the frame number stands in several places
    MOTION_BLOCK,  // a block in its lane shows the frame number; nothing else changes
    MOTION_FULL,   // the screen is filled with moving colours
};

struct motion {
    uint32_t frame;  // the number of the frame that is shown
    enum motion_kind kind;
};

extern struct motion motion;

// Draws the frame's parts into the picture.
void motion_draw(void);
// After one more frame: draws what changed since the one before, and shows it, top to bottom.
void motion_next(void);
