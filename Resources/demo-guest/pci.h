// The PCI bus, by configuration mechanism 1: what is on bus 0, where its memory is.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum pci_registers {
    PCI_COMMAND = 0x04,
    PCI_CAPABILITIES = 0x34,
    PCI_INTERRUPT_LINE = 0x3C,
    PCI_COMMAND_MEMORY = 1 << 1,
    PCI_COMMAND_MASTER = 1 << 2,
    PCI_STATUS_CAPABILITIES = 1 << 20,  // in the register of the command
};

struct pci_device {
    uint8_t slot, function;
    uint16_t vendor, device;
    uint16_t class;  // class and subclass
};

struct pci_display {
    uint16_t vendor;
    uint16_t device;
    uint32_t framebuffer;  // physical address of memory BAR 0; 0 when there is none
    uint32_t framebuffer_size;
    uint32_t registers;  // physical address of memory BAR 2; 0 when there is none
    bool is_vga;
};

// Goes through bus 0: `*at` is 0 before the first call. Returns false at the end.
bool pci_next(uint32_t *at, struct pci_device *device);
// Reads and writes 32 bits of a device's configuration; `reg` is a multiple of 4.
uint32_t pci_read(const struct pci_device *device, uint32_t reg);
void pci_write(const struct pci_device *device, uint32_t reg, uint32_t value);
// The physical address of a memory BAR (0 to 5), which is brought below 4 GiB if need be; 0 when
// there is none.
uint32_t pci_bar(const struct pci_device *device, uint32_t index);
// The first VGA-compatible display, else the first bochs-display. `framebuffer` is 0 when the
// machine has neither.
struct pci_display pci_find_display(void);
