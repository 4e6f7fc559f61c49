#include "layout.h"

struct layout layout_of(int32_t width, int32_t height) {
    const int32_t strip_width = CELLS_PER_WORD * STRIP_CELL;
    const int32_t inner = width - 2 * MARGIN;
    const int32_t top = LANE_Y + LANE_HEIGHT + 8;
    const int32_t bottom = height - 40;
    const int32_t gradient_height = (bottom - top) / 4;
    const int32_t bars_width = inner * 3 / 4;
    const int32_t bars_height = bottom - gradient_height - 8 - top;
    return (struct layout){
        .top_strip = {STRIP_X, 0, strip_width, STRIP_CELL},
        .bottom_strip = {STRIP_X, height - STRIP_CELL, strip_width, STRIP_CELL},
        .panel = {PANEL_X, PANEL_Y, CELLS_PER_WORD * PANEL_CELL, PANEL_ROWS * PANEL_CELL},
        .head_panel = {HEAD_PANEL_X, HEAD_PANEL_Y, CELLS_PER_WORD * PANEL_CELL,
                       HEAD_PANEL_ROWS * PANEL_CELL},
        .lane = {MARGIN, LANE_Y, inner, LANE_HEIGHT},
        .bars = {MARGIN, top, bars_width, bars_height},
        .number = {MARGIN + (bars_width - NUMBER_WIDTH) / 2, top + (bars_height - NUMBER_HEIGHT) / 2,
                   NUMBER_WIDTH, NUMBER_HEIGHT},
        .grid = {MARGIN + bars_width + 8, top, inner - bars_width - 8, bars_height},
        .gradient = {MARGIN, bottom - gradient_height, inner, gradient_height},
        .has_zone_plate = width >= ZONE_MINIMUM_WIDTH,
        .zone_x = width - MARGIN - ZONE_RADIUS,
    };
}
