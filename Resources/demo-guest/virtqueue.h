// A virtio 1.x split virtqueue (Virtual I/O Device specification 1.1, 2.6).
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { VIRTQUEUE_MAXIMUM = 64 };

// Addresses are physical; the guest's memory is not translated, so pointers are addresses.
struct virtqueue_descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

struct virtqueue {
    _Alignas(16) struct virtqueue_descriptor descriptors[VIRTQUEUE_MAXIMUM];
    _Alignas(2) struct {
        uint16_t flags, index, ring[VIRTQUEUE_MAXIMUM], event;
    } available;
    _Alignas(4) volatile struct {
        uint16_t flags, index;
        struct {
            uint32_t id, length;
        } ring[VIRTQUEUE_MAXIMUM];
        uint16_t event;
    } used;
    uint16_t size;                 // of descriptors, a power of two
    uint16_t taken;                // how many used elements were taken
    volatile uint16_t *notify;     // written to say that there is something new
    uint16_t number;
};

// Says what a descriptor points to. `next` is the descriptor that goes on with it, or -1.
void virtqueue_describe(struct virtqueue *queue, uint16_t index, const void *memory,
                        uint32_t length, bool device_writes, int next);
// Makes a chain available, without telling the device.
void virtqueue_offer(struct virtqueue *queue, uint16_t first);
// Tells the device that chains are available.
void virtqueue_notify(struct virtqueue *queue);
// Takes the next chain that the device is done with; false when there is none.
bool virtqueue_take(struct virtqueue *queue, uint16_t *first);
// Whether the device is done with everything that was offered.
bool virtqueue_is_idle(const struct virtqueue *queue);
