// What lies under everything else.
#pragma once

#include <stdint.h>

#include "colours.h"

// The background's pixel at a place: a dark ground with a line every 32 pixels.
static inline uint32_t background_at(int32_t x, int32_t y) {
    return x % 32 == 0 || y % 32 == 0 ? GRID_LINE : BACKGROUND;
}
