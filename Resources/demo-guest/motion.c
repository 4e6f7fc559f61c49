#include "motion.h"

#include "cells.h"
#include "colours.h"
#include "font.h"
#include "io.h"
#include "panel.h"
#include "screen.h"
#include "text.h"

struct motion motion;

enum { BLOCK = LANE_HEIGHT, STEP = 4, FRAME_TEXT_LENGTH = 16, SCALE = 2, FULL_STEP = 8 };

static void draw_frame_text(uint32_t frame) {
    struct line line;
    line_clear(&line);
    line_string(&line, "frame ");
    line_decimal(&line, frame);
    line_pad(&line, FRAME_TEXT_LENGTH);
    font_draw(FRAME_TEXT_X, STATUS_Y, SCALE, WHITE, line.text);
}

// The block goes to and fro.
static int32_t block_x(uint32_t frame) {
    uint32_t span = (uint32_t)(screen->layout.lane.width - BLOCK);
    uint32_t period = 2 * span;
    uint32_t position = frame % period * STEP % period;
    return screen->layout.lane.x + (int32_t)(position <= span ? position : period - position);
}

static void draw_lane(int32_t from, int32_t to) {
    struct rectangle lane = screen->layout.lane;
    for (int32_t y = 0; y < lane.height; y++)
        for (int32_t x = from; x < to; x++)
            screen_set(x, lane.y + y,
                       (x - lane.x) % 16 == 0 && (y < 6 || y >= lane.height - 6) ? DIM : LANE);
}

static void draw_block(uint32_t frame) {
    int32_t left = block_x(frame);
    for (int32_t y = 0; y < BLOCK; y++)
        for (int32_t x = 0; x < BLOCK; x++)
            screen_set(left + x, LANE_Y + y,
                       ((uint32_t)(x + y) + frame) / 16 % 2 ? STRIPE : ORANGE);
}

// A colour circle in 256 steps.
static uint32_t hue(uint32_t step) {
    uint32_t colour = 0;
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t at = (step + i * 85) & 255;
        colour = colour << 8 | (at < 128 ? at * 2 : 510 - at * 2);
    }
    return colour;
}

static void draw_full(uint32_t frame) {
    static uint32_t hues[256 + MAXIMUM_WIDTH];
    if (hues[1] == 0)
        for (uint32_t i = 0; i < sizeof hues / sizeof hues[0]; i++) hues[i] = hue(i);
    for (int32_t y = 0; y < screen->height; y++)
        copy_pixels(screen->pixels + y * screen->width,
                    hues + (((uint32_t)y + frame * FULL_STEP) & 255), (uint32_t)screen->width);
}

static struct rectangle cell_block(void) {
    return (struct rectangle){screen->layout.lane.x, LANE_Y, BLOCK, BLOCK};
}

void motion_draw(void) {
    struct rectangle lane = screen->layout.lane;
    // Where only a block changes, the rest is that of frame 0.
    uint32_t frame = motion.kind == MOTION_BLOCK ? 0 : motion.frame;
    if (motion.kind == MOTION_FULL) {
        draw_full(frame);
        panel_draw(false);
    } else {
        draw_frame_text(frame);
        draw_lane(lane.x, lane.x + lane.width);
        if (motion.kind == MOTION_BLOCK) cells_block(cell_block(), motion.frame);
        else draw_block(frame);
    }
    cells_top_strip(frame);
    cells_bottom_strip(frame);
}

static void next_block(uint32_t frame) {
    int32_t old = block_x(frame - 1), new = block_x(frame);
    int32_t left = old < new ? old : new, right = (old < new ? new : old) + BLOCK;
    draw_lane(left, right);
    draw_block(frame);
    screen_show((struct rectangle){left, LANE_Y, right - left, LANE_HEIGHT});
}

void motion_next(void) {
    if (motion.kind == MOTION_FULL) {
        motion_draw();
        screen_show((struct rectangle){0, 0, screen->width, screen->height});
        return;
    }
    if (motion.kind == MOTION_BLOCK) {
        cells_block(cell_block(), motion.frame);
        screen_show(cell_block());
        return;
    }
    cells_top_strip(motion.frame);
    screen_show(screen->layout.top_strip);
    draw_frame_text(motion.frame);
    screen_show((struct rectangle){FRAME_TEXT_X, STATUS_Y, FRAME_TEXT_LENGTH * GLYPH_WIDTH * SCALE,
                                   GLYPH_HEIGHT * SCALE});
    next_block(motion.frame);
    cells_bottom_strip(motion.frame);
    screen_show(screen->layout.bottom_strip);
}
