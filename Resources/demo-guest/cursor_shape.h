// The shapes of a virtio-gpu's cursor: 64x64 pixels of premultiplied ARGB, as the device wants them.
// Sources/DisplayTesting/DemoCursor.swift says the same.
#pragma once

#include <stdint.h>

enum { CURSOR_EXTENT = 64 };

enum cursor_shape {
    CURSOR_ARROW,  // the pointer that is drawn elsewhere, at the top left
    CURSOR_CARD,   // colours, nothing, a ramp of black and a grid: one in each quarter
    CURSOR_SHAPES,
};

uint32_t cursor_pixel(enum cursor_shape shape, int32_t x, int32_t y);
