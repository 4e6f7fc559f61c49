#include "cells.h"

#include "colours.h"
#include "screen.h"

enum { TOP_SYNC = 0xB2, BOTTOM_SYNC = 0x6C, BLOCK_SYNC = 0x2D, PANEL_SYNC = 0x96, CHECK_SEED = 0x5A };

static void draw_byte(int32_t x, int32_t y, int32_t size, uint8_t byte) {
    for (int32_t bit = 0; bit < 8; bit++)
        screen_fill((struct rectangle){x + bit * size, y, size, size},
                    byte & 0x80 >> bit ? WHITE : BLACK);
}

struct word {
    uint8_t bytes[CELLS_PER_WORD / 8];
};

static struct word word_of(uint8_t sync, uint8_t seed, uint32_t value) {
    struct word word = {{sync, value >> 24 & 0xff, value >> 16 & 0xff, value >> 8 & 0xff,
                         value & 0xff, seed}};
    for (int32_t i = 1; i <= 4; i++) word.bytes[5] ^= word.bytes[i];
    return word;
}

static void draw_word(int32_t x, int32_t y, int32_t size, uint8_t sync, uint8_t seed,
                      uint32_t value) {
    struct word word = word_of(sync, seed, value);
    for (int32_t i = 0; i < CELLS_PER_WORD / 8; i++)
        draw_byte(x + i * 8 * size, y, size, word.bytes[i]);
}

void cells_top_strip(uint32_t frame) {
    draw_word(STRIP_X, 0, STRIP_CELL, TOP_SYNC, CHECK_SEED, frame);
}

void cells_bottom_strip(uint32_t frame) {
    draw_word(STRIP_X, screen->height - STRIP_CELL, STRIP_CELL, BOTTOM_SYNC, CHECK_SEED, frame);
}

static uint8_t reversed(uint8_t byte) {
    uint8_t result = 0;
    for (int32_t bit = 0; bit < 8; bit++) result = (uint8_t)(result << 1 | (byte >> bit & 1));
    return result;
}

void cells_block(struct rectangle area, uint32_t frame) {
    struct word word = word_of(BLOCK_SYNC, CHECK_SEED, frame);
    int32_t size = area.width / 8;
    for (int32_t i = 0; i < 8; i++)
        draw_byte(area.x, area.y + i * size, size,
                  i < 6 ? word.bytes[i] : reversed(word.bytes[i - 6 + 3]));
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
