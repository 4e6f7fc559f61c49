#include "cursor_shape.h"

#include "pointer.h"

enum { HALF = CURSOR_EXTENT / 2 };

static const uint32_t opaque = 0xFF000000;

static uint32_t card_pixel(uint32_t x, uint32_t y) {
    if (x < HALF && y < HALF) return opaque | x * 8 << 16 | y * 8 << 8 | 0x40;
    if (y < HALF) return 0;
    // Black, so that it is the same premultiplied or not.
    if (x < HALF) return x * 8 << 24;
    return (x + y) & 1 ? 0xFFFFFFFF : opaque;
}

uint32_t cursor_pixel(enum cursor_shape shape, int32_t x, int32_t y) {
    uint32_t colour;
    if (shape == CURSOR_CARD) return card_pixel((uint32_t)x, (uint32_t)y);
    if (x >= POINTER_WIDTH || y >= POINTER_HEIGHT || !pointer_pixel(x, y, 0, &colour)) return 0;
    return opaque | colour;
}
