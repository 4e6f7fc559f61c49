#include "cells.h"

#include "colours.h"
#include "screen.h"

enum { TOP_SYNC = 0xB2, BOTTOM_SYNC = 0x6C, PANEL_SYNC = 0x96, CHECK_SEED = 0x5A };

static void draw_byte(int32_t x, int32_t y, int32_t size, uint8_t byte) {
    for (int32_t bit = 0; bit < 8; bit++)
        screen_fill((struct rectangle){x + bit * size, y, size, size},
                    byte & 0x80 >> bit ? WHITE : BLACK);
}

static void draw_word(int32_t x, int32_t y, int32_t size, uint8_t sync, uint8_t seed,
                      uint32_t value) {
    uint8_t check = seed;
    draw_byte(x, y, size, sync);
    for (int32_t i = 0; i < 4; i++) {
        uint8_t byte = (uint8_t)(value >> (24 - 8 * i));
        check ^= byte;
        draw_byte(x + (i + 1) * 8 * size, y, size, byte);
    }
    draw_byte(x + 40 * size, y, size, check);
}

void cells_top_strip(uint32_t frame) {
    draw_word(STRIP_X, 0, STRIP_CELL, TOP_SYNC, CHECK_SEED, frame);
}

void cells_bottom_strip(uint32_t frame) {
    draw_word(STRIP_X, screen->height - STRIP_CELL, STRIP_CELL, BOTTOM_SYNC, CHECK_SEED, frame);
}

struct rectangle cells_panel_area(int32_t row) {
    const int32_t width = CELLS_PER_WORD * PANEL_CELL;
    if (row < PANEL_ROWS)
        return (struct rectangle){PANEL_X, PANEL_Y + row * PANEL_CELL, width, PANEL_CELL};
    return (struct rectangle){HEAD_PANEL_X, HEAD_PANEL_Y + (row - PANEL_ROWS) * PANEL_CELL, width,
                              PANEL_CELL};
}

void cells_panel_row(int32_t row, uint32_t value) {
    struct rectangle area = cells_panel_area(row);
    draw_word(area.x, area.y, PANEL_CELL, PANEL_SYNC, (uint8_t)(CHECK_SEED + row), value);
}
