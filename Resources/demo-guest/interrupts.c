#include "interrupts.h"

#include "io.h"

enum {
    FIRST_VECTOR = 0x20,
    PIC1_COMMAND = 0x20,
    PIC1_DATA = 0x21,
    PIC2_COMMAND = 0xA0,
    PIC2_DATA = 0xA1,
    CASCADE_LINE = 2,
};

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t flags;
    uint16_t offset_high;
};

static struct gate table[FIRST_VECTOR + 16];

static void set_gate(unsigned vector, interrupt_handler handler) {
    uint32_t address = (uint32_t)handler;
    table[vector] = (struct gate){
        .offset_low = (uint16_t)address,
        .selector = 0x08,
        .flags = 0x8E00,  // present, 32-bit interrupt gate
        .offset_high = (uint16_t)(address >> 16),
    };
}

INTERRUPT_HANDLER static void ignore(struct interrupt_frame *frame) { (void)frame; }

// The second controller answers so when a line fell before the processor asked which one it was; the first one took it for an interrupt.
INTERRUPT_HANDLER static void spurious(struct interrupt_frame *frame) {
    (void)frame;
    outb(PIC1_COMMAND, 0x20);
}

// An exception is a bug here: stop, so that the last picture stays for whoever looks.
INTERRUPT_HANDLER static void stop(struct interrupt_frame *frame) {
    (void)frame;
    for (;;) __asm__ volatile("cli; hlt");
}

void interrupts_setup(void) {
    for (unsigned vector = 0; vector < FIRST_VECTOR; vector++) set_gate(vector, stop);
    for (unsigned line = 0; line < 16; line++) set_gate(FIRST_VECTOR + line, ignore);
    set_gate(FIRST_VECTOR + 15, spurious);

    struct __attribute__((packed)) {
        uint16_t limit;
        uint32_t base;
    } reg = {sizeof table - 1, (uint32_t)table};
    __asm__ volatile("lidt %0" : : "m"(reg));

    outb(PIC1_COMMAND, 0x11);  // initialise, four command words
    outb(PIC2_COMMAND, 0x11);
    outb(PIC1_DATA, FIRST_VECTOR);
    outb(PIC2_DATA, FIRST_VECTOR + 8);
    outb(PIC1_DATA, 1 << CASCADE_LINE);
    outb(PIC2_DATA, CASCADE_LINE);
    outb(PIC1_DATA, 0x01);  // 8086 mode
    outb(PIC2_DATA, 0x01);
    outb(PIC1_DATA, 0xFF & ~(1 << CASCADE_LINE));
    outb(PIC2_DATA, 0xFF);
}

void interrupts_connect(unsigned line, interrupt_handler handler) {
    set_gate(FIRST_VECTOR + line, handler);
    uint16_t port = line < 8 ? PIC1_DATA : PIC2_DATA;
    outb(port, inb(port) & (uint8_t)~(1u << (line & 7)));
}

void interrupts_done(unsigned line) {
    if (line >= 8) outb(PIC2_COMMAND, 0x20);
    outb(PIC1_COMMAND, 0x20);
}
