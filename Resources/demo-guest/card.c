#include "card.h"

#include "background.h"
#include "colours.h"
#include "font.h"
#include "screen.h"
#include "text.h"

static void draw_background(void) {
    for (int32_t y = 0; y < screen->height; y++)
        for (int32_t x = 0; x < screen->width; x++) screen_set(x, y, background_at(x, y));
}

static void draw_border(void) {
    screen_fill((struct rectangle){0, 0, screen->width, 1}, WHITE);
    screen_fill((struct rectangle){0, screen->height - 1, screen->width, 1}, WHITE);
    screen_fill((struct rectangle){0, 0, 1, screen->height}, WHITE);
    screen_fill((struct rectangle){screen->width - 1, 0, 1, screen->height}, WHITE);
}

// Colours tell the corners apart, the digits tell flips and rotations.
static void draw_corner(int32_t x, int32_t y, uint32_t colour, uint32_t ink, char digit) {
    screen_fill((struct rectangle){x, y, CORNER_SIZE, CORNER_SIZE}, colour);
    for (int32_t row = 0; row < 24; row++)
        for (int32_t column = 0; column < 18; column++)
            if (font_stroke(digit, column / 3, row / 3)) screen_set(x + 9 + column, y + 6 + row, ink);
}

static void draw_corners(void) {
    int32_t right = screen->width - CORNER_SIZE, bottom = screen->height - CORNER_SIZE;
    draw_corner(0, 0, 0xFF0000, WHITE, '1');
    draw_corner(right, 0, 0x00FF00, BLACK, '2');
    draw_corner(0, bottom, 0x0000FF, WHITE, '3');
    draw_corner(right, bottom, 0xFFFF00, BLACK, '4');
}

static void draw_words(void) {
    struct line line;
    line_clear(&line);
    line_decimal(&line, (uint32_t)screen->shown_width);
    line_char(&line, 'x');
    line_decimal(&line, (uint32_t)screen->shown_height);
    line_string(&line, "  head ");
    line_decimal(&line, screen->head);
    font_draw(MARGIN, TITLE_Y, 3, WHITE, "swiftvm demo guest");
    screen_fill((struct rectangle){MARGIN, TITLE_Y + 24, 321, 2}, ORANGE);
    font_draw(MARGIN, STATUS_Y, 2, DIM, line.text);
    font_draw(MARGIN, HINT_Y, 2, DIM, "Press keys, move the mouse, turn the wheel:");
    font_draw(MARGIN, HINT_2_Y, 2, DIM, "everything that arrives shows here.");
}

// A zone plate: rings that grow finer outwards, up to 2.5 pixels a period. Scaling shows in them
// at once.
static void draw_zone_plate(int32_t centre_x) {
    const int32_t radius = ZONE_RADIUS;
    for (int32_t dy = -radius; dy <= radius; dy++)
        for (int32_t dx = -radius; dx <= radius; dx++) {
            int32_t square = dx * dx + dy * dy;
            if (square > radius * radius) continue;
            uint32_t phase = (uint32_t)square & 511;
            uint32_t grey = phase < 256 ? 255 - phase : phase - 256;
            bool ring = square > (radius - 2) * (radius - 2);
            screen_set(centre_x + dx, ZONE_Y + dy, ring ? ORANGE : grey * 0x010101);
        }
}

static void draw_bars(struct rectangle area) {
    static const uint32_t colours[8] = {0xFFFFFF, 0xFFFF00, 0x00FFFF, 0x00FF00,
                                        0xFF00FF, 0xFF0000, 0x0000FF, 0x000000};
    for (int32_t i = 0; i < 8; i++) {
        int32_t left = area.width * i / 8, right = area.width * (i + 1) / 8;
        screen_fill((struct rectangle){area.x + left, area.y, right - left, area.height},
                    colours[i]);
    }
}

// The head's number, large enough to be read from across a room.
static void draw_number(struct rectangle area) {
    const int32_t scale = 8;
    struct line line;
    line_clear(&line);
    line_decimal(&line, screen->head);
    screen_fill(area, BLACK);
    // The last column of a glyph's cell is empty and does not count.
    int32_t width = ((int32_t)line.length * GLYPH_WIDTH - 1) * scale;
    int32_t left = area.x + (area.width - width) / 2, top = area.y + 6;
    for (int32_t row = 0; row < (GLYPH_HEIGHT - 1) * scale; row++)
        for (int32_t column = 0; column < width; column++)
            if (font_stroke(line.text[column / scale / GLYPH_WIDTH], column / scale % GLYPH_WIDTH,
                            row / scale))
                screen_set(left + column, top + row, WHITE);
}

// One-pixel columns, rows and squares, from top to bottom.
static void draw_grid(struct rectangle area) {
    for (int32_t row = 0; row < area.height; row++)
        for (int32_t column = 0; column < area.width; column++) {
            int32_t part = row * 3 / area.height;
            int32_t bit = part == 0 ? column : part == 1 ? row : column + row;
            screen_set(area.x + column, area.y + row, bit & 1 ? WHITE : BLACK);
        }
}

// Ramps from dark to light: grey, red, green, blue.
static void draw_gradient(struct rectangle area) {
    static const uint32_t unit[4] = {0x010101, 0x010000, 0x000100, 0x000001};
    for (int32_t row = 0; row < area.height; row++)
        for (int32_t column = 0; column < area.width; column++) {
            uint32_t level = (uint32_t)(column * 255 / (area.width - 1));
            screen_set(area.x + column, area.y + row, level * unit[row * 4 / area.height]);
        }
}

void card_draw(void) {
    draw_background();
    draw_border();
    draw_corners();
    draw_words();
    if (screen->layout.has_zone_plate) draw_zone_plate(screen->layout.zone_x);
    draw_bars(screen->layout.bars);
    draw_number(screen->layout.number);
    draw_grid(screen->layout.grid);
    draw_gradient(screen->layout.gradient);
}
