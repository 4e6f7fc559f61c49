// The picture of one head in memory, and its way to what the display shows, with the pointer on top.
#pragma once

#include "damage.h"
#include "layout.h"
#include "options.h"

// Where a picture is shown: a VGA's memory, or that of a virtio-gpu's resource.
struct framebuffer {
    volatile uint32_t *pixels;  // of the first row
    int32_t pitch;              // pixels from one row to the next
};

struct screen {
    uint32_t *pixels;  // row-major, `width` pixels a row, XRGB
    int32_t width, height;              // of the card
    int32_t shown_width, shown_height;  // of the head: less than the card where that is too large
    uint32_t head;
    int32_t x, y;  // where the host has put the head
    struct layout layout;
    struct framebuffer target;
    struct damage damage;  // of what is shown
    struct {
        bool shown;
        int32_t x, y;
        uint8_t buttons;
    } pointer;
};

// The head that is drawn on.
extern struct screen *screen;
// Whether the pointer is drawn into the picture; else the display has a cursor of its own.
extern bool screen_draws_pointer;

// The card's size on a head of a mode: never less than the smallest card.
struct mode screen_card_size(struct mode mode);
// Makes `screen` the picture of a head: `pixels` has the room of the card.
void screen_setup(uint32_t head, struct mode mode, uint32_t *pixels, struct framebuffer target);

static inline void screen_set(int32_t x, int32_t y, uint32_t colour) {
    screen->pixels[y * screen->width + x] = colour;
}

void screen_fill(struct rectangle area, uint32_t colour);
// The part of an area that is on the head; its width is 0 when there is none.
struct rectangle screen_cut(struct rectangle area);
// Shows an area of the picture, cut to the head.
void screen_show(struct rectangle area);
// Moves the pointer to the place in `input`, which is shown once the mouse has reported.
void screen_move_pointer(void);
// Takes the pointer as `input` says without showing it; for before a full screen_show.
void screen_place_pointer(void);
