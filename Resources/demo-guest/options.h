// The command line that QEMU hands over with -append. README.md documents the words.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "motion.h"

struct mode {
    uint16_t width;
    uint16_t height;
};

enum { MAXIMUM_MODES = 16 };

// Who says how large a virtio-gpu's first head is.
enum resizing {
    RESIZE_FOLLOW,  // the command line, until the host asks for another size
    RESIZE_HOST,    // the host
    RESIZE_NEVER,   // the command line; for all heads
};


struct options {
    struct mode mode;
    struct mode modes[MAXIMUM_MODES];  // what F12 and the serial command `n` go through
    size_t mode_count;
    bool moving;
    enum motion_kind motion;
    bool blank_key;
    bool text_key;
    bool vga;           // even where there is a virtio-gpu
    bool draws_pointer;  // even where the display has a cursor
    bool flushes_boxes;  // one rectangle for all that changed
    bool uses_3d, has_y_0_top;
    enum resizing resizing;
    uint32_t rate;  // frames a second, 1 to 1000; 0 is as fast as the host lets us
};

// Reads `command_line`, whose first word is the kernel's path. Words that make no sense are told
// on the serial port and left out.
void options_parse(struct options *options, const char *command_line);
// Reads a mode, 640x480 and more; `*text` moves behind it.
bool options_parse_mode(const char **text, struct mode *mode);
