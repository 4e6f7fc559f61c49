// The command line that QEMU hands over with -append. README.md documents the words.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mode {
    uint16_t width;
    uint16_t height;
};

enum { MAXIMUM_MODES = 16 };

struct options {
    struct mode mode;
    struct mode modes[MAXIMUM_MODES];  // what F12 and the serial command `n` go through
    size_t mode_count;
    bool moving;
    bool full;
    bool blank_key;
    bool text_key;
    uint32_t rate;  // frames a second, 1 to 1000
};

// Reads `command_line`, whose first word is the kernel's path. Words that make no sense are told
// on the serial port and left out.
void options_parse(struct options *options, const char *command_line);
