#include "pci.h"

#include "io.h"

enum {
    CONFIG_ADDRESS = 0xCF8,
    CONFIG_DATA = 0xCFC,
    REGISTER_ID = 0x00,
    REGISTER_CLASS = 0x08,
    REGISTER_BAR0 = 0x10,
    BARS = 6,
    BAR_IS_PORTS = 1,
    BAR_IS_64_BIT = 4,
    CLASS_VGA = 0x0300,
    CLASS_OTHER_DISPLAY = 0x0380,
    VENDOR_BOCHS = 0x1234,
    DEVICE_BOCHS = 0x1111,
    PLACES = 32 * 8,  // slots and functions
};

// Where QEMU's machines have nothing but devices: below the I/O APIC, above what q35 needs.
static const uint32_t HOLE_BEGIN = 0xF0000000, HOLE_END = 0xFEC00000;

static void select(const struct pci_device *device, uint32_t reg) {
    outl(CONFIG_ADDRESS,
         0x80000000u | (uint32_t)device->slot << 11 | (uint32_t)device->function << 8 | reg);
}

uint32_t pci_read(const struct pci_device *device, uint32_t reg) {
    select(device, reg);
    return inl(CONFIG_DATA);
}

void pci_write(const struct pci_device *device, uint32_t reg, uint32_t value) {
    select(device, reg);
    outl(CONFIG_DATA, value);
}

bool pci_next(uint32_t *at, struct pci_device *device) {
    while (*at < PLACES) {
        *device = (struct pci_device){.slot = (uint8_t)(*at / 8), .function = *at % 8};
        ++*at;
        uint32_t id = pci_read(device, REGISTER_ID);
        if ((id & 0xFFFF) == 0xFFFF) continue;
        device->vendor = (uint16_t)id;
        device->device = (uint16_t)(id >> 16);
        device->class = (uint16_t)(pci_read(device, REGISTER_CLASS) >> 16);
        return true;
    }
    return false;
}

// How many bytes a BAR decodes. Meanwhile the device must not answer at the wrong address.
static uint32_t measure(const struct pci_device *device, uint32_t reg) {
    uint32_t bar = pci_read(device, reg), command = pci_read(device, PCI_COMMAND) & 0xFFFF;
    pci_write(device, PCI_COMMAND, command & ~(uint32_t)PCI_COMMAND_MEMORY);
    pci_write(device, reg, 0xFFFFFFFF);
    uint32_t mask = pci_read(device, reg) & ~15u;
    pci_write(device, reg, bar);
    pci_write(device, PCI_COMMAND, command);
    return ~mask + 1;
}

// The lowest address that a BAR has in the hole for devices; the firmware fills it from its end.
static uint32_t lowest_in_hole(void) {
    uint32_t lowest = HOLE_END;
    struct pci_device device;
    for (uint32_t at = 0; pci_next(&at, &device);)
        for (uint32_t i = 0; i < BARS; i++) {
            uint32_t bar = pci_read(&device, REGISTER_BAR0 + i * 4);
            bool is_64_bit = !(bar & BAR_IS_PORTS) && bar & BAR_IS_64_BIT;
            bool is_high = is_64_bit && pci_read(&device, REGISTER_BAR0 + i * 4 + 4);
            if (!(bar & BAR_IS_PORTS) && !is_high && bar >= HOLE_BEGIN && (bar & ~15u) < lowest)
                lowest = bar & ~15u;
            if (is_64_bit) i++;
        }
    return lowest;
}

// A firmware with much memory puts 64-bit BARs above 4 GiB, where we do not reach.
static uint32_t bring_down(const struct pci_device *device, uint32_t reg) {
    uint32_t size = measure(device, reg), lowest = lowest_in_hole();
    if (size == 0 || size > lowest - HOLE_BEGIN) return 0;
    uint32_t place = (lowest - size) & ~(size - 1);
    if (place < HOLE_BEGIN) return 0;
    uint32_t command = pci_read(device, PCI_COMMAND) & 0xFFFF;
    pci_write(device, PCI_COMMAND, command & ~(uint32_t)PCI_COMMAND_MEMORY);
    pci_write(device, reg, place);
    pci_write(device, reg + 4, 0);
    pci_write(device, PCI_COMMAND, command);
    return place;
}

uint32_t pci_bar(const struct pci_device *device, uint32_t index) {
    if (index >= BARS) return 0;
    uint32_t reg = REGISTER_BAR0 + index * 4, bar = pci_read(device, reg);
    if (bar & BAR_IS_PORTS) return 0;
    if (bar & BAR_IS_64_BIT && index + 1 < BARS && pci_read(device, reg + 4))
        return bring_down(device, reg);
    return bar & ~15u;
}

static struct pci_display describe(const struct pci_device *device) {
    struct pci_display display = {.vendor = device->vendor, .device = device->device};
    if (pci_read(device, REGISTER_BAR0) & BAR_IS_PORTS) return display;
    display.framebuffer = pci_bar(device, 0);
    display.framebuffer_size = measure(device, REGISTER_BAR0);
    pci_write(device, PCI_COMMAND, (pci_read(device, PCI_COMMAND) & 0xFFFF) | PCI_COMMAND_MEMORY);
    display.registers = pci_bar(device, 2);
    display.is_vga = device->class == CLASS_VGA;
    return display;
}

struct pci_display pci_find_display(void) {
    struct pci_display found = {0};
    struct pci_device device;
    for (uint32_t at = 0; pci_next(&at, &device);) {
        if (device.class == CLASS_VGA) return describe(&device);
        if (device.class == CLASS_OTHER_DISPLAY && device.vendor == VENDOR_BOCHS &&
            device.device == DEVICE_BOCHS && !found.framebuffer)
            found = describe(&device);
    }
    return found;
}
