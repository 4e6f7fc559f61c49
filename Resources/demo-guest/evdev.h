// From the events of virtio-input devices to what the person did.
#pragma once

#include "virtio_input.h"

enum evdev_result {
    EVDEV_NOTHING,  // an event that goes on with the next
    EVDEV_KEY,
    EVDEV_POINTER,
};

// Takes one event into `input`, and tells on the serial port what is complete. For a key that was
// pressed and has a byte without prefix in scancode set 1 `*pressed` is that byte, else 0.
enum evdev_result evdev_take(struct virtio_input_event event, uint8_t *pressed);
