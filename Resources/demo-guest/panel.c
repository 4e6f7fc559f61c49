#include "panel.h"

#include "cells.h"
#include "colours.h"
#include "font.h"
#include "input.h"
#include "screen.h"
#include "text.h"

enum rows {
    ROW_KEY_COUNT = 0,
    ROW_KEYS = 1,  // 16 rows of 4 bytes, the first byte highest
    ROW_POSITION = 17,
    ROW_BUTTONS = 18,
    ROW_WHEEL = 19,
    ROW_PACKETS = 20,
    ROW_TOTAL_X = 21,
    ROW_TOTAL_Y = 22,
    ROW_MODE = 23,
    ROW_HEAD = 24,
    ROW_PLACE = 25,
    ROW_EVENT_COUNT = 26,
    ROW_EVENT = 27,
    ROW_ABSOLUTE = 28,
    ROW_POINTER_HEAD = 29,
};

enum { MOUSE_TEXT_LENGTH = 16, KEYS_TEXT_LENGTH = 15, SCALE = 2 };

static void show_rows(int32_t first, int32_t count) {
    screen_show((struct rectangle){PANEL_X, PANEL_Y + first * PANEL_CELL,
                                   CELLS_PER_WORD * PANEL_CELL, count * PANEL_CELL});
}

static uint32_t pair(int32_t high, int32_t low) {
    return (uint32_t)high << 16 | ((uint32_t)low & 0xFFFF);
}

static void draw_key_word(int32_t word) {
    uint32_t value = 0;
    for (int32_t i = 0; i < 4; i++) value = value << 8 | input.keys[word * 4 + i];
    cells_panel_row(ROW_KEYS + word, value);
}

static struct rectangle slot_area(uint32_t slot) {
    return (struct rectangle){KEYS_X + (int32_t)(slot % KEYS_PER_ROW) * KEYS_SLOT_WIDTH,
                              KEYS_Y + (int32_t)(slot / KEYS_PER_ROW) * TEXT_PITCH,
                              2 * GLYPH_WIDTH * SCALE, GLYPH_HEIGHT * SCALE};
}

// The newest byte is white, older ones dim, and a slot that has none yet shows dashes.
static void draw_slot(uint32_t slot) {
    struct rectangle area = slot_area(slot);
    bool used = slot < input.key_count;
    bool newest = used && (input.key_count - 1) % KEY_SLOTS == slot;
    struct line line;
    line_clear(&line);
    if (used)
        line_hex_byte(&line, input.keys[slot]);
    else
        line_string(&line, "--");
    font_draw(area.x, area.y, SCALE, newest ? WHITE : used ? DIM : FAINT, line.text);
}

static void draw_keys_label(void) {
    struct line line;
    line_clear(&line);
    line_string(&line, "keys ");
    line_decimal(&line, input.key_count);
    line_pad(&line, KEYS_TEXT_LENGTH);
    font_draw(KEYS_X, KEYS_LABEL_Y, SCALE, WHITE, line.text);
}

static void draw_mouse_line(int32_t index, struct line *line) {
    line_pad(line, MOUSE_TEXT_LENGTH);
    font_draw(PANEL_X, MOUSE_TEXT_Y + index * MOUSE_TEXT_PITCH, SCALE, index ? DIM : WHITE, line->text);
}

// Before any movement the pointer counts as being in the middle of each head.
static int32_t pointer_x(void) { return input.packets ? input.x : screen->shown_width / 2; }
static int32_t pointer_y(void) { return input.packets ? input.y : screen->shown_height / 2; }

static void draw_mouse_text(void) {
    struct line line;
    line_clear(&line);
    line_string(&line, "mouse ");
    line_decimal(&line, (uint32_t)pointer_x());
    line_char(&line, ' ');
    line_decimal(&line, (uint32_t)pointer_y());
    draw_mouse_line(0, &line);

    static const char letters[] = "LRMSE";
    line_clear(&line);
    line_string(&line, "buttons ");
    for (int i = 0; i < 5; i++) line_char(&line, input.buttons >> i & 1 ? letters[i] : '-');
    draw_mouse_line(1, &line);

    line_clear(&line);
    line_string(&line, "wheel ");
    line_signed(&line, input.wheel);
    draw_mouse_line(2, &line);
}

static void draw_mouse_rows(void) {
    cells_panel_row(ROW_POSITION, pair(pointer_x(), pointer_y()));
    cells_panel_row(ROW_BUTTONS, input.buttons);
    cells_panel_row(ROW_WHEEL, (uint32_t)input.wheel);
    cells_panel_row(ROW_PACKETS, input.packets);
    cells_panel_row(ROW_TOTAL_X, (uint32_t)input.total_x);
    cells_panel_row(ROW_TOTAL_Y, (uint32_t)input.total_y);
    cells_panel_row(ROW_ABSOLUTE, pair(input.absolute_x, input.absolute_y));
    cells_panel_row(ROW_POINTER_HEAD, input.head);
}

static void draw_event_rows(void) {
    cells_panel_row(ROW_EVENT_COUNT, input.event_count);
    cells_panel_row(ROW_EVENT, pair(input.event_code, input.event_value));
}

void panel_draw(bool with_text) {
    cells_panel_row(ROW_KEY_COUNT, input.key_count);
    for (int32_t word = 0; word < KEY_SLOTS / 4; word++) draw_key_word(word);
    draw_mouse_rows();
    draw_event_rows();
    cells_panel_row(ROW_MODE, pair(screen->shown_width, screen->shown_height));
    cells_panel_row(ROW_HEAD, screen->head);
    cells_panel_row(ROW_PLACE, pair(screen->x, screen->y));
    if (!with_text) return;
    draw_keys_label();
    for (uint32_t slot = 0; slot < KEY_SLOTS; slot++) draw_slot(slot);
    draw_mouse_text();
}

static void show_slot(uint32_t slot) {
    draw_slot(slot);
    screen_show(slot_area(slot));
}

void panel_keys(uint32_t count, bool with_text) {
    uint32_t first = input.key_count - count;
    if (with_text) {
        // The one before is the newest no longer.
        for (uint32_t i = 0; i <= count; i++) show_slot((first + i + KEY_SLOTS - 1) % KEY_SLOTS);
        draw_keys_label();
        screen_show((struct rectangle){KEYS_X, KEYS_LABEL_Y, KEYS_TEXT_LENGTH * GLYPH_WIDTH * SCALE,
                                       GLYPH_HEIGHT * SCALE});
    }
    // The count comes last: a reader that sees it sees the bytes too.
    for (uint32_t i = 0; i < count; i++) {
        int32_t word = (int32_t)((first + i) % KEY_SLOTS / 4);
        draw_key_word(word);
        show_rows(ROW_KEYS + word, 1);
    }
    cells_panel_row(ROW_KEY_COUNT, input.key_count);
    show_rows(ROW_KEY_COUNT, 1);
}

void panel_mouse(bool with_text) {
    draw_mouse_rows();
    show_rows(ROW_POSITION, ROW_TOTAL_Y - ROW_POSITION + 1);
    screen_show(cells_panel_area(ROW_ABSOLUTE));
    screen_show(cells_panel_area(ROW_POINTER_HEAD));
    if (with_text) {
        draw_mouse_text();
        screen_show((struct rectangle){PANEL_X, MOUSE_TEXT_Y,
                                       MOUSE_TEXT_LENGTH * GLYPH_WIDTH * SCALE, 3 * MOUSE_TEXT_PITCH});
    }
}

void panel_event(void) {
    draw_event_rows();
    screen_show(cells_panel_area(ROW_EVENT));
    screen_show(cells_panel_area(ROW_EVENT_COUNT));
}

void panel_place(void) {
    cells_panel_row(ROW_PLACE, pair(screen->x, screen->y));
    screen_show(cells_panel_area(ROW_PLACE));
}
