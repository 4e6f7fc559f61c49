#include "input.h"

#include "serial.h"
#include "text.h"

enum { ABSOLUTE_MAXIMUM = 32767 };

struct input_state input;

static uint8_t packet[4];
static uint32_t packet_length;
static uint8_t buttons_of[SOURCES];
static int32_t head_width, head_height;

static int32_t clamp(int32_t value, int32_t limit) {
    return value < 0 ? 0 : value >= limit ? limit - 1 : value;
}

static void tell(const char *word, const int32_t *values, int count) {
    struct line line;
    line_clear(&line);
    line_string(&line, word);
    for (int i = 0; i < count; i++) {
        line_char(&line, ' ');
        line_signed(&line, values[i]);
    }
    serial_line(&line);
}

static void apply(enum pointer_source source, int32_t dz, uint8_t buttons) {
    buttons_of[source] = buttons;
    input.buttons = 0;
    for (int i = 0; i < SOURCES; i++) input.buttons |= buttons_of[i];
    input.wheel += dz;
    input.packets++;
}

void input_relative(enum pointer_source source, const char *word, int32_t dx, int32_t dy,
                    int32_t dz, uint8_t buttons) {
    input.x = clamp(input.x + dx, head_width);
    input.y = clamp(input.y + dy, head_height);
    input.total_x += dx;
    input.total_y += dy;
    apply(source, dz, buttons);
    const int32_t values[] = {dx, dy, dz, input.buttons, input.x, input.y};
    tell(word, values, 6);
}

// QEMU rounds down when it makes 0 to 32767 of a pixel, so the way back rounds up.
static int32_t pixel_of(int32_t value, int32_t extent) {
    return clamp((value * extent + ABSOLUTE_MAXIMUM - 1) / ABSOLUTE_MAXIMUM, extent);
}

void input_absolute(int32_t x, int32_t y, int32_t dz, uint8_t buttons, uint32_t head,
                    int32_t width, int32_t height) {
    input.absolute_x = x;
    input.absolute_y = y;
    input.head = head;
    head_width = width;
    head_height = height;
    input.x = pixel_of(x, width);
    input.y = pixel_of(y, height);
    apply(SOURCE_VIRTIO_TABLET, dz, buttons);
    const int32_t values[] = {x, y, dz, input.buttons, input.x, input.y, (int32_t)head};
    tell("abs", values, 7);
}

bool input_mouse_byte(uint8_t value, uint8_t kind) {
    // Bit 3 of the first byte is always set; a byte without it is out of step.
    if (packet_length == 0 && !(value & 0x08)) return false;
    packet[packet_length++] = value;
    if (packet_length < (kind >= 3 ? 4u : 3u)) return false;
    packet_length = 0;

    int32_t dx = (int32_t)packet[1] - (packet[0] & 0x10 ? 256 : 0);
    int32_t dy = -((int32_t)packet[2] - (packet[0] & 0x20 ? 256 : 0));  // the wire counts upwards
    int32_t dz = 0;
    uint8_t buttons = packet[0] & 0x07;
    if (kind == 3) {
        dz = (int8_t)packet[3];
    } else if (kind == 4) {
        dz = (int32_t)(packet[3] & 0x0F) - (packet[3] & 0x08 ? 16 : 0);
        buttons |= (packet[3] & 0x30) >> 1;
    }
    input_relative(SOURCE_PS2, "mouse", dx, dy, dz, buttons);
    return true;
}

uint8_t input_log_byte(uint8_t value) {
    uint8_t previous = input.key_count ? input.keys[(input.key_count - 1) % KEY_SLOTS] : 0;
    input.keys[input.key_count % KEY_SLOTS] = value;
    input.key_count++;
    return previous == 0xE0 || previous == 0xE1 || value & 0x80 ? 0 : value;
}

void input_key_byte(uint8_t value) {
    struct line line;
    line_clear(&line);
    line_string(&line, "key ");
    line_hex_byte(&line, value);
    serial_line(&line);
}

void input_centre(int32_t width, int32_t height) {
    head_width = width;
    head_height = height;
    input.x = width / 2;
    input.y = height / 2;
}

void input_clear(void) {
    input = (struct input_state){.head = input.head};
    for (int i = 0; i < SOURCES; i++) buttons_of[i] = 0;
    packet_length = 0;
    input_centre(head_width, head_height);
}
