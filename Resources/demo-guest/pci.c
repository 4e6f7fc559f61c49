#include "pci.h"

#include "io.h"

enum {
    CONFIG_ADDRESS = 0xCF8,
    CONFIG_DATA = 0xCFC,
    REGISTER_ID = 0x00,
    REGISTER_CLASS = 0x08,
    REGISTER_BAR0 = 0x10,
    BAR_IS_PORTS = 1,
    BAR_IS_64_BIT = 4,
    CLASS_VGA = 0x0300,
    CLASS_OTHER_DISPLAY = 0x0380,
    VENDOR_BOCHS = 0x1234,
    DEVICE_BOCHS = 0x1111,
    PLACES = 32 * 8,  // slots and functions
};

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

uint32_t pci_bar(const struct pci_device *device, uint32_t index) {
    if (index > 5) return 0;
    uint32_t bar = pci_read(device, REGISTER_BAR0 + index * 4);
    if (bar & BAR_IS_PORTS) return 0;
    if (bar & BAR_IS_64_BIT && (index == 5 || pci_read(device, REGISTER_BAR0 + index * 4 + 4)))
        return 0;
    return bar & ~15u;
}

static struct pci_display describe(const struct pci_device *device) {
    struct pci_display display = {.vendor = device->vendor, .device = device->device};
    uint32_t bar = pci_read(device, REGISTER_BAR0);
    if (bar & BAR_IS_PORTS) return display;
    // While a BAR is measured the device must not answer at the wrong address.
    uint32_t command = pci_read(device, PCI_COMMAND);
    pci_write(device, PCI_COMMAND, command & ~(uint32_t)PCI_COMMAND_MEMORY);
    pci_write(device, REGISTER_BAR0, 0xFFFFFFFF);
    uint32_t mask = pci_read(device, REGISTER_BAR0) & ~15u;
    pci_write(device, REGISTER_BAR0, bar);
    pci_write(device, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
    display.framebuffer = bar & ~15u;
    display.framebuffer_size = ~mask + 1;
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
