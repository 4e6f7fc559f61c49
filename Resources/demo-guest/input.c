#include "input.h"

#include "serial.h"
#include "text.h"

struct input_state input;

static uint8_t packet[4];
static uint32_t packet_length;

static int32_t clamp(int32_t value, int32_t limit) {
    return value < 0 ? 0 : value >= limit ? limit - 1 : value;
}

static void tell(int32_t dx, int32_t dy, int32_t dz) {
    struct line line;
    line_clear(&line);
    line_string(&line, "mouse");
    const int32_t values[] = {dx, dy, dz, input.buttons, input.x, input.y};
    for (int i = 0; i < 6; i++) {
        line_char(&line, ' ');
        line_signed(&line, values[i]);
    }
    serial_line(&line);
}

bool input_mouse_byte(uint8_t value, uint8_t kind, int32_t width, int32_t height) {
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
    input.x = clamp(input.x + dx, width);
    input.y = clamp(input.y + dy, height);
    input.buttons = buttons;
    input.wheel += dz;
    input.total_x += dx;
    input.total_y += dy;
    input.packets++;
    tell(dx, dy, dz);
    return true;
}

uint8_t input_key_byte(uint8_t value) {
    uint8_t previous = input.key_count ? input.keys[(input.key_count - 1) % KEY_SLOTS] : 0;
    input.keys[input.key_count % KEY_SLOTS] = value;
    input.key_count++;
    struct line line;
    line_clear(&line);
    line_string(&line, "key ");
    line_hex_byte(&line, value);
    serial_line(&line);
    return previous == 0xE0 || previous == 0xE1 || value & 0x80 ? 0 : value;
}

void input_centre(int32_t width, int32_t height) {
    input.x = width / 2;
    input.y = height / 2;
}

void input_clear(int32_t width, int32_t height) {
    input = (struct input_state){0};
    packet_length = 0;
    input_centre(width, height);
}
