#include "commands.h"

#include "gpu_cursor.h"
#include "heads.h"
#include "screen.h"
#include "serial.h"
#include "timer.h"

static char text[96];
static uint32_t length;
static bool in_line;

static void spaces(const char **at) {
    while (**at == ' ') ++*at;
}

static bool number(const char **at, uint32_t maximum, uint32_t *value) {
    spaces(at);
    return text_number(at, maximum, value);
}

static bool head_number(const char **at, uint32_t *head) {
    return number(at, heads_count() - 1, head);
}

static bool hexadecimal(const char **at, uint32_t *value) {
    spaces(at);
    int digits = 0;
    for (*value = 0; digits < 6; digits++, ++*at) {
        char c = (char)(**at | 0x20);
        if (c >= '0' && c <= '9')
            *value = *value << 4 | (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *value = *value << 4 | (uint32_t)(c - 'a' + 10);
        else
            break;
    }
    return digits == 6;
}

static bool ends(const char *at) {
    spaces(&at);
    return *at == 0;
}

static bool word(const char **at, const char *wanted) {
    const char *rest;
    spaces(at);
    if (!text_after(*at, wanted, &rest) || (*rest != ' ' && *rest != 0)) return false;
    *at = rest;
    return true;
}

static bool done(const char *what) {
    struct line line;
    line_clear(&line);
    line_string(&line, what);
    line_string(&line, text);
    serial_line(&line);
    return true;
}

// :fill HEAD X Y WIDTH HEIGHT RRGGBB
static bool fill(const char *at) {
    uint32_t head, x, y, width, height, colour;
    if (!head_number(&at, &head) || !number(&at, MAXIMUM_WIDTH, &x) ||
        !number(&at, MAXIMUM_HEIGHT, &y) || !number(&at, MAXIMUM_WIDTH, &width) ||
        !number(&at, MAXIMUM_HEIGHT, &height) || !hexadecimal(&at, &colour) || !ends(at))
        return false;
    if (width == 0 || height == 0 || !heads_select(head)) return false;
    if (x + width > (uint32_t)screen->shown_width || y + height > (uint32_t)screen->shown_height)
        return false;
    struct rectangle area = {(int32_t)x, (int32_t)y, (int32_t)width, (int32_t)height};
    screen_fill(area, colour);
    screen_show(area);
    heads_flush();
    return done("done ");
}

// :cursor HEAD X Y HOT_X HOT_Y [arrow|card]
static bool cursor(const char *at) {
    uint32_t head, x, y, hot_x, hot_y;
    if (!heads_are_virtio() || !head_number(&at, &head) || !number(&at, MAXIMUM_WIDTH, &x) ||
        !number(&at, MAXIMUM_HEIGHT, &y) || !number(&at, CURSOR_EXTENT - 1, &hot_x) ||
        !number(&at, CURSOR_EXTENT - 1, &hot_y))
        return false;
    enum cursor_shape shape = CURSOR_ARROW;
    if (word(&at, "card"))
        shape = CURSOR_CARD;
    else
        word(&at, "arrow");
    if (!ends(at)) return false;
    gpu_cursor_show(head, shape, hot_x, hot_y, (int32_t)x, (int32_t)y);
    return done("done ");
}

// :cursor-move HEAD X Y
static bool cursor_move(const char *at) {
    uint32_t head, x, y;
    if (!heads_are_virtio() || !head_number(&at, &head) || !number(&at, MAXIMUM_WIDTH, &x) ||
        !number(&at, MAXIMUM_HEIGHT, &y) || !ends(at))
        return false;
    gpu_cursor_move(head, (int32_t)x, (int32_t)y);
    return done("done ");
}

// :cursor-hide HEAD
static bool cursor_hide(const char *at) {
    uint32_t head;
    if (!heads_are_virtio() || !head_number(&at, &head) || !ends(at)) return false;
    gpu_cursor_hide(head);
    return done("done ");
}

// :mode HEAD WIDTHxHEIGHT
static bool mode(const char *at) {
    uint32_t head, width, height;
    if (!head_number(&at, &head) || !number(&at, MAXIMUM_WIDTH, &width) || *at++ != 'x' ||
        !number(&at, MAXIMUM_HEIGHT, &height) || !ends(at))
        return false;
    return heads_set(head, (struct mode){(uint16_t)width, (uint16_t)height}) && done("done ");
}

// :head HEAD on|off
static bool head_switch(const char *at) {
    uint32_t head;
    if (!heads_are_virtio() || !head_number(&at, &head)) return false;
    if (word(&at, "off") && ends(at)) {
        heads_off(head);
        return done("done ");
    }
    if (!word(&at, "on") || !ends(at)) return false;
    struct mode wanted = heads_mode(head);
    if (wanted.width == 0) wanted = (struct mode){MINIMUM_WIDTH, MINIMUM_HEIGHT};
    return heads_set(head, wanted) && done("done ");
}

// :display vga|virtio
static bool display(const char *at) {
    bool virtio = word(&at, "virtio");
    if (!virtio && !word(&at, "vga")) return false;
    return ends(at) && heads_switch(virtio) && done("done ");
}

// :heads
static bool tell_heads(const char *at) {
    if (!ends(at)) return false;
    for (uint32_t head = 0; head < heads_count(); head++) {
        heads_tell(head);
        heads_tell_edid(head);
    }
    return done("done ");
}

// :rate N|max
static bool rate(const char *at) {
    uint32_t value = 0;
    if (!word(&at, "max") && (!number(&at, 1000, &value) || value == 0)) return false;
    if (!ends(at)) return false;
    timer_start(value);
    return done("done ");
}

static bool obey(void) {
    static const struct {
        const char *name;
        bool (*function)(const char *);
    } table[] = {
        {"fill", fill},       {"cursor", cursor},       {"cursor-move", cursor_move},
        {"mode", mode},       {"head", head_switch},    {"cursor-hide", cursor_hide},
        {"display", display}, {"heads", tell_heads},    {"rate", rate},
    };
    for (uint32_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *at = text;
        if (word(&at, table[i].name)) return table[i].function(at);
    }
    return false;
}

char commands_take(char character) {
    if (!in_line && character == ':') {
        in_line = true;
        length = 0;
        return 0;
    }
    if (!in_line) return character;
    if (character != '\n' && character != '\r') {
        if (length + 1 < sizeof text) text[length++] = character;
        return 0;
    }
    in_line = false;
    text[length] = 0;
    if (!obey()) done("refused ");
    return 0;
}
