#include "virtio_input.h"

#include "serial.h"
#include "virtio.h"

enum {
    EVENT_QUEUE = 0,
    SELECT_NAME = 0x01,
    SELECT_EVENT_BITS = 0x11,
    TYPE_RELATIVE = 2,
    TYPE_ABSOLUTE = 3,
    MAXIMUM_UNITS = 8,
    RING_SIZE = 4096,
};

struct wire_event {
    uint16_t type, code;
    uint32_t value;
};

struct unit {
    struct virtio_device device;
    struct virtqueue queue;
    struct wire_event events[VIRTQUEUE_MAXIMUM];
    enum virtio_input_kind kind;
    uint32_t number;
};

static struct unit units[MAXIMUM_UNITS];
static uint32_t unit_count;
static struct virtio_input_event ring[RING_SIZE];
static volatile uint32_t head, tail;  // counts; the slot is the count modulo the size

static void offer(struct unit *unit, uint16_t slot) {
    virtqueue_describe(&unit->queue, slot, &unit->events[slot], sizeof unit->events[slot], true,
                       -1);
    virtqueue_offer(&unit->queue, slot);
}

// QEMU drops what does not fit into the queue, so the interrupt empties it, whatever we draw.
static void drain(void) {
    for (struct unit *unit = units; unit < units + unit_count; unit++) {
        uint16_t slot;
        bool any = false;
        while (virtqueue_take(&unit->queue, &slot)) {
            const struct wire_event event = unit->events[slot];
            if (head - tail < RING_SIZE)
                ring[head++ % RING_SIZE] = (struct virtio_input_event){
                    unit->kind, unit->number, event.type, event.code, (int32_t)event.value};
            offer(unit, slot);
            any = true;
        }
        if (any) virtqueue_notify(&unit->queue);
    }
}

// Asks for a part of the configuration: how many bytes it has, which are at offset 8.
static uint8_t ask(const struct unit *unit, uint8_t select, uint8_t part) {
    unit->device.config[0] = select;
    unit->device.config[1] = part;
    return unit->device.config[2];
}

static void tell(const struct unit *unit) {
    static const char *const kinds[] = {"keyboard ", "mouse ", "tablet "};
    struct line line;
    line_clear(&line);
    line_string(&line, "input ");
    line_string(&line, kinds[unit->kind]);
    line_decimal(&line, unit->number);
    line_char(&line, ' ');
    uint8_t length = ask(unit, SELECT_NAME, 0);
    for (uint8_t i = 0; i < length && i < 64; i++) {
        char character = (char)unit->device.config[8 + i];
        if (character >= ' ' && character <= '~') line_char(&line, character);
    }
    serial_line(&line);
}

static bool start(struct unit *unit) {
    uint32_t agreed;
    if (!virtio_start(&unit->device, 0, &agreed)) return false;
    if (!virtio_add_queue(&unit->device, EVENT_QUEUE, &unit->queue)) return false;
    unit->kind = ask(unit, SELECT_EVENT_BITS, TYPE_ABSOLUTE)   ? VIRTIO_TABLET
                 : ask(unit, SELECT_EVENT_BITS, TYPE_RELATIVE) ? VIRTIO_MOUSE
                                                               : VIRTIO_KEYBOARD;
    unit->number = 0;
    for (const struct unit *other = units; other < unit; other++)
        unit->number += other->kind == unit->kind;
    for (uint16_t slot = 0; slot < unit->queue.size; slot++) offer(unit, slot);
    return true;
}

void virtio_input_setup(void) {
    struct unit *unit = units;
    for (uint32_t at = 0; unit_count < MAXIMUM_UNITS && virtio_find(&at, VIRTIO_INPUT, &unit->device);) {
        if (!start(unit)) continue;
        tell(unit);
        unit->device.on_interrupt = drain;
        unit_count++;
        virtio_run(&unit->device);
        virtqueue_notify(&unit->queue);
        unit++;
    }
}

bool virtio_input_waits(void) { return head != tail; }

struct virtio_input_event virtio_input_take(void) { return ring[tail++ % RING_SIZE]; }
