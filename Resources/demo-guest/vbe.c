#include "vbe.h"

#include "io.h"
#include "pci.h"
#include "vgastate.h"

enum {
    DISPI_INDEX = 0x1CE,
    DISPI_DATA = 0x1CF,
    DISPI_ID = 0,
    DISPI_WIDTH = 1,
    DISPI_HEIGHT = 2,
    DISPI_DEPTH = 3,
    DISPI_ENABLE = 4,
    DISPI_VIRTUAL_WIDTH = 6,
    DISPI_X = 8,
    DISPI_Y = 9,
    DISPI_IN_BAR2 = 0x500,  // 16 bits a register
    DISPI_ON = 0x41,  // enabled, linear framebuffer; memory is cleared
};

static struct pci_display display;
static struct mode current;
static bool is_text;

static volatile uint16_t *mapped_register(uint16_t reg) {
    return (volatile uint16_t *)(display.registers + DISPI_IN_BAR2) + reg;
}

static uint16_t dispi_read(uint16_t reg) {
    if (!display.is_vga) return *mapped_register(reg);
    outw(DISPI_INDEX, reg);
    return inw(DISPI_DATA);
}

static void dispi_write(uint16_t reg, uint16_t value) {
    if (!display.is_vga) {
        *mapped_register(reg) = value;
        return;
    }
    outw(DISPI_INDEX, reg);
    outw(DISPI_DATA, value);
}

bool vbe_setup(void) {
    display = pci_find_display();
    if (!display.framebuffer || (!display.is_vga && !display.registers)) return false;
    uint16_t id = dispi_read(DISPI_ID);
    if (id < 0xB0C0 || id > 0xB0CF) return false;
    if (display.is_vga) vgastate_save((const uint32_t *)display.framebuffer);
    return true;
}

static bool try_mode(struct mode mode, struct framebuffer *framebuffer) {
    // The virtual width is what a row takes in memory; QEMU rounds it down to 8 pixels unless
    // that is less than the width, so ask for a width that is rounded up already.
    uint16_t row = (uint16_t)((mode.width + 7) & ~7);
    dispi_write(DISPI_ENABLE, 0);
    dispi_write(DISPI_WIDTH, mode.width);
    dispi_write(DISPI_HEIGHT, mode.height);
    dispi_write(DISPI_DEPTH, 32);
    dispi_write(DISPI_VIRTUAL_WIDTH, row);
    dispi_write(DISPI_ENABLE, DISPI_ON);
    // Enabling sets the virtual width back to the width.
    dispi_write(DISPI_VIRTUAL_WIDTH, row);
    dispi_write(DISPI_X, 0);
    dispi_write(DISPI_Y, 0);
    framebuffer->pixels = (volatile uint32_t *)display.framebuffer;
    framebuffer->pitch = dispi_read(DISPI_VIRTUAL_WIDTH);
    return dispi_read(DISPI_WIDTH) == mode.width && dispi_read(DISPI_HEIGHT) == mode.height &&
           framebuffer->pitch >= mode.width &&
           (uint32_t)framebuffer->pitch * mode.height * 4 <= display.framebuffer_size;
}

bool vbe_set_mode(struct mode mode, struct framebuffer *framebuffer) {
    struct framebuffer result;
    if (try_mode(mode, &result)) {
        current = mode;
        is_text = false;
        *framebuffer = result;
        return true;
    }
    if (current.width) try_mode(current, &result);
    return false;
}

bool vbe_is_text(void) { return is_text; }

bool vbe_is_vga(void) { return display.is_vga; }

void vbe_set_blank(bool blank) { vgastate_set_blank(blank); }

void vbe_set_text(const char *text) {
    dispi_write(DISPI_ENABLE, 0);
    vgastate_restore((uint32_t *)display.framebuffer);
    vgastate_print(text);
    is_text = true;
}
