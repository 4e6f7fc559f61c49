// The interrupt table and the two interrupt controllers (8259).
#pragma once

#include <stdint.h>

struct interrupt_frame;  // what the processor pushes; nobody here reads it
typedef void (*interrupt_handler)(struct interrupt_frame *);

#define INTERRUPT_HANDLER __attribute__((interrupt))

// Fills the table with handlers that do nothing, and masks every line.
void interrupts_setup(void);
// Connects a line (0 to 15) and unmasks it.
void interrupts_connect(unsigned line, interrupt_handler handler);
// Says that a line's interrupt was handled.
void interrupts_done(unsigned line);
