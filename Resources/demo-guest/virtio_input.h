// virtio-input keyboards, mice and tablets (Virtual I/O Device specification 1.1, 5.8).
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum virtio_input_kind { VIRTIO_KEYBOARD, VIRTIO_MOUSE, VIRTIO_TABLET };

// An event as Linux's evdev has them (linux/input-event-codes.h).
struct virtio_input_event {
    enum virtio_input_kind kind;
    uint32_t unit;  // which of its kind, from 0 in the order of the bus
    uint16_t type, code;
    int32_t value;
};

// Starts all devices and tells each on the serial port.
void virtio_input_setup(void);
// Whether an event waits.
bool virtio_input_waits(void);
// Takes the next event; call it only when one waits.
struct virtio_input_event virtio_input_take(void);
