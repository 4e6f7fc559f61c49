// Where everything on the card is. Sources/DisplayTesting/DemoCardLayout.swift says the same.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rectangle {
    int32_t x, y, width, height;
};

enum {
    MINIMUM_WIDTH = 640,
    MINIMUM_HEIGHT = 480,
    MAXIMUM_WIDTH = 8192,
    MAXIMUM_HEIGHT = 4320,
    MARGIN = 48,
    CORNER_SIZE = 32,
    STRIP_X = 40,
    STRIP_CELL = 8,
    CELLS_PER_WORD = 48,
    PANEL_X = 48,
    PANEL_Y = 104,
    PANEL_CELL = 4,
    PANEL_ROWS = 24,
    HEAD_PANEL_X = 384,
    HEAD_PANEL_Y = 12,
    HEAD_PANEL_ROWS = 6,
    TITLE_Y = 14,
    STATUS_Y = 44,
    FRAME_TEXT_X = 336,
    HINT_Y = 64,
    HINT_2_Y = 82,
    MOUSE_TEXT_Y = 208,
    MOUSE_TEXT_PITCH = 18,
    TEXT_PITCH = 16,
    KEYS_X = 264,
    KEYS_LABEL_Y = 104,
    KEYS_Y = 124,
    KEYS_SLOT_WIDTH = 36,
    KEYS_PER_ROW = 8,
    ZONE_RADIUS = 104,
    ZONE_Y = 146,
    ZONE_MINIMUM_WIDTH = 832,
    NUMBER_WIDTH = 108,
    NUMBER_HEIGHT = 68,
    LANE_Y = 264,
    LANE_HEIGHT = 64,
};

struct layout {
    struct rectangle top_strip, bottom_strip, panel, head_panel;
    struct rectangle lane, bars, number, grid, gradient;
    bool has_zone_plate;
    int32_t zone_x;
};

struct layout layout_of(int32_t width, int32_t height);
