// What changes from frame to frame.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Draws a frame's parts into the picture. `full` fills the screen with moving colours, else a
// block of 64x64 pixels moves along its lane.
void motion_draw(uint32_t frame, bool full);
// Goes on to a frame (the last one drawn was `frame - 1`) and shows what changed, top to bottom.
void motion_next(uint32_t frame, bool full);
