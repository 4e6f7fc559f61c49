#include "evdev.h"

#include "heads.h"
#include "input.h"
#include "serial.h"

enum {
    TYPE_SYNC = 0,
    TYPE_KEY = 1,
    TYPE_RELATIVE = 2,
    TYPE_ABSOLUTE = 3,
    RELATIVE_X = 0,
    RELATIVE_Y = 1,
    RELATIVE_WHEEL = 8,
    ABSOLUTE_X = 0,
    ABSOLUTE_Y = 1,
    FIRST_BUTTON = 0x110,
    LAST_BUTTON = 0x114,
    KEY_PAUSE = 119,
    EXTENDED = 0x80,
};

// Codes above 88 in scancode set 1, those with the prefix E0 with the highest bit.
static const uint8_t late_keys[128] = {
    [89] = 0x73,  [92] = 0x79,  [93] = 0x70,  [94] = 0x7B,  [96] = 0x9C,  [97] = 0x9D,
    [98] = 0xB5,  [99] = 0xB7,  [100] = 0xB8, [102] = 0xC7, [103] = 0xC8, [104] = 0xC9,
    [105] = 0xCB, [106] = 0xCD, [107] = 0xCF, [108] = 0xD0, [109] = 0xD1, [110] = 0xD2,
    [111] = 0xD3, [113] = 0xA0, [114] = 0xAE, [115] = 0xB0, [116] = 0xDE, [117] = 0x59,
    [121] = 0x7E, [124] = 0x7D, [125] = 0xDB, [126] = 0xDC, [127] = 0xDD,
};

// What a device said since its last SYN, one for each kind and unit.
struct pending {
    int32_t dx, dy, dz, x, y;
    uint8_t buttons;
};

enum { UNITS = 8 };

static struct pending all_pending[2][UNITS];

static uint8_t log_key(uint16_t code, bool is_pressed) {
    uint8_t release = is_pressed ? 0 : 0x80;
    if (code == KEY_PAUSE) {
        input_log_byte(0xE1);
        input_log_byte(0x1D | release);
        input_log_byte(0x45 | release);
        return 0;
    }
    uint8_t byte = code <= 88 ? (uint8_t)code : code < 128 ? late_keys[code] : 0;
    if (byte == 0) return 0;
    if (byte & EXTENDED) input_log_byte(0xE0);
    return input_log_byte((byte & 0x7F) | release);
}

static enum evdev_result take_key(struct virtio_input_event event, uint8_t *pressed) {
    if (event.type != TYPE_KEY) return EVDEV_NOTHING;
    input.event_count++;
    input.event_code = event.code;
    input.event_value = (uint16_t)event.value;
    struct line line;
    line_clear(&line);
    line_string(&line, "vkey ");
    line_decimal(&line, event.code);
    line_char(&line, ' ');
    line_decimal(&line, (uint32_t)event.value);
    serial_line(&line);
    *pressed = log_key(event.code, event.value != 0);
    return EVDEV_KEY;
}

static void take_button(struct pending *pending, uint16_t code, bool is_down) {
    // Left, right, middle, side, extra: the order is that of the bits.
    if (code < FIRST_BUTTON || code > LAST_BUTTON) return;
    uint8_t bit = (uint8_t)(1u << (code - FIRST_BUTTON));
    pending->buttons = is_down ? pending->buttons | bit : pending->buttons & (uint8_t)~bit;
}

static enum evdev_result report(struct virtio_input_event event, struct pending *pending) {
    if (event.kind == VIRTIO_MOUSE) {
        input_relative(SOURCE_VIRTIO_MOUSE, "vmouse", pending->dx, pending->dy, pending->dz,
                       pending->buttons);
    } else {
        // The first tablet belongs to the first head, the second to the second …
        uint32_t head = event.unit < heads_count() && heads_are_on(event.unit) ? event.unit : 0;
        struct mode mode = heads_mode(head);
        input_absolute(pending->x, pending->y, pending->dz, pending->buttons, head, mode.width,
                       mode.height);
    }
    pending->dx = pending->dy = pending->dz = 0;
    return EVDEV_POINTER;
}

enum evdev_result evdev_take(struct virtio_input_event event, uint8_t *pressed) {
    *pressed = 0;
    if (event.kind == VIRTIO_KEYBOARD) return take_key(event, pressed);
    struct pending *pending = &all_pending[event.kind == VIRTIO_TABLET][event.unit % UNITS];
    switch (event.type) {
        case TYPE_SYNC: return report(event, pending);
        case TYPE_KEY: take_button(pending, event.code, event.value != 0); break;
        case TYPE_RELATIVE:
            if (event.code == RELATIVE_X) pending->dx += event.value;
            if (event.code == RELATIVE_Y) pending->dy += event.value;
            if (event.code == RELATIVE_WHEEL) pending->dz -= event.value;
            break;
        case TYPE_ABSOLUTE:
            if (event.code == ABSOLUTE_X) pending->x = event.value;
            if (event.code == ABSOLUTE_Y) pending->y = event.value;
            break;
        default: break;
    }
    return EVDEV_NOTHING;
}
