#include "virtqueue.h"

enum { FLAG_NEXT = 1, FLAG_DEVICE_WRITES = 2 };

// The processor keeps the order of stores; the compiler must too.
static void keep_order(void) { __asm__ volatile("" : : : "memory"); }

void virtqueue_describe(struct virtqueue *queue, uint16_t index, const void *memory,
                        uint32_t length, bool device_writes, int next) {
    queue->descriptors[index] = (struct virtqueue_descriptor){
        .address = (uint32_t)memory,
        .length = length,
        .flags = (uint16_t)((device_writes ? FLAG_DEVICE_WRITES : 0) | (next < 0 ? 0 : FLAG_NEXT)),
        .next = (uint16_t)(next < 0 ? 0 : next),
    };
}

void virtqueue_offer(struct virtqueue *queue, uint16_t first) {
    queue->available.ring[queue->available.index % queue->size] = first;
    keep_order();
    queue->available.index++;
}

void virtqueue_notify(struct virtqueue *queue) {
    keep_order();
    *queue->notify = queue->number;
}

bool virtqueue_take(struct virtqueue *queue, uint16_t *first) {
    if (queue->taken == queue->used.index) return false;
    keep_order();
    *first = (uint16_t)queue->used.ring[queue->taken++ % queue->size].id;
    return true;
}

bool virtqueue_is_idle(const struct virtqueue *queue) {
    return queue->used.index == queue->available.index;
}
