// A virtio-gpu's cursors, one a head.
#pragma once

#include "cursor_shape.h"

// After gpu_start: all cursors are hidden and have no shape.
void gpu_cursor_setup(void);
// Shows a shape on a head; its pixel (hot_x, hot_y) is at (x, y).
void gpu_cursor_show(uint32_t head, enum cursor_shape shape, uint32_t hot_x, uint32_t hot_y,
                     int32_t x, int32_t y);
// Moves the head's cursor; one that never had a shape gets the arrow.
void gpu_cursor_move(uint32_t head, int32_t x, int32_t y);
// Hides the head's cursor.
void gpu_cursor_hide(uint32_t head);
