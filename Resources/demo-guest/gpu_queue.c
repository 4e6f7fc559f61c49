#include "gpu_queue.h"

#include "io.h"
#include "serial.h"
#include "virtio.h"

enum {
    CONTROL_QUEUE = 0,
    CURSOR_QUEUE = 1,
    SLOTS = 16,  // two descriptors each
    REQUEST_SIZE = 128,
    CONFIG_EVENTS = 0,
    CONFIG_CLEAR = 4,
    CONFIG_HEADS = 8,
    EVENT_DISPLAY = 1,
};

static struct {
    uint8_t request[REQUEST_SIZE];
    uint32_t size;
    struct gpu_edid answer;  // the largest
} slots[SLOTS];

static struct virtio_device device;
static struct virtqueue control, cursor;
static uint32_t used_slots, features, head_count;
static bool found;

bool gpu_find(void) {
    uint32_t at = 0;
    found = virtio_find(&at, VIRTIO_GPU, &device);
    return found;
}

static volatile uint32_t *config(uint32_t offset) {
    return (volatile uint32_t *)(device.config + offset);
}

bool gpu_start(uint32_t wanted) {
    used_slots = 0;
    if (!found || !virtio_start(&device, wanted, &features)) return false;
    if (!virtio_add_queue(&device, CONTROL_QUEUE, &control) || control.size < 2) return false;
    if (!virtio_add_queue(&device, CURSOR_QUEUE, &cursor) || cursor.size < 2) return false;
    uint32_t count = *config(CONFIG_HEADS);
    head_count = count < GPU_MAXIMUM_HEADS ? count : GPU_MAXIMUM_HEADS;
    virtio_run(&device);
    return true;
}

void gpu_stop(void) { virtio_reset(&device); }

uint32_t gpu_features(void) { return features; }

uint32_t gpu_head_count(void) { return head_count; }

bool gpu_event_waits(void) { return device.config_changed; }

bool gpu_take_event(void) {
    if (!device.config_changed) return false;
    device.config_changed = false;
    uint32_t events = *config(CONFIG_EVENTS);
    *config(CONFIG_CLEAR) = events;
    return events & EVENT_DISPLAY;
}

static bool wait_for(const struct virtqueue *queue) {
    while (!virtqueue_is_idle(queue)) {
        interrupts_off();
        if (virtqueue_is_idle(queue))
            interrupts_on();
        else
            interrupts_on_and_wait();
        if (!virtio_is_broken(&device)) continue;
        serial_word("gpu-broken");
        return false;
    }
    return true;
}

static uint32_t slot_limit(void) { return control.size / 2 < SLOTS ? control.size / 2 : SLOTS; }

void *gpu_command(uint32_t type, uint32_t size) {
    if (used_slots == slot_limit()) gpu_finish();
    uint8_t *request = slots[used_slots].request;
    for (uint32_t i = 0; i < REQUEST_SIZE; i++) request[i] = 0;
    slots[used_slots++].size = size;
    ((struct gpu_header *)request)->type = type;
    return request;
}

static void tell_error(uint32_t command, uint32_t answer) {
    struct line line;
    line_clear(&line);
    line_string(&line, "gpu-error ");
    line_hex_byte(&line, (uint8_t)(command >> 8));
    line_hex_byte(&line, (uint8_t)command);
    line_char(&line, ' ');
    line_hex_byte(&line, (uint8_t)(answer >> 8));
    line_hex_byte(&line, (uint8_t)answer);
    serial_line(&line);
}

bool gpu_finish(void) {
    bool good = true;
    if (used_slots == 0) return true;
    for (uint16_t i = 0; i < used_slots; i++) {
        slots[i].answer.header.type = 0;
        virtqueue_describe(&control, i * 2, slots[i].request, slots[i].size, false, i * 2 + 1);
        virtqueue_describe(&control, i * 2 + 1, &slots[i].answer, sizeof slots[i].answer, true, -1);
        virtqueue_offer(&control, i * 2);
    }
    virtqueue_notify(&control);
    if (wait_for(&control))
        for (uint32_t i = 0; i < used_slots; i++) {
            uint32_t answer = slots[i].answer.header.type;
            if (answer >= GPU_OK_NODATA && answer < GPU_FIRST_ERROR) continue;
            tell_error(((const struct gpu_header *)slots[i].request)->type, answer);
            good = false;
        }
    used_slots = 0;
    return good;
}

const void *gpu_ask(uint32_t type) {
    return gpu_finish() && slots[0].answer.header.type == type ? &slots[0].answer : 0;
}

void gpu_send_cursor(const struct gpu_cursor_command *command) {
    virtqueue_describe(&cursor, 0, command, sizeof *command, false, -1);
    virtqueue_offer(&cursor, 0);
    virtqueue_notify(&cursor);
    wait_for(&cursor);
}
