#include "i8042.h"

#include "interrupts.h"
#include "io.h"

enum {
    DATA = 0x60,
    STATUS = 0x64,
    COMMAND = 0x64,
    OUTPUT_FULL = 0x01,
    INPUT_FULL = 0x02,
    FROM_MOUSE = 0x20,
    READ_CONFIG = 0x20,
    WRITE_CONFIG = 0x60,
    CONFIG_INTERRUPTS = 0x03,
    CONFIG_CLOCKS_OFF = 0x30,
    CONFIG_TRANSLATE = 0x40,
    MOUSE_OFF = 0xA7,
    MOUSE_ON = 0xA8,
    KEYBOARD_OFF = 0xAD,
    KEYBOARD_ON = 0xAE,
    TO_MOUSE = 0xD4,
    ACKNOWLEDGE = 0xFA,
    KEYBOARD_LINE = 1,
    MOUSE_LINE = 12,
    RING_SIZE = 4096,
    PATIENCE = 100000,
    NO_MOUSE = 0xFF,
};

static struct i8042_byte ring[RING_SIZE];
static volatile uint32_t head, tail;  // counts; the slot is the count modulo the size

// QEMU's own queue has 16 bytes, so the interrupt empties it into this ring whatever we draw.
static void drain(void) {
    uint8_t status;
    while ((status = inb(STATUS)) & OUTPUT_FULL) {
        uint8_t value = inb(DATA);
        if (head - tail == RING_SIZE) continue;
        ring[head % RING_SIZE] = (struct i8042_byte){(status & FROM_MOUSE) != 0, value};
        head++;
    }
}

INTERRUPT_HANDLER static void keyboard_interrupt(struct interrupt_frame *frame) {
    (void)frame;
    drain();
    interrupts_done(KEYBOARD_LINE);
}

INTERRUPT_HANDLER static void mouse_interrupt(struct interrupt_frame *frame) {
    (void)frame;
    drain();
    interrupts_done(MOUSE_LINE);
}

bool i8042_byte_waits(void) { return head != tail; }

struct i8042_byte i8042_take(void) { return ring[tail++ % RING_SIZE]; }

static void wait_writable(void) {
    for (int i = 0; i < PATIENCE && inb(STATUS) & INPUT_FULL; i++) {}
}

static void command(uint8_t value) {
    wait_writable();
    outb(COMMAND, value);
}

static void data(uint8_t value) {
    wait_writable();
    outb(DATA, value);
}

static bool read(uint8_t *value) {
    for (int i = 0; i < PATIENCE; i++)
        if (inb(STATUS) & OUTPUT_FULL) {
            *value = inb(DATA);
            return true;
        }
    return false;
}

static void discard(void) {
    while (inb(STATUS) & OUTPUT_FULL) inb(DATA);
}

static bool acknowledged(void) {
    uint8_t answer;
    for (int i = 0; i < 8 && read(&answer); i++)
        if (answer == ACKNOWLEDGE) return true;
    return false;
}

static bool mouse_send(uint8_t value) {
    command(TO_MOUSE);
    data(value);
    return acknowledged();
}

// The magic sample rates that unlock the wheel (3) and the side buttons (4).
static uint8_t mouse_identify(uint8_t first, uint8_t second, uint8_t third) {
    const uint8_t rates[] = {first, second, third};
    for (int i = 0; i < 3; i++) {
        mouse_send(0xF3);
        mouse_send(rates[i]);
    }
    uint8_t kind = 0;
    if (mouse_send(0xF2)) read(&kind);
    return kind;
}

static uint8_t mouse_setup(void) {
    if (!mouse_send(0xF6)) return NO_MOUSE;  // defaults, no reports
    mouse_identify(200, 100, 80);
    uint8_t kind = mouse_identify(200, 200, 80);
    mouse_send(0xF3);
    mouse_send(100);
    mouse_send(0xF4);  // reports on
    return kind;
}

uint8_t i8042_setup(void) {
    uint8_t config = 0;
    command(KEYBOARD_OFF);
    command(MOUSE_OFF);
    discard();
    command(READ_CONFIG);
    read(&config);
    config &= (uint8_t)~(CONFIG_CLOCKS_OFF | CONFIG_INTERRUPTS);
    config |= CONFIG_TRANSLATE;
    command(WRITE_CONFIG);
    data(config);
    command(MOUSE_ON);
    uint8_t kind = mouse_setup();
    command(KEYBOARD_ON);
    discard();
    data(0xF6);  // defaults: set 2, which the controller translates to set 1
    acknowledged();
    data(0xF4);  // scanning on
    acknowledged();
    discard();
    command(WRITE_CONFIG);
    data(config | CONFIG_INTERRUPTS);
    interrupts_connect(KEYBOARD_LINE, keyboard_interrupt);
    interrupts_connect(MOUSE_LINE, mouse_interrupt);
    return kind;
}
