// COM1: one line of text for each event, and commands.
#pragma once

#include "text.h"

// Finds the port and starts it. Without a port all lines are dropped.
void serial_setup(void);
// From here on the port may interrupt, and lines need no waiting.
void serial_start_interrupts(void);
// Sends a line and a newline. Never waits: when a reader is so slow that 16 KiB wait, lines are
// dropped whole.
void serial_line(const struct line *line);
// Sends a word alone on its line.
void serial_word(const char *word);
// The next character of a command, or 0.
char serial_command(void);
bool serial_command_waits(void);
