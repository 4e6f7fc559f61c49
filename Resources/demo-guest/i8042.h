// The keyboard controller: bytes of keyboard and mouse, in the order they came.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct i8042_byte {
    bool from_mouse;
    uint8_t value;
};

// Turns on both ports, scancode set 1 (translated) and both interrupts. Tells which kind of mouse
// answered: 0xFF none, 0 two axes, 3 with wheel, 4 with wheel and five buttons.
uint8_t i8042_setup(void);
// Whether a byte waits in the ring.
bool i8042_byte_waits(void);
// Takes the next byte; call it only when one waits.
struct i8042_byte i8042_take(void);
