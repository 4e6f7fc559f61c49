// Finding the display on the PCI bus, by configuration mechanism 1.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pci_display {
    uint16_t vendor;
    uint16_t device;
    uint32_t framebuffer;  // physical address of memory BAR 0; 0 when there is none
    uint32_t framebuffer_size;
    uint32_t registers;  // physical address of memory BAR 2; 0 when there is none
    bool is_vga;
};

// The first VGA-compatible display, else the first bochs-display. `framebuffer` is 0 when the
// machine has neither.
struct pci_display pci_find_display(void);
