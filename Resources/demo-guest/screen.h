// The picture in memory, and its way to the framebuffer with the pointer on top.
#pragma once

#include "layout.h"
#include "vbe.h"

struct screen {
    uint32_t *pixels;  // row-major, `width` pixels a row, XRGB
    int32_t width, height;
    struct layout layout;
};

extern struct screen screen;

// Takes over a mode that was set.
void screen_setup(struct mode mode, const struct framebuffer *framebuffer);
// The largest number of pixels that the picture's memory holds.
void screen_set_memory(uint32_t upper_kilobytes);
bool screen_fits(struct mode mode);

static inline void screen_set(int32_t x, int32_t y, uint32_t colour) {
    screen.pixels[y * screen.width + x] = colour;
}

void screen_fill(struct rectangle area, uint32_t colour);
// Shows an area of the picture, cut to the screen.
void screen_show(struct rectangle area);
// Moves the pointer to the place in `input`, which is shown once the mouse has reported.
void screen_move_pointer(void);
// Takes the pointer as `input` says without showing it; for before a full screen_show.
void screen_place_pointer(void);
