// virtio 1.x devices on the PCI bus (Virtual I/O Device specification 1.1, 4.1): what all of them
// have in common.
#pragma once

#include "pci.h"
#include "virtqueue.h"

enum {
    VIRTIO_GPU = 16,
    VIRTIO_INPUT = 18,
};

struct virtio_device {
    struct pci_device pci;
    volatile struct virtio_common *common;
    volatile uint8_t *notifications;
    uint32_t notification_step;
    volatile uint8_t *interrupt_status;
    volatile uint8_t *config;       // what kinds of devices differ in
    volatile bool config_changed;   // set by the interrupt, cleared by whoever looked
    void (*on_interrupt)(void);     // may be null; called with interrupts off
};

// Goes through the devices of a kind: `*at` is 0 before the first call. False at the end. Devices
// whose registers cannot be found are told on the serial port and left out.
bool virtio_find(uint32_t *at, uint32_t kind, struct virtio_device *device);
// Resets the device and agrees on features: VIRTIO_F_VERSION_1 and those of `wanted` (bits 0 to 31)
// that the device offers, which `*agreed` gets. False when the device does not take them.
bool virtio_start(struct virtio_device *device, uint32_t wanted, uint32_t *agreed);
// Sets up an empty queue; false when the device has no such queue.
bool virtio_add_queue(struct virtio_device *device, uint16_t number, struct virtqueue *queue);
// Says that the driver is ready, and lets the device interrupt. The device must stay where it is.
void virtio_run(struct virtio_device *device);
// Resets the device: it forgets everything.
void virtio_reset(struct virtio_device *device);
// Whether the device has given up and needs a reset.
bool virtio_is_broken(const struct virtio_device *device);
// Does what the interrupts do, for devices that are connected to none. Interrupts may be on.
void virtio_poll(void);
