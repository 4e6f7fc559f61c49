// What the person did so far: the scancode log, the keys of virtio keyboards, and the pointer.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { KEY_SLOTS = 64 };

enum mouse_buttons {
    BUTTON_LEFT = 1,
    BUTTON_RIGHT = 2,
    BUTTON_MIDDLE = 4,
    BUTTON_SIDE = 8,
    BUTTON_EXTRA = 16,
};

// Devices that have buttons of their own.
enum pointer_source { SOURCE_PS2, SOURCE_VIRTIO_MOUSE, SOURCE_VIRTIO_TABLET, SOURCES };

struct input_state {
    uint8_t keys[KEY_SLOTS];  // byte number n (from 0) is in slot n modulo KEY_SLOTS
    uint32_t key_count;
    uint32_t event_count;  // events of virtio keyboards
    uint16_t event_code, event_value;
    uint32_t packets;
    uint32_t head;  // that the pointer is on
    int32_t x, y;   // the pointer, kept within the head
    uint8_t buttons;
    int32_t wheel;             // steps; towards the person is positive
    int32_t total_x, total_y;  // all relative movement, right and down positive, without limits
    int32_t absolute_x, absolute_y;  // the last that a tablet said, 0 to 32767
};

extern struct input_state input;

// Takes one byte of the PS/2 mouse. True when it completed a packet, which is then applied and told
// on the serial port. `kind` is what i8042_setup said.
bool input_mouse_byte(uint8_t value, uint8_t kind);
// Takes one byte of the PS/2 keyboard and tells it on the serial port.
void input_key_byte(uint8_t value);
// Puts one byte into the log. Returns the code of a key that was pressed and has no prefix, else 0.
uint8_t input_log_byte(uint8_t value);
// Applies and tells a relative movement, `word` first. The pointer stays on its head.
void input_relative(enum pointer_source source, const char *word, int32_t dx, int32_t dy,
                    int32_t dz, uint8_t buttons);
// Applies and tells what a tablet said of a head of that size in pixels.
void input_absolute(int32_t x, int32_t y, int32_t dz, uint8_t buttons, uint32_t head,
                    int32_t width, int32_t height);
// Says how large the head with the pointer is, and puts the pointer into its middle.
void input_centre(int32_t width, int32_t height);
// Forgets all input.
void input_clear(void);
