// The mouse pointer's picture. Its hot-spot is its top left pixel.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { POINTER_WIDTH = 12, POINTER_HEIGHT = 19 };

// The pixel at a place in the sprite; false where it is transparent. The inside is white, and
// orange while a button is down.
bool pointer_pixel(int32_t x, int32_t y, uint8_t buttons, uint32_t *colour);
