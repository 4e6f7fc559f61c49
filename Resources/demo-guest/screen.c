#include "screen.h"

#include "input.h"
#include "io.h"
#include "pointer.h"

enum { PICTURE_ADDRESS = 0x1000000, MAXIMUM_WIDTH = 4096 };

struct screen screen;

static struct framebuffer target;
static uint32_t capacity;  // pixels
static bool pointer_shown;
static int32_t pointer_x, pointer_y;
static uint8_t pointer_buttons;

void screen_set_memory(uint32_t upper_kilobytes) {
    // The picture begins at 16 MiB; upper memory is counted from 1 MiB.
    capacity = upper_kilobytes > 15 * 1024 ? (upper_kilobytes - 15 * 1024) * 256 : 0;
}

bool screen_fits(struct mode mode) { return (uint32_t)mode.width * mode.height <= capacity; }

void screen_setup(struct mode mode, const struct framebuffer *framebuffer) {
    target = *framebuffer;
    screen = (struct screen){
        .pixels = (uint32_t *)PICTURE_ADDRESS,
        .width = mode.width,
        .height = mode.height,
        .layout = layout_of(mode.width, mode.height),
    };
}

void screen_fill(struct rectangle area, uint32_t colour) {
    for (int32_t y = area.y; y < area.y + area.height; y++)
        fill_pixels(screen.pixels + y * screen.width + area.x, colour, (uint32_t)area.width);
}

static bool contains(struct rectangle area, int32_t x, int32_t y) {
    return x >= area.x && x < area.x + area.width && y >= area.y && y < area.y + area.height;
}

// The pointer goes under the cells, so that it never makes them unreadable.
static bool is_cell(int32_t x, int32_t y) {
    return contains(screen.layout.top_strip, x, y) || contains(screen.layout.bottom_strip, x, y) ||
           contains(screen.layout.panel, x, y);
}

static void show_row(int32_t x, int32_t y, int32_t width) {
    static uint32_t row[MAXIMUM_WIDTH];
    const uint32_t *source = screen.pixels + y * screen.width + x;
    bool crossed = pointer_shown && y >= pointer_y && y < pointer_y + POINTER_HEIGHT &&
                   x < pointer_x + POINTER_WIDTH && x + width > pointer_x;
    if (crossed) {
        copy_pixels(row, source, (uint32_t)width);
        for (int32_t column = 0; column < POINTER_WIDTH; column++) {
            int32_t at = pointer_x + column;
            uint32_t colour;
            if (at < x || at >= x + width || is_cell(at, y)) continue;
            if (pointer_pixel(column, y - pointer_y, pointer_buttons, &colour))
                row[at - x] = colour;
        }
        source = row;
    }
    uint32_t *pixels = (uint32_t *)target.pixels;
    copy_pixels(pixels + (uint32_t)y * target.pitch + x, source, (uint32_t)width);
}

void screen_show(struct rectangle area) {
    int32_t left = area.x < 0 ? 0 : area.x;
    int32_t top = area.y < 0 ? 0 : area.y;
    int32_t right = area.x + area.width > screen.width ? screen.width : area.x + area.width;
    int32_t bottom = area.y + area.height > screen.height ? screen.height : area.y + area.height;
    if (left >= right) return;
    for (int32_t y = top; y < bottom; y++) show_row(left, y, right - left);
}

void screen_place_pointer(void) {
    pointer_shown = input.packets > 0;
    pointer_x = input.x;
    pointer_y = input.y;
    pointer_buttons = input.buttons;
}

void screen_move_pointer(void) {
    struct rectangle old = {pointer_x, pointer_y, POINTER_WIDTH, POINTER_HEIGHT};
    bool was_shown = pointer_shown;
    screen_place_pointer();
    if (was_shown) screen_show(old);
    if (pointer_shown)
        screen_show((struct rectangle){pointer_x, pointer_y, POINTER_WIDTH, POINTER_HEIGHT});
}
