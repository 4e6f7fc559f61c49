#include "serial.h"

#include "interrupts.h"
#include "io.h"

enum {
    COM1 = 0x3F8,
    DATA = COM1,
    INTERRUPT_ENABLE = COM1 + 1,
    FIFO_CONTROL = COM1 + 2,          // written
    INTERRUPT_REASON = FIFO_CONTROL,  // read: bit 0 says that there is none
    LINE_CONTROL = COM1 + 3,
    MODEM_CONTROL = COM1 + 4,
    LINE_STATUS = COM1 + 5,
    SCRATCH = COM1 + 7,
    SERIAL_LINE = 4,
    WANT_RECEIVED = 1,
    WANT_EMPTY = 2,
    FIFO_SIZE = 16,
};

static bool present;
static char output[16384];
static volatile uint32_t output_head, output_tail;  // counts; the slot is the count modulo the size
static char commands[4096];
static volatile uint32_t command_head, command_tail;

// Moves what the port takes, both ways. Interrupts are off.
static void serve(void) {
    uint8_t status;
    while ((status = inb(LINE_STATUS)) & 0x01) {
        char command = (char)inb(DATA);
        if (command_head - command_tail < sizeof commands)
            commands[command_head++ % sizeof commands] = command;
    }
    if (status & 0x20)
        for (int i = 0; i < FIFO_SIZE && output_tail != output_head; i++)
            outb(DATA, (uint8_t)output[output_tail++ % sizeof output]);
    outb(INTERRUPT_ENABLE, output_tail == output_head ? WANT_RECEIVED : WANT_RECEIVED | WANT_EMPTY);
}

INTERRUPT_HANDLER static void serial_interrupt(struct interrupt_frame *frame) {
    (void)frame;
    // Until the line has been low: the controller counts edges, and a byte that comes while "empty" holds the line up makes none.
    // Reading the reason takes "empty" back.
    while (!(inb(INTERRUPT_REASON) & 0x01)) serve();
    interrupts_done(SERIAL_LINE);
}

void serial_setup(void) {
    outb(SCRATCH, 0x5A);
    present = inb(SCRATCH) == 0x5A;
    if (!present) return;
    outb(INTERRUPT_ENABLE, 0);
    outb(LINE_CONTROL, 0x80);
    outb(DATA, 1);  // 115200 baud
    outb(INTERRUPT_ENABLE, 0);
    outb(LINE_CONTROL, 0x03);   // 8 bits, no parity, one stop bit
    outb(FIFO_CONTROL, 0x07);   // FIFOs on and empty, interrupt at each byte
    outb(MODEM_CONTROL, 0x0B);  // interrupts out, ready
}

void serial_start_interrupts(void) {
    if (!present) return;
    interrupts_connect(SERIAL_LINE, serial_interrupt);
    outb(INTERRUPT_ENABLE, WANT_RECEIVED | WANT_EMPTY);
}

void serial_line(const struct line *line) {
    if (!present || sizeof output - (output_head - output_tail) < line->length + 1) return;
    for (size_t i = 0; i < line->length; i++) {
        output[output_head % sizeof output] = line->text[i];
        output_head++;
    }
    output[output_head % sizeof output] = '\n';
    output_head++;
    outb(INTERRUPT_ENABLE, WANT_RECEIVED | WANT_EMPTY);
}

void serial_word(const char *word) {
    struct line line;
    line_clear(&line);
    line_string(&line, word);
    serial_line(&line);
}

bool serial_command_waits(void) { return command_head != command_tail; }

char serial_command(void) {
    if (!serial_command_waits()) return 0;
    return commands[command_tail++ % sizeof commands];
}
