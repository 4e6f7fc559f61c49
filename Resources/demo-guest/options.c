#include "options.h"

#include "layout.h"
#include "serial.h"
#include "text.h"

static const struct mode smallest = {MINIMUM_WIDTH, MINIMUM_HEIGHT};
static const struct mode largest = {MAXIMUM_WIDTH, MAXIMUM_HEIGHT};

bool options_parse_mode(const char **text, struct mode *mode) {
    const char *at = *text;
    uint32_t width, height;
    if (!text_number(&at, largest.width, &width) || *at++ != 'x') return false;
    if (!text_number(&at, largest.height, &height)) return false;
    if (width < smallest.width || height < smallest.height) return false;
    *mode = (struct mode){(uint16_t)width, (uint16_t)height};
    *text = at;
    return true;
}

static bool parse_modes(const char *text, struct options *options) {
    options->mode_count = 0;
    do {
        if (options->mode_count == MAXIMUM_MODES) return false;
        if (!options_parse_mode(&text, &options->modes[options->mode_count])) return false;
        options->mode_count++;
    } while (*text++ == ',');
    return text[-1] == 0;
}

static bool is(const char *word, const char *name) {
    const char *rest;
    return text_after(word, name, &rest) && *rest == 0;
}

static bool parse_word(const char *word, struct options *options) {
    const char *rest;
    if (is(word, "still")) {
        options->moving = false;
    } else if (is(word, "moving")) {
        options->moving = true;
    } else if (is(word, "full")) {
        options->motion = MOTION_FULL;
    } else if (is(word, "small")) {
        options->motion = MOTION_SMALL;
    } else if (is(word, "block")) {
        options->motion = MOTION_BLOCK;
    } else if (is(word, "blank-key")) {
        options->blank_key = true;
    } else if (is(word, "text-key")) {
        options->text_key = true;
    } else if (is(word, "display=vga")) {
        options->vga = true;
    } else if (is(word, "display=virtio")) {
        options->vga = false;
    } else if (is(word, "pointer=drawn")) {
        options->draws_pointer = true;
    } else if (is(word, "pointer=cursor")) {
        options->draws_pointer = false;
    } else if (is(word, "flush=exact")) {
        options->flushes_boxes = false;
    } else if (is(word, "flush=box")) {
        options->flushes_boxes = true;
    } else if (is(word, "3d")) {
        options->uses_3d = true;
    } else if (is(word, "3d-y0-top")) {
        options->uses_3d = options->has_y_0_top = true;
    } else if (is(word, "resize=follow")) {
        options->resizing = RESIZE_FOLLOW;
    } else if (is(word, "resize=host")) {
        options->resizing = RESIZE_HOST;
    } else if (is(word, "resize=never")) {
        options->resizing = RESIZE_NEVER;
    } else if (is(word, "rate=max")) {
        options->rate = 0;
    } else if (text_after(word, "rate=", &rest)) {
        uint32_t rate;
        if (!text_number(&rest, 1000, &rate) || *rest || rate == 0) return false;
        options->rate = rate;
    } else if (text_after(word, "modes=", &rest)) {
        return parse_modes(rest, options);
    } else {
        struct mode mode;
        if (!text_after(word, "mode=", &rest)) rest = word;
        if (!options_parse_mode(&rest, &mode) || *rest) return false;
        options->mode = mode;
    }
    return true;
}

void options_parse(struct options *options, const char *command_line) {
    *options = (struct options){.mode = {1280, 720}, .moving = true, .rate = 60};
    while (*command_line && *command_line != ' ') command_line++;
    while (*command_line) {
        char word[256];
        size_t length = 0;
        while (*command_line == ' ') command_line++;
        for (; *command_line && *command_line != ' '; command_line++)
            if (length + 1 < sizeof word) word[length++] = *command_line;
        word[length] = 0;
        if (length && !parse_word(word, options)) {
            struct line line;
            line_clear(&line);
            line_string(&line, "option-ignored ");
            line_string(&line, word);
            serial_line(&line);
        }
    }
}
