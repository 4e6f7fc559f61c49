// What the person did so far: the scancode log and the mouse.
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

struct input_state {
    uint8_t keys[KEY_SLOTS];  // byte number n (from 0) is in slot n modulo KEY_SLOTS
    uint32_t key_count;
    uint32_t packets;
    int32_t x, y;  // the pointer, kept within the screen
    uint8_t buttons;
    int32_t wheel;             // steps; towards the person is positive
    int32_t total_x, total_y;  // all movement, right and down positive, not kept within the screen
};

extern struct input_state input;

// Takes one byte of the mouse. True when it completed a packet, which is then applied and told on
// the serial port. `kind` is what i8042_setup said.
bool input_mouse_byte(uint8_t value, uint8_t kind, int32_t width, int32_t height);
// Takes one byte of the keyboard and tells it on the serial port. Returns the code of a key that
// was pressed and has no prefix, else 0.
uint8_t input_key_byte(uint8_t value);
// Puts the pointer into the middle of a screen.
void input_centre(int32_t width, int32_t height);
// Forgets all input.
void input_clear(int32_t width, int32_t height);
