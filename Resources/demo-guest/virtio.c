#include "virtio.h"

#include "interrupts.h"
#include "io.h"
#include "serial.h"

enum {
    VENDOR_VIRTIO = 0x1AF4,
    FIRST_MODERN = 0x1040,  // device number of kind 0
    CAPABILITY_VENDOR = 9,
    PART_COMMON = 1,
    PART_NOTIFICATIONS = 2,
    PART_INTERRUPT_STATUS = 3,
    PART_CONFIG = 4,
    STATUS_ACKNOWLEDGE = 1,
    STATUS_DRIVER = 2,
    STATUS_DRIVER_OK = 4,
    STATUS_FEATURES_OK = 8,
    STATUS_NEEDS_RESET = 64,
    VERSION_1 = 1,  // bit 32 of the features
    INTERRUPT_CONFIG = 2,
    MAXIMUM_DEVICES = 12,
};

struct virtio_common {
    uint32_t device_feature_select, device_feature;
    uint32_t driver_feature_select, driver_feature;
    uint16_t config_vector, queue_count;
    uint8_t status, generation;
    uint16_t queue_select, queue_size, queue_vector, queue_enable, queue_notify_offset;
    uint32_t queue_descriptors, queue_descriptors_high;
    uint32_t queue_available, queue_available_high;
    uint32_t queue_used, queue_used_high;
};

static struct virtio_device *running[MAXIMUM_DEVICES];
static uint32_t running_count;
static bool needs_polling;

// Devices share lines, and a line stays up until each has been asked.
static void serve(void) {
    for (uint32_t i = 0; i < running_count; i++) {
        struct virtio_device *device = running[i];
        uint8_t status = *device->interrupt_status;  // reading clears it
        if (status & INTERRUPT_CONFIG) device->config_changed = true;
        if (status && device->on_interrupt) device->on_interrupt();
    }
}

INTERRUPT_HANDLER static void interrupt_low(struct interrupt_frame *frame) {
    (void)frame;
    serve();
    interrupts_done(0);
}

INTERRUPT_HANDLER static void interrupt_high(struct interrupt_frame *frame) {
    (void)frame;
    serve();
    interrupts_done(8);
}

// One capability of the list says where one part of the registers is.
static void take_part(struct virtio_device *device, uint32_t capability) {
    uint32_t head = pci_read(&device->pci, capability);
    uint32_t bar = pci_bar(&device->pci, pci_read(&device->pci, capability + 4) & 0xFF);
    if (!bar) return;
    volatile uint8_t *part = (volatile uint8_t *)(bar + pci_read(&device->pci, capability + 8));
    switch (head >> 24) {
        case PART_COMMON: device->common = (volatile struct virtio_common *)part; break;
        case PART_NOTIFICATIONS:
            device->notifications = part;
            device->notification_step = pci_read(&device->pci, capability + 16);
            break;
        case PART_INTERRUPT_STATUS: device->interrupt_status = part; break;
        case PART_CONFIG: device->config = part; break;
        default: break;
    }
}

static bool find_registers(struct virtio_device *device) {
    uint32_t command = pci_read(&device->pci, PCI_COMMAND);
    if (!(command & PCI_STATUS_CAPABILITIES)) return false;
    pci_write(&device->pci, PCI_COMMAND,
              (command & 0xFFFF) | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    uint32_t capability = pci_read(&device->pci, PCI_CAPABILITIES) & 0xFC;
    // The list has at most 48 entries; a ring in it must not hold us.
    for (int i = 0; i < 48 && capability; i++) {
        uint32_t head = pci_read(&device->pci, capability);
        if ((head & 0xFF) == CAPABILITY_VENDOR) take_part(device, capability);
        capability = head >> 8 & 0xFC;
    }
    return device->common && device->notifications && device->interrupt_status && device->config;
}

bool virtio_find(uint32_t *at, uint32_t kind, struct virtio_device *device) {
    *device = (struct virtio_device){0};
    while (pci_next(at, &device->pci)) {
        if (device->pci.vendor != VENDOR_VIRTIO || device->pci.device != FIRST_MODERN + kind)
            continue;
        if (find_registers(device)) return true;
        serial_word("virtio-refused");
    }
    return false;
}

void virtio_reset(struct virtio_device *device) {
    // Not one that has been reset: QEMU (seen with 10.0) hands a GPU's reset to its main thread and waits for
    // it on the processor's, and if the main thread just then refreshes the VGA picture, which has it
    // wait for the processor, neither ever goes on.
    if (device->common->status == 0) return;
    device->common->status = 0;
    while (device->common->status != 0) {}
}

bool virtio_start(struct virtio_device *device, uint32_t wanted, uint32_t *agreed) {
    volatile struct virtio_common *common = device->common;
    virtio_reset(device);
    common->status = STATUS_ACKNOWLEDGE;
    common->status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    common->device_feature_select = 0;
    *agreed = common->device_feature & wanted;
    common->device_feature_select = 1;
    if (!(common->device_feature & VERSION_1)) return false;
    common->driver_feature_select = 0;
    common->driver_feature = *agreed;
    common->driver_feature_select = 1;
    common->driver_feature = VERSION_1;
    common->status = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK;
    return common->status & STATUS_FEATURES_OK;
}

bool virtio_add_queue(struct virtio_device *device, uint16_t number, struct virtqueue *queue) {
    volatile struct virtio_common *common = device->common;
    *queue = (struct virtqueue){.number = number};
    common->queue_select = number;
    uint16_t size = common->queue_size;
    if (size == 0) return false;
    queue->size = size < VIRTQUEUE_MAXIMUM ? size : VIRTQUEUE_MAXIMUM;
    common->queue_size = queue->size;
    common->queue_descriptors = (uint32_t)queue->descriptors;
    common->queue_descriptors_high = 0;
    common->queue_available = (uint32_t)&queue->available;
    common->queue_available_high = 0;
    common->queue_used = (uint32_t)&queue->used;
    common->queue_used_high = 0;
    queue->notify = (volatile uint16_t *)(device->notifications + common->queue_notify_offset *
                                                                     device->notification_step);
    common->queue_enable = 1;
    return true;
}

void virtio_run(struct virtio_device *device) {
    bool known = false;
    for (uint32_t i = 0; i < running_count; i++) known |= running[i] == device;
    if (!known && running_count < MAXIMUM_DEVICES) running[running_count++] = device;
    uint32_t line = pci_read(&device->pci, PCI_INTERRUPT_LINE) & 0xFF;
    if (line > 2 && line < 16)
        interrupts_connect(line, line < 8 ? interrupt_low : interrupt_high);
    else
        needs_polling = true;
    device->common->status =
        STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK;
}

bool virtio_is_broken(const struct virtio_device *device) {
    return device->common->status & STATUS_NEEDS_RESET;
}

void virtio_poll(void) {
    if (!needs_polling) return;
    interrupts_off();
    serve();
    interrupts_on();
}
