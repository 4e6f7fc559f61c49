#include "vgastate.h"

#include "io.h"

enum {
    ATTRIBUTE = 0x3C0,
    ATTRIBUTE_READ = 0x3C1,
    MISC_WRITE = 0x3C2,
    SEQUENCER = 0x3C4,
    DAC_READ_INDEX = 0x3C7,
    DAC_WRITE_INDEX = 0x3C8,
    DAC_DATA = 0x3C9,
    MISC_READ = 0x3CC,
    GRAPHICS = 0x3CE,
    CRTC = 0x3D4,
    STATUS = 0x3DA,
    SHOW = 0x20,  // the attribute index's bit that lets the picture through
    SEQUENCER_COUNT = 5,
    CRTC_COUNT = 25,
    GRAPHICS_COUNT = 9,
    ATTRIBUTE_COUNT = 21,
    DAC_BYTES = 768,
    MEMORY_WORDS = 65536,
    TEXT_COLUMNS = 80,
    TEXT_ROWS = 25,
};

static uint8_t misc, sequencer[SEQUENCER_COUNT], crtc[CRTC_COUNT], graphics[GRAPHICS_COUNT],
    attribute[ATTRIBUTE_COUNT], dac[DAC_BYTES];
static uint32_t memory[MEMORY_WORDS];

static uint8_t read_indexed(uint16_t port, uint8_t index) {
    outb(port, index);
    return inb(port + 1);
}

static void write_indexed(uint16_t port, uint8_t index, uint8_t value) {
    outb(port, index);
    outb(port + 1, value);
}

void vgastate_save(const uint32_t *framebuffer) {
    misc = inb(MISC_READ);
    for (uint8_t i = 0; i < SEQUENCER_COUNT; i++) sequencer[i] = read_indexed(SEQUENCER, i);
    for (uint8_t i = 0; i < CRTC_COUNT; i++) crtc[i] = read_indexed(CRTC, i);
    for (uint8_t i = 0; i < GRAPHICS_COUNT; i++) graphics[i] = read_indexed(GRAPHICS, i);
    for (uint8_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        inb(STATUS);  // the next write is an index
        outb(ATTRIBUTE, i);
        attribute[i] = inb(ATTRIBUTE_READ);
    }
    vgastate_set_blank(false);
    outb(DAC_READ_INDEX, 0);
    for (int i = 0; i < DAC_BYTES; i++) dac[i] = inb(DAC_DATA);
    copy_pixels(memory, framebuffer, MEMORY_WORDS);
}

void vgastate_restore(uint32_t *framebuffer) {
    copy_pixels(framebuffer, memory, MEMORY_WORDS);
    outb(MISC_WRITE, misc);
    for (uint8_t i = 0; i < SEQUENCER_COUNT; i++) write_indexed(SEQUENCER, i, sequencer[i]);
    write_indexed(CRTC, 0x11, crtc[0x11] & 0x7F);  // unlock registers 0 to 7
    for (uint8_t i = 0; i < CRTC_COUNT; i++)
        write_indexed(CRTC, i, i == 0x11 ? crtc[i] & 0x7F : crtc[i]);
    for (uint8_t i = 0; i < GRAPHICS_COUNT; i++) write_indexed(GRAPHICS, i, graphics[i]);
    for (uint8_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        inb(STATUS);
        outb(ATTRIBUTE, i);
        outb(ATTRIBUTE, attribute[i]);
    }
    vgastate_set_blank(false);
    outb(DAC_WRITE_INDEX, 0);
    for (int i = 0; i < DAC_BYTES; i++) outb(DAC_DATA, dac[i]);
}

void vgastate_print(const char *text) {
    volatile uint16_t *cells = (volatile uint16_t *)0xB8000;
    for (int i = 0; i < TEXT_COLUMNS * TEXT_ROWS; i++) cells[i] = 0x0720;
    for (int i = 0; text[i] && i < TEXT_COLUMNS; i++)
        cells[i] = (uint16_t)(0x0F00 | (uint8_t)text[i]);
}

void vgastate_set_blank(bool blank) {
    inb(STATUS);
    outb(ATTRIBUTE, blank ? 0 : SHOW);
}
