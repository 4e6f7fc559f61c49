#include "screen.h"

#include "input.h"
#include "io.h"
#include "pointer.h"

struct screen *screen;
bool screen_draws_pointer;

struct mode screen_card_size(struct mode mode) {
    return (struct mode){mode.width < MINIMUM_WIDTH ? MINIMUM_WIDTH : mode.width,
                         mode.height < MINIMUM_HEIGHT ? MINIMUM_HEIGHT : mode.height};
}

void screen_setup(uint32_t head, struct mode mode, uint32_t *pixels, struct framebuffer target) {
    struct mode card = screen_card_size(mode);
    *screen = (struct screen){
        .pixels = pixels,
        .width = card.width,
        .height = card.height,
        .shown_width = mode.width,
        .shown_height = mode.height,
        .head = head,
        .x = screen->x,
        .y = screen->y,
        .layout = layout_of(card.width, card.height),
        .target = target,
    };
}

void screen_fill(struct rectangle area, uint32_t colour) {
    for (int32_t y = area.y; y < area.y + area.height; y++)
        fill_pixels(screen->pixels + y * screen->width + area.x, colour, (uint32_t)area.width);
}

static bool contains(struct rectangle area, int32_t x, int32_t y) {
    return x >= area.x && x < area.x + area.width && y >= area.y && y < area.y + area.height;
}

// The pointer goes under the cells, so that it never makes them unreadable.
static bool is_cell(int32_t x, int32_t y) {
    return contains(screen->layout.top_strip, x, y) ||
           contains(screen->layout.bottom_strip, x, y) || contains(screen->layout.panel, x, y) ||
           contains(screen->layout.head_panel, x, y);
}

static void show_row(int32_t x, int32_t y, int32_t width) {
    static uint32_t row[MAXIMUM_WIDTH];
    const uint32_t *source = screen->pixels + y * screen->width + x;
    int32_t left = screen->pointer.x, top = screen->pointer.y;
    bool crossed = screen->pointer.shown && y >= top && y < top + POINTER_HEIGHT &&
                   x < left + POINTER_WIDTH && x + width > left;
    if (crossed) {
        copy_pixels(row, source, (uint32_t)width);
        for (int32_t column = 0; column < POINTER_WIDTH; column++) {
            int32_t at = left + column;
            uint32_t colour;
            if (at < x || at >= x + width || is_cell(at, y)) continue;
            if (pointer_pixel(column, y - top, screen->pointer.buttons, &colour))
                row[at - x] = colour;
        }
        source = row;
    }
    uint32_t *pixels = (uint32_t *)screen->target.pixels;
    copy_pixels(pixels + y * screen->target.pitch + x, source, (uint32_t)width);
}

struct rectangle screen_cut(struct rectangle area) {
    int32_t left = area.x < 0 ? 0 : area.x;
    int32_t top = area.y < 0 ? 0 : area.y;
    int32_t right = area.x + area.width, bottom = area.y + area.height;
    if (right > screen->shown_width) right = screen->shown_width;
    if (bottom > screen->shown_height) bottom = screen->shown_height;
    if (left >= right || top >= bottom) return (struct rectangle){0, 0, 0, 0};
    return (struct rectangle){left, top, right - left, bottom - top};
}

void screen_show(struct rectangle area) {
    struct rectangle cut = screen_cut(area);
    if (cut.width == 0) return;
    // A resource whose memory is the picture itself needs no copy.
    if (screen->target.pixels != screen->pixels)
        for (int32_t y = cut.y; y < cut.y + cut.height; y++) show_row(cut.x, y, cut.width);
    damage_add(&screen->damage, cut);
}

void screen_place_pointer(void) {
    screen->pointer.shown =
        screen_draws_pointer && input.packets > 0 && input.head == screen->head;
    screen->pointer.x = input.x;
    screen->pointer.y = input.y;
    screen->pointer.buttons = input.buttons;
}

void screen_move_pointer(void) {
    struct rectangle old = {screen->pointer.x, screen->pointer.y, POINTER_WIDTH, POINTER_HEIGHT};
    bool was_shown = screen->pointer.shown;
    screen_place_pointer();
    if (was_shown) screen_show(old);
    if (screen->pointer.shown)
        screen_show((struct rectangle){screen->pointer.x, screen->pointer.y, POINTER_WIDTH,
                                       POINTER_HEIGHT});
}
