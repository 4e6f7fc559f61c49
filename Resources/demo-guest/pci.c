#include "pci.h"

#include "io.h"

enum {
    CONFIG_ADDRESS = 0xCF8,
    CONFIG_DATA = 0xCFC,
    REGISTER_ID = 0x00,
    REGISTER_COMMAND = 0x04,
    REGISTER_CLASS = 0x08,
    REGISTER_BAR0 = 0x10,
    REGISTER_BAR2 = 0x18,
    CLASS_VGA = 0x0300,
    CLASS_OTHER_DISPLAY = 0x0380,
    ID_BOCHS = 0x11111234,
};

static uint32_t address_of(uint32_t slot, uint32_t function, uint32_t reg) {
    return 0x80000000u | slot << 11 | function << 8 | reg;
}

static uint32_t pci_read(uint32_t slot, uint32_t function, uint32_t reg) {
    outl(CONFIG_ADDRESS, address_of(slot, function, reg));
    return inl(CONFIG_DATA);
}

static void pci_write(uint32_t slot, uint32_t function, uint32_t reg, uint32_t value) {
    outl(CONFIG_ADDRESS, address_of(slot, function, reg));
    outl(CONFIG_DATA, value);
}

static struct pci_display describe(uint32_t slot, uint32_t function) {
    uint32_t id = pci_read(slot, function, REGISTER_ID);
    struct pci_display display = {.vendor = (uint16_t)id, .device = (uint16_t)(id >> 16)};
    uint32_t bar = pci_read(slot, function, REGISTER_BAR0);
    if (bar & 1) return display;  // ports, not memory
    // While a BAR is measured the device must not answer at the wrong address.
    uint32_t command = pci_read(slot, function, REGISTER_COMMAND);
    pci_write(slot, function, REGISTER_COMMAND, command & ~2u);
    pci_write(slot, function, REGISTER_BAR0, 0xFFFFFFFF);
    uint32_t mask = pci_read(slot, function, REGISTER_BAR0) & ~15u;
    pci_write(slot, function, REGISTER_BAR0, bar);
    pci_write(slot, function, REGISTER_COMMAND, command | 2);
    display.framebuffer = bar & ~15u;
    display.framebuffer_size = ~mask + 1;
    uint32_t registers = pci_read(slot, function, REGISTER_BAR2);
    display.registers = registers & 1 ? 0 : registers & ~15u;
    display.is_vga = pci_read(slot, function, REGISTER_CLASS) >> 16 == CLASS_VGA;
    return display;
}

struct pci_display pci_find_display(void) {
    struct pci_display found = {0};
    for (uint32_t slot = 0; slot < 32; slot++)
        for (uint32_t function = 0; function < 8; function++) {
            uint32_t id = pci_read(slot, function, REGISTER_ID);
            if ((id & 0xFFFF) == 0xFFFF) continue;
            uint32_t class = pci_read(slot, function, REGISTER_CLASS) >> 16;
            if (class == CLASS_VGA) return describe(slot, function);
            if (class == CLASS_OTHER_DISPLAY && id == ID_BOCHS && !found.framebuffer)
                found = describe(slot, function);
        }
    return found;
}
